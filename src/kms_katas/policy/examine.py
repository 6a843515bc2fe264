"""One statement after another against a request: which apply, and what keeps the others from it.

It adds nothing up: evaluate.py does for KMS, assume_role.py for roles. How one element compares is in match.py and
conditions.py.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from .conditions import unmet
from .context import Context, condition_context
from .decision import Element, Layer, NamedPolicy, PrincipalMatch, Request, StatementRef, Step
from .document import statements
from .match import action_mismatch, listed, names_in, principal_match, resource_mismatch
from .principal import Principal

CALLER_NAMED: tuple[PrincipalMatch, ...] = ("EXACT", "WILDCARD", "ROLE", "FEDUSER")
"""The ways of covering the caller that need no identity policy beside them, inside one account."""

_ON_A_RESOURCE: tuple[Layer, ...] = ("key-policy", "trust-policy")


def examined(request: Request, policies: Iterable[tuple[Layer, NamedPolicy]]) -> tuple[Step, ...]:
    """Every statement of the policies, in order, with what became of it."""
    context = condition_context(request)
    return tuple(
        _examined(layer, StatementRef(policy.name, index, statement.get("Sid")), statement, request, context, variables)
        for layer, policy in policies
        for variables in (policy.document.get("Version") == "2012-10-17",)
        for index, statement in enumerate(statements(policy.document))
    )


def first_deny(trace: tuple[Step, ...]) -> Step | None:
    return next((step for step in trace if step.applies and step.effect == "Deny"), None)


def first_allow(trace: tuple[Step, ...], layer: Layer, *matches: PrincipalMatch) -> Step | None:
    """The first Allow of a layer that applies; on a resource the first that covers the caller in such a way."""
    return next((step for step in trace if step.layer == layer and _allows(step, matches)), None)


def _allows(step: Step, matches: tuple[PrincipalMatch, ...]) -> bool:
    return step.applies and step.effect == "Allow" and (step.layer not in _ON_A_RESOURCE or step.match in matches)


def _examined(
    layer: Layer,
    ref: StatementRef,
    statement: Mapping[str, Any],
    request: Request,
    context: Context,
    variables: bool,
) -> Step:
    """One statement against the request. All four elements are compared, to tell a near miss from a far one."""
    on_resource = layer in _ON_A_RESOURCE
    match = principal_match(statement, request.principal) if on_resource else None
    mismatches: dict[Element, str | None] = {
        "principal": _not_named(statement, request.principal) if on_resource and match is None else None,
        "action": action_mismatch(statement, request.action),
        # A trust policy has no Resource: it stands on its role alone (IAM guide, "Roles terms and concepts").
        "resource": None
        if layer == "trust-policy"
        else resource_mismatch(statement, request.resource, context, variables),
        "condition": unmet(statement.get("Condition", {}), context, variables),
    }
    failed = {element: reason for element, reason in mismatches.items() if reason is not None}
    reason = next(iter(failed.values())) if failed else _applies_because(match, statement["Effect"], request)
    named = names_in(statement.get("Principal", statement.get("NotPrincipal", {})))
    return Step(layer, ref, statement["Effect"], tuple(failed), match, reason, named)


def _not_named(statement: Mapping[str, Any], caller: Principal) -> str:
    whom = caller.role_arn or caller.arn
    if "Principal" in statement:
        return f"it names {listed(list(names_in(statement['Principal'])))}, not {whom}"
    if "NotPrincipal" in statement:
        return f"NotPrincipal leaves {whom} out"
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
