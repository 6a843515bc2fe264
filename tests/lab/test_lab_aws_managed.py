"""AWS managed keys: made when their alias is described, for everybody to see and for nobody to manage."""

from datetime import timedelta
from typing import Any

import pytest

from kms_katas.lab import Lab
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
    [alias] = kms.list_aliases()["Aliases"]
    assert (alias["AliasName"], alias["TargetKeyId"]) == ("alias/aws/s3", managed["KeyId"])
    elsewhere = lab.home.admin.client("kms", region="eu-west-1").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert elsewhere["KeyId"] != managed["KeyId"]


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


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("disable_key", {}),
        ("enable_key", {}),
        ("schedule_key_deletion", {}),
        ("enable_key_rotation", {}),
        ("disable_key_rotation", {}),
        ("rotate_key_on_demand", {}),
        ("update_key_description", {"Description": "mine"}),
        ("tag_resource", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        ("put_key_policy", {"Policy": '{"Version": "2012-10-17", "Statement": []}'}),
        ("encrypt", {"Plaintext": b"x"}),
    ],
)
def test_the_key_policy_lets_nobody_manage_it_or_use_it_directly(
    lab: Lab, managed: Any, refused: Any, operation: str, more: dict[str, Any]
) -> None:
    for principal in (lab.home.admin, lab.home.root):
        with refused("AccessDeniedException"):
            getattr(principal.client("kms"), operation)(KeyId=managed["KeyId"], **more)


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
