"""The lab's clock moves every service of moto's that lessons use, and is gone when the lab is closed."""

import datetime
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from kms_katas.lab import Lab

TRUST = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}


def bucket(lab: Lab) -> Any:
    s3 = lab.home.admin.client("s3")
    s3.create_bucket(Bucket="ledgers")
    return s3.list_buckets()["Buckets"][0]["CreationDate"]


def stored(lab: Lab) -> Any:
    bucket(lab)
    s3 = lab.home.admin.client("s3")
    s3.put_object(Bucket="ledgers", Key="2026", Body=b"x")
    return s3.head_object(Bucket="ledgers", Key="2026")["LastModified"]


def user(lab: Lab) -> Any:
    return lab.home.admin.client("iam").create_user(UserName="ann")["User"]["CreateDate"]


def session(lab: Lab) -> Any:
    document = {"Version": "2012-10-17", "Statement": [TRUST]}
    role = lab.home.role("app", trust=document)
    made = lab.home.admin.client("sts").assume_role(RoleArn=role.arn, RoleSessionName="s1", DurationSeconds=900)
    return made["Credentials"]["Expiration"] - timedelta(seconds=900)


def secret(lab: Lab) -> Any:
    secrets = lab.home.admin.client("secretsmanager")
    secrets.create_secret(Name="db", SecretString="x")
    return secrets.get_secret_value(SecretId="db")["CreatedDate"]


def parameter(lab: Lab) -> Any:
    ssm = lab.home.admin.client("ssm")
    ssm.put_parameter(Name="/a", Value="x", Type="String")
    return ssm.get_parameter(Name="/a")["Parameter"]["LastModifiedDate"]


def table(lab: Lab) -> Any:
    return lab.home.admin.client("dynamodb").create_table(
        TableName="people",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]["CreationDateTime"]


def volume(lab: Lab) -> Any:
    return lab.home.admin.client("ec2").create_volume(Size=1, AvailabilityZone="us-east-1a")["CreateTime"]


def kms_key(lab: Lab) -> Any:
    return lab.home.admin.client("kms").create_key()["KeyMetadata"]["CreationDate"]


@pytest.mark.parametrize("made", [bucket, stored, user, session, secret, parameter, table, volume, kms_key])
def test_what_is_made_after_a_step_carries_the_time_after_it(lab: Lab, made: Callable[[Lab], Any]) -> None:
    lab.clock.advance(days=400)
    assert abs(made(lab) - lab.clock.now()) < timedelta(seconds=1)


def test_a_request_that_came_over_a_bridge_finds_the_same_clock(lab: Lab) -> None:
    lab.clock.advance(days=400)
    admin = lab.home.admin
    headers = {"X-Amz-Target": "secretsmanager.CreateSecret", "Content-Type": "application/x-amz-json-1.1"}
    body = json.dumps({"Name": "db", "SecretString": "x", "ClientRequestToken": "t" * 32})
    request = AWSRequest("POST", "https://secretsmanager.us-east-1.amazonaws.com/", headers, body)
    SigV4Auth(Credentials(admin.access_key_id, admin.secret_access_key), "secretsmanager", "us-east-1").add_auth(
        request
    )
    assert lab.send(request.prepare()).status_code == 200
    found = admin.client("secretsmanager").describe_secret(SecretId="db")["CreatedDate"]
    assert abs(found - lab.clock.now()) < timedelta(seconds=1)


def test_a_closed_lab_leaves_every_service_its_own_time() -> None:
    import moto.s3.models
    import moto.secretsmanager.models

    with Lab() as lab:
        bucket(lab), secret(lab)
        assert moto.s3.models.datetime is not datetime
    assert moto.s3.models.datetime is datetime
    assert moto.secretsmanager.models.time is time
