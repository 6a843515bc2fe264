"""The search for a request that one side allows and the other does not, over every caller, kind of request and value.

What is decided about a request follows from which rules apply to it; `routes` says how, and must say the same as
evaluate.py. Nothing here is shown to anybody before `decide` has confirmed it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from ..decision import Layer
from ..evaluate import MUST_ALLOW
from .automaton import Budget
from .domain import PAIR, PAIR_NAMES
from .rules import layers_of
from .space import Choice, Kind, Setting, Space
from .values import Value

Route = tuple[int, ...]
"""One way to be allowed: of each of these sets of rules at least one must apply."""


@dataclass(frozen=True)
class Found:
    """A request that one side allows and the other does not. `identity` says whether the caller's identity policies
    allow it; `values` has the keys that it carries beside those of its caller."""

    setting: Setting
    kind: Kind
    values: Mapping[str, Value]
    identity: bool


class Search:
    """What the side numbered `allowing` allows and the other one does not. `free_identity` stands for one more identity
    policy, which any caller may have or not."""

    def __init__(self, space: Space, budget: Budget, allowing: int, free_identity: bool) -> None:
        self._space, self._budget, self._allowing = space, budget, allowing
        self._rules = space.rules
        self._free_identity = 1 << len(space.rules) if free_identity else 0
        self._of_side = [self._all(side=side) for side in (0, 1)]
        self._denies = self._all(allows=False)
        self._openings = self._all(layer="key-policy") | self._all(layer="grant")
        self._identity = self._all(layer="identity-policy")
        self._layers = [
            {(layer, level): self._all(side=side, layer=layer, level=level) for layer, level, _ in layers_of(documents)}
            for side, documents in enumerate(space.sides)
        ]
        self._atoms = [sum(1 << n for n in rule.atoms) & space.free_atoms for rule in self._rules]
        self._keys = [
            tuple(dict.fromkeys(space.atoms[n].key for n in rule.atoms if space.free_atoms >> n & 1))
            for rule in self._rules
        ]
        # Rules that apply wherever the n-th one does, as far as values go.
        self._follow = [sum(1 << m for m, other in enumerate(self._atoms) if not other & ~mine) for mine in self._atoms]
        self._solved: dict[tuple[object, ...], Mapping[str, Value] | None] = {}

    def _all(self, **wanted: object) -> int:
        return sum(
            1 << n
            for n, rule in enumerate(self._rules)
            if all(getattr(rule, name) == value for name, value in wanted.items())
        )

    def differences(self, settings: Iterable[Setting], kinds: Sequence[Kind]) -> Iterator[Found]:
        """One request for each setting and kind of request that has any."""
        for setting in settings:
            for kind in kinds:
                if setting.chosen & kind.impossible:
                    continue
                self._budget.spend(1, "the number of callers and policy variables that must be told apart")
                found = self._difference(setting, kind)
                if found is not None:
                    yield found

    def _difference(self, setting: Setting, kind: Kind) -> Found | None:
        layers = setting.layers[kind.by_key_policy]
        live = setting.rules & kind.rules
        for theirs_or_mine, present in zip(self._layers, layers, strict=True):
            for (layer, _), rules in theirs_or_mine.items():
                if layer not in present:
                    live &= ~rules
        for key in kind.impossible:
            live &= ~setting.absent.get(key, 0)
        us, them = self._allowing, 1 - self._allowing
        mine = self._routes(us, setting, kind, live)
        if not mine:
            return None
        theirs = self._routes(them, setting, kind, live)
        my_denies, their_denies = (live & self._denies & self._of_side[side] for side in (us, them))
        problem = (mine, theirs, my_denies, their_denies, kind.impossible, setting.table)
        if problem not in self._solved:
            self._solved[problem] = self._solve_any(mine, theirs, my_denies, their_denies, setting, kind)
        values = self._solved[problem]
        if values is None:
            return None
        keys = {name: value for name, value in values.items() if name != _IDENTITY}
        return Found(setting, kind, keys, values.get(_IDENTITY) is not None)

    def _routes(self, side: int, setting: Setting, kind: Kind, live: int) -> tuple[Route, ...]:
        """How the caller can come to be allowed, of the rules that can apply. A route without a rule leads nowhere."""
        allows = live & self._of_side[side] & ~self._denies
        present = setting.layers[kind.by_key_policy][side]
        layers = {where: rules & allows for where, rules in self._layers[side].items() if where[0] in present}
        must = tuple(rules for (layer, _), rules in layers.items() if layer in MUST_ALLOW)
        limits = tuple(rules for (layer, _), rules in layers.items() if layer in _LIMITS)
        openings = allows & self._openings
        # An AWS service has no identity policies; those that the documents give to every caller count as in decide.
        further = self._free_identity if setting.caller.kind != "Service" else 0
        identity = allows & self._identity | further
        # Nothing but identity policies has a say in RetireGrant inside the account; elsewhere something must open.
        opened = (openings,) if kind.by_key_policy or setting.crosses else ()
        if setting.crosses and not kind.across_accounts:
            return ()
        if setting.caller.kind == "Account":
            return _open(((*opened, *must),))
        alone = openings & setting.alone
        return _open(
            (
                (alone & ~setting.limited, *must),
                (alone & setting.limited, *limits, *must),
                (*opened, identity, *limits, *must),
            )
        )

    def _solve_any(
        self,
        mine: tuple[Route, ...],
        theirs: tuple[Route, ...],
        my_denies: int,
        their_denies: int,
        setting: Setting,
        kind: Kind,
    ) -> Mapping[str, Value] | None:
        closed = [0]
        for route in theirs:
            closed = _smallest(one | mask for one in closed for mask in route)
        for route in mine:
            for rules in product(*(tuple(self._weakest(mask)) for mask in route)):
                self._budget.spend(1, "the number of statements that must be weighed together")
                apply = _union(rules)
                for shut in closed:
                    values = self._solve(apply, my_denies | shut, setting, kind)
                    if values is not None:
                        return values
                for deny in _bits(their_denies):
                    values = self._solve(apply | deny, my_denies, setting, kind)
                    if values is not None:
                        return values
        return None

    def _weakest(self, mask: int) -> Iterator[int]:
        """The rules of a set of which one must apply; none that asks for all that another one asks for as well."""
        for number in _numbers(mask):
            weaker = self._follow[number] & mask & ~(1 << number) if number < len(self._rules) else 0
            if not any(other < number or not self._follow[other] >> number & 1 for other in _numbers(weaker)):
                yield 1 << number

    def _solve(self, apply: int, fail: int, setting: Setting, kind: Kind) -> Mapping[str, Value] | None:
        """Values with which all of the rules `apply` do and none of the rules `fail`; None if there are none."""
        if apply & fail:
            return None
        values: dict[str, Value] = {}
        if (apply | fail) & self._free_identity:
            values[_IDENTITY] = "allows" if apply & self._free_identity else None
            apply, fail = apply & ~self._free_identity, fail & ~self._free_identity
        keys: dict[str, None] = {}
        for number in _numbers(apply):
            if self._follow[number] & fail:
                return None
            keys.update(dict.fromkeys(self._keys[number]))
        for number in _numbers(fail):
            if not self._keys[number]:
                return None
            keys.update(dict.fromkeys(self._keys[number]))
        options: dict[str, list[Choice]] = {}
        for key in keys:
            if key not in kind.impossible:
                options[key] = [choice for choice in setting.choices[key] if not choice.fails & apply]
                if not options[key]:
                    return None
        for name in sorted(setting.chosen):
            values[name] = setting.choices[name][0].value.value
        for narrowed in self._by_pair_names(options, fail):
            chosen = self._cover(narrowed, fail)
            if chosen is not None:
                return {**values, **chosen}
        return None

    def _by_pair_names(self, options: dict[str, list[Choice]], fail: int) -> Iterator[dict[str, list[Choice]]]:
        """The options for each set of names that the encryption context can have: a pair is there if its name is."""
        if PAIR_NAMES not in options:
            yield options
            return
        pairs = {f"{PAIR}{name}": 1 << n for n, name in enumerate(self._space.pair_names) if f"{PAIR}{name}" in options}
        relevant = _union(tuple(pairs.values()))
        seen: dict[tuple[int, int], Choice] = {}
        for choice in options[PAIR_NAMES]:
            seen.setdefault((choice.fails & fail, choice.value.named & relevant), choice)
        for choice in seen.values():
            narrowed = {
                key: [one for one in them if (one.value.value is not None) == bool(choice.value.named & pairs[key])]
                if key in pairs
                else them
                for key, them in options.items()
            }
            narrowed[PAIR_NAMES] = [choice]
            if all(narrowed.values()):
                yield narrowed

    def _cover(self, options: Mapping[str, Sequence[Choice]], fail: int) -> Mapping[str, Value] | None:
        """One choice for each key, so that each of the rules `fail` is kept from applying by some key."""
        chosen: dict[str, Value] = {}
        open_keys: list[tuple[str, dict[int, Choice]]] = []
        for key, choices in options.items():
            useful = _widest(choices, fail)
            if len(useful) == 1:
                [(fails, choice)] = useful.items()
                chosen[key] = choice.value.value
                fail &= ~fails
            else:
                open_keys.append((key, useful))
        left: dict[int, tuple[Choice, ...]] = {fail: ()}
        later = _union(tuple(fails for _, useful in open_keys for fails in useful))
        if fail & ~later:
            return None
        for place, (_, useful) in enumerate(open_keys):
            self._budget.spend(len(left) * len(useful), "the number of conditions that must be weighed together")
            later = _union(tuple(fails for _, others in open_keys[place + 1 :] for fails in others))
            following: dict[int, tuple[Choice, ...]] = {}
            for rest, picked in left.items():
                for fails, choice in useful.items():
                    if not rest & ~fails & ~later:
                        following.setdefault(rest & ~fails, (*picked, choice))
            left = _least(following)
        if 0 not in left:
            return None
        return chosen | {key: choice.value.value for (key, _), choice in zip(open_keys, left[0], strict=True)}


_IDENTITY = "identity"
_LIMITS: tuple[Layer, ...] = ("permissions-boundary", "session-policy")


def _open(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    return tuple(route for route in routes if all(route))


def _widest(choices: Sequence[Choice], fail: int) -> dict[int, Choice]:
    """The choices that keep most of the rules from applying: none whose rules another one keeps off as well."""
    found: dict[int, Choice] = {}
    whole = 0
    for choice in choices:
        found.setdefault(choice.fails & fail, choice)
        whole |= choice.fails & fail
    if whole in found:
        return {whole: found[whole]}
    return {one: found[one] for one in found if not any(one != other and not one & ~other for other in found)}


def _least(left: dict[int, tuple[Choice, ...]]) -> dict[int, tuple[Choice, ...]]:
    """Of what is left to be done, nothing that asks for more than another way does."""
    if 0 in left:
        return {0: left[0]}
    return {one: left[one] for one in left if not any(one != other and not other & ~one for other in left)}


def _smallest(masks: Iterable[int]) -> list[int]:
    """Without those that hold all of another one."""
    found: list[int] = []
    for mask in sorted(set(masks), key=int.bit_count):
        if not any(not one & ~mask for one in found):
            found.append(mask)
    return found


def _bits(mask: int) -> Iterator[int]:
    while mask:
        last = mask & -mask
        mask ^= last
        yield last


def _numbers(mask: int) -> Iterator[int]:
    return (bit.bit_length() - 1 for bit in _bits(mask))


def _union(masks: Sequence[int]) -> int:
    whole = 0
    for mask in masks:
        whole |= mask
    return whole
