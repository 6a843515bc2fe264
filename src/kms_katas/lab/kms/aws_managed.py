"""AWS managed keys: the predefined aliases that stand for them, and what makes a KMS key one of them.

Sources: botocore op:DescribeKey (a predefined alias without a key gets one when it is described), the developer guide
on key policies for AWS services (the policy of aws/ebs, printed whole), on rotation (every year, nobody can change it).
Description and Sid of aws/sqs are recorded; those of the others have the service's short name in the same sentences.
Doubtful: which predefined aliases an account has. These are those that moto knows, aws/sqs, which is recorded
(stackd, rotation.json), and aws/sns, for botocore's text of sns op:CreateTopic speaks of SNS's AWS managed key.
ListAliases shows them before they have a key, without TargetKeyId (botocore op:ListAliases); an answer of AWS of 2019
in the tests of the public project binxio/cfn-kms-provider has nine of them so, with name and ARN alone. Doubtful too:
the rotation status. The API text (botocore op:GetKeyRotationStatus) has it as always true, and so has the lab; that
recording of a key that is minutes old has false, without period and date.
"""

from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from kms_katas.lab.kms.default_policy import laid_out
from kms_katas.lab.kms.keys import Key

PREDEFINED = frozenset(
    f"alias/aws/{service}"
    for service in (
        [
            "acm",
            "dynamodb",
            "ebs",
            "elasticfilesystem",
            "es",
            "glue",
            "kinesisvideo",
            "lambda",
            "rds",
            "redshift",
            "s3",
            "secretsmanager",
            "sns",
            "sqs",
            "ssm",
            "xray",
        ]
    )
)
_ENDPOINTS = {"ebs": "ec2"}
"""The service in kms:ViaService, where it is not the one in the alias."""

_SPOKEN = {"sqs": ("Simple Queue Service (SQS)", "SQS", "SQS messages")}
"""How description and key policy name a service: in full, in short, and what it keeps."""

_ROTATED_EVERY = 365


def make_aws_managed(key: Key, alias_name: str, partition: str, now: datetime) -> None:
    """Turns a new key into the AWS managed key of this alias."""
    service = alias_name.removeprefix("alias/aws/")
    key.manager = "AWS"
    name, short_name, kept = _SPOKEN.get(service, (service, service, f"{service} data"))
    key.description = f"Default key that protects my {kept} when no other key is defined"
    sid = f"Allow access through {name} for all principals in the account that are authorized to use {short_name}"
    key.policy = _policy(service, sid, key, partition)
    key.rotation_period = _ROTATED_EVERY
    key.next_rotation = now + timedelta(days=_ROTATED_EVERY)


_USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey")
_METADATA = ("kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant")


def nobody_may(action: str) -> bool:
    """Whether no statement of the key policy of an AWS managed key has this action."""
    return not any(fnmatchcase(action, pattern) for pattern in (*_USE, *_METADATA))


def _policy(service: str, sid: str, key: Key, partition: str) -> str:
    """Everybody in the account may use the key through the service; nobody may manage it."""
    via = f"{_ENDPOINTS.get(service, service)}.{key.region}.amazonaws.com"
    through_service = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": list(_USE),
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": via, "kms:CallerAccount": key.account}},
    }
    metadata = {
        "Sid": "Allow direct access to key metadata to the account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{key.account}:root"},
        "Action": list(_METADATA),
        "Resource": "*",
    }
    return laid_out({"Version": "2012-10-17", "Id": f"auto-{service}-1", "Statement": [through_service, metadata]})
