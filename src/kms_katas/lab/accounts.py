"""Accounts, users, roles and their clients, written straight into moto's IAM and STS stores so that making one costs
next to nothing.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from moto.iam.models import AccessKey, iam_backends
from moto.sts.models import sts_backends

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.setting import one_at_a_time
from kms_katas.policy import parse_document

if TYPE_CHECKING:
    from kms_katas.lab.lab import Lab

PolicyDocument = Mapping[str, Any]

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

EVERYTHING: PolicyDocument = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
"""What AWS's managed policy AdministratorAccess says."""


def _policy_text(document: PolicyDocument) -> str:
    """The document as IAM stores it. Raises kms_katas.policy.PolicyError, a ValueError, that says what is wrong."""
    text = json.dumps(document)
    parse_document(text)
    return text


@dataclass(frozen=True, eq=False)
class Principal:
    """Someone who can call AWS: a root user, an IAM user, or a session of a role."""

    arn: str
    account: "Account" = field(repr=False)
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    role_arn: str | None = None
    _entity: Any = field(default=None, repr=False)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    @one_at_a_time
    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client with this principal's credentials; `region` is the lab's if not given.

        The same one each time.
        """
        place = (service, region or self.account.lab.region)
        if place not in self._clients:
            self.account.lab.clock.reach(service)
            credentials = (self.access_key_id, self.secret_access_key, self.session_token)
            self._clients[place] = self.account.lab.client_pool.lend(*place, credentials)
        return self._clients[place]

    @one_at_a_time
    def allow(self, document: PolicyDocument, name: str = "allow") -> None:
        """Adds an inline identity policy to the user, or to the session's role.

        Raises ValueError for the root user, who can hold none.
        """
        if self._entity is None:
            raise ValueError(
                "The root user of an account has no identity policies. Use account.user(...) or account.role(...)."
            )
        self._entity.policies[name] = _policy_text(document)


@dataclass(frozen=True, eq=False)
class Role:
    """An IAM role. It calls nothing by itself: `session` makes the principal that does."""

    arn: str
    account: "Account" = field(repr=False)
    _entity: Any = field(repr=False)

    @one_at_a_time
    def session(self, name: str, duration: int = 3600) -> Principal:
        """A session as AssumeRole would make it: set-up, which asks no trust policy and no permission.

        To see them asked, call `principal.client("sts").assume_role(...)`. `duration` in seconds of the lab's clock.
        """
        session = sts_backends[self.account.id][PARTITION].assume_role("us-east-1", name, self.arn, "", duration, "")
        credentials = (session.access_key_id, session.secret_access_key, session.session_token)
        return Principal(session.arn, self.account, *credentials, role_arn=self.arn, _entity=self._entity)

    @one_at_a_time
    def allow(self, document: PolicyDocument, name: str = "allow") -> None:
        """Adds an inline identity policy to the role."""
        self._entity.policies[name] = _policy_text(document)


class Account:
    """One AWS account of the lab. `admin` and `root` are made when first asked for."""

    def __init__(self, lab: "Lab", account_id: str) -> None:
        self.lab = lab
        self.id = account_id
        self._root: Principal | None = None
        self._admin: Principal | None = None
        self._iam = iam_backends[account_id][PARTITION]

    def __repr__(self) -> str:
        return f"Account({self.id!r})"

    @property
    @one_at_a_time
    def admin(self) -> Principal:
        """The IAM user `admin`, whose identity policy allows everything."""
        if self._admin is None:
            self._admin = self.user("admin", policies={"AdministratorAccess": EVERYTHING})
        return self._admin

    @property
    @one_at_a_time
    def root(self) -> Principal:
        """The root user."""
        if self._root is None:
            key = cast(Any, AccessKey)(None, "AKIA", self.id)
            self._iam.access_keys[key.access_key_id] = key
            self._root = Principal(
                f"arn:{PARTITION}:iam::{self.id}:root", self, key.access_key_id, key.secret_access_key
            )
        return self._root

    @one_at_a_time
    def create_key(
        self, policy: PolicyDocument | None = None, region: str | None = None, key_id: str | None = None
    ) -> str:
        """The ARN of a new symmetric KMS key, by default with the default key policy and in the lab's Region.

        It was there before anybody called: no call and no event tells of it, no principal is needed, and the policy is
        taken as it stands. To see CreateKey at work, call it with a client. `key_id` is for policies that have to name
        the key before it is there; without, the ID is random. Raises ValueError for an ID that is no UUID or is taken.
        """
        store = store_of(self.id, region or self.lab.region, self.lab.clock.now())
        if key_id is not None and (not _UUID.fullmatch(key_id) or key_id in store.keys):
            raise ValueError(
                f"{key_id!r} cannot be the ID of a new key. Give a UUID in small letters that no key there has."
            )
        text = None if policy is None else _policy_text(policy)
        return store.new_key(self.lab.clock.now(), text, key_id=key_id).arn

    @one_at_a_time
    def user(self, name: str, policies: Mapping[str, PolicyDocument] | None = None, path: str = "/") -> Principal:
        """A new IAM user with inline policies by name. Raises ValueError when the account has a user of that name."""
        if name in self._iam.users:
            raise ValueError(
                f"Account {self.id} already has a user {name!r}. Keep the principal that the first call returned."
            )
        user = self._iam.create_user("us-east-1", name, path)
        for policy_name, document in (policies or {}).items():
            user.policies[policy_name] = _policy_text(document)
        key = self._iam.create_access_key(name)
        return Principal(user.arn, self, key.access_key_id, key.secret_access_key, _entity=user)

    @one_at_a_time
    def role(
        self,
        name: str,
        policies: Mapping[str, PolicyDocument] | None = None,
        trust: PolicyDocument | None = None,
        path: str = "/",
    ) -> Role:
        """A new IAM role; `trust` is the trust policy, by default one for the account.

        The default leaves it to the account's own identity policies who assumes the role. Raises ValueError when the
        name is taken, and for a trust policy that is none.
        """
        if any(role.name == name for role in self._iam.roles.values()):
            raise ValueError(
                f"Account {self.id} already has a role {name!r}. Keep the role that the first call returned."
            )
        owner = {"AWS": f"arn:{PARTITION}:iam::{self.id}:root"}
        statement = {"Effect": "Allow", "Principal": owner, "Action": "sts:AssumeRole"}
        trust = trust or {"Version": "2012-10-17", "Statement": [statement]}
        role = self._iam.create_role(name, _policy_text(trust), path, None, "", [], "3600")
        for policy_name, document in (policies or {}).items():
            role.policies[policy_name] = _policy_text(document)
        return Role(role.arn, self, role)
