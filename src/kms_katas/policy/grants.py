"""Grants: what one of them gives to whom, and whether a grant made through another is no wider.

How they weigh beside policies is in evaluate.py. Sources: API reference, CreateGrant and GrantConstraints; developer
guide, "Grants in AWS KMS".
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from .conditions import unmet
from .context import Context
from .decision import Element, Grant, Step
from .examine import Asked
from .match import Names, strongest
from .points import NO_READINGS, Readings
from .principal import PrincipalMatch
from .statement import StatementRef

WITH_CONTEXT = frozenset({"encrypt", "decrypt", "reencryptfrom", "reencryptto"}).union(
    f"generatedatakey{form}" for form in ("", "withoutplaintext", "pair", "pairwithoutplaintext")
)
"""Operations, lower-case, on which the constraints of encryption context have a hold: they are "not applied to
operations that do not support an encryption context" (API reference, GrantConstraints), such as Sign and DescribeKey.
CreateGrant has a rule of its own."""


def applying(asked: Asked, grants: Iterable[Grant]) -> list[tuple[PrincipalMatch, Grant]]:
    """Every grant on the key of the request that gives what is asked, and how it covers the caller."""
    operation = _operation(asked)
    return [
        (match, grant)
        for grant in grants
        if grant.key_arn == asked.resource
        for match, given, _ in (_given(asked, grant, operation),)
        if match and given and not _not_this_one(asked, grant, operation) and not _constrained(asked, grant, operation)
    ]


def examined_grants(asked: Asked, grants: Iterable[Grant]) -> tuple[Step, ...]:
    """Every grant on the key of the request, in order, with what became of it."""
    return tuple(_examined(asked, grant) for grant in grants if grant.key_arn == asked.resource)


def reference(grant: Grant) -> StatementRef:
    """How a decision refers to a grant."""
    return StatementRef(f"grant {grant.grant_id}", 0, grant.name or None)


def no_wider(child: Grant, parent: Grant) -> bool:
    """Whether a grant may be made through another: no operation more, and constraints at least as strict."""
    return not _wider(child, parent)


def _examined(asked: Asked, grant: Grant) -> Step:
    operation, caller = _operation(asked), asked.caller
    match, given, named = _given(asked, grant, operation)
    mismatches: dict[Element, str | None] = {
        "principal": None if match else f"it is for {named}, not {caller.role_arn or caller.arn}",
        "action": None if given else f"its operations {', '.join(grant.operations)} do not have {asked.action}",
        "resource": f"it is not the grant to retire, {asked.request.grant_id}"
        if _not_this_one(asked, grant, operation)
        else None,
        "condition": _constrained(asked, grant, operation),
    }
    failed = {element: reason for element, reason in mismatches.items() if reason is not None}
    reason = next(iter(failed.values())) if failed else f"it gives {asked.action} to {named}"
    return Step(
        "grant", reference(grant), "Allow", tuple(failed), match, reason, (named,), _open_of(asked, grant, operation)
    )


def _open_of(asked: Asked, grant: Grant, operation: str) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    if grant.equals or grant.subset:
        exactly = Asked(asked.request, asked.bounded, frozenset(["constraint-names-with-case"]))
        if bool(_constrained(asked, grant, operation)) is not bool(_constrained(exactly, grant, operation)):
            found += ("grant-constraint-names",)
    if _given(asked, grant, operation)[0] == "ACCOUNT":
        found += ("grant-to-account",)
    return found


def _operation(asked: Asked) -> str:
    return asked.action.partition(":")[2].lower()


def _given(asked: Asked, grant: Grant, operation: str) -> tuple[PrincipalMatch | None, bool, str]:
    """How the grant covers the caller, whether it has the operation, and whom it names."""
    caller = asked.caller
    if operation == "retiregrant" and grant.retiring and (retiring := strongest(_names(grant.retiring), caller)):
        # The retiring principal needs no operation for it.
        return retiring, True, grant.retiring
    given = any(one.lower() == operation for one in grant.operations)
    return strongest(_names(grant.grantee), caller), given, grant.grantee


@lru_cache(maxsize=4096)
def _names(name: str) -> Names:
    named = frozenset([name])
    return Names(False, aws=named) if name.startswith("arn:") else Names(False, services=named)


def _not_this_one(asked: Asked, grant: Grant, operation: str) -> bool:
    return operation == "retiregrant" and asked.request.grant_id not in (None, grant.grant_id)


def _constrained(asked: Asked, grant: Grant, operation: str) -> str | None:
    """Why a constraint keeps the grant from applying; None where it does not."""
    if operation == "retiregrant":
        return None
    if grant.source_arn and unmet({"StringEquals": {"aws:SourceArn": grant.source_arn}}, asked.context("grant"), False):
        return f"its constraint SourceArn wants {grant.source_arn}"
    if operation == "creategrant":
        wanted = asked.request.grant_request
        return None if wanted is None else _wider(wanted, grant, asked.readings)
    if operation not in WITH_CONTEXT:
        return None
    pairs = _pairs(asked)
    if grant.equals and pairs != _folded(grant.equals, asked.readings):
        return f"its constraint EncryptionContextEquals wants exactly {dict(grant.equals)}, and {_carries(pairs)}"
    if grant.subset and not _folded(grant.subset, asked.readings).items() <= pairs.items():
        return f"its constraint EncryptionContextSubset wants at least {dict(grant.subset)}, and {_carries(pairs)}"
    return None


def _carries(pairs: Mapping[str, Any]) -> str:
    return f"this call has {dict(pairs)}" if pairs else "this call has no encryption context"


def _pairs(asked: Asked) -> dict[str, Any]:
    """The encryption context of the request, its names folded as the constraint's are."""
    prefix = "kms:encryptioncontext:"
    context: Context = asked.request.context if asked.readings else asked.context("grant")
    pairs = {name[len(prefix) :]: value for name, value in context.items() if name.lower().startswith(prefix)}
    return _folded(pairs, asked.readings)


def _wider(child: Grant, parent: Grant, readings: Readings = NO_READINGS) -> str | None:
    more = [one for one in child.operations if one not in parent.operations]
    if more:
        return f"a grant made through it cannot have {' or '.join(more)}, which it does not have itself"
    equals, subset = _folded(child.equals, readings), _folded(child.subset, readings)
    if parent.equals and equals != _folded(parent.equals, readings):
        return f"a grant made through it needs the same constraint EncryptionContextEquals {dict(parent.equals)}"
    wanted = _folded(parent.subset, readings).items()
    if not (wanted <= equals.items() or wanted <= subset.items()):
        return f"a grant made through it needs a constraint at least as strict as {dict(parent.subset)}"
    if parent.source_arn and child.source_arn != parent.source_arn:
        return f"a grant made through it needs the same constraint SourceArn {parent.source_arn}"
    return None


def _folded(pairs: Mapping[str, Any], readings: Readings) -> dict[str, Any]:
    """Names of pairs compare without regard to case (API reference, GrantConstraints; the developer guide says
    otherwise), values with it."""
    if "constraint-names-with-case" in readings:
        return dict(pairs)
    return {name.lower(): value for name, value in pairs.items()}
