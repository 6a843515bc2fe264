"""Code written for plain moto, as it stands in many a test suite, does the same with the engine installed and without.

Each example runs twice: under moto's own KMS, and after `install()`. None of it knows of the engine.
"""

import base64
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from kms_katas.lab import install, uninstall


def test_a_configuration_value_is_sealed_and_opened(aws: Any) -> None:
    kms = aws("kms")
    key_id = kms.create_key(Description="settings of the app")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/app", TargetKeyId=key_id)
    sealed = kms.encrypt(KeyId="alias/app", Plaintext=b"hunter2", EncryptionContext={"stage": "test"})
    stored = base64.b64encode(sealed["CiphertextBlob"]).decode()
    opened = kms.decrypt(CiphertextBlob=base64.b64decode(stored), EncryptionContext={"stage": "test"})
    assert opened["Plaintext"] == b"hunter2"
    assert opened["KeyId"].endswith(key_id)


def test_envelope_encryption_gets_its_data_key_back(aws: Any) -> None:
    kms = aws("kms")
    key_arn = kms.create_key()["KeyMetadata"]["Arn"]
    data_key = kms.generate_data_key(KeyId=key_arn, KeySpec="AES_256")
    assert len(data_key["Plaintext"]) == 32
    assert kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == data_key["Plaintext"]


def test_a_clean_up_finds_keys_by_tag_and_schedules_them(aws: Any) -> None:
    kms = aws("kms")
    for number in range(3):
        tags = [{"TagKey": "temporary", "TagValue": "yes"}] if number else []
        kms.create_key(Tags=tags)
    doomed = []
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            if {"TagKey": "temporary", "TagValue": "yes"} in kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]:
                kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
                doomed.append(key["KeyId"])
    assert len(doomed) == 2
    assert {kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for key in doomed} == {"PendingDeletion"}


def test_a_policy_is_put_and_read_back_by_its_name(aws: Any) -> None:
    kms = aws("kms")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=policy)
    assert json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]) == json.loads(policy)


def test_rotation_is_switched_on_where_an_audit_finds_it_off(aws: Any) -> None:
    kms = aws("kms")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    if not kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"]:
        kms.enable_key_rotation(KeyId=key_id)
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is True


def test_a_missing_key_is_told_from_other_errors_by_its_code(aws: Any) -> None:
    kms = aws("kms")
    with pytest.raises(ClientError) as caught:
        kms.describe_key(KeyId="11111111-2222-3333-4444-555555555555")
    assert caught.value.response["Error"]["Code"] == "NotFoundException"
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.describe_key(KeyId="alias/nobody")


def test_other_services_use_the_key(aws: Any) -> None:
    key_arn = aws("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = aws("s3")
    s3.create_bucket(Bucket="letters", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="letters", Key="a", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key_arn)
    assert s3.head_object(Bucket="letters", Key="a")["SSEKMSKeyId"] == key_arn
    ssm = aws("ssm")
    ssm.put_parameter(Name="/app/secret", Value="s", Type="SecureString", KeyId=key_arn)
    assert ssm.get_parameter(Name="/app/secret", WithDecryption=True)["Parameter"]["Value"] == "s"


@mock_aws
def test_a_decorated_test_may_install_it_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    install()
    try:
        kms = boto3.client("kms", region_name="us-east-1")
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.disable_key(KeyId=key_id)
        with pytest.raises(kms.exceptions.DisabledException):
            kms.encrypt(KeyId=key_id, Plaintext=b"x")
    finally:
        uninstall()
