"""What a temporary session was made with: kept on moto's own access key, so that it goes when moto's stores do.

Not for who may make a session (sts.py), nor for what its policies come to (documents.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.iam.models import iam_backends
from moto.sts import models as sts_models
from moto.sts.models import sts_backends

PARTITION = "aws"

_PLACE = "kms_katas_session"


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """`source_id` is the unique ID of the role or user that it is a session of: made again under the same name, it is
    another one, and the session stays without.

    `policy` is the inline session policy as text, `policy_arns` are the managed ones. `tags` are the session tags,
    those inherited in a role chain included; `transitive` names those that pass on. `mfa_time` is when an MFA code was
    given, None where none was.
    """

    issued: datetime
    source_id: str
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    source_identity: str = ""
    mfa_time: datetime | None = None

    @property
    def with_mfa(self) -> bool:
        return self.mfa_time is not None


@dataclass(frozen=True, slots=True)
class UserSession:
    """A session of an IAM user or root user (GetSessionToken); `user_name` is None for the root user."""

    user_name: str | None
    token: str = field(repr=False)
    expires: datetime
    terms: SessionTerms


def new_role_session(role: Any, name: str, duration: int, terms: SessionTerms) -> Any:
    """moto's session of a role; `duration` in seconds."""
    account = role.arn.split(":")[4]
    session = sts_backends[account][PARTITION].assume_role("us-east-1", name, role.arn, "", duration, "")
    setattr(session.access_key, _PLACE, terms)
    return session


def new_user_session(
    user: Any, account: str, duration: int, now: datetime, mfa_time: datetime | None
) -> tuple[Any, UserSession]:
    """moto's access key, and the session that it belongs to. `user` is moto's, None for the root user."""
    key = iam_backends[account][PARTITION].create_temp_access_key()
    terms = SessionTerms(now, user.id if user is not None else account, mfa_time=mfa_time)
    name = user.name if user is not None else None
    session = UserSession(name, _new_token(), now + timedelta(seconds=duration), terms)
    setattr(key, _PLACE, session)
    return key, session


def _new_token() -> str:
    """Asked of moto by name each time: a lab puts its own in that place."""
    token: str = vars(sts_models)["random_session_token"]()
    return token


def terms_of(access_key: Any) -> SessionTerms | None:
    """None for a long-term access key, and for a session of a role that somebody made past STS and the lab."""
    found = getattr(access_key, _PLACE, None)
    return found.terms if isinstance(found, UserSession) else found


def user_session_of(access_key: Any) -> UserSession | None:
    """None for every other access key."""
    found = getattr(access_key, _PLACE, None)
    return found if isinstance(found, UserSession) else None
