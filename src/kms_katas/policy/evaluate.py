"""The decision itself: which statements apply, and what they add up to for a KMS key.

The order of the rules follows the KMS guide ("Troubleshooting key access") and the IAM reference ("Policy evaluation
logic"). How one element compares with a request is in match.py and conditions.py.
"""

from collections.abc import Mapping
from typing import Any

from .conditions import unmet
from .context import Context, condition_context, is_key, resource_account
from .decision import (
    Decision,
    DecisionKind,
    Documents,
    Element,
    Layer,
    NamedPolicy,
    PrincipalMatch,
    Request,
    StatementRef,
    Step,
)
from .document import statements
from .match import action_mismatch, principal_match, resource_mismatch
from .principal import Principal

# The permissions that reach a key of another account (KMS API reference, "Cross-account use: Yes"), lower-case.
_CROSS_ACCOUNT = frozenset(
    "kms:" + name
    for name in (
        "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair"
        " GenerateDataKeyPairWithoutPlaintext GenerateMac VerifyMac Sign Verify DeriveSharedSecret Encapsulate"
        " Decapsulate DescribeKey GetPublicKey GetKeyRotationStatus CreateGrant ListGrants RevokeGrant RetireGrant"
    )
    .lower()
    .split()
)

# In a key policy kms:RetireGrant has no effect (KMS guide, "Retiring and revoking grants").
_NOT_IN_KEY_POLICY = frozenset({"kms:retiregrant"})

_CALLER_NAMED: tuple[PrincipalMatch, ...] = ("EXACT", "WILDCARD", "ROLE", "FEDUSER")

_ALIAS_CHANGES = frozenset({"kms:createalias", "kms:updatealias", "kms:deletealias"})


def decide(request: Request, documents: Documents) -> Decision:
    """Whether the documents allow the request, which layer and statement decided, and every statement looked at.

    The key policy has a say only where the resource is a key ARN; on "*" and on an alias the identity policies decide
    alone, and only within the account. Never raises for documents that `parse_document` accepts.
    """
    caller, action = request.principal, request.action.lower()
    owner = resource_account(request.resource)
    under_key_policy = is_key(request.resource) and action not in _NOT_IN_KEY_POLICY
    trace = _trace(request, documents, under_key_policy)

    def decision(kind: DecisionKind, layer: Layer, step: Step | None = None) -> Decision:
        return Decision(request, kind, layer, step.statement if step else None, trace)

    for step in trace:
        if step.applies and step.effect == "Deny":
            return decision("ExplicitDeny", step.layer, step)

    identity_allow = _first(trace, "identity-policy")
    is_root = caller.kind == "Account"
    crosses_accounts = owner is not None and caller.kind != "Service" and caller.account != owner

    if action in _ALIAS_CHANGES and ":alias/aws/" in request.resource:
        return decision("ImplicitDeny", "reserved-alias")
    if crosses_accounts and (not under_key_policy or action not in _CROSS_ACCOUNT):
        return decision("ImplicitDeny", "cross-account")
    if not under_key_policy:
        if is_root:
            return decision("Allowed", "root-user")
        return decision("Allowed" if identity_allow else "ImplicitDeny", "identity-policy", identity_allow)

    # Naming the caller is enough inside the account; naming its account only lets the caller's own policies decide,
    # and across accounts every name does no more than that (KMS guide, "Allowing users in other accounts").
    if not crosses_accounts and (direct := _first(trace, "key-policy", *_CALLER_NAMED)):
        return decision("Allowed", "key-policy", direct)
    delegation = _first(trace, "key-policy", *_CALLER_NAMED, "ACCOUNT")
    if delegation is None:
        return decision("ImplicitDeny", "key-policy")
    if is_root:
        return decision("Allowed", "key-policy", delegation)
    return decision("Allowed" if identity_allow else "ImplicitDeny", "identity-policy", identity_allow)


def _first(trace: tuple[Step, ...], layer: Layer, *matches: PrincipalMatch) -> Step | None:
    """The first Allow of a layer that applies; in the key policy the first that covers the caller in such a way."""
    return next((step for step in trace if step.layer == layer and _allows(step, matches)), None)


def _allows(step: Step, matches: tuple[PrincipalMatch, ...]) -> bool:
    return step.applies and step.effect == "Allow" and (step.layer != "key-policy" or step.match in matches)


def _trace(request: Request, documents: Documents, under_key_policy: bool) -> tuple[Step, ...]:
    context = condition_context(request)
    policies: list[tuple[Layer, NamedPolicy]] = [("identity-policy", policy) for policy in documents.identity]
    if under_key_policy and documents.key_policy is not None:
        policies.insert(0, ("key-policy", documents.key_policy))
    return tuple(
        _examined(layer, StatementRef(policy.name, index, statement.get("Sid")), statement, request, context, variables)
        for layer, policy in policies
        for variables in (policy.document.get("Version") == "2012-10-17",)
        for index, statement in enumerate(statements(policy.document))
    )


def _examined(
    layer: Layer,
    ref: StatementRef,
    statement: Mapping[str, Any],
    request: Request,
    context: Context,
    variables: bool,
) -> Step:
    """One statement against the request. All four elements are compared, to tell a near miss from a far one."""
    match = principal_match(statement, request.principal) if layer == "key-policy" else None
    mismatches: dict[Element, str | None] = {
        "principal": _not_named(statement, request.principal) if layer == "key-policy" and match is None else None,
        "action": action_mismatch(statement, request.action),
        "resource": resource_mismatch(statement, request.resource, context, variables),
        "condition": unmet(statement.get("Condition", {}), context, variables),
    }
    failed = {element: reason for element, reason in mismatches.items() if reason is not None}
    reason = next(iter(failed.values())) if failed else _applies_because(match, statement["Effect"], request)
    return Step(layer, ref, statement["Effect"], tuple(failed), match, reason)


def _not_named(statement: Mapping[str, Any], caller: Principal) -> str:
    if "Principal" in statement:
        return f"the principal {caller.arn} is not named"
    if "NotPrincipal" in statement:
        return f"NotPrincipal leaves {caller.arn} out"
    return "it has no Principal, so it has no effect"


def _applies_because(match: PrincipalMatch | None, effect: str, request: Request) -> str:
    verb = {"Allow": "allows", "Deny": "denies"}[effect]
    caller = request.principal
    match match:
        case None:
            return f"it {verb} {request.action} on {request.resource}"
        case "WILDCARD":
            return f"it covers every principal and {verb} {request.action}"
        case "ROLE":
            return f"it names the role {caller.role_arn} and {verb} {request.action}"
        case "FEDUSER":
            return f"it names the user behind {caller.arn} and {verb} {request.action}"
        case "ACCOUNT" if effect == "Allow" and caller.kind != "Account":
            return f"it lets the identity policies of account {caller.account} decide on {request.action}"
        case "ACCOUNT":
            return f"it names the account {caller.account} and {verb} {request.action}"
        case _:
            return f"it names {caller.arn} and {verb} {request.action}"
