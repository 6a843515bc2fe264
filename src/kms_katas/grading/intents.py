"""Words in which a check says what a policy is for: policies of its own, for judge.py to compare a learner's with.

Not for judging, and not for what one kata alone wants.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kms_katas.policy import NamedPolicy
from kms_katas.policy.proof.domain import PERMISSIONS

Condition = Mapping[str, Mapping[str, Any]]


def policy(name: str, *statements: Mapping[str, Any]) -> NamedPolicy:
    """`name` stands in sentences."""
    return NamedPolicy(name, {"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: object, *, by: object = None, only: Condition | None = None) -> dict[str, Any]:
    """An Allow of `actions` on any resource, `by` accounts or ARNs, or "*"; without `by`, for an identity policy."""
    listed = list(actions) if isinstance(actions, tuple) else actions
    statement = {"Effect": "Allow", "Action": listed, "Resource": "*"}
    if by is not None:
        statement["Principal"] = "*" if by == "*" else {"AWS": by}
    return statement | ({"Condition": only} if only else {})


def allow_service(actions: object, service: str, only: Condition | None = None) -> dict[str, Any]:
    """An Allow of `actions` to a service principal, "s3.amazonaws.com": for a key policy."""
    return allow(actions, by="*", only=only) | {"Principal": {"Service": service}}


def deny(
    actions: object, *, by: object = "*", only: Condition | None = None, unless_by: str | None = None
) -> dict[str, Any]:
    """A Deny of `actions` on any resource, to `by` as in `allow`: for everybody but the user, or the sessions of the
    role, whose ARN is `unless_by`.

    Names of users and roles that differ in case alone are one to IAM (API reference, CreateUser and CreateRole).
    """
    others: Condition = {"StringNotEqualsIgnoreCase": {"aws:PrincipalArn": unless_by}} if unless_by else {}
    return allow(actions, by=by, only=both(only or {}, others)) | {"Effect": "Deny"}


GIVES_ALL = policy("an identity policy that gives kms:*", allow("kms:*"))


BESIDE_THE_POINT = "beside the point"
"""The Sid of statements that only say whom a question leaves out."""


def inside(account: str) -> dict[str, Any]:
    """Everything, for everybody in the account: a limit that says nothing about them."""
    others = allow("kms:*", by="*", only={"StringEquals": {"aws:PrincipalAccount": account}})
    return others | {"Sid": BESIDE_THE_POINT}


def outside(account: str) -> dict[str, Any]:
    """Everything, for everybody but the account, services too: a limit that says nothing about them."""
    others = allow("kms:*", by="*", only={"StringNotEquals": {"aws:PrincipalAccount": account}})
    return others | {"Sid": BESIDE_THE_POINT}


def people_with_a_source() -> list[dict[str, Any]]:
    """Everything, for each request of somebody of an account that has a source, which a service alone has.

    In a limit it leaves to a service to show what is too much. Policies that only such a request tells apart
    have to be looked at without it.
    """
    keys = ("aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID")
    theirs = (allow("kms:*", by="*", only={"Null": {"aws:PrincipalAccount": "false", key: "false"}}) for key in keys)
    return [one | {"Sid": BESIDE_THE_POINT} for one in theirs]


def called_directly(region: str, now: datetime) -> Condition:
    """What every request has that somebody makes by themselves, on a symmetric key of KMS's own, this year or the next.

    A learner's condition that all of these meet does no harm.
    """
    end = now.replace(year=now.year + 2, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    return {
        "Bool": {"aws:SecureTransport": "true", "aws:ViaAWSService": "false"},
        "Null": {"kms:ViaService": "true", "kms:MultiRegionKeyType": "true"},
        "DateLessThan": {"aws:CurrentTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")},
        "DateGreaterThanEquals": {"aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")},
        "NumericLessThan": {"aws:EpochTime": str(int(end.timestamp()))},
        "NumericGreaterThanEquals": {"aws:EpochTime": str(int(now.timestamp()))},
        "StringEquals": {
            "aws:RequestedRegion": region,
            "kms:KeySpec": "SYMMETRIC_DEFAULT",
            "kms:KeyUsage": "ENCRYPT_DECRYPT",
            "kms:KeyOrigin": "AWS_KMS",
        },
        "BoolIfExists": {"kms:MultiRegion": "false"},
    }


def asked_by_service(region: str, now: datetime, source_arn: str, source_account: str) -> Condition:
    """What every request has that a service makes as itself, for a resource: on the keys and in the time of
    `called_directly`.

    Nobody's permissions are forwarded, so nothing of a caller is there: no organization, address, network or session
    (IAM reference, global condition context keys; of the address and the network AWS says nothing, and the lab has
    none). That aws:SourceAccount is there beside aws:SourceArn is documented for some services only.
    """
    absent = (
        *("aws:PrincipalOrgID", "aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce"),
        *("aws:VpcSourceIp", "aws:TokenIssueTime", "aws:MultiFactorAuthPresent", "aws:SourceIdentity"),
    )
    source = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_account}
    return both(called_directly(region, now), {"StringEquals": source, "Null": dict.fromkeys(absent, "true")})


_FOR_OTHER_KEYS = (
    *("kms:Sign", "kms:Verify", "kms:GenerateMac", "kms:VerifyMac", "kms:DeriveSharedSecret", "kms:GetPublicKey"),
    *("kms:Encapsulate", "kms:Decapsulate", "kms:ReplicateKey", "kms:UpdatePrimaryRegion"),
    *("kms:GetParametersForImport", "kms:ImportKeyMaterial", "kms:DeleteImportedKeyMaterial"),
)
OF_A_SYMMETRIC_KEY = tuple(name for name in PERMISSIONS if name not in _FOR_OTHER_KEYS)
"""The permissions that KMS can act on where the key is symmetric, of one Region, and its material KMS's own.

Who lists these has listed all (KMS API reference; of each other operation it says which keys it is for).
"""


def called_through(service: str, region: str, now: datetime) -> Condition:
    """What every request has that a service, such as "s3", makes for somebody, by their own permission: as
    `called_directly`, which it is not."""
    direct = called_directly(region, now)
    return {
        **direct,
        "Bool": {**direct["Bool"], "aws:ViaAWSService": "true"},
        "Null": {key: absent for key, absent in direct["Null"].items() if key != "kms:ViaService"},
        "StringEquals": {**direct["StringEquals"], "kms:ViaService": f"{service}.{region}.amazonaws.com"},
    }


USE = (
    *("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
    *("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
    *("kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext"),
)
"""To encrypt and decrypt with such a key, and to get data keys and data key pairs."""

ADMINISTRATION = (
    *("kms:DescribeKey", "kms:GetKeyLastUsage", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants"),
    *("kms:ListKeyPolicies", "kms:ListKeyRotations", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant"),
    *("kms:UpdateAlias", "kms:UpdateKeyDescription", "kms:EnableKey", "kms:EnableKeyRotation", "kms:DisableKey"),
    *("kms:DisableKeyRotation", "kms:CreateAlias", "kms:DeleteAlias", "kms:TagResource", "kms:UntagResource"),
    *("kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"),
)
"""What administrators do with such a key, without grants, by which they could let anybody use it."""

NO_USE = tuple(name for name in PERMISSIONS if name not in (*USE, "kms:CreateGrant"))
"""Administration, and whatever beside it is no use of such a key; KMS does some of that with other keys alone."""


SYMMETRIC: Condition = {"StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}}
"""What every request to encrypt or decrypt under such a key has."""


LONG_TERM: Condition = {"Null": {"aws:TokenIssueTime": "true", "aws:MultiFactorAuthPresent": "true"}}
"""What every request has that is made with an access key of a user, in no session."""


def both(one: Condition, other: Condition) -> Condition:
    """Both conditions in one."""
    return {operator: {**one.get(operator, {}), **other.get(operator, {})} for operator in {**one, **other}}
