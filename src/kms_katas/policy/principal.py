"""The caller of a request: an account's root user, a user, a role session, a federated session or a service.

Not for the `Principal` element of a policy: match.py compares the two.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from .document import PolicyError

PrincipalKind = Literal["Account", "User", "AssumedRole", "FederatedUser", "Service"]
PrincipalMatch = Literal["EXACT", "ROLE", "FEDUSER", "ACCOUNT", "WILDCARD"]


@dataclass(frozen=True)
class Principal:
    """Who calls.

    `arn` is the caller's ARN (root user, IAM user, assumed-role session, federated-user session) or the name of a
    service such as "cloudtrail.amazonaws.com". The ARN of a role stands for some session of that role. `role_arn` is
    the role of a session with the role's path, which the session's own ARN leaves out; left away, it is the role of
    that name without a path. `federated_provider` is the identity provider through which a session was made. Raises
    PolicyError for any other `arn`.
    """

    arn: str
    role_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    federated_provider: str | None = None

    kind: PrincipalKind = field(init=False, repr=False, compare=False)
    """The value that AWS gives to aws:PrincipalType; "Service" for a service, which has no such key."""
    account: str = field(init=False, repr=False, compare=False)
    """The 12 digits of the caller's account; empty for a service, which belongs to none."""
    partition: str = field(init=False, repr=False, compare=False)
    """The ARN's partition (aws, aws-cn, aws-us-gov ...); empty for a service."""
    name: str = field(init=False, repr=False, compare=False)
    """The user's name without its path, or the name of a federated session; empty for all others."""
    account_arn: str = field(init=False, repr=False, compare=False)
    """The account principal of the caller's account; empty for a service."""

    def __post_init__(self) -> None:
        anatomy = _anatomy(self.arn)
        # Frozen, and all of it follows from the ARN; a decision asks for it again and again.
        known = self.__dict__
        known["kind"], known["partition"], known["account"], known["name"], role_arn = anatomy
        known["account_arn"] = f"arn:{anatomy.partition}:iam::{anatomy.account}:root" if anatomy.account else ""
        if self.role_arn is None:
            known["role_arn"] = role_arn

    @property
    def service_linked(self) -> bool:
        """Whether it is a session of a service-linked role, which the path of the role tells."""
        return ":role/aws-service-role/" in (self.role_arn or "")


class _Anatomy(NamedTuple):
    kind: PrincipalKind
    partition: str = ""
    account: str = ""
    name: str = ""
    role_arn: str | None = None


_ARN = re.compile(r"arn:(aws[a-z-]*):(iam|sts)::(\d{12}):([a-z-]+)(?:/(.+))?", re.ASCII)
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)


@lru_cache(maxsize=4096)
def _anatomy(arn: str) -> _Anatomy:
    if found := _ARN.fullmatch(arn):
        partition, service, account, sort, path = found.groups()
        last = path.rpartition("/")[2] if path else ""
        match service, sort:
            case "iam", "root" if not path:
                return _Anatomy("Account", partition, account)
            case "iam", "user" if last:
                return _Anatomy("User", partition, account, last)
            case "iam", "role" if last:
                return _Anatomy("AssumedRole", partition, account, role_arn=arn)
            case "sts", "assumed-role" if path and path.count("/") == 1 and last and not path.startswith("/"):
                role = path.partition("/")[0]
                return _Anatomy(
                    "AssumedRole", partition, account, role_arn=f"arn:{partition}:iam::{account}:role/{role}"
                )
            case "sts", "federated-user" if path == last:
                return _Anatomy("FederatedUser", partition, account, last)
    elif _SERVICE.fullmatch(arn):
        return _Anatomy("Service")
    raise PolicyError(
        f"{arn!r} cannot be a caller: give the ARN of a root user, a user, an assumed-role session, a federated-user"
        " session or a role, or a service principal such as cloudtrail.amazonaws.com."
    )
