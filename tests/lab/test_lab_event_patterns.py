"""Event patterns: what they match, held against Python's own way to say it, and what is no pattern."""

import json
import re
from ipaddress import IPv4Address, ip_network
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kms_katas.lab.event_patterns import EventPattern

TEXTS = st.text("abAB.*-", max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | TEXTS


def holds(leaf: Any, *values: Any) -> bool:
    """Whether a field with these values (one, or an array of several) passes `[leaf]`."""
    found = values[0] if len(values) == 1 else list(values)
    return EventPattern({"f": [leaf]}).matches({"f": found})


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


@given(SCALARS, SCALARS)
def test_a_value_matches_itself_alone(wanted: Any, found: Any) -> None:
    assert holds(wanted, found) == same(wanted, found)


def test_true_is_not_1_and_300_is_not_300_0() -> None:
    assert not holds(1, True) and not holds(300, 300.0) and holds(300.0, 300.0) and not holds("1", 1)


@given(TEXTS, TEXTS)
def test_prefix_and_suffix_look_at_the_ends(wanted: str, found: str) -> None:
    assert holds({"prefix": wanted}, found) == found.startswith(wanted)
    assert holds({"suffix": wanted}, found) == found.endswith(wanted)


@given(TEXTS, TEXTS)
def test_case_counts_unless_it_is_to_be_ignored(wanted: str, found: str) -> None:
    assert holds({"equals-ignore-case": wanted}, found) == (wanted.lower() == found.lower())
    assert holds({"prefix": {"equals-ignore-case": wanted}}, found) == found.lower().startswith(wanted.lower())
    assert holds({"suffix": {"equals-ignore-case": wanted}}, found) == found.lower().endswith(wanted.lower())


@given(st.text("ab*", max_size=6), st.text("ab.\n", max_size=6))
def test_a_star_stands_for_any_characters(wanted: str, found: str) -> None:
    assume("**" not in wanted)
    pieces = wanted.split("*")
    expected = found.startswith(pieces[0]) and len(found) >= sum(map(len, pieces))
    place = len(pieces[0])
    for piece in pieces[1:-1]:
        at = found.find(piece, place)
        expected, place = expected and at >= 0, at + len(piece)
    if len(pieces) == 1:
        expected = found == wanted
    else:
        expected = expected and found.endswith(pieces[-1]) and place <= len(found) - len(pieces[-1])
    assert holds({"wildcard": wanted}, found) == expected


def test_a_backslash_takes_a_star_for_itself() -> None:
    assert holds({"wildcard": r"a\*\\*"}, "a*\\b") and not holds({"wildcard": r"a\*"}, "ab")


OPERATORS = st.sampled_from(["prefix", "suffix", "equals-ignore-case"])


@given(OPERATORS, TEXTS, SCALARS)
def test_anything_but_is_the_contrary(operator: str, wanted: str, found: Any) -> None:
    assert holds({"anything-but": {operator: wanted}}, found) != holds({operator: wanted}, found)
    assert holds({"anything-but": wanted}, found) != holds(wanted, found)


@given(st.lists(TEXTS, min_size=1, max_size=3), SCALARS)
def test_anything_but_a_list_is_none_of_them(wanted: list[str], found: Any) -> None:
    assert holds({"anything-but": wanted}, found) == all(not same(one, found) for one in wanted)
    ends = {"anything-but": {"suffix": wanted}}
    assert holds(ends, found) == (not any(holds({"suffix": one}, found) for one in wanted))


@given(st.integers(-9, 9), st.floats(-9, 9), st.integers(1, 9))
def test_numeric_compares_numbers(low: int, found: float, width: int) -> None:
    high = low + width
    assert holds({"numeric": [">", low, "<=", high]}, found) == (low < found <= high)
    assert holds({"numeric": [">=", low]}, found) == (found >= low)
    assert holds({"numeric": ["=", low]}, float(low)) and not holds({"numeric": [">=", -9]}, str(low))
    assert not holds({"numeric": [">=", -9]}, True)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_cidr_takes_the_addresses_of_its_block(base: int, found: int, bits: int) -> None:
    block, address = f"{IPv4Address(base)}/{bits}", IPv4Address(found)
    assert holds({"cidr": block}, str(address)) == (address in ip_network(block, strict=False))
    assert holds({"cidr": block}, str(IPv4Address(base)))


def test_what_is_no_address_is_in_no_block_and_there_are_blocks_of_ipv6() -> None:
    assert not holds({"cidr": "0.0.0.0/0"}, "kms.amazonaws.com") and not holds({"cidr": "0.0.0.0/0"}, "::1")
    assert holds({"cidr": "2001:db8::/32"}, "2001:db8::7")


@given(st.lists(SCALARS, min_size=2, max_size=4), SCALARS | OPERATORS.map(lambda name: {name: "a"}))
def test_of_an_array_one_member_is_enough(found: list[Any], leaf: Any) -> None:
    assert holds(leaf, *found) == any(holds(leaf, one) for one in found)


@given(st.lists(SCALARS, min_size=1, max_size=3), SCALARS)
def test_of_the_values_asked_one_is_enough(leaves: list[Any], found: Any) -> None:
    assert EventPattern({"f": leaves}).matches({"f": found}) == any(holds(leaf, found) for leaf in leaves)


EVENTS = st.recursive(SCALARS, lambda inner: st.dictionaries(st.sampled_from("fgh"), inner, max_size=3), max_leaves=6)


@given(EVENTS.filter(lambda event: isinstance(event, dict)), st.sampled_from("fgh"))
def test_exists_tells_whether_a_field_has_a_value(event: Any, name: str) -> None:
    there = name in event and not isinstance(event[name], dict)
    assert EventPattern({name: [{"exists": True}]}).matches(event) == there
    assert EventPattern({name: [{"exists": False}]}).matches(event) == (not there)


def test_a_field_may_be_missing_at_any_depth() -> None:
    pattern = EventPattern({"detail": {"errorCode": [{"exists": False}]}})
    assert pattern.matches({}) and pattern.matches({"detail": {}}) and pattern.matches({"detail": {"errorCode": []}})
    assert not pattern.matches({"detail": {"errorCode": None}})


def test_nothing_but_exists_false_matches_a_field_that_is_not_there() -> None:
    for leaf in ("", None, {"anything-but": "a"}, {"prefix": ""}, {"exists": True}):
        assert not EventPattern({"f": [leaf]}).matches({"g": ""})
    assert EventPattern({"f": ["a", {"exists": False}]}).matches({"f": "a"})


@given(SCALARS, SCALARS, SCALARS, SCALARS)
def test_every_field_has_to_match_and_of_an_or_one_pattern(f: Any, g: Any, wanted: Any, other: Any) -> None:
    event = {"f": f, "g": g}
    first, second = same(wanted, f), same(other, g)
    assert EventPattern({"f": [wanted], "g": [other]}).matches(event) == (first and second)
    assert EventPattern({"$or": [{"f": [wanted]}, {"g": [other]}]}).matches(event) == (first or second)
    assert EventPattern({"g": [other], "$or": [{"f": [wanted]}, {"f": [g]}]}).matches(event) == (
        second and (first or same(f, g))
    )


def test_one_object_of_an_array_has_to_match_whole() -> None:
    event = {"resources": [{"type": "key", "ARN": "a"}, {"type": "alias", "ARN": "b"}]}
    assert EventPattern({"resources": {"type": ["alias"], "ARN": ["b"]}}).matches(event)
    assert not EventPattern({"resources": {"type": ["alias"], "ARN": ["a"]}}).matches(event)


def test_a_pattern_may_be_json_text() -> None:
    pattern = {"detail": {"eventName": [{"prefix": "De"}]}}
    assert EventPattern(json.dumps(pattern)).matches({"detail": {"eventName": "Decrypt"}})


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{", "no JSON"),
        ("[]", "has to be an object"),
        ({}, "has to be an object with a field"),
        ({"detail": {}}, "'detail'"),
        ({"source": "aws.kms"}, "an array of what it may be"),
        ({"source": []}, "'source'"),
        ({"source": [["aws.kms"]]}, "side by side"),
        ({"source": [b"aws.kms"]}, "a bytes, which JSON does not"),
        ({"source": [("aws.kms",)]}, "a tuple, which JSON does not"),
        ({"source": [{"begins": "aws"}]}, "'begins'"),
        ({"source": [{"prefix": "a", "suffix": "b"}]}, "one operator, not 2"),
        ({"source": [{}]}, "one operator, not 0"),
        ({"source": [{"prefix": 7}]}, "prefix"),
        ({"source": [{"suffix": {"prefix": "a"}}]}, "equals-ignore-case"),
        ({"source": [{"exists": "yes"}]}, "true or false"),
        ({"source": [{"wildcard": "a**"}]}, "two stars"),
        ({"source": [{"wildcard": "\\a"}]}, "backslash"),
        ({"source": [{"cidr": "ten"}]}, "cidr"),
        ({"source": [{"numeric": 5}]}, "numeric"),
        ({"source": [{"numeric": []}]}, "numeric"),
        ({"source": [{"numeric": ["<", 0, ">", 5]}]}, "numeric"),
        ({"source": [{"numeric": [">", 5, "<", 0]}]}, "less than"),
        ({"source": [{"numeric": ["=", "5"]}]}, "numbers"),
        ({"source": [{"numeric": ["=", 5e10]}]}, "5,000,000,000"),
        ({"source": [{"anything-but": []}]}, "empty"),
        ({"source": [{"anything-but": None}]}, "strings or numbers"),
        ({"source": [{"anything-but": {"cidr": "10.0.0.0/8"}}]}, "anything-but"),
        ({"$or": [{"source": ["a"]}]}, "two or more"),
        ({"$or": [{"source": ["a"]}, 7]}, "'$or'"),
    ],
)
def test_what_is_no_pattern_is_refused_with_a_sentence(pattern: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        EventPattern(pattern)
    assert str(caught.value).endswith(".")
