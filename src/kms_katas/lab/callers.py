"""From an access key ID to who calls: read out of moto's IAM and STS stores. Decides nothing about permissions."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import sts_backends

from kms_katas.lab.sessions import PARTITION as PARTITION
from kms_katas.lab.sessions import SessionTerms, UserSession, terms_of, user_session_of


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a request. `entity` is moto's user or role, where the identity policies are; None for a root user.

    `tags` are its principal tags: those of the user or role, and the session's over them. `session` is what a session
    was made with.
    """

    arn: str
    account: str
    kind: str
    """As CloudTrail's userIdentity.type says it: Root, IAMUser or AssumedRole. AWSService for a service that calls for
    itself: its `arn` is its name, such as "cloudtrail.amazonaws.com", its `account` that of what it calls for."""
    user_id: str
    access_key_id: str
    role_arn: str | None = None
    entity: Any = field(default=None, repr=False)
    tags: Mapping[str, str] = field(default_factory=dict, repr=False)
    session: SessionTerms | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """What belongs to one access key ID. `expires` is None for a long-term key. A key that was set inactive is not
    `active`, nor is a session whose user or role was deleted.
    """

    secret: str = field(repr=False)
    session_token: str | None = field(repr=False)
    principal: Caller
    active: bool
    expires: datetime | None


def find_credential(access_key_id: str) -> Credential | None:
    for account, stores in list(iam_backends.items()):
        iam = stores.get(PARTITION)
        key = iam.access_keys.get(access_key_id) if iam is not None else None
        if iam is None or key is None:
            continue
        if (session := user_session_of(key)) is not None:
            return _user_session_credential(iam, account, key, session)
        if access_key_id.startswith("ASIA"):
            return _session_credential(iam, account, key)
        caller = _long_term_caller(iam, account, key)
        if caller is None:
            return None
        return Credential(key.secret_access_key, None, caller, key.status == "Active", None)
    return None


def motos_account(header: str | None) -> str | None:
    """The account that moto's own switches name; `header` is x-moto-account-id. moto asks both before it looks at the
    credentials, in this order. It counts where nothing is enforced.
    """
    return os.environ.get("MOTO_ACCOUNT_ID") or header or None


def _long_term_caller(iam: IAMBackend, account: str, key: Any) -> Caller | None:
    if key.user_name is None:
        return root_caller(account, key.access_key_id)
    return _user(iam, account, key.user_name, key.access_key_id)


def _user(iam: IAMBackend, account: str, name: str, access_key_id: str) -> Caller | None:
    user = iam.users.get(name)
    if user is None:
        return None
    arn = user.arn
    tags = iam.tagger.get_tag_dict_for_resource(arn)
    return Caller(arn, account, "IAMUser", user.id, access_key_id, entity=user, tags=tags)


def root_caller(account: str, access_key_id: str) -> Caller:
    return Caller(f"arn:{PARTITION}:iam::{account}:root", account, "Root", account, access_key_id)


def _session_credential(iam: IAMBackend, account: str, key: Any) -> Credential | None:
    """The role is gone when none has the unique ID that the session was made of: of such a session AWS says what it
    says of a token that nobody has (reports of real errors of KMS after a role was deleted and made again).
    """
    session = sts_backends[account][PARTITION].get_assumed_role_from_access_key(key.access_key_id)
    if session is None:
        return None
    terms = terms_of(key)
    role = next((role for role in iam.roles.values() if role.arn == session.role_arn), None)
    active = role is not None and (terms is None or terms.source_id == role.id)
    user_id = f"{role.id if role else 'AROAUNKNOWNROLE00000'}:{session.session_name}"
    own = {tag["Key"]: tag["Value"] for tag in role.tags} if role is not None else {}
    tags = with_tags(own, terms.tags if terms else {})
    caller = Caller(
        session.arn, account, "AssumedRole", user_id, key.access_key_id, session.role_arn, role, tags, terms
    )
    expires = session.expiration.replace(tzinfo=UTC)
    return Credential(session.secret_access_key, session.session_token, caller, active, expires)


def _user_session_credential(iam: IAMBackend, account: str, key: Any, session: UserSession) -> Credential:
    """Another user of the same name is not the one that the session was made of."""
    if session.user_name is None:
        caller: Caller | None = root_caller(account, key.access_key_id)
    else:
        caller = _user(iam, account, session.user_name, key.access_key_id)
    active = caller is not None and session.terms.source_id in (caller.user_id, caller.account)
    gone = Caller(f"arn:{PARTITION}:iam::{account}:user/{session.user_name}", account, "IAMUser", "", key.access_key_id)
    caller = replace(caller or gone, session=session.terms)
    return Credential(key.secret_access_key, session.token, caller, active, session.expires)


def with_tags(tags: Mapping[str, str], over: Mapping[str, str]) -> Mapping[str, str]:
    """The tags, and others over them. Two keys that differ in case alone are one key (STS API, AssumeRole, Tags)."""
    names = {name.lower() for name in over}
    return {name: value for name, value in tags.items() if name.lower() not in names} | dict(over) if over else tags
