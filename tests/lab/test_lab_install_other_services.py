"""With the engine installed, moto's other services find, make and keep keys as they do with moto's own KMS.

Most examples run under both. For the ways in which tests hold moto: test_lab_install_styles.py.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import moto.kms.models
import pytest
import time_machine
from moto import mock_aws
from moto.core.utils import utcnow

from kms_katas.lab import install, uninstall

ACCOUNT, REGION = "123456789012", "eu-central-1"
Aws = Callable[..., Any]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    install()
    with mock_aws():
        yield boto3.client
    uninstall()


@pytest.fixture
def key(aws: Aws) -> Any:
    return aws("kms").create_key()["KeyMetadata"]


def test_a_bucket_encrypts_with_the_key_by_default(aws: Aws, key: Any) -> None:
    bucket = boto3.resource("s3").create_bucket(
        Bucket="ledgers", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}
    aws("s3").put_bucket_encryption(
        Bucket="ledgers",
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
    )
    bucket.put_object(Key="2026", Body=b"balance")
    found = bucket.Object("2026").get()
    assert (found["SSEKMSKeyId"], found["Body"].read()) == (key["Arn"], b"balance")


def test_a_secret_is_kept_under_the_key(aws: Aws, key: Any) -> None:
    secrets = aws("secretsmanager")
    secrets.create_secret(Name="db", SecretString="hunter2", KmsKeyId=key["Arn"])
    assert secrets.get_secret_value(SecretId="db")["SecretString"] == "hunter2"
    assert secrets.describe_secret(SecretId="db")["KmsKeyId"] == key["Arn"]


def test_a_queue_carries_messages_under_the_key(aws: Aws, key: Any) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="orders", Attributes={"KmsMasterKeyId": key["KeyId"]})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="one tea")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "one tea"


def test_a_table_names_the_key(aws: Aws, key: Any) -> None:
    table = aws("dynamodb").create_table(
        TableName="people",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key["Arn"]},
    )["TableDescription"]
    assert table["SSEDescription"]["KMSMasterKeyArn"] == key["Arn"]


def test_volumes_take_every_form_of_a_keys_name(aws: Aws, key: Any) -> None:
    aws("kms").create_alias(AliasName="alias/disks", TargetKeyId=key["KeyId"])
    alias_arn = key["Arn"].replace(f"key/{key['KeyId']}", "alias/disks")
    for name in (key["KeyId"], key["Arn"], "alias/disks", alias_arn):
        assert aws("ec2").modify_ebs_default_kms_key_id(KmsKeyId=name)["KmsKeyId"] == key["Arn"]


def test_a_database_whose_password_aws_manages_gets_the_key_of_secrets_manager(aws: Aws) -> None:
    """moto looks up alias/aws/secretsmanager, which nobody has made."""
    made = aws("rds").create_db_instance(
        DBInstanceIdentifier="db",
        Engine="mysql",
        DBInstanceClass="db.m1.small",
        ManageMasterUserPassword=True,
        MasterUsername="admin",
        AllocatedStorage=5,
    )["DBInstance"]
    own = aws("kms").describe_key(KeyId="alias/aws/secretsmanager")["KeyMetadata"]
    assert made["MasterUserSecret"]["KmsKeyId"] == own["Arn"]


def test_tags_of_keys_are_found_by_filter(aws: Aws) -> None:
    made = aws("kms").create_key(Tags=[{"TagKey": "team", "TagValue": "blue"}])["KeyMetadata"]["Arn"]
    found = aws("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "team", "Values": ["blue"]}], ResourceTypeFilters=["kms:key"]
    )["ResourceTagMappingList"]
    assert [one["ResourceARN"] for one in found] == [made]


def test_no_service_finds_a_key_whose_waiting_period_is_over(installed: Aws) -> None:
    made = installed("kms").create_key()["KeyMetadata"]["KeyId"]
    store = moto.kms.models.kms_backends[ACCOUNT][REGION]
    installed("kms").schedule_key_deletion(KeyId=made, PendingWindowInDays=7)
    assert store.describe_key(made).id == made
    with time_machine.travel(utcnow() + timedelta(days=8)), pytest.raises(KeyError):
        store.describe_key(made)


# CloudFormation: what moto's does with a template, without its parser, which needs packages of moto[cloudformation].

STATEMENT = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
POLICY = {"Version": "2012-10-17", "Statement": [STATEMENT]}


def resource(kind: str, properties: dict[str, Any]) -> Any:
    made = getattr(moto.kms.models, kind).create_from_cloudformation_json(
        "name", {"Properties": properties}, ACCOUNT, REGION
    )
    made.cf_resource_type, made.logical_resource_id = f"AWS::KMS::{kind}", "Mine"
    return made


def test_a_stack_makes_a_key_and_an_alias(installed: Aws) -> None:
    tags = [{"Key": "team", "Value": "blue"}]
    key = resource("Key", {"KeyPolicy": POLICY, "Description": "of a stack", "EnableKeyRotation": True, "Tags": tags})
    alias = resource("Alias", {"AliasName": "alias/stack", "TargetKeyId": key.physical_resource_id})
    kms = installed("kms")
    found = kms.describe_key(KeyId=alias.physical_resource_id)["KeyMetadata"]
    assert (found["Arn"], found["Description"]) == (key.get_cfn_attribute("Arn"), "of a stack")
    assert found["KeyState"] == "Enabled"
    assert kms.get_key_rotation_status(KeyId=found["KeyId"])["KeyRotationEnabled"] is True
    assert kms.list_resource_tags(KeyId=found["KeyId"])["Tags"] == [{"TagKey": "team", "TagValue": "blue"}]
    sealed = kms.encrypt(KeyId="alias/stack", Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"


@pytest.mark.parametrize("off", [False, "false"])
def test_a_stack_can_make_a_disabled_key(installed: Aws, off: Any) -> None:
    made = resource("Key", {"KeyPolicy": POLICY, "Enabled": off, "EnableKeyRotation": off})
    assert installed("kms").describe_key(KeyId=made.physical_resource_id)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_stacks_key_rotates_by_the_clock(installed: Aws) -> None:
    made = resource("Key", {"KeyPolicy": POLICY, "EnableKeyRotation": True})
    with time_machine.travel(utcnow() + timedelta(days=366)):
        rotations = installed("kms").list_key_rotations(KeyId=made.physical_resource_id)["Rotations"]
    assert [one["RotationType"] for one in rotations] == ["AUTOMATIC"]


def test_a_stack_moves_its_alias_to_another_key(installed: Aws) -> None:
    one, other = (resource("Key", {"KeyPolicy": POLICY}) for _ in range(2))
    alias = resource("Alias", {"AliasName": "alias/stack", "TargetKeyId": one.id})
    properties = {"AliasName": "alias/stack", "TargetKeyId": other.id}
    moto.kms.models.Alias.update_from_cloudformation_json(alias, "name", {"Properties": properties}, ACCOUNT, REGION)
    assert installed("kms").describe_key(KeyId="alias/stack")["KeyMetadata"]["KeyId"] == other.id


def test_a_deleted_stack_schedules_its_key_and_takes_its_alias_along(installed: Aws) -> None:
    key = resource("Key", {"KeyPolicy": POLICY})
    alias = resource("Alias", {"AliasName": "alias/stack", "TargetKeyId": key.id})
    alias.delete(ACCOUNT, REGION)
    key.delete(ACCOUNT, REGION)
    assert installed("kms").list_aliases(KeyId=key.id)["Aliases"] == []
    found = installed("kms").describe_key(KeyId=key.id)["KeyMetadata"]
    assert found["KeyState"] == "PendingDeletion"
    assert found["DeletionDate"] - found["CreationDate"] > timedelta(days=29)
