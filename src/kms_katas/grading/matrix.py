"""Policies judged over every request that matters: caller x permission x key x circumstance, each asked of `decide`.

Pure: it asks no lab. What a wrong cell means to a learner is said in judge.py.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from kms_katas.lab import Principal as Actor
from kms_katas.lab.kms.operations import OPERATIONS
from kms_katas.lab.kms.request import service_model
from kms_katas.lab.kms.specs import ENCRYPT, USAGE_OF
from kms_katas.policy import Decision, Documents, NamedPolicy, Principal, Request, decide, parse_document
from kms_katas.policy.document import statements
from kms_katas.policy.match import action_mismatch

Context = Mapping[str, str | tuple[str, ...]]

_ACCOUNT_OPERATIONS = frozenset(name for name, operation in OPERATIONS.items() if operation.target == "account")
"""Operations on no key: IAM policies alone decide, on Resource "*" (KMS API reference, "Required permissions")."""

_WITH_ENCRYPTION_CONTEXT = frozenset(f"kms:{name}" for name, usage in USAGE_OF.items() if usage == ENCRYPT) - {
    "kms:ReEncrypt"
} | {"kms:ReEncryptFrom", "kms:ReEncryptTo"}

_ABOUT_GRANTS = frozenset(["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"])
"""What kms:GrantIsForAWSResource comes with, when a service calls for somebody (Service Authorization Reference)."""

# The first is what a sentence shows: what an attacker would want most, and what the lab can do.
_TOLD_FIRST = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:DescribeKey",
    "kms:PutKeyPolicy",
    "kms:DisableKey",
    "kms:ScheduleKeyDeletion",
    "kms:GetKeyPolicy",
    "kms:ListKeys",
    "kms:CreateKey",
    "kms:CreateGrant",
]

_KEY_CONTEXT: Context = {
    "kms:KeySpec": "SYMMETRIC_DEFAULT",
    "kms:KeyUsage": "ENCRYPT_DECRYPT",
    "kms:KeyOrigin": "AWS_KMS",
    "kms:MultiRegion": "false",
}

# A permission that is named here is asked about by itself wherever a condition stands.
_ACTION_CONTEXT: Mapping[str, Context] = {
    "kms:GetKeyPolicy": {"kms:PolicyName": "default"},
    "kms:PutKeyPolicy": {"kms:PolicyName": "default", "kms:BypassPolicyLockoutSafetyCheck": "false"},
    "kms:ScheduleKeyDeletion": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"},
    "kms:CreateKey": {
        "kms:KeySpec": "SYMMETRIC_DEFAULT",
        "kms:KeyUsage": "ENCRYPT_DECRYPT",
        "kms:KeyOrigin": "AWS_KMS",
        "kms:MultiRegion": "false",
        "kms:BypassPolicyLockoutSafetyCheck": "false",
    },
    "kms:CreateGrant": {},
    "kms:ListGrants": {},
    "kms:RevokeGrant": {},
} | {
    action: {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    | ({"kms:ReEncryptOnSameKey": "true"} if "ReEncrypt" in action else {})
    for action in _WITH_ENCRYPTION_CONTEXT
}


@cache
def permissions() -> tuple[str, ...]:
    """Every permission of KMS: one for each operation of botocore's model, but two for ReEncrypt, which has none."""
    names = set(service_model().operation_names) - {"ReEncrypt"} | {"ReEncryptFrom", "ReEncryptTo"}
    found = {f"kms:{name}" for name in names}
    first = [action for action in _TOLD_FIRST if action in found]
    return (*first, *sorted(found - set(first)))


@dataclass(frozen=True, eq=False)
class Caller:
    """Who calls. `name` is for sentences; `context` the condition keys of this caller's requests to any service;
    `actor` sends the request in the lab, None for a caller that cannot, such as a service.
    """

    name: str
    principal: Principal
    identity: tuple[NamedPolicy, ...] = ()
    context: Context = field(default_factory=dict)
    actor: Actor | None = None


@dataclass(frozen=True, eq=False)
class Target:
    """What is called: a key by its ARN, or "*" for the operations on no key.

    `sealed` has a ciphertext of this key for each encryption context, by the circumstance's name.
    """

    name: str
    arn: str
    key_policy: NamedPolicy | None = None
    sealed: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def is_key(self) -> bool:
        return self.arn != "*"

    @property
    def region(self) -> str:
        """The Region to call; empty where any will do."""
        return self.arn.split(":")[3] if self.is_key else ""

    @property
    def actions(self) -> tuple[str, ...]:
        """The permissions that a request on this can need."""
        on_key = self.is_key
        return tuple(one for one in permissions() if (one.removeprefix("kms:") not in _ACCOUNT_OPERATIONS) is on_key)


@dataclass(frozen=True, eq=False)
class Circumstance:
    """How the call comes: `name` completes a sentence; `encryption_context` goes with the operations that take one;
    `condition_keys` are what else such a request carries, which no request in the lab does.
    """

    name: str = ""
    encryption_context: Mapping[str, str] = field(default_factory=dict)
    condition_keys: Context = field(default_factory=dict)

    @property
    def in_lab(self) -> bool:
        """Whether the lab can have it."""
        return not self.condition_keys

    def keys(self, action: str) -> Context:
        """The condition keys that it brings along."""
        found = dict(self.condition_keys)
        if self.encryption_context and action in _WITH_ENCRYPTION_CONTEXT:
            found |= {f"kms:EncryptionContext:{name}": value for name, value in self.encryption_context.items()}
            found["kms:EncryptionContextKeys"] = tuple(self.encryption_context)
        if "kms:ViaService" in self.condition_keys and action in _ABOUT_GRANTS:
            found["kms:GrantIsForAWSResource"] = "true"
        return found


PLAIN = Circumstance()
THROUGH_S3 = Circumstance(
    "through S3",
    condition_keys={"kms:ViaService": "s3.us-east-1.amazonaws.com", "aws:ViaAWSService": "true"},
)
ELSEWHERE = Circumstance(
    "from another network and ten years later",
    condition_keys={
        "aws:SourceIp": "198.51.100.7",
        "aws:CurrentTime": "2036-01-01T00:00:00Z",
        "aws:EpochTime": "2082758400",
        "aws:UserAgent": "curl",
    },
)
"""So that a condition on network or time is no way around a check. The address is set aside by RFC 5737."""


@dataclass(frozen=True)
class Cell:
    """One request of the matrix."""

    caller: Caller
    action: str
    target: Target
    circumstance: Circumstance = PLAIN

    @cached_property
    def request(self) -> Request:
        context = {**self.caller.context, **_ACTION_CONTEXT.get(self.action, {}), **self.circumstance.keys(self.action)}
        if self.target.is_key:
            context |= {**_KEY_CONTEXT, "aws:RequestedRegion": self.target.region}
        return Request(self.caller.principal, self.action, self.target.arn, context)

    @property
    def documents(self) -> Documents:
        return Documents(self.target.key_policy, self.caller.identity)


@dataclass(frozen=True)
class Wrong:
    """A cell whose decision is not the one that is wanted."""

    cell: Cell
    decision: Decision


Wanted = Callable[[Cell], bool | None]
"""Whether a request must be allowed (True), must not (False), or is nobody's concern (None)."""


@dataclass(frozen=True)
class Matrix:
    """The cross product of what matters, and what is wanted of each cell."""

    callers: tuple[Caller, ...]
    targets: tuple[Target, ...]
    circumstances: tuple[Circumstance, ...]
    wanted: Wanted

    def wrong(self, tick: Callable[[], None] = lambda: None) -> Iterator[Wrong]:
        """Each wrong cell, one for all permissions that these documents treat alike. `tick` is called on the way."""
        return (
            Wrong(cell, decision) for cell, wanted, decision in self.decided(tick) if decision.allowed is not wanted
        )

    def decided(self, tick: Callable[[], None] = lambda: None) -> Iterator[tuple[Cell, bool, Decision]]:
        """Each cell with what is wanted and what is decided, one for all permissions that are treated alike."""
        read: dict[int, _Reading] = {}
        for caller in self.callers:
            for target in self.targets:
                policies = [*filter(None, (target.key_policy,)), *caller.identity]
                readings = [read.setdefault(id(policy), _Reading(policy)) for policy in policies]
                for cell, wanted in self._representatives(caller, target, readings):
                    tick()
                    yield cell, wanted, decide(cell.request, cell.documents)

    def _representatives(
        self, caller: Caller, target: Target, readings: list["_Reading"]
    ) -> Iterator[tuple[Cell, bool]]:
        """One cell of each group in which every cell has the same decision, and is wanted alike.

        A permission's name counts in a decision by which statements cover it and by its kind alone; circumstances
        count only where a statement has a condition or a variable.
        """
        conditional = any(reading.conditional for reading in readings)
        seen = set()
        # Those that the lab can have come first: of cells that are alike, a request that can be shown is told.
        for circumstance in sorted(self.circumstances, key=lambda one: not one.in_lab):
            for action in target.actions:
                cell = Cell(caller, action, target, circumstance)
                wanted = self.wanted(cell)
                if wanted is None:
                    continue
                sort = (circumstance, action in _ACTION_CONTEXT and action) if conditional else None
                group = (wanted, tuple(reading.coverage[action] for reading in readings), _kind(action), sort)
                if group not in seen:
                    seen.add(group)
                    yield cell, wanted


class _Reading:
    """What matters of a policy where requests are told apart by their permission and circumstance alone."""

    def __init__(self, policy: NamedPolicy) -> None:
        self._statements: list[dict[str, Any]] = statements(policy.document)

    @cached_property
    def coverage(self) -> Mapping[str, tuple[bool, ...]]:
        """For each permission, which of the statements have it in their Action."""
        return {
            action: tuple(action_mismatch(one, action) is None for one in self._statements) for action in permissions()
        }

    @cached_property
    def conditional(self) -> bool:
        texts = [str((one.get("Resource"), one.get("NotResource"))) for one in self._statements]
        return any("Condition" in one for one in self._statements) or any("${" in text for text in texts)


_STRANGER = Principal("arn:aws:iam::210987654321:user/probe")
_OWN = Principal("arn:aws:iam::123456789012:user/probe")
_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_STATEMENT = '{"Statement": {"Effect": "Allow", %s "Action": "kms:*", "Resource": "*"}}'


@cache
def _kind(action: str) -> tuple[bool, ...]:
    """What is special about a permission, found out by asking: does a key policy alone give it, does it cross accounts.

    So that no list of these has to be kept here beside that of the policy room. Operations on custom key stores are
    told apart because they carry kms:CallerAccount, as no other on "*" does.
    """
    key_policy = NamedPolicy("open", parse_document(_STATEMENT % '"Principal": "*",'))
    identity = (NamedPolicy("all", parse_document(_STATEMENT % "")),)
    return (
        "CustomKeyStore" in action,
        *(
            decide(Request(caller, action, _KEY), Documents(key_policy, held)).allowed
            for caller, held in ((_OWN, ()), (_OWN, identity), (_STRANGER, identity))
        ),
    )
