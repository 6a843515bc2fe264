"""The documents of a question taken apart: rules, the tests in their conditions, callers, and kinds of requests.

What each piece makes of a caller, an action or a value is asked of match.py and conditions.py, as for any request. How
statements add up, and the search for a request, are in search.py.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from ..context import Context, condition_context, resource_account
from ..decision import Documents, Request
from ..document import as_list, statements
from ..evaluate import decide
from ..examine import CALLER_NAMED
from ..match import action_mismatch, principal_match, resource_mismatch
from ..principal import Principal
from ..statement import NamedPolicy
from .automaton import Budget, Part, plain
from .domain import PAIR, PAIR_NAMES, PERMISSIONS, TAG, condition_key, of_principal
from .linked import linked_parts, open_tests
from .principals import Names, callers
from .values import Atom, Candidate, candidates, single_values, sources_of

RuleLayer = Literal["key-policy", "identity-policy"]


@dataclass(frozen=True)
class Rule:
    """A statement of one side. `atoms` are the numbers of the tests in its condition; `actions` has bit n set for the
    n-th of the permissions; `sources` are the keys that the variables in its Resource stand for."""

    side: int
    layer: RuleLayer
    allows: bool
    statement: Mapping[str, Any]
    variables: bool
    element: int
    atoms: tuple[int, ...]
    actions: int
    sources: frozenset[str]


@dataclass(frozen=True)
class Kind:
    """A kind of request: permissions that the same rules cover and that can carry the same condition keys.

    `rules` covers those rules; `impossible` are the keys, of those that policies test, that such a request never has.
    """

    permission: str
    rules: int
    impossible: frozenset[str]
    across_accounts: bool
    by_key_policy: bool


@dataclass(frozen=True)
class Choice:
    """A value of a key, and the rules that it keeps from applying."""

    value: Candidate
    fails: int


@dataclass(frozen=True)
class Setting:
    """A caller, and the values of those keys that policy variables stand for.

    `rules` are those that nothing about the caller keeps from applying, `named` those of them that name it in a way
    that needs no identity policy inside the account. `choices` has every other key that the policies test, `absent`
    the rules that fail where it is not there. `chosen` are the keys that a request of this setting has for certain.
    """

    caller: Principal
    rules: int
    named: int
    crosses: bool
    choices: Mapping[str, tuple[Choice, ...]]
    absent: Mapping[str, int]
    chosen: frozenset[str]
    table: int


class Space:
    """Everything that two sides can tell apart. Bit n of a number of rules stands for the n-th of `rules`."""

    def __init__(self, sides: Sequence[Documents], key_arn: str, budget: Budget) -> None:
        self.key_arn, self._budget = key_arn, budget
        self.owner = resource_account(key_arn) or ""
        self._atoms: dict[Atom, int] = {}
        self._elements: dict[str, tuple[int, Mapping[str, Any]]] = {}
        self.rules = tuple(self._rules(sides))
        self.atoms = tuple(self._atoms)
        self._by_key: dict[str, list[int]] = {}
        for number, atom in enumerate(self.atoms):
            self._by_key.setdefault(atom.key, []).append(number)
        self.keys = tuple(key for key in self._by_key if not of_principal(key))
        self.free_atoms = sum(1 << n for n, atom in enumerate(self.atoms) if not of_principal(atom.key))
        self.pair_names = tuple(key.removeprefix(PAIR) for key in self.keys if key.startswith(PAIR))
        named = {source for atom in self.atoms for source in atom.sources}
        named |= {source for rule in self.rules for source in rule.sources}
        self._own_sources = tuple(sorted(name for name in named if of_principal(name)))
        # What tells callers apart beside the rules: variables stand for it, or are compared with it.
        self._open_keys = tuple(
            dict.fromkeys(
                (*self._own_sources, *(atom.key for atom in self.atoms if of_principal(atom.key) and atom.sources))
            )
        )
        # A key with several values has no value for a variable.
        self._sources = tuple(
            sorted(name for name in named if not of_principal(name) and not condition_key(name).several)
        )
        self._tables: dict[tuple[tuple[str, str | None], ...], tuple[int, Any, Any]] = {}

    def _rules(self, sides: Sequence[Documents]) -> Iterator[Rule]:
        for side, documents in enumerate(sides):
            if documents.key_policy is not None:
                yield from self._rules_of(side, "key-policy", documents.key_policy)
            for policy in documents.identity:
                yield from self._rules_of(side, "identity-policy", policy)

    def _rules_of(self, side: int, layer: RuleLayer, policy: NamedPolicy) -> Iterator[Rule]:
        variables = policy.document.get("Version") == "2012-10-17"
        for statement in statements(policy.document):
            named = {name: statement[name] for name in ("Principal", "NotPrincipal") if name in statement}
            element, _ = self._elements.setdefault(json.dumps(named), (len(self._elements), named))
            atoms = tuple(
                self._atoms.setdefault(atom, len(self._atoms))
                for atom in _atoms_of(statement.get("Condition", {}), variables)
            )
            resources = as_list(statement.get("Resource", statement.get("NotResource", [])))
            sources = sources_of(resources) if variables else frozenset()
            yield Rule(
                side,
                layer,
                statement["Effect"] == "Allow",
                statement,
                variables,
                element,
                atoms,
                _actions(statement),
                sources,
            )

    def spelling(self, key: str) -> str:
        """A key as the policies write it."""
        return next((atom.written for atom in self.atoms if atom.key == key), key)

    def kinds(self, permissions: Iterable[str]) -> tuple[Kind, ...]:
        """One kind for every set of permissions that nothing tells apart."""
        found: dict[tuple[object, ...], Kind] = {}
        tested = {*self.keys, *self._sources}
        for permission in permissions:
            place = PERMISSIONS.index(permission)
            rules = sum(1 << n for n, rule in enumerate(self.rules) if rule.actions >> place & 1)
            impossible = frozenset(key for key in tested if permission not in condition_key(key).permissions)
            across, by_key_policy = _how_decided(permission)
            kind = Kind(permission, rules, impossible, across, by_key_policy)
            found.setdefault((rules, impossible, across, by_key_policy), kind)
        return tuple(found.values())

    def callers(self) -> list[Principal]:
        """One caller of every class that the documents tell apart."""
        named: dict[str, list[str]] = {}
        for _, element in self._elements.values():
            for principals in element.values():
                for sort, names in principals.items() if isinstance(principals, Mapping) else ():
                    named.setdefault(sort, []).extend(name for name in as_list(names) if name != "*")
        names = Names(*(tuple(dict.fromkeys(named.get(sort, ()))) for sort in ("AWS", "Service", "Federated")))
        linked: dict[str, list[Part]] = {source: self._linked(source, {}) for source in self._own_sources}
        return callers(self.key_arn.split(":")[1], self.owner, names, self.atoms, linked, self._budget)

    def settings(self, callers: Iterable[Principal]) -> Iterator[Setting]:
        """Every setting in which one of the callers can ask; of callers that no rule tells apart, the first."""
        seen: set[tuple[object, ...]] = set()
        for caller in callers:
            known = condition_context(Request(caller, PERMISSIONS[0], self.key_arn))
            matches = [principal_match(element, caller) for _, element in self._elements.values()]
            rules = named = 0
            for number, rule in enumerate(self.rules):
                on_key = rule.layer == "key-policy"
                if on_key and matches[rule.element] is None:
                    continue
                rules |= 1 << number
                if on_key and matches[rule.element] in CALLER_NAMED:
                    named |= 1 << number
            crosses = caller.kind != "Service" and caller.account != self.owner
            fixed = self._fixed(known)
            rules &= ~fixed
            sort = caller.kind if caller.kind in ("Account", "Service") else ""
            own = tuple(known.get(key) for key in self._open_keys)
            tags = {TAG + name.lower(): value for name, value in caller.tags.items()}
            signature = (rules, named & rules, crosses, sort, own, tuple(tags.items()))
            if signature in seen:
                continue
            seen.add(signature)
            sources = [source for source in self._sources if source not in tags]
            for context, chosen in self._chosen(caller, known, sources):
                yield self._setting(caller, rules, named, crosses, context, {**tags, **chosen})

    def _fixed(self, known: Context) -> int:
        """The rules that a test on a key of the caller keeps from applying, where no free variable stands in it."""
        fails = 0
        for key, numbers in self._by_key.items():
            if of_principal(key):
                fails |= self._failing([n for n in numbers if all(map(of_principal, self.atoms[n].sources))], known)
        return fails

    def _failing(self, numbers: Sequence[int], context: Context) -> int:
        false = {number for number in numbers if not self.atoms[number].holds(context)}
        return sum(1 << n for n, rule in enumerate(self.rules) if false.intersection(rule.atoms)) if false else 0

    def _chosen(
        self, caller: Principal, known: Context, sources: Sequence[str]
    ) -> Iterator[tuple[Context, dict[str, str | None]]]:
        """The keys that variables stand for, each with every value that could matter."""
        if not sources:
            yield known, {}
            return
        source, *others = sources
        key = condition_key(source)
        values: list[str | None] = [] if key.always else [None]
        if not (source.startswith(TAG) and caller.kind == "Service"):
            atoms = [self.atoms[n] for n in self._by_key.get(source, ())]
            linked = [plain(open_tests(source, self.atoms, known)), *self._linked(source, known)]
            values += single_values(key, atoms, known, self._budget, linked)
        for value in values:
            context = known if value is None else {**known, source: value}
            for whole, chosen in self._chosen(caller, context, others):
                yield whole, {source: value, **chosen}

    def _linked(self, source: str, known: Context) -> list[Part]:
        resources = [
            text
            for rule in self.rules
            if source in rule.sources
            for text in as_list(rule.statement.get("Resource", rule.statement.get("NotResource")))
        ]
        return linked_parts(source, self.atoms, resources, self.key_arn, known)

    def _setting(
        self,
        caller: Principal,
        rules: int,
        named: int,
        crosses: bool,
        context: Context,
        chosen: Mapping[str, str | None],
    ) -> Setting:
        for number, rule in enumerate(self.rules):
            if rules >> number & 1 and self._off_resource(rule, context):
                rules &= ~(1 << number)
        if chosen:
            for key, numbers in self._by_key.items():
                if of_principal(key):
                    rules &= ~self._failing([n for n in numbers if self.atoms[n].sources], context)
        table, choices, absent = self._table(context, chosen)
        if caller.kind == "Service":
            choices = {
                key: (Choice(Candidate(None, 0), absent[key]),) if key.startswith(TAG) else them
                for key, them in choices.items()
            }
            table = -1 - table
        there = frozenset(key for key, value in chosen.items() if value is not None)
        return Setting(caller, rules, named & rules, crosses, choices, absent, there, table)

    def _off_resource(self, rule: Rule, context: Context) -> bool:
        return resource_mismatch(rule.statement, self.key_arn, context, rule.variables) is not None

    def _table(
        self, context: Context, chosen: Mapping[str, str | None]
    ) -> tuple[int, Mapping[str, tuple[Choice, ...]], Mapping[str, int]]:
        """Every key's values, by the rules that each keeps from applying."""
        known = tuple((name, value) for name, value in chosen.items())
        known += tuple((name, str(context[name])) for name in self._own_sources if name in context)
        if known in self._tables:
            number, choices, absent = self._tables[known]
            return number, choices, absent
        choices, absent = {}, {}
        self._budget.spend(len(self.atoms), "the number of policy variables")
        for key in dict.fromkeys((*self.keys, *chosen)):
            numbers = self._by_key.get(key, [])
            atoms = [self.atoms[n] for n in numbers]
            needs = [
                (1 << r, sum(1 << place for place, n in enumerate(numbers) if n in rule.atoms))
                for r, rule in enumerate(self.rules)
            ]
            needs = [(bit, need) for bit, need in needs if need]
            absent[key] = self._failing(numbers, {name: one for name, one in context.items() if name != key})
            if key in chosen:
                fails = self._failing(numbers, context)
                choices[key] = (Choice(Candidate(chosen[key], 0), fails),)
                continue
            found: dict[tuple[int, int, bool], Choice] = {}
            names = self.pair_names if key == PAIR_NAMES else ()
            for candidate in candidates(condition_key(key), atoms, context, self._budget, names):
                fails = sum(bit for bit, need in needs if need & ~candidate.truth)
                there = candidate.value is not None
                found.setdefault((fails, candidate.named, there), Choice(candidate, fails))
            choices[key] = tuple(found.values())
        self._tables[known] = len(self._tables), choices, absent
        return self._tables[known]


def _atoms_of(condition: Mapping[str, Any], variables: bool) -> Iterator[Atom]:
    for operator, block in condition.items():
        for key, wanted in block.items():
            values = tuple(
                ("true" if value else "false") if isinstance(value, bool) else str(value) for value in as_list(wanted)
            )
            yield Atom(operator, key.lower(), key, values, variables)


def _actions(statement: Mapping[str, Any]) -> int:
    if "Action" in statement:
        return _covered_by_any(statement["Action"])
    if "NotAction" in statement:
        return (1 << len(PERMISSIONS)) - 1 & ~_covered_by_any(statement["NotAction"])
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


@lru_cache(maxsize=64)
def _how_decided(permission: str) -> tuple[bool, bool]:
    """Whether the permission reaches a key of another account, and whether key policies have a say in it at all.

    `decide` itself is asked, so that the tables stand in one place.
    """
    key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    everyone = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
    documents = Documents(NamedPolicy("key policy", everyone))
    outsider, user = Principal("arn:aws:iam::444455556666:root"), Principal("arn:aws:iam::111122223333:user/anyone")
    return (
        decide(Request(outsider, permission, key), documents).allowed,
        decide(Request(user, permission, key), documents).allowed,
    )
