"""The documents of a question taken apart: rules, the tests in their conditions, callers, and kinds of requests.

What each piece makes of a caller, an action or a value is asked of match.py and conditions.py, as for any request. How
statements add up, and the search for a request, are in search.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import kms_table
from ..context import Context, condition_context, resource_account
from ..decision import Documents, Layer, Request
from ..document import as_list
from ..evaluate import CROSS_ACCOUNT, RETIRE, weighed_policies
from ..match import resource_mismatch
from ..principal import Principal
from .automaton import Budget, Part, plain
from .domain import PAIR, PAIR_NAMES, PERMISSIONS, TAG, condition_key, of_principal
from .linked import linked_parts, open_tests
from .principals import Names, callers
from .rules import Rule, rules_of
from .values import Atom, Candidate, candidates, single_values

Layers = tuple[frozenset[Layer], frozenset[Layer]]
"""For each side the layers that have a say."""


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
class CallerClass:
    """A caller, for all whom no rule tells from it. The numbers of rules and `layers` are those of a Setting.

    `known` has the condition keys that follow from the caller, `tags` those of its tags that are given, and `sort` what
    tells it from others beside the rules.
    """

    caller: Principal
    known: Context
    rules: int
    alone: int
    limited: int
    crosses: bool
    layers: Mapping[bool, Layers]
    tags: Mapping[str, str]
    sort: tuple[object, ...]


@dataclass(frozen=True)
class Setting:
    """A caller, and the values of those keys that policy variables stand for.

    `rules` are those that nothing about the caller keeps from applying, `alone` those of them that let it in without an
    identity policy, and `limited` those of these beside which a boundary and session policies must allow as well.
    `layers` are those that have a say in a request of this caller: for RetireGrant (False) and for all else (True).
    `choices` has every other key that the policies test, `absent`
    the rules that fail where it is not there. `chosen` are the keys that a request of this setting has for certain.
    """

    caller: Principal
    rules: int
    alone: int
    limited: int
    crosses: bool
    layers: Mapping[bool, Layers]
    choices: Mapping[str, tuple[Choice, ...]]
    absent: Mapping[str, int]
    chosen: frozenset[str]
    table: int


class Space:
    """Everything that two sides can tell apart. Bit n of a number of rules stands for the n-th of `rules`."""

    def __init__(self, sides: Sequence[Documents], key_arn: str, budget: Budget) -> None:
        self.key_arn, self._budget = key_arn, budget
        self.owner = resource_account(key_arn) or ""
        self.sides = tuple(sides)
        numbers: dict[Atom, int] = {}
        self.rules = tuple(
            rule for side, documents in enumerate(sides) for rule in rules_of(side, documents, key_arn, numbers)
        )
        self.atoms = tuple(numbers)
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

    def spelling(self, key: str) -> str:
        """A key as AWS writes it, and what of it somebody chose, or AWS has not, as the policies do."""
        written = next((atom.written for atom in self.atoms if atom.key == key), key)
        known = kms_table.condition_key(key)
        return written if known is None else known.name + written[len(known.name) :]

    def kinds(self, permissions: Iterable[str]) -> tuple[Kind, ...]:
        """One kind for every set of permissions that nothing tells apart."""
        found: dict[tuple[object, ...], Kind] = {}
        tested = {*self.keys, *self._sources}
        for permission in permissions:
            place = PERMISSIONS.index(permission)
            rules = sum(1 << n for n, rule in enumerate(self.rules) if rule.actions >> place & 1)
            impossible = frozenset(key for key in tested if permission not in condition_key(key).permissions)
            across, by_key_policy = permission.lower() in CROSS_ACCOUNT, permission.lower() != RETIRE
            kind = Kind(permission, rules, impossible, across, by_key_policy)
            found.setdefault((rules, impossible, across, by_key_policy), kind)
        return tuple(found.values())

    def callers(self) -> list[Principal]:
        """One caller of every class that the documents tell apart."""
        linked: dict[str, list[Part]] = {source: self._linked(source, {}) for source in self._own_sources}
        return callers(self.key_arn.split(":")[1], self.owner, self._names(), self.atoms, linked, self._budget)

    def _names(self) -> Names:
        """Whom the documents name, in their order."""
        named: dict[str, list[str]] = {}
        for rule in self.rules:
            if rule.statement is not None:
                elements = rule.statement.elements
                principals = elements.get("NotPrincipal" if rule.statement.excludes else "Principal")
                for sort, names in principals.items() if isinstance(principals, Mapping) else ():
                    named.setdefault(sort, []).extend(name for name in as_list(names) if name != "*")
        for documents in self.sides:
            accounts = [grant.issuing_account for grant in documents.grants]
            if documents.scps or documents.rcps:
                accounts.append(documents.management_account)
            holders = [name for grant in documents.grants for name in (grant.grantee, grant.retiring) if name]
            holders += [f"arn:{self.key_arn.split(':')[1]}:iam::{account}:root" for account in accounts if account]
            for name in holders:
                named.setdefault("AWS" if name.startswith("arn:") else "Service", []).append(name)
        apart = any(documents.scps or documents.rcps for documents in self.sides)
        aws, services, providers = (
            tuple(dict.fromkeys(named.get(sort, ()))) for sort in ("AWS", "Service", "Federated")
        )
        return Names(aws, services, providers, apart)

    def settings(self, callers: Iterable[Principal]) -> Iterator[Setting]:
        """Every setting in which one of the callers can ask."""
        for one in self.classes(callers):
            sources = [source for source in self._sources if source not in one.tags]
            for context, chosen in self._chosen(one.caller, one.known, sources):
                yield self._setting(one, context, {**one.tags, **chosen})

    def classes(self, callers: Iterable[Principal]) -> Iterator[CallerClass]:
        """Of callers that no rule tells apart, the first."""
        seen: set[tuple[object, ...]] = set()
        for caller in callers:
            known = condition_context(Request(caller, PERMISSIONS[0], self.key_arn))
            crosses = caller.kind != "Service" and caller.account != self.owner
            rules = alone = limited = 0
            for number, rule in enumerate(self.rules):
                match = rule.match(caller, self.key_arn)
                if match is not None:
                    rules |= 1 << number
                    if rule.opens and rule.alone(match, caller, self.key_arn, crosses):
                        alone |= 1 << number
                        limited |= rule.limited(match) << number
            fixed = self._fixed(known)
            rules &= ~fixed
            layers = {of_policy: self._layers(caller, of_policy) for of_policy in (True, False)}
            sort = caller.kind if caller.kind in ("Account", "Service") else ""
            own = tuple(known.get(key) for key in self._open_keys)
            tags = {TAG + name.lower(): value for name, value in caller.tags.items()}
            signature = (
                *(rules, alone & rules, limited & rules, crosses),
                *(tuple(layers.values()), sort, own, tuple(tags.items())),
            )
            if signature not in seen:
                seen.add(signature)
                yield CallerClass(caller, known, rules, alone, limited, crosses, layers, tags, (sort, *own))

    def _layers(self, caller: Principal, by_key_policy: bool) -> Layers:
        request = Request(caller, PERMISSIONS[0] if by_key_policy else RETIRE, self.key_arn)
        first, second = (
            frozenset(layer for layer, _ in weighed_policies(request, documents)) for documents in self.sides
        )
        return first, second

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
            if rule.statement is not None
            for text in as_list(rule.statement.elements.get("Resource", rule.statement.elements.get("NotResource")))
        ]
        return linked_parts(source, self.atoms, resources, self.key_arn, known)

    def _setting(self, one: CallerClass, context: Context, chosen: Mapping[str, str | None]) -> Setting:
        caller, rules = one.caller, one.rules
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
        alone, limited = one.alone & rules, one.limited & rules
        return Setting(caller, rules, alone, limited, one.crosses, one.layers, choices, absent, there, table)

    def _off_resource(self, rule: Rule, context: Context) -> bool:
        statement = rule.statement
        if statement is None:
            return False
        return resource_mismatch(statement.elements, self.key_arn, context, statement.variables) is not None

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
