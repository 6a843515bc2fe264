"""One statement after another against a request: which apply, and what keeps the others from it.

It adds nothing up: evaluate.py does for KMS, assume_role.py for roles. How one element compares is in match.py and
conditions.py.
"""

from collections.abc import Iterable
from functools import lru_cache

from .conditions import Test, compares_one_value, failing, reads_wildcards, unmet, why_not, why_so
from .context import Context, condition_context
from .decision import OF_THE_OWNER, Element, Layer, Request, Step
from .match import Names, action_mismatch, listed, resource_mismatch, strongest
from .points import NO_READINGS, OPEN_POINTS, Readings
from .principal import Principal, PrincipalMatch
from .statement import NamedPolicy, Statement

CALLER_NAMED: tuple[PrincipalMatch, ...] = ("EXACT", "WILDCARD", "ROLE", "FEDUSER")
"""The ways of covering the caller that need no identity policy beside them, inside one account."""

WITH_PRINCIPAL: frozenset[Layer] = frozenset(["resource-control-policy", "vpc-endpoint-policy", *OF_THE_OWNER])
"""The layers whose policies name a Principal."""

_OF_AN_ORGANIZATION: tuple[Layer, ...] = ("service-control-policy", "resource-control-policy")

Weighed = Iterable[tuple[Layer, tuple[NamedPolicy, ...]]]
"""Policies, each group with the layer that it makes up."""


class Asked:
    """A request while it is weighed. `bounded` is whether the caller has a permissions boundary."""

    __slots__ = ("_context", "action", "bounded", "caller", "readings", "request", "resource")

    def __init__(self, request: Request, bounded: bool = False, readings: Readings = NO_READINGS) -> None:
        self.request = request
        self.caller = request.principal
        self.action = request.action
        self.resource = request.resource
        self.bounded = bounded
        self.readings = readings
        self._context: Context | None = None

    def context(self, layer: Layer) -> Context:
        """The condition keys, made when a statement first asks for one."""
        if self._context is None:
            self._context = condition_context(self.request)
        return self._read_otherwise(self._context, layer) if self.readings else self._context

    def _read_otherwise(self, context: Context, layer: Layer) -> Context:
        gone = set()
        if "grant-for-aws-resource-absent" in self.readings and context.get(_FOR_AWS) == "false":
            gone.add("kms:grantisforawsresource")
        if "no-tags-and-aliases-in-key-policy" in self.readings and layer == "key-policy":
            gone |= {one for one in context if one.startswith(("aws:resourcetag/", "kms:resourcealiases"))}
        return {name: value for name, value in context.items() if name not in gone}


def first_deny(asked: Asked, weighed: Weighed) -> tuple[Layer, Statement] | None:
    """The first Deny that applies."""
    for layer, policies in weighed:
        for policy in policies:
            for statement in policy.denies:
                if covers_caller(statement, layer, asked) and holds(statement, layer, asked):
                    return layer, statement
    return None


def first_allow(asked: Asked, layer: Layer, policies: Iterable[NamedPolicy]) -> Statement | None:
    """The first Allow that applies, in whatever way it covers the caller."""
    for policy in policies:
        for statement in policy.allows:
            if covers_caller(statement, layer, asked) and holds(statement, layer, asked):
                return statement
    return None


def allows_by_match(
    asked: Asked, layer: Layer, policies: Iterable[NamedPolicy]
) -> list[tuple[PrincipalMatch, Statement]]:
    """Every Allow of policies with a Principal that applies, and how it covers the caller."""
    return [
        (match, statement)
        for policy in policies
        for statement in policy.allows
        if (match := principal_match(statement, layer, asked)) is not None and holds(statement, layer, asked)
    ]


def covers_caller(statement: Statement, layer: Layer, asked: Asked) -> bool:
    """Whether the statement is about the caller; it always is where it hangs on the caller and names nobody."""
    return layer not in WITH_PRINCIPAL or principal_match(statement, layer, asked) is not None


def principal_match(statement: Statement, layer: Layer, asked: Asked) -> PrincipalMatch | None:
    """How the statement's Principal or NotPrincipal covers the caller; None if not.

    A NotPrincipal covers as WILDCARD whoever it does not list; a listed account stands for its principals. With Deny it
    covers everybody who has a permissions boundary, listed or not (IAM guide, "Permissions boundaries for IAM
    entities"). What AWS makes of an Allow with NotPrincipal, of a Deny that lists the caller but not its account, or
    the account beside another of its principals, is open.
    """
    names, readings = statement.names, asked.readings
    if names is None:
        return None
    federated = layer != "key-policy" or "federated-is-nothing-in-key-policy" not in readings
    found = strongest(names, asked.caller, federated)
    if not statement.excludes:
        return found
    if statement.effect == "Allow" and "allow-with-not-principal-is-nothing" in readings:
        return None
    if statement.effect == "Deny" and asked.bounded:
        return "WILDCARD"
    if (
        statement.effect == "Deny"
        and "not-principal-needs-account" in readings
        and not _account_in(names, asked.caller)
    ):
        return "WILDCARD"
    if (
        statement.effect == "Deny"
        and found == "ACCOUNT"
        and asked.caller.kind != "Account"
        and "account-beside-its-own-spares-its-root" in readings
        and any(f":{asked.caller.account}:" in name and name != asked.caller.account_arn for name in names.aws)
    ):
        return "WILDCARD"
    return "WILDCARD" if found is None else None


def _account_in(names: Names, caller: Principal) -> bool:
    return caller.kind == "Service" or caller.account in names.aws or caller.account_arn in names.aws


def holds(statement: Statement, layer: Layer, asked: Asked) -> bool:
    """Whether the statement's action, resource and condition all cover the request."""
    return (
        _covers_action(statement, asked.action)
        and _covers_resource(statement, layer, asked)
        and (not statement.tests or _failing(statement, layer, asked) is None)
    )


# There are some fifty actions and few resources, and a statement is asked about them again and again. What is
# remembered keeps its statement in memory: a process that goes through thousands of policies must not keep them all.
@lru_cache(maxsize=1 << 11)
def _covers_action(statement: Statement, action: str) -> bool:
    return action_mismatch(statement.elements, action) is None


def _covers_resource(statement: Statement, layer: Layer, asked: Asked) -> bool:
    if layer == "trust-policy":
        # A trust policy has no Resource: it stands on its role alone (IAM guide, "Roles terms and concepts").
        return True
    if statement.varies:
        return _resource_mismatch(statement, layer, asked) is None
    return _covers_fixed_resource(statement, asked.resource)


@lru_cache(maxsize=1 << 11)
def _covers_fixed_resource(statement: Statement, resource: str) -> bool:
    return resource_mismatch(statement.elements, resource, {}, False) is None


def _resource_mismatch(statement: Statement, layer: Layer, asked: Asked) -> str | None:
    literal = "variable-wildcards-count" not in asked.readings
    context = asked.context(layer)
    return resource_mismatch(statement.elements, asked.resource, context, statement.variables, literal)


def _failing(statement: Statement, layer: Layer, asked: Asked) -> Test | None:
    return failing(statement.tests, asked.context(layer), statement.variables, asked.readings)


def examined(asked: Asked, weighed: Weighed) -> tuple[Step, ...]:
    """Every statement of the policies, in order, with what became of it."""
    steps = []
    levels = dict.fromkeys(_OF_AN_ORGANIZATION, 0)
    for layer, policies in weighed:
        if layer in levels:
            levels[layer] += 1
        for policy in policies:
            steps += [_examined(statement, layer, levels.get(layer, 0), asked) for statement in policy.statements]
    return tuple(steps)


def _examined(statement: Statement, layer: Layer, level: int, asked: Asked) -> Step:
    """One statement against the request. All four elements are compared, to tell a near miss from a far one."""
    named = layer in WITH_PRINCIPAL
    match = principal_match(statement, layer, asked) if named else None
    failed: dict[Element, str] = {}
    if named and match is None:
        failed["principal"] = _not_named(statement, asked.caller)
    if not _covers_action(statement, asked.action):
        failed["action"] = action_mismatch(statement.elements, asked.action) or ""
    if not _covers_resource(statement, layer, asked):
        failed["resource"] = _resource_mismatch(statement, layer, asked) or ""
    if test := _failing(statement, layer, asked):
        failed["condition"] = why_not(test, asked.context(layer), statement.variables)
    reason = next(iter(failed.values())) if failed else _applies_because(match, statement, layer, asked)
    open_points = _open_of(statement, layer, asked)
    return Step(
        layer, statement.ref, statement.effect, tuple(failed), match, reason, statement.named, open_points, level
    )


def _open_of(statement: Statement, layer: Layer, asked: Asked) -> tuple[str, ...]:
    """The open points that the statement meets and that make a difference to whether, or to whom, it applies."""
    met = points_met(statement, layer, asked)
    if not met:
        return ()
    read = _outcome(statement, layer, asked)
    return tuple(
        point
        for point in met
        if any(
            _outcome(statement, layer, Asked(asked.request, asked.bounded, frozenset([other]))) != read
            for other in OPEN_POINTS[point].readings
        )
    )


def _outcome(statement: Statement, layer: Layer, asked: Asked) -> PrincipalMatch | bool:
    """Whether it applies; where it names a Principal, how."""
    match = principal_match(statement, layer, asked) if layer in WITH_PRINCIPAL else None
    return (layer not in WITH_PRINCIPAL or match or False) and holds(statement, layer, asked) and (match or True)


def points_met(statement: Statement, layer: Layer, asked: Asked) -> tuple[str, ...]:
    """The open points that the statement can raise for this request."""
    context = asked.context(layer) if statement.tests else {}
    lists = any(
        compares_one_value(test.operator) and isinstance(context.get(test.lowered), tuple) for test in statement.tests
    )
    return points_in_text(statement, layer) + ("multi-valued-without-qualifier",) * lists


@lru_cache(maxsize=1 << 9)
def points_in_text(statement: Statement, layer: Layer) -> tuple[str, ...]:
    """The open points that the statement, in a policy of that layer, can raise for some request."""
    on_a_key = layer == "key-policy"
    patterns = [test.wanted for test in statement.tests if reads_wildcards(test.operator)]
    texts = str((statement.elements.get("Resource"), statement.elements.get("NotResource"), patterns))
    keys = {test.lowered.partition("/")[0] for test in statement.tests}
    found = {
        "not-principal-without-account": statement.excludes and statement.effect == "Deny",
        "account-beside-its-own-in-not-principal": statement.excludes and statement.effect == "Deny",
        "allow-with-not-principal": statement.excludes and statement.effect == "Allow",
        "federated-in-key-policy": on_a_key and statement.names is not None and bool(statement.names.federated),
        "wildcard-in-variable": statement.variables and "${" in texts,
        "any-value-if-exists": any(
            test.operator and test.operator.quantifier == "any" and test.operator.if_exists for test in statement.tests
        ),
        "grant-for-aws-resource-false": any(map(_tells_false_from_absent, statement.tests)),
        "tags-and-aliases-in-key-policy": on_a_key and bool(keys & {"aws:resourcetag", "kms:resourcealiases"}),
    }
    return tuple(point for point, raised in found.items() if raised)


def _tells_false_from_absent(test: Test) -> bool:
    """Of a test on kms:GrantIsForAWSResource: of a plain "true" both fail."""
    if test.lowered != _FOR_AWS:
        return False
    condition = {test.name: {test.lowered: list(test.wanted)}}
    return (unmet(condition, {_FOR_AWS: "false"}, False) is None) is not (unmet(condition, {}, False) is None)


_FOR_AWS = "kms:grantisforawsresource"


def _not_named(statement: Statement, caller: Principal) -> str:
    whom = caller.role_arn or caller.arn
    if statement.names is None:
        return "it has no Principal, so it has no effect"
    if statement.excludes:
        return f"NotPrincipal leaves {whom} out"
    return f"it names {listed(statement.named)}, not {whom}"


def _applies_because(match: PrincipalMatch | None, statement: Statement, layer: Layer, asked: Asked) -> str:
    because = _covers_because(match, statement, layer, asked)
    if statement.effect == "Allow" or not statement.tests:
        return because
    # Whoever is denied wants to know what in the request met the Condition.
    return f"{because}, and its Condition holds: {why_so(statement.tests, asked.context(layer))}"


def _covers_because(match: PrincipalMatch | None, statement: Statement, layer: Layer, asked: Asked) -> str:
    effect = statement.effect
    verb = {"Allow": "allows", "Deny": "denies"}[effect]
    caller, action = asked.caller, asked.action
    match match:
        case None:
            return f"it {verb} {action} on {asked.resource}"
        case "WILDCARD" if statement.excludes and strongest(statement.names or Names(False), caller):
            return f"a Deny with NotPrincipal covers everyone who has a permissions boundary, and it {verb} {action}"
        case "WILDCARD" if statement.excludes:
            return f"its NotPrincipal does not list {caller.role_arn or caller.arn}, and it {verb} {action}"
        case "WILDCARD":
            return f"it covers every principal and {verb} {action}"
        case "ROLE":
            return f"it names the role {caller.role_arn} and {verb} {action}"
        case "FEDUSER":
            return f"it names the user behind {caller.arn} and {verb} {action}"
        case "ACCOUNT" if effect == "Allow" and caller.kind != "Account" and layer in OF_THE_OWNER:
            return f"it lets the identity policies of account {caller.account} decide on {action}"
        case "ACCOUNT":
            return f"it names the account {caller.account} and {verb} {action}"
        case _:
            return f"it names {caller.arn} and {verb} {action}"
