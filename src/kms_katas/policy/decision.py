"""The records that go into a decision and come out of it. No logic: evaluate.py decides, explanation.py speaks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from .context import resource_account, role_account
from .principal import Principal, PrincipalMatch
from .statement import Effect, NamedPolicy, StatementRef

Layer = Literal[
    "service-control-policy",
    "resource-control-policy",
    "vpc-endpoint-policy",
    "key-policy",
    "trust-policy",
    "resource-policy",
    "identity-policy",
    "permissions-boundary",
    "session-policy",
    "root-user",
    "cross-account",
    "reserved-alias",
    "grant",
]
OF_THE_OWNER: tuple[Layer, ...] = ("key-policy", "trust-policy", "resource-policy")
"""The policies that hang on what is asked for."""

Element = Literal["principal", "action", "resource", "condition"]
DecisionKind = Literal["Allowed", "ImplicitDeny", "ExplicitDeny"]


@dataclass(frozen=True)
class Grant:
    """One grant on one key.

    `grantee` and `retiring` are ARNs of principals or names of services. `operations` are grant operations ("Decrypt",
    "ReEncryptFrom"). `equals`, `subset` and `source_arn` are its constraints; an empty one is none. `issuing_account`
    is the account whose principal made it; empty where it is not known.
    """

    grant_id: str
    key_arn: str
    grantee: str
    operations: tuple[str, ...]
    retiring: str = ""
    issuing_account: str = ""
    equals: Mapping[str, str] = field(default_factory=dict)
    subset: Mapping[str, str] = field(default_factory=dict)
    source_arn: str = ""
    name: str = ""


@dataclass(frozen=True, eq=False)
class Request:
    """One permission asked for on one resource. An operation that needs several (ReEncrypt, CreateAlias) makes several.

    `action` is the permission, "kms:Decrypt"; `resource` a key ARN, an alias ARN or "*", for sts:AssumeRole a role's
    ARN. `context` holds the condition keys that only the asker can know (kms:EncryptionContext:env, kms:ViaService,
    sts:ExternalId, aws:SourceIp ...): text for a single-valued key, a tuple of texts for a multi-valued one. Keys that
    follow from the request itself (context.py) are added; a key given here wins over the derived one, and an empty
    tuple takes it away.

    `grant_request` is the grant that CreateGrant asks for, `grant_id` the one that RetireGrant is to end. `owner` is
    the account of a resource of another service, whose ARN may not say it; empty for a key and a role.
    """

    principal: Principal
    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    grant_request: Grant | None = None
    grant_id: str | None = None
    owner: str = ""

    @property
    def owning_account(self) -> str | None:
        """The account that owns the resource; None for "*" and for what is not known."""
        return self.owner or resource_account(self.resource) or role_account(self.resource)


Levels = tuple[tuple[NamedPolicy, ...], ...]
"""The policies of an organization by level: the root first, then each organizational unit, then the account."""


@dataclass(frozen=True, eq=False)
class Documents:
    """Every document that has a say.

    `key_policy` is absent for requests on "*" or on an alias. `identity` are the caller's own policies: inline, managed
    and those of a user's groups. `grants` are those that count: the ones of the key that are known everywhere by now,
    or whose token the request carries.

    `boundary` is the caller's permissions boundary. `session` are the policies that its session was made with, inline
    or managed; none there limits nothing. A session of GetFederationToken that was made without any has nothing of its
    user's (STS API reference): give it one that allows nothing.

    `scps` are the service control policies over the caller's account; each level must allow, and one without a policy
    allows nothing. `rcps` are the resource control policies over the key's account; RCPFullAWSAccess counts as attached
    everywhere. `management_account` is the 12 digits of the organization's management account, which neither reaches.

    `vpc_endpoint` is the policy of the VPC endpoint through which the request came; absent for a request that came
    through none. `aws_managed_key` is whether the key is an AWS managed key, which no resource control policy reaches.
    """

    key_policy: NamedPolicy | None = None
    identity: tuple[NamedPolicy, ...] = ()
    grants: tuple[Grant, ...] = ()
    boundary: NamedPolicy | None = None
    session: tuple[NamedPolicy, ...] = ()
    scps: Levels = ()
    rcps: Levels = ()
    management_account: str = ""
    vpc_endpoint: NamedPolicy | None = None
    aws_managed_key: bool = False


@dataclass(frozen=True, eq=False)
class Step:
    """One statement, or one grant, that was looked at.

    `failed` names the elements that did not match, in the order of `Element`; `match` says how the Principal element
    covers the caller (None where it does not, and in identity policies, which have no such element); `reason` is one
    sentence: why the statement applies, or the first thing that did not match; `named` is whom the Principal or
    NotPrincipal element names. `open` has the open points (points.py) on which it rests whether the statement applies,
    and to whom. `level` counts the levels of an organization from 1, the root; it is 0 for every other policy.
    """

    layer: Layer
    statement: StatementRef
    effect: Effect
    failed: tuple[Element, ...]
    match: PrincipalMatch | None
    reason: str
    named: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    level: int = 0

    @property
    def applies(self) -> bool:
        return not self.failed

    @property
    def near_miss(self) -> bool:
        """All but one of principal, action, resource and condition matched."""
        return len(self.failed) == 1

    @property
    def policy(self) -> str:
        return self.statement.policy

    @property
    def index(self) -> int:
        return self.statement.index

    @property
    def sid(self) -> str | None:
        return self.statement.sid


@dataclass(frozen=True, eq=False)
class Decision:
    """The answer to a request.

    `layer` is the layer that decided; for an implicit deny the layer that lacks the Allow. `statement` is the statement
    that decided, None for an implicit deny and for a root user who needs none; where an identity policy decides because
    the key policy lets it, it is the identity policy's.
    """

    request: Request
    kind: DecisionKind
    layer: Layer
    statement: StatementRef | None
    examine: Callable[[], tuple[Step, ...]] = field(repr=False, compare=False)
    find_open: Callable[[], tuple[str, ...]] = field(default=tuple, repr=False, compare=False)

    @cached_property
    def trace(self) -> tuple[Step, ...]:
        """Every statement looked at, in order, with what became of it. Worked out when it is first asked for."""
        return self.examine()

    @cached_property
    def open(self) -> tuple[str, ...]:
        """The open points (points.py) on which it rests whether the request is allowed: decided the other way, each of
        them alone would turn the answer. Worked out when it is first asked for. Empty for a decision on AssumeRole."""
        return self.find_open()

    @property
    def allowed(self) -> bool:
        return self.kind == "Allowed"

    @property
    def about_a_role(self) -> bool:
        """Whether `decide_assume_role` made it, and not `decide`."""
        return self.request.action.lower().startswith("sts:")
