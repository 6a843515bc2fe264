"""The documents of a question as rules: every statement, and every grant, with what it covers and what it tests.

What a rule makes of a caller is asked of examine.py and grants.py, as for any request. How rules add up: search.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ..decision import Documents, Grant, Layer, Request
from ..document import as_list
from ..evaluate import LIMITED, RETIRE, counts_alone
from ..examine import CALLER_NAMED, WITH_PRINCIPAL, Asked, principal_match
from ..grants import WITH_CONTEXT, applying
from ..match import action_mismatch
from ..principal import Principal, PrincipalMatch
from ..statement import NamedPolicy, Statement
from .domain import PAIR, PAIR_NAMES, PERMISSIONS
from .values import Atom, sources_of

LayerOfSide = tuple[Layer, int, tuple[NamedPolicy, ...]]
"""A layer, its level in an organization (0 elsewhere), and its policies."""


@dataclass(frozen=True)
class Rule:
    """A statement of one side, or a grant without its constraints; these are among its tests.

    `atoms` are the numbers of the tests in its condition; `actions` has bit n set for the n-th of the permissions;
    `sources` are the keys that the variables in its Resource stand for. `bounded` is whether the caller has a
    permissions boundary on this side.
    """

    side: int
    layer: Layer
    level: int
    allows: bool
    statement: Statement | None
    grant: Grant | None
    atoms: tuple[int, ...]
    actions: int
    sources: frozenset[str]
    bounded: bool

    @property
    def opens(self) -> bool:
        """Whether it may let somebody in without an identity policy: an Allow of the key policy, or a grant."""
        return self.allows and self.layer in ("key-policy", "grant")

    def match(self, caller: Principal, key_arn: str) -> PrincipalMatch | None:
        """How it covers the caller; WILDCARD for a statement of a policy that names nobody."""
        if self.grant is not None:
            retires = self.actions == _named(RETIRE)
            asked = Asked(Request(caller, RETIRE if retires else f"kms:{self.grant.operations[0]}", key_arn))
            return next((match for match, _ in applying(asked, (self.grant,))), None)
        if self.statement is None or self.layer not in WITH_PRINCIPAL:
            return "WILDCARD"
        return principal_match(self.statement, self.layer, Asked(Request(caller, "", key_arn), self.bounded))

    def alone(self, match: PrincipalMatch, caller: Principal, key_arn: str, crosses: bool) -> bool:
        """Whether it lets in a caller that it covers so, without an identity policy."""
        if self.grant is not None:
            return counts_alone(self.grant, match, Asked(Request(caller, "", key_arn)))
        return self.opens and not crosses and match in CALLER_NAMED

    @staticmethod
    def limited(match: PrincipalMatch) -> bool:
        """Whether a permissions boundary and session policies must allow as well what it gives alone."""
        return match in LIMITED


def layers_of(documents: Documents) -> Iterator[LayerOfSide]:
    """Every layer that the documents have, also one without policies."""
    if documents.key_policy is not None:
        yield "key-policy", 0, (documents.key_policy,)
    if documents.identity:
        yield "identity-policy", 0, documents.identity
    if documents.boundary is not None:
        yield "permissions-boundary", 0, (documents.boundary,)
    if documents.session:
        yield "session-policy", 0, documents.session
    yield from (("service-control-policy", level, policies) for level, policies in enumerate(documents.scps, 1))
    yield from (("resource-control-policy", level, policies) for level, policies in enumerate(documents.rcps, 1))
    if documents.vpc_endpoint is not None:
        yield "vpc-endpoint-policy", 0, (documents.vpc_endpoint,)


def rules_of(side: int, documents: Documents, key_arn: str, numbers: dict[Atom, int]) -> Iterator[Rule]:
    """The rules of one side. `numbers` has a number for every test, and is added to."""
    bounded = documents.boundary is not None
    for layer, level, policies in layers_of(documents):
        for statement in (one for policy in policies for one in policy.statements):
            resources = as_list(statement.elements.get("Resource", statement.elements.get("NotResource", [])))
            yield Rule(
                side,
                layer,
                level,
                statement.effect == "Allow",
                statement,
                None,
                _numbered(_atoms_of(statement.elements.get("Condition", {}), statement.variables), numbers),
                _actions(statement.elements),
                sources_of(resources) if statement.variables else frozenset(),
                bounded,
            )
    for grant in documents.grants:
        for actions, atoms in _of_grant(grant) if grant.key_arn == key_arn else ():
            # Without what its tests say; and of its operations those alone that this part gives, if it needs any.
            given = tuple(one for one in grant.operations if _named(f"kms:{one}") & actions) or grant.operations
            bare = replace(grant, operations=given, equals={}, subset={}, source_arn="")
            yield Rule(side, "grant", 0, True, None, bare, _numbered(atoms, numbers), actions, frozenset(), bounded)


def _of_grant(grant: Grant) -> Iterator[tuple[int, Iterator[Atom]]]:
    """What a grant gives, with what each part tests. It constrains no encryption context where there is none.

    CreateGrant is taken to ask for a grant that is no wider: what it asks for is no part of a request here.
    """
    retires = _named(RETIRE) if grant.retiring else 0
    with_context = without = 0
    for operation in grant.operations:
        lower = operation.lower()
        if lower == "retiregrant":
            retires |= _named(RETIRE)
        elif lower in WITH_CONTEXT:
            with_context |= _named(f"kms:{lower}")
        else:
            without |= _named(f"kms:{lower}")
    if with_context:
        yield with_context, iter((*_constraints(grant), *_source(grant)))
    if without:
        yield without, _source(grant)
    if retires:
        yield retires, iter(())


def _constraints(grant: Grant) -> Iterator[Atom]:
    for name, value in (*grant.equals.items(), *grant.subset.items()):
        written = f"kms:EncryptionContext:{name}"
        yield Atom("StringEquals", PAIR + name.lower(), written, (value,), False)
    if grant.equals:
        operator = "ForAllValues:StringEqualsIgnoreCase"
        yield Atom(operator, PAIR_NAMES, "kms:EncryptionContextKeys", tuple(grant.equals), False)


def _source(grant: Grant) -> Iterator[Atom]:
    if grant.source_arn:
        yield Atom("StringEquals", "aws:sourcearn", "aws:SourceArn", (grant.source_arn,), False)


def _numbered(atoms: Iterator[Atom], numbers: dict[Atom, int]) -> tuple[int, ...]:
    return tuple(numbers.setdefault(atom, len(numbers)) for atom in atoms)


def _atoms_of(condition: Mapping[str, Any], variables: bool) -> Iterator[Atom]:
    for operator, block in condition.items():
        for key, wanted in block.items():
            values = tuple(
                ("true" if value else "false") if isinstance(value, bool) else str(value) for value in as_list(wanted)
            )
            yield Atom(operator, key.lower(), key, values, variables)


def _actions(elements: Mapping[str, Any]) -> int:
    if "Action" in elements:
        return _covered_by_any(elements["Action"])
    if "NotAction" in elements:
        return (1 << len(PERMISSIONS)) - 1 & ~_covered_by_any(elements["NotAction"])
    return 0


def _covered_by_any(patterns: Any) -> int:
    covered = 0
    for pattern in as_list(patterns):
        covered |= _covered(pattern)
    return covered


@lru_cache(maxsize=1024)
def _covered(pattern: str) -> int:
    statement = {"Action": pattern}
    return sum(1 << n for n, name in enumerate(PERMISSIONS) if action_mismatch(statement, name) is None)


def _named(permission: str) -> int:
    return sum(1 << n for n, name in enumerate(PERMISSIONS) if name.lower() == permission.lower())
