"""Whom a grant may name, and whether a name still means the same one. Not for what grants allow.

A grant holds on to a user or a role by its unique ID: deleted and made again under the same name, it is another one,
and the lists show the ID of the old one. Codes and texts recorded from AWS on 2026-09-12 (radkawar/stackd,
testdata/aws/kms/grants.json, cases lifecycle_*, missing_role, session_role_path, missing_account_federated_user).
"""

import re
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError

_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:root|(?:user|role)/.+)"
    r"|sts::[0-9]{12}:(?:assumed-role/[^/]+/[^/]+|federated-user/[^/]+))"
)

_INFRASTRUCTURE = "aws:ec2-infrastructure/"
"""EC2's own role, which every account has and no IAM shows (developer guide, "Amazon EC2 example two")."""


def named_principal(value: str, parameter: str) -> tuple[str, str | None]:
    """The ARN, and the unique ID where the principal is a user, a role or a session that IAM knows here.

    Raises InvalidArnException.
    """
    if not value.startswith("arn:"):
        found = _arn_of_id(value)
        if found is None:
            raise KMSError("InvalidArnException", f"{parameter} does not refer to a valid principal.")
        return found, value
    if not _ARN.fullmatch(value):
        raise KMSError("InvalidArnException", f"ARN is not valid: {value}")
    unique = unique_id(value)
    if unique is None and _must_exist(value):
        raise KMSError("InvalidArnException", f"ARN does not refer to a valid principal: {value}")
    return value, unique


def unique_id(arn: str) -> str | None:
    """The ID that IAM gives to a user, a role, or a session of a role; None for all that IAM does not know here."""
    account, kind, path = _parts(arn)
    if account not in iam_backends:
        return None
    backend: Any = iam_backends[account][PARTITION]
    if kind == "user":
        return next((str(user.id) for user in backend.users.values() if user.arn == arn), None)
    if kind == "role":
        return next((str(role.id) for role in backend.roles.values() if role.arn == arn), None)
    if kind == "assumed-role":
        name, _, session = path.partition("/")
        return next((f"{role.id}:{session}" for role in backend.roles.values() if role.name == name), None)
    return None


def _arn_of_id(value: str) -> str | None:
    unique, _, session = value.partition(":")
    for account, backends in list(iam_backends.items()):
        backend: Any = backends[PARTITION]
        for entity in (*backend.users.values(), *backend.roles.values()):
            if entity.id == unique:
                return f"arn:{PARTITION}:sts::{account}:assumed-role/{entity.name}/{session}" if session else entity.arn
    return None


def _must_exist(arn: str) -> bool:
    """Not where nothing is enforced, and not in accounts that the lab has not seen: whom they hold nobody knows. Nobody
    comes from another partition.
    """
    account, kind, path = _parts(arn)
    if setting.current.enforce and arn.split(":")[1] != PARTITION:
        return True
    if not setting.current.enforce or kind in ("root", "federated-user") or account not in iam_backends:
        return False
    if kind == "assumed-role" and path.startswith(_INFRASTRUCTURE):
        return False
    backend = iam_backends[account][PARTITION]
    return account != DEFAULT_ACCOUNT_ID or bool(backend.users or backend.roles)


def _parts(arn: str) -> tuple[str, str, str]:
    """Account, kind and path."""
    account, resource = arn.split(":", 5)[4:]
    kind, _, path = resource.partition("/")
    return account, kind, path
