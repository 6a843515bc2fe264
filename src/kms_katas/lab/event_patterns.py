"""Event patterns of EventBridge: whether an event has what a rule asks for. Pure; knows no service.

Source: EventBridge user guide, "Creating event patterns" and "Comparison operators". An array in the event is as good
as its members: one that matches is enough, also for anything-but; of an array of objects one has to satisfy a nested
pattern whole. Numbers are equal when they are written alike: 300 is not 300.0. Doubtful: how AWS words its refusals
(the sentences here are the lab's own), and which of them it makes of patterns that no example shows.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any

_FARTHEST = 5e9
"""Numeric matching takes values from minus to plus this."""

Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class _Leaf:
    """What a field may be: one of `tests` holds for one of its values, or it is not there and `absent` allows it."""

    tests: tuple[Test, ...]
    absent: bool


@dataclass(frozen=True, slots=True)
class _Fields:
    """What an object has to have, field by field, and of each group of alternatives one."""

    wanted: tuple[tuple[str, "_Fields | _Leaf"], ...]
    either: tuple[tuple["_Fields", ...], ...]


class EventPattern:
    """A pattern from JSON text or from what it says. Raises ValueError, with a sentence, for what is no pattern."""

    def __init__(self, pattern: str | Mapping[str, Any]) -> None:
        if isinstance(pattern, str):
            try:
                pattern = json.loads(pattern)
            except ValueError as fault:
                raise ValueError(f"The event pattern is no JSON: {fault}. Mend it there.") from None
        self._fields = _read_fields(pattern, "the event pattern")

    def matches(self, event: Mapping[str, Any]) -> bool:
        return _has(self._fields, event)


def _has(fields: _Fields, value: Any) -> bool:
    return all(_holds(wanted, _field(value, name)) for name, wanted in fields.wanted) and all(
        any(_has(one, value) for one in alternatives) for alternatives in fields.either
    )


def _field(value: Any, name: str) -> Any:
    """An empty list where there is none: it has no members, as what is not there."""
    return value.get(name, []) if isinstance(value, Mapping) else []


def _holds(wanted: _Fields | _Leaf, found: Any) -> bool:
    values = list(_members(found))
    if isinstance(wanted, _Fields):
        objects = [one for one in values if isinstance(one, Mapping)]
        return any(_has(wanted, one) for one in objects or [{}])
    leaves = [one for one in values if not isinstance(one, Mapping)]
    return any(test(leaf) for leaf in leaves for test in wanted.tests) if leaves else wanted.absent


def _members(found: Any) -> Iterator[Any]:
    if isinstance(found, list | tuple):
        for one in found:
            yield from _members(one)
    else:
        yield found


def _read_fields(pattern: Any, where: str) -> _Fields:
    if not isinstance(pattern, Mapping) or not pattern:
        raise ValueError(f"{_begin(where)} has to be an object with a field. Name one to match.")
    wanted: list[tuple[str, _Fields | _Leaf]] = []
    either = []
    for name, value in pattern.items():
        place = f"{name!r} in {where}"
        if name == "$or":
            either.append(_read_alternatives(value, place))
        elif isinstance(value, Mapping):
            wanted.append((name, _read_fields(value, place)))
        elif isinstance(value, list) and value:
            wanted.append((name, _read_leaf(value, place)))
        else:
            raise ValueError(
                f"{_begin(place)} has to be an object, or an array of what it may be: write [...] around it."
            )
    return _Fields(tuple(wanted), tuple(either))


def _read_alternatives(value: Any, place: str) -> tuple[_Fields, ...]:
    if not isinstance(value, list) or len(value) < 2:
        raise ValueError(f"{_begin(place)} has to be an array of two or more patterns.")
    return tuple(_read_fields(one, place) for one in value)


def _read_leaf(values: list[Any], place: str) -> _Leaf:
    tests: list[Test] = []
    absent = False
    for value in values:
        if isinstance(value, Mapping) and set(value) == {"exists"}:
            if not isinstance(value["exists"], bool):
                raise ValueError(f"The exists of {place} has to be true or false.")
            if value["exists"]:
                tests.append(lambda found: True)
            absent = absent or not value["exists"]
        elif isinstance(value, Mapping):
            tests.append(_read_comparison(value, place))
        elif isinstance(value, list):
            raise ValueError(f"{_begin(place)} has an array in its array: put its values side by side.")
        elif value is None or isinstance(value, str | bool) or _is_number(value):
            tests.append(_equals(value))
        else:
            raise ValueError(
                f"{_begin(place)} has a {type(value).__name__}, which JSON does not: give strings, numbers or such."
            )
    return _Leaf(tuple(tests), absent)


def _read_comparison(given: Mapping[str, Any], place: str) -> Test:
    if len(given) != 1:
        raise ValueError(
            f"A comparison of {place} has to have one operator, not {len(given)}: write one object for each."
        )
    ((name, operand),) = given.items()
    if name not in _OPERATORS:
        known = ", ".join(("exists", *_OPERATORS))
        raise ValueError(f"EventBridge knows no operator {name!r} ({place}): use one of {known}.")
    try:
        return _OPERATORS[name](operand)
    except (TypeError, ValueError) as fault:
        raise ValueError(f"The {name} of {place} cannot be used: {fault}.") from None


def _equals(wanted: Any) -> Test:
    text = json.dumps(wanted)
    return lambda found: json.dumps(found) == text


def _string(operand: Any) -> str:
    if not isinstance(operand, str):
        raise TypeError("it takes a string")
    return operand


def _ignoring_case(operand: Any) -> Test:
    wanted = _string(operand).lower()
    return lambda found: isinstance(found, str) and found.lower() == wanted


def _end_test(method: Callable[..., bool]) -> Callable[[Any], Test]:
    """Of `str.startswith` or `str.endswith`: the operator that has it, for a string or one in any case."""

    def read(operand: Any) -> Test:
        if isinstance(operand, Mapping):
            if set(operand) != {"equals-ignore-case"}:
                raise TypeError("it takes a string, or an object with equals-ignore-case")
            lowered = _string(operand["equals-ignore-case"]).lower()
            return lambda found: isinstance(found, str) and method(found.lower(), lowered)
        wanted = _string(operand)
        return lambda found: isinstance(found, str) and method(found, wanted)

    return read


def _wildcard(operand: Any) -> Test:
    r"""`*` stands for any characters, also none; `\*` and `\\` stand for themselves."""
    parts = re.findall(r"\\.?|\*+|[^\\*]+", _string(operand), re.DOTALL)
    for part in parts:
        if part.startswith("**"):
            raise ValueError("two stars stand side by side, and one is enough")
        if part.startswith("\\") and part not in ("\\*", "\\\\"):
            raise ValueError("a backslash stands before a star or a backslash")
    written = "".join(".*" if one == "*" else re.escape(one[1:] if one[0] == "\\" else one) for one in parts)
    compiled = re.compile(written, re.DOTALL)
    return lambda found: isinstance(found, str) and compiled.fullmatch(found) is not None


def _cidr(operand: Any) -> Test:
    network = ip_network(_string(operand), strict=False)

    def test(found: Any) -> bool:
        try:
            return isinstance(found, str) and ip_address(found) in network
        except ValueError:
            return False

    return test


_ORDER: dict[str, Callable[[float, float], bool]] = {"=": eq, ">": gt, ">=": ge, "<": lt, "<=": le}


def _numeric(operand: Any) -> Test:
    given = operand if isinstance(operand, list) else []
    pairs = list(zip(given[::2], given[1::2], strict=False))
    signs = [sign[:1] if isinstance(sign, str) and sign in _ORDER else "" for sign, _ in pairs]
    if len(given) != 2 * len(pairs) or signs not in (["="], [">"], ["<"], [">", "<"]):
        raise ValueError('it takes such as ["=", 5], [">", 0] or [">", 0, "<=", 5]')
    for _, bound in pairs:
        if not _is_number(bound) or abs(bound) > _FARTHEST:
            raise ValueError("it compares with numbers from -5,000,000,000 to 5,000,000,000")
    if len(pairs) == 2 and pairs[0][1] >= pairs[1][1]:
        raise ValueError("its first number has to be less than its second")
    return lambda found: _is_number(found) and all(_ORDER[sign](found, bound) for sign, bound in pairs)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _anything_but(operand: Any) -> Test:
    if isinstance(operand, Mapping):
        if len(operand) != 1 or next(iter(operand)) not in _REVERSIBLE:
            raise TypeError(f"it takes values, or an object with one of {', '.join(_REVERSIBLE)}")
        ((name, inner),) = operand.items()
        tests = [_OPERATORS[name](_string(one)) for one in _listed(inner)]
    else:
        values = _listed(operand)
        if not all(isinstance(one, str) or _is_number(one) for one in values):
            raise TypeError("it takes strings or numbers")
        tests = [_equals(one) for one in values]
    return lambda found: not any(test(found) for test in tests)


def _listed(operand: Any) -> list[Any]:
    if operand == []:
        raise ValueError("its array is empty")
    return operand if isinstance(operand, list) else [operand]


_REVERSIBLE = ("prefix", "suffix", "equals-ignore-case", "wildcard")

_OPERATORS: dict[str, Callable[[Any], Test]] = {
    "prefix": _end_test(str.startswith),
    "suffix": _end_test(str.endswith),
    "equals-ignore-case": _ignoring_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
}


def _begin(place: str) -> str:
    return place[0].upper() + place[1:]
