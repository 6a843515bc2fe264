"""AWS managed keys: the predefined aliases that stand for them, and what makes a KMS key one of them.

Sources: botocore op:DescribeKey (a predefined alias without a key gets one when it is described), the developer guide
on rotation (every year, nobody can change it). The key policies are those of real keys in us-east-1, which the public
project FogSecurity/aws-managed-kms-keys publishes for 39 services; that of aws/sqs is recorded too (stackd,
rotation.json). Older accounts may have older versions of them. Descriptions as public listings of real keys show them;
doubtful are those of aws/es, aws/kinesis, aws/kinesisvideo, aws/redshift and aws/xray.

Doubtful: which predefined aliases an account has; these are those of services that the lab or moto knows. ListAliases
shows them before they have a key, without TargetKeyId (botocore op:ListAliases); an answer of AWS of 2019 in the tests
of the public project binxio/cfn-kms-provider has nine of them so, with name and ARN alone. Doubtful too: the rotation
status. The API text (botocore op:GetKeyRotationStatus) has it as always true, and so has the lab; that recording of a
key that is minutes old has false, without period and date.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from kms_katas.lab.kms.default_policy import laid_out
from kms_katas.lab.kms.keys import Key

_USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey")
_USE_WITHOUT_GRANTS = tuple(action for action in _USE if action != "kms:CreateGrant")
_READ = ("kms:Describe*", "kms:Get*", "kms:List*")
_METADATA = (*_READ, "kms:RevokeGrant")
_TO_USE = "for all principals in the account that are authorized to use"
_ROTATED_EVERY = 365


@dataclass(frozen=True)
class _Through:
    """A statement for everybody in the account who comes through the service. `service` is the one in kms:ViaService;
    `anywhere` means in any Region. `sid` may be given where it is not the usual sentence on `name`.
    """

    name: str
    service: str
    actions: tuple[str, ...] = _USE
    account_first: bool = False
    anywhere: bool = False
    sid: str = ""

    def statement(self, key: Key) -> dict[str, Any]:
        account = {"kms:CallerAccount": key.account}
        via = {"kms:ViaService": f"{self.service}.{'*' if self.anywhere else key.region}.amazonaws.com"}
        same = {"StringEquals": account | via if self.account_first else via | account}
        return {
            "Sid": self.sid or f"Allow access through {self.name} {_TO_USE} {self.name}",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": _one_or_list(self.actions),
            "Resource": "*",
            "Condition": {"StringEquals": account, "StringLike": via} if self.anywhere else same,
        }


@dataclass(frozen=True)
class _Managed:
    """`kept` is what the description says that the key protects. `described_by` is the Sid of a statement that lets the
    service itself describe the key; empty for none.
    """

    policy_id: str
    kept: str
    through: tuple[_Through, ...]
    metadata: tuple[str, ...] = _METADATA
    described_by: str = ""

    def statements(self, key: Key, partition: str) -> list[dict[str, Any]]:
        root = {"AWS": f"arn:{partition}:iam::{key.account}:root"}
        found = [one.statement(key) for one in self.through]
        found.append(_allow("Allow direct access to key metadata to the account", root, self.metadata))
        if self.described_by:
            service = {"Service": f"{self.through[0].service}.amazonaws.com"}
            found.append(_allow(self.described_by, service, _READ))
        return found


def _allow(sid: str, principal: Mapping[str, str], actions: tuple[str, ...]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": list(actions), "Resource": "*"}


def _one_or_list(actions: tuple[str, ...]) -> str | list[str]:
    return list(actions) if len(actions) > 1 else actions[0]


_SECRETS = "AWS Secrets Manager"
_MANAGED = {
    "backup": _Managed(
        "auto-backup-1",
        "Backup data",
        (
            _Through(
                "Backup",
                "backup",
                ("kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey*"),
                account_first=True,
                sid=f"Allow access through Backup {_TO_USE} Backup Storage",
            ),
        ),
    ),
    "dynamodb": _Managed(
        "auto-dynamodb-3",
        "DynamoDB data",
        (_Through("Amazon DynamoDB", "dynamodb", anywhere=True),),
        described_by="Allow DynamoDB to directly describe the key",
    ),
    "ebs": _Managed("auto-ebs-2", "EBS volumes", (_Through("EBS", "ec2"),)),
    "elasticfilesystem": _Managed(
        "auto-elasticfilesystem-1",
        "EFS filesystems",
        (_Through("EFS", "elasticfilesystem", account_first=True, sid=f"Allow access to EFS {_TO_USE} EFS"),),
    ),
    "es": _Managed(
        "auto-es-2",
        "Elasticsearch data",
        (_Through("OpenSearch Service", "es", account_first=True),),
        described_by="Allow OpenSearch service principals to describe the key directly",
    ),
    "glue": _Managed("auto-glue-1", "Glue data", (_Through("Glue", "glue"),)),
    "kinesis": _Managed(
        "auto-kinesis-1",
        "Kinesis data",
        (_Through("Amazon Kinesis", "kinesis", _USE_WITHOUT_GRANTS, account_first=True),),
        _READ,
    ),
    "kinesisvideo": _Managed(
        "auto-kinesisvideo-1",
        "kinesis video data",
        (_Through("Kinesis Video Streams", "kinesisvideo", account_first=True),),
    ),
    "lambda": _Managed("auto-awslambda", "Lambda functions", (_Through("AWS Lambda", "lambda", account_first=True),)),
    "rds": _Managed(
        "auto-rds-2",
        "RDS database volumes",
        (_Through("RDS", "rds", (*_USE[:-1], "kms:ListGrants", "kms:DescribeKey")),),
    ),
    "redshift": _Managed(
        "auto-redshift-3",
        "Redshift data",
        (_Through("RedShift", "redshift"), _Through("RedShift-Serverless", "redshift-serverless")),
    ),
    "s3": _Managed("auto-s3-2", "S3 objects", (_Through("S3", "s3", _USE_WITHOUT_GRANTS, account_first=True),), _READ),
    "secretsmanager": _Managed(
        "auto-secretsmanager-2",
        "Secrets Manager data",
        (
            _Through(_SECRETS, "secretsmanager", tuple(action for action in _USE if action != "kms:GenerateDataKey*")),
            _Through(_SECRETS, "secretsmanager", ("kms:GenerateDataKey*",), anywhere=True),
        ),
    ),
    "sns": _Managed(
        "auto-sns-1",
        "SNS data",
        (
            _Through(
                "SNS",
                "sns",
                ("kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:ListGrants", "kms:DescribeKey"),
                account_first=True,
            ),
        ),
    ),
    "sqs": _Managed(
        "auto-sqs-1",
        "SQS messages",
        (_Through("SQS", "sqs", sid=f"Allow access through Simple Queue Service (SQS) {_TO_USE} SQS"),),
    ),
    "ssm": _Managed("auto-ssm-1", "SSM parameters", (_Through("SSM", "ssm", _USE_WITHOUT_GRANTS),), _READ),
    "xray": _Managed(
        "auto-xray-1",
        "X-Ray data",
        (_Through("X-Ray", "xray"),),
        described_by="Allow X-Ray Service with service principal name xray.amazonaws.com to describe the key directly",
    ),
}
PREDEFINED = frozenset(f"alias/aws/{service}" for service in ("acm", *_MANAGED))


def make_aws_managed(key: Key, alias_name: str, partition: str, now: datetime) -> None:
    """Turns a new key into the AWS managed key of this alias."""
    service = alias_name.removeprefix("alias/aws/")
    key.manager = "AWS"
    managed = _MANAGED.get(service, _Managed(f"auto-{service}-1", f"{service} data", (_Through(service, service),)))
    policy_id, kept, statements = managed.policy_id, managed.kept, managed.statements(key, partition)
    if service == "acm":
        policy_id, kept, statements = "auto-acm-4", "ACM private keys", _of_acm(key)
    key.description = f"Default key that protects my {kept} when no other key is defined"
    key.policy = laid_out({"Version": "2012-10-17", "Id": policy_id, "Statement": statements})
    key.rotation_period = _ROTATED_EVERY
    key.next_rotation = now + timedelta(days=_ROTATED_EVERY)


def _of_acm(key: Key) -> list[dict[str, Any]]:
    """The one policy that has a form of its own: grants alone, and no re-encryption under another key."""
    account = {"kms:CallerAccount": key.account}
    via = account | {"kms:ViaService": f"acm.{key.region}.amazonaws.com"}
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}

    def statement(sid: str, action: Any, condition: dict[str, Any], effect: str = "Allow") -> dict[str, Any]:
        told = {"Sid": sid, "Effect": effect, "Principal": {"AWS": "*"}, "Action": action, "Resource": "*"}
        return told | {"Condition": condition}

    def granting(operations: Any) -> dict[str, Any]:
        return {"StringEquals": via, "ForAllValues:StringEquals": {"kms:GrantOperations": operations}, **for_aws}

    reads = ["kms:DescribeKey", "kms:ListGrants", "kms:RevokeGrant", "kms:GetKeyPolicy"]
    elsewhere = {"Bool": {"kms:ReEncryptOnSameKey": "false"}}
    return [
        statement("Allow creation of decryption grants", "kms:CreateGrant", granting("Decrypt")),
        statement(
            "Allow creation of encryption grant",
            "kms:CreateGrant",
            granting(["Encrypt", "ReEncryptFrom", "ReEncryptTo"]),
        ),
        statement("Allowed operations for the key owner", reads, {"StringEquals": account}),
        statement("Deny re-encryption to any other key", "kms:ReEncrypt*", elsewhere, "Deny"),
        statement("Allow decrypt", "kms:Decrypt", {"StringEquals": via}),
    ]


@lru_cache(maxsize=256)
def nobody_may(action: str, key_policy: str) -> bool:
    """Whether no statement of this key policy of an AWS managed key allows the action to anybody."""
    allowed = [one["Action"] for one in json.loads(key_policy)["Statement"] if one["Effect"] == "Allow"]
    patterns = [pattern for one in allowed for pattern in ([one] if isinstance(one, str) else one)]
    return not any(fnmatchcase(action, pattern) for pattern in patterns)
