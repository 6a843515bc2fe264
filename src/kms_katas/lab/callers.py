"""From an access key ID to who calls: read out of moto's IAM and STS stores. Decides nothing about permissions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from kms_katas.policy import NamedPolicy, PolicyError, parse_document

PARTITION = "aws"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a request. `entity` is moto's user or role, where the identity policies are; None for a root user."""

    arn: str
    account: str
    kind: str
    """As CloudTrail's userIdentity.type says it: Root, IAMUser or AssumedRole."""
    user_id: str
    access_key_id: str
    role_arn: str | None = None
    entity: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """What belongs to one access key ID. `expires` is None for a long-term key."""

    secret: str = field(repr=False)
    session_token: str | None = field(repr=False)
    principal: Caller
    active: bool
    expires: datetime | None


def find_credential(access_key_id: str) -> Credential | None:
    for account, stores in list(iam_backends.items()):
        key = stores[PARTITION].access_keys.get(access_key_id)
        if key is None:
            continue
        if access_key_id.startswith("ASIA"):
            return _session_credential(account, access_key_id)
        caller = _long_term_caller(account, key)
        if caller is None:
            return None
        return Credential(key.secret_access_key, None, caller, key.status == "Active", None)
    return None


def _long_term_caller(account: str, key: Any) -> Caller | None:
    if key.user_name is None:
        return root_caller(account, key.access_key_id)
    user = iam_backends[account][PARTITION].users.get(key.user_name)
    if user is None:
        return None
    return Caller(user.arn, account, "IAMUser", user.id, key.access_key_id, entity=user)


def root_caller(account: str, access_key_id: str) -> Caller:
    return Caller(f"arn:{PARTITION}:iam::{account}:root", account, "Root", account, access_key_id)


def _session_credential(account: str, access_key_id: str) -> Credential | None:
    session = sts_backends[account][PARTITION].get_assumed_role_from_access_key(access_key_id)
    if session is None:
        return None
    role = next(
        (role for role in iam_backends[account][PARTITION].roles.values() if role.arn == session.role_arn), None
    )
    user_id = f"{role.id if role else 'AROAUNKNOWNROLE00000'}:{session.session_name}"
    caller = Caller(session.arn, account, "AssumedRole", user_id, access_key_id, session.role_arn, role)
    expires = session.expiration.replace(tzinfo=UTC)
    return Credential(session.secret_access_key, session.session_token, caller, True, expires)


def identity_policies(caller: Caller) -> Iterator[NamedPolicy]:
    """Each identity policy of the caller: inline, attached, and those of its groups."""
    entity = caller.entity
    if entity is None:
        return
    groups = []
    if caller.kind == "IAMUser":
        groups = [group for group in iam_backends[caller.account][PARTITION].groups.values() if entity in group.users]
    for holder in (entity, *groups):
        for name, text in holder.policies.items():
            yield stored_policy(f'inline policy "{name}"', text)
        for managed in holder.managed_policies.values():
            version = next(version for version in managed.versions if version.version_id == managed.default_version_id)
            yield stored_policy(managed.name, version.document)


@lru_cache(maxsize=1024)
def stored_policy(name: str, text: str) -> NamedPolicy:
    """A stored policy, read once for all calls; when it is no policy at all, one that allows nothing."""
    try:
        return NamedPolicy(name, parse_document(text))
    except PolicyError:
        return NamedPolicy(name, {"Statement": []})
