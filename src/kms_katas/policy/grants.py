"""Grants: what one of them gives to whom, and whether a grant made through another is no wider.

How they weigh beside policies is in evaluate.py. Sources: API reference, CreateGrant and GrantConstraints; developer
guide, "Grants in AWS KMS".
"""

from collections.abc import Iterable, Mapping

from .conditions import unmet
from .context import Context, condition_context
from .decision import Element, Grant, PrincipalMatch, Request, StatementRef, Step
from .match import principal_match
from .principal import Principal

_WITHOUT_CONTEXT = frozenset({"describekey", "retiregrant", "creategrant", "getpublickey"})
"""Operations, lower-case, on which the constraints of encryption context have no hold; CreateGrant has a rule of its
own."""


def examined_grants(request: Request, grants: Iterable[Grant]) -> tuple[tuple[Grant, Step], ...]:
    """Every grant on the key of the request, in order, with what became of it."""
    on_key = [grant for grant in grants if grant.key_arn == request.resource]
    context = condition_context(request) if on_key else {}
    return tuple((grant, _examined(request, grant, context)) for grant in on_key)


def no_wider(child: Grant, parent: Grant) -> bool:
    """Whether a grant may be made through another: no operation more, and constraints at least as strict."""
    return not _wider(child, parent)


def _examined(request: Request, grant: Grant, context: Context) -> Step:
    operation = request.action.partition(":")[2].lower()
    retires = operation == "retiregrant"
    caller = request.principal
    match = _covers(grant.grantee, caller)
    given = operation in (one.lower() for one in grant.operations)
    named = (grant.grantee,)
    if retires and grant.retiring and (retiring := _covers(grant.retiring, caller)):
        # The retiring principal needs no operation for it.
        match, given, named = retiring, True, (grant.retiring,)
    mismatches: dict[Element, str | None] = {
        "principal": None if match else f"it is for {' or '.join(named)}, not {caller.role_arn or caller.arn}",
        "action": None if given else f"its operations {', '.join(grant.operations)} do not have {request.action}",
        "resource": f"it is not the grant to retire, {request.grant_id}"
        if retires and request.grant_id not in (None, grant.grant_id)
        else None,
        "condition": _constrained(request, grant, operation, context),
    }
    failed = {element: reason for element, reason in mismatches.items() if reason is not None}
    reason = next(iter(failed.values())) if failed else f"it gives {request.action} to {named[0]}"
    ref = StatementRef(f"grant {grant.grant_id}", 0, grant.name or None)
    return Step("grant", ref, "Allow", tuple(failed), match, reason, named)


def _covers(name: str, caller: Principal) -> PrincipalMatch | None:
    kind = "AWS" if name.startswith("arn:") else "Service"
    return principal_match({"Principal": {kind: name}}, caller)


def _constrained(request: Request, grant: Grant, operation: str, context: Context) -> str | None:
    """Why a constraint keeps the grant from applying; None where it does not."""
    if operation == "retiregrant":
        return None
    if grant.source_arn and unmet({"StringEquals": {"aws:SourceArn": grant.source_arn}}, context, False):
        return f"its constraint SourceArn wants {grant.source_arn}"
    if operation == "creategrant":
        if request.grant_request is None:
            return None
        return _wider(request.grant_request, grant)
    if operation in _WITHOUT_CONTEXT:
        return None
    prefix = "kms:encryptioncontext:"
    pairs = {name.removeprefix(prefix): value for name, value in context.items() if name.startswith(prefix)}
    if grant.equals and pairs != _folded(grant.equals):
        return f"its constraint EncryptionContextEquals wants exactly {dict(grant.equals)}"
    if grant.subset and not _folded(grant.subset).items() <= pairs.items():
        return f"its constraint EncryptionContextSubset wants at least {dict(grant.subset)}"
    return None


def _wider(child: Grant, parent: Grant) -> str | None:
    more = [one for one in child.operations if one not in parent.operations]
    if more:
        return f"a grant made through it cannot have {' or '.join(more)}, which it does not have itself"
    equals, subset = _folded(child.equals), _folded(child.subset)
    if parent.equals and equals != _folded(parent.equals):
        return f"a grant made through it needs the same constraint EncryptionContextEquals {dict(parent.equals)}"
    wanted = _folded(parent.subset).items()
    if not (wanted <= equals.items() or wanted <= subset.items()):
        return f"a grant made through it needs a constraint at least as strict as {dict(parent.subset)}"
    if parent.source_arn and child.source_arn != parent.source_arn:
        return f"a grant made through it needs the same constraint SourceArn {parent.source_arn}"
    return None


def _folded(pairs: Mapping[str, str]) -> dict[str, str]:
    """Names of pairs compare without regard to case (API reference, GrantConstraints; the developer guide says
    otherwise), values with it."""
    return {name.lower(): value for name, value in pairs.items()}
