"""AWS managed keys: made when their alias is described, for everybody to see and for nobody to manage."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from kms_katas.lab import Lab, install, uninstall
from kms_katas.lab.kms.aws_managed import PREDEFINED

# Recorded from AWS on 2026-09-12 (radkawar/stackd, testdata/aws/kms/rotation.json, managed_sqs_policy).
SQS_POLICY = """\
{
  "Version" : "2012-10-17",
  "Id" : "auto-sqs-1",
  "Statement" : [ {
    "Sid" : "Allow access through Simple Queue Service (SQS) for all principals in the account that are authorized to \
use SQS",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", \
"kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:ViaService" : "sqs.us-east-1.amazonaws.com",
        "kms:CallerAccount" : "111122223333"
      }
    }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::111122223333:root"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
    "Resource" : "*"
  } ]
}"""


@pytest.fixture
def managed(kms: Any) -> dict[str, Any]:
    found: dict[str, Any] = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    return found


def test_describing_a_predefined_alias_makes_the_aws_managed_key_once(lab: Lab, kms: Any, managed: Any) -> None:
    assert managed["KeyManager"] == "AWS" and managed["KeyState"] == "Enabled"
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"] == managed
    with_key = [alias for alias in kms.list_aliases()["Aliases"] if "TargetKeyId" in alias]
    assert [(alias["AliasName"], alias["TargetKeyId"]) for alias in with_key] == [("alias/aws/s3", managed["KeyId"])]
    elsewhere = lab.home.admin.client("kms", region="eu-west-1").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert elsewhere["KeyId"] != managed["KeyId"]


def test_predefined_aliases_are_listed_before_they_have_a_key_and_without_one(lab: Lab) -> None:
    kms = lab.home.admin.client("kms", region="eu-west-1")
    for _ in range(2):
        listed = kms.list_aliases()["Aliases"]
        assert {alias["AliasName"] for alias in listed} == PREDEFINED
        assert all(alias.keys() == {"AliasName", "AliasArn"} for alias in listed)
        assert listed[0]["AliasArn"] == f"arn:aws:kms:eu-west-1:111122223333:{listed[0]['AliasName']}"
    assert kms.list_keys()["Keys"] == []
    mine = kms.create_key()["KeyMetadata"]["KeyId"]
    assert kms.list_aliases(KeyId=mine)["Aliases"] == []


def test_other_names_under_the_prefix_are_not_found(kms: Any, refused: Any) -> None:
    assert "alias/aws/nothing" not in PREDEFINED
    with refused("NotFoundException"):
        kms.describe_key(KeyId="alias/aws/nothing")


def test_only_describe_key_makes_one(kms: Any, refused: Any) -> None:
    with refused("NotFoundException"):
        kms.encrypt(KeyId="alias/aws/ebs", Plaintext=b"x")


def test_nobody_makes_one_for_another_account(lab: Lab, refused: Any) -> None:
    stranger = lab.account("444455556666").admin.client("kms")
    with refused("AccessDeniedException"):
        stranger.describe_key(KeyId="arn:aws:kms:us-east-1:111122223333:alias/aws/s3")
    assert lab.home.admin.client("kms").list_keys()["Keys"] == []


MANAGING: list[tuple[str, dict[str, Any]]] = [
    ("disable_key", {}),
    ("enable_key", {}),
    ("schedule_key_deletion", {}),
    ("enable_key_rotation", {}),
    ("disable_key_rotation", {}),
    ("rotate_key_on_demand", {}),
    ("update_key_description", {"Description": "mine"}),
    ("tag_resource", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
    ("put_key_policy", {"Policy": '{"Version": "2012-10-17", "Statement": []}'}),
]


@pytest.mark.parametrize(("operation", "more"), [*MANAGING, ("encrypt", {"Plaintext": b"x"})])
def test_the_key_policy_lets_nobody_manage_it_or_use_it_directly(
    lab: Lab, managed: Any, refused: Any, operation: str, more: dict[str, Any]
) -> None:
    for principal in (lab.home.admin, lab.home.root):
        with refused("AccessDeniedException"):
            getattr(principal.client("kms"), operation)(KeyId=managed["KeyId"], **more)


@pytest.fixture
def unenforced() -> Iterator[Any]:
    """A client where nothing is enforced."""
    install()
    try:
        with mock_aws():
            yield boto3.client("kms", region_name="us-east-1")
    finally:
        uninstall()


@pytest.mark.parametrize(("operation", "more"), MANAGING)
def test_nobody_manages_it_where_nothing_is_enforced_either(
    unenforced: Any, refused: Any, operation: str, more: dict[str, Any]
) -> None:
    managed = unenforced.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    with refused("AccessDeniedException") as caught:
        getattr(unenforced, operation)(KeyId=managed["KeyId"], **more)
    assert managed["Arn"] in str(caught.value)
    assert unenforced.describe_key(KeyId="alias/aws/s3")["KeyMetadata"] == managed


def test_nobody_moves_its_alias_where_nothing_is_enforced_either(unenforced: Any, refused: Any) -> None:
    managed, mine = unenforced.describe_key(KeyId="alias/aws/s3")["KeyMetadata"], unenforced.create_key()["KeyMetadata"]
    with refused("AccessDeniedException"):
        unenforced.update_alias(AliasName="alias/aws/s3", TargetKeyId=mine["KeyId"])
    with refused("AccessDeniedException"):
        unenforced.delete_alias(AliasName="alias/aws/s3")
    with refused("AccessDeniedException"):
        unenforced.create_alias(AliasName="alias/mine", TargetKeyId=managed["KeyId"])


def test_code_that_uses_it_where_nothing_is_enforced_goes_on(unenforced: Any) -> None:
    managed = unenforced.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    blob = unenforced.encrypt(KeyId="alias/aws/s3", Plaintext=b"x")["CiphertextBlob"]
    assert unenforced.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert unenforced.generate_data_key(KeyId=managed, KeySpec="AES_256")["Plaintext"]
    assert unenforced.get_key_policy(KeyId=managed)["Policy"] and unenforced.list_grants(KeyId=managed)["Grants"] == []


def test_its_policy_can_be_read(kms: Any, managed: Any) -> None:
    policy = kms.get_key_policy(KeyId=managed["KeyId"])["Policy"]
    assert "s3.us-east-1.amazonaws.com" in policy and "kms:CallerAccount" in policy


def test_the_key_of_sqs_is_the_recorded_one(kms: Any) -> None:
    key = kms.describe_key(KeyId="alias/aws/sqs")["KeyMetadata"]
    assert key["Description"] == "Default key that protects my SQS messages when no other key is defined"
    assert kms.get_key_policy(KeyId=key["KeyId"])["Policy"] == SQS_POLICY


def test_it_is_rotated_every_year(lab: Lab, kms: Any, managed: Any) -> None:
    made = lab.clock.now()
    status = kms.get_key_rotation_status(KeyId=managed["KeyId"])
    assert status["KeyRotationEnabled"] is True and status["RotationPeriodInDays"] == 365
    lab.clock.advance(days=366)
    [rotation] = kms.list_key_rotations(KeyId=managed["KeyId"])["Rotations"]
    assert rotation["RotationType"] == "AUTOMATIC" and rotation["RotationDate"] - made == timedelta(days=365)
