"""Accounts, users, roles and their clients, written straight into moto's IAM and STS stores so that making one costs
next to nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from moto.iam.models import AccessKey, ManagedPolicy, iam_backends

from kms_katas.lab.aws_session import new_client
from kms_katas.lab.callers import PARTITION
from kms_katas.lab.iam import set_boundary, set_unique_id
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.ciphertext import locator_of, open_sealed, seal
from kms_katas.lab.kms.models import keep_in_view, store_of
from kms_katas.lab.kms.schedule import resume_rotation
from kms_katas.lab.kms.setting import one_at_a_time
from kms_katas.lab.network import VpcEndpoint, route, send_by
from kms_katas.lab.sessions import SessionTerms, new_role_session, new_user_session
from kms_katas.lab.stored_policies import policy_text

if TYPE_CHECKING:
    from kms_katas.lab.lab import Lab

PolicyDocument = Mapping[str, Any]

_ALIAS = re.compile("alias/(?!aws/)[a-zA-Z0-9/_-]{1,250}")
_KEY_ARN = re.compile("arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):key/[a-zA-Z0-9-]+")
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

EVERYTHING: PolicyDocument = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
"""What AWS's managed policy AdministratorAccess says."""


@dataclass(frozen=True, eq=False)
class Principal:
    """Someone who can call AWS: a root user, an IAM user, or a session of a user or role."""

    arn: str
    account: "Account" = field(repr=False)
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    role_arn: str | None = None
    _entity: Any = field(default=None, repr=False)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    @one_at_a_time
    def client(
        self,
        service: str,
        region: str | None = None,
        *,
        source_ip: str | None = None,
        vpc_endpoint: VpcEndpoint | None = None,
        via_service: str | None = None,
    ) -> Any:
        """A boto3 client with this principal's credentials; `region` is the lab's if not given.

        The same one each time, unless it says by which way its requests come: from `source_ip`; through a
        `vpc_endpoint` that `Lab.vpc_endpoint` made; or made by the service `via_service`, such as "s3", on this
        principal's behalf. The way counts wherever permissions do. Raises ValueError for what is no address, and
        for no name of a service.
        """
        self.account.lab.clock.reach(service)
        place = (service, region or self.account.lab.region)
        credentials = (self.access_key_id, self.secret_access_key, self.session_token)
        if source_ip is not None or vpc_endpoint is not None or via_service is not None:
            way = route(source_ip, vpc_endpoint, via_service, place[1])
            client, signs_with = new_client(*place)
            signs_with.access_key, signs_with.secret_key, signs_with.token = credentials
            send_by(client, way)
            return client
        if place not in self._clients:
            self._clients[place] = self.account.lab.client_pool.lend(*place, credentials)
        return self._clients[place]

    @one_at_a_time
    def mfa_session(self, duration: int = 43200) -> "Principal":
        """A session of this user as GetSessionToken would make it with a right MFA code: set-up, which asks no device.

        `duration` in seconds of the lab's clock. Raises ValueError for a session of a role: it is never one with MFA.
        """
        if self.role_arn is not None:
            raise ValueError(
                "A session of a role never counts as made with MFA. Make the session of a user, or of the root user."
            )
        now = self.account.lab.clock.now()
        key, session = new_user_session(self._entity, self.account.id, duration, now, now)
        credentials = (key.access_key_id, key.secret_access_key, session.token)
        return Principal(self.arn, self.account, *credentials, _entity=self._entity)

    @one_at_a_time
    def allow(self, document: PolicyDocument, name: str = "allow") -> None:
        """Adds an inline identity policy to the user, or to the session's role.

        Raises ValueError for the root user, who can hold none.
        """
        if self._entity is None:
            raise ValueError(
                "The root user of an account has no identity policies. Use account.user(...) or account.role(...)."
            )
        self._entity.policies[name] = policy_text(document)


@dataclass(frozen=True, eq=False)
class Role:
    """An IAM role. It calls nothing by itself: `session` makes the principal that does."""

    arn: str
    account: "Account" = field(repr=False)
    _entity: Any = field(repr=False)

    @one_at_a_time
    def session(
        self,
        name: str,
        duration: int = 3600,
        *,
        policy: PolicyDocument | None = None,
        tags: Mapping[str, str] | None = None,
        source_identity: str = "",
    ) -> Principal:
        """A session as AssumeRole would make it: set-up, which asks no trust policy and no permission.

        To see them asked, call `principal.client("sts").assume_role(...)`. `duration` in seconds of the lab's clock;
        `policy` is its session policy, `tags` are its session tags.
        """
        text = None if policy is None else policy_text(policy)
        now = self.account.lab.clock.now()
        terms = SessionTerms(now, self._entity.id, text, tags=dict(tags or {}), source_identity=source_identity)
        session = new_role_session(self._entity, name, duration, terms)
        credentials = (session.access_key_id, session.secret_access_key, session.session_token)
        return Principal(session.arn, self.account, *credentials, role_arn=self.arn, _entity=self._entity)

    @one_at_a_time
    def allow(self, document: PolicyDocument, name: str = "allow") -> None:
        """Adds an inline identity policy to the role."""
        self._entity.policies[name] = policy_text(document)


class Account:
    """One AWS account of the lab. `admin` and `root` are made when first asked for."""

    def __init__(self, lab: "Lab", account_id: str) -> None:
        self.lab = lab
        self.id = account_id
        self._root: Principal | None = None
        self._admin: Principal | None = None
        self._made: dict[str, Principal | Role] = {}
        self._iam = iam_backends[account_id][PARTITION]

    def __repr__(self) -> str:
        return f"Account({self.id!r})"

    def find(self, arn: str) -> "Principal | Role | None":
        """The user or role of this ARN, if `user` or `role` made it."""
        return self._made.get(arn)

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
        text = None if policy is None else policy_text(policy)
        return store.new_key(self.lab.clock.now(), text, key_id=key_id).arn

    def has_key(self, key_arn: str) -> bool:
        """Whether this account has a KMS key of this ARN, in any state."""
        _, _, _, region, account, name = key_arn.split(":", 5)
        keys = store_of(account, region, self.lab.clock.now()).keys
        return account == self.id and name.removeprefix("key/") in keys

    @one_at_a_time
    def label_key(self, key_arn: str, tags: Mapping[str, str], aliases: Iterable[str] = ()) -> None:
        """Gives a KMS key of this account these tags and aliases, and takes off those that it has: set-up, which asks
        no permission and counts at once.

        Raises KeyError for no key of this account, and ValueError for what is no alias name or another key's.
        """
        _, _, _, region, _, name = key_arn.split(":", 5)
        now = self.lab.clock.now()
        store, names = store_of(self.id, region, now), tuple(dict.fromkeys(aliases))
        key = store.keys[name.removeprefix("key/")]
        for one in names:
            taken = one in store.aliases and store.aliases[one].key_id != key.id
            if taken or not _ALIAS.fullmatch(one):
                raise ValueError(
                    f"{one!r} cannot be an alias of the key. Give a name such as 'alias/app' that is free."
                )
        for old in store.aliases_of(key):
            del store.aliases[old]
        for one in names:
            store.new_alias(one, key, now)
        key.tags = dict(tags)
        key.past_tags.clear()

    @one_at_a_time
    def switch_key(self, key_arn: str, *, on: bool) -> None:
        """Enables or disables a KMS key of this account: set-up, which asks no permission and leaves no call.

        Raises KeyError for no key of this account, and ValueError for one that is neither enabled nor disabled.
        """
        _, _, _, region, _, name = key_arn.split(":", 5)
        now = self.lab.clock.now()
        store = store_of(self.id, region, now)
        key = store.keys[name.removeprefix("key/")]
        if key.state not in ("Enabled", "Disabled"):
            raise ValueError(f"{key_arn} is in the state {key.state}. Switch a key that is enabled or disabled.")
        if on:
            resume_rotation(store, key, now)
        key.state = "Enabled" if on else "Disabled"
        keep_in_view(key)

    @one_at_a_time
    def seal(self, key_arn: str, plaintext: bytes, encryption_context: Mapping[str, str] | None = None) -> bytes:
        """A ciphertext of a symmetric key of this account, as Encrypt would have made it under its present material.

        It was there before anybody called, whatever the key policy says now. Raises KeyError for no key of this
        account.
        """
        _, _, _, region, _, name = key_arn.split(":", 5)
        key = store_of(self.id, region, self.lab.clock.now()).keys[name.removeprefix("key/")]
        return seal(key.current_material, plaintext, encryption_context or {}, setting.current.randomness)

    @one_at_a_time
    def unseal(
        self, key_arn: str, ciphertext: bytes, encryption_context: Mapping[str, str] | None = None
    ) -> bytes | None:
        """What Decrypt would give to somebody whom every policy allows it, with this key named: of an enabled symmetric
        key of this account, in its own Region. None where it would refuse, and for any other key: to see how it
        refuses, call it with a client.
        """
        found = _KEY_ARN.fullmatch(key_arn)
        if found is None or found["account"] != self.id:
            return None
        sealed_with = store_of(self.id, found["region"], self.lab.clock.now()).by_locator.get(
            locator_of(ciphertext) or b""
        )
        if sealed_with is None:
            return None
        key, material = sealed_with
        if key.arn != key_arn or key.shown_state != "Enabled" or material.secret is None:
            return None
        return open_sealed(material, ciphertext, encryption_context or {})

    @one_at_a_time
    def user(
        self,
        name: str,
        policies: Mapping[str, PolicyDocument] | None = None,
        path: str = "/",
        *,
        boundary: PolicyDocument | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Principal:
        """A new IAM user with inline policies by name, a permissions boundary and tags.

        Raises ValueError when the account has a user of that name.
        """
        if name in self._iam.users:
            raise ValueError(
                f"Account {self.id} already has a user {name!r}. Keep the principal that the first call returned."
            )
        user = self._iam.create_user("us-east-1", name, path, _iam_tags(tags))
        set_unique_id(user, self.id)
        self._set_boundary(user, boundary)
        for policy_name, document in (policies or {}).items():
            user.policies[policy_name] = policy_text(document)
        key = self._iam.create_access_key(name)
        made = Principal(user.arn, self, key.access_key_id, key.secret_access_key, _entity=user)
        self._made[made.arn] = made
        return made

    @one_at_a_time
    def role(
        self,
        name: str,
        policies: Mapping[str, PolicyDocument] | None = None,
        trust: PolicyDocument | None = None,
        path: str = "/",
        *,
        boundary: PolicyDocument | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Role:
        """A new IAM role; `trust` is the trust policy, by default one for the account. `boundary` is its permissions
        boundary.

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
        role = self._iam.create_role(name, policy_text(trust), path, None, "", _iam_tags(tags), "3600")
        self._set_boundary(role, boundary)
        for policy_name, document in (policies or {}).items():
            role.policies[policy_name] = policy_text(document)
        made = Role(role.arn, self, role)
        self._made[made.arn] = made
        return made

    def _set_boundary(self, entity: Any, boundary: PolicyDocument | None) -> None:
        """As a managed policy of its own: on AWS a permissions boundary is always one."""
        if boundary is not None:
            kind = entity.arn.split(":")[5].partition("/")[0]
            text, name = policy_text(boundary), f"boundary-of-{kind}-{entity.name}"
            policy = cast(Any, ManagedPolicy)(name, self.id, "us-east-1", document=text, path="/")
            self._iam.managed_policies[policy.arn] = policy
            set_boundary(entity, policy.arn)


def _iam_tags(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in (tags or {}).items()]
