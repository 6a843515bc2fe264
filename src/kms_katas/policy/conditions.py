"""Whether the Condition of a statement holds for the keys of a request.

AND over operators and keys, OR over the values of a key, NOR for the negated operators (IAM reference, "Conditions with
multiple context keys or values"). Where the keys come from is in context.py.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .context import Context
from .document import as_list, base_operator
from .match import Pattern, arn_matches, expand, filled_in, glob_matches
from .points import NO_READINGS, Readings

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network


class Test(NamedTuple):
    """One key under one operator of a Condition. `operator` is None where its name is no operator."""

    name: str
    operator: "Operator | None"
    key: str
    lowered: str
    wanted: tuple[str, ...]


def tests_of(condition: Mapping[str, Any]) -> tuple[Test, ...]:
    """A Condition taken apart; all of its tests must hold."""
    return tuple(
        Test(name, operator_of(name), key, key.lower(), tuple(_text(value) for value in as_list(wanted)))
        for name, block in condition.items()
        for key, wanted in block.items()
    )


def unmet(condition: Mapping[str, Any], context: Context, variables: bool) -> str | None:
    """The first part of a Condition that does not hold, as a clause for people; None if all of it holds.

    `variables` says whether the document's Version knows policy variables. An unknown operator never holds.
    """
    test = failing(tests_of(condition), context, variables)
    return None if test is None else why_not(test, context, variables)


def failing(
    tests: tuple[Test, ...], context: Context, variables: bool, readings: Readings = NO_READINGS
) -> Test | None:
    """The first test that does not hold; None if all of them do."""
    for test in tests:
        operator = test.operator
        if operator is None or not _holds(
            operator, context.get(test.lowered), test.wanted, context, variables, readings
        ):
            return test
    return None


def why_not(test: Test, context: Context, variables: bool) -> str:
    """A test that does not hold, as a clause for people: what the policy wants, what the request has, and what the
    policy's variables stand for.
    """
    if test.operator is None:
        return f"{test.name} is no condition operator"
    found = _found(test, context.get(test.lowered))
    pair = "kms:encryptioncontext:"
    if test.lowered.startswith(pair) and not any(one.startswith(pair[:-1]) for one in context):
        found = _WHERE_ABSENT["kms:encryptioncontextkeys"]
    told = f"its condition {test.key} wants {_wants(test)} ({test.name}), and {found}"
    if isinstance(context.get(test.lowered), tuple) and compares_one_value(test.operator):
        told += ": a list, and AWS does not say what an operator makes of one without ForAnyValue or ForAllValues"
    filled = [
        f"{value!r} {filled_in(value, context, variables, test.operator.expands)}"
        for value in test.wanted
        if "${" in value
    ]
    return f"{told}, where {' and '.join(filled)}" if filled else told


def why_so(tests: tuple[Test, ...], context: Context) -> str:
    """Why a Condition holds, as a clause for people: what the request has of each key."""
    return " and ".join(f"{test.name} on {test.key}, since {_found(test, context.get(test.lowered))}" for test in tests)


Compare = Callable[[str, Pattern], bool]


class Operator(NamedTuple):
    """A condition operator. `expands` says whether policy variables are filled in: string and ARN operators only (IAM
    reference, "Where you can use policy variables"); `compare` is None for Null."""

    quantifier: Literal["", "any", "all"]
    if_exists: bool
    negated: bool
    expands: bool
    compare: Compare | None


def _holds(
    operator: Operator,
    present: str | tuple[str, ...] | None,
    wanted: tuple[str, ...],
    context: Context,
    variables: bool,
    readings: Readings,
) -> bool:
    compare, quantifier = operator.compare, operator.quantifier
    if compare is None:
        return any(value.lower() == ("true" if present is None else "false") for value in wanted)
    if present is None:
        # ForAllValues is true of nothing, ForAnyValue false of it, whatever the operator.
        if operator.if_exists:
            return quantifier != "any" or "any-value-needs-one" not in readings
        return quantifier == "all" or (operator.negated and quantifier != "any")
    if isinstance(present, tuple) and not quantifier:
        # Undocumented; Access Analyzer calls it an error ("Missing qualifier").
        if not readings & {"multi-valued-as-any", "multi-valued-as-all"}:
            return False
        quantifier = "any" if "multi-valued-as-any" in readings else "all"
    expanding = variables and operator.expands
    literal = "variable-wildcards-count" not in readings
    patterns = [expand(value, context, expanding, literal) if expanding else (value,) for value in wanted]
    results = (
        any(pattern is not None and compare(value, pattern) for pattern in patterns) is not operator.negated
        for value in ((present,) if isinstance(present, str) else present)
    )
    return any(results) if quantifier == "any" else all(results)


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


_WHERE_ABSENT = {
    "kms:viaservice": "this call came directly",
    "kms:requestalias": "this call names no alias",
    "kms:encryptioncontextkeys": "this call has no encryption context",
    "kms:encryptioncontext:": "the encryption context of this call has no such pair",
    "aws:sourcevpce": "this call came through no VPC endpoint",
    "aws:sourcevpc": "this call came through no VPC endpoint",
    "aws:principalorgid": "the request tells of no organization of a caller",
    "aws:sourceorgid": "the request tells of no organization of a source",
    "aws:principaltag/": "the caller has no such tag",
    "aws:resourcetag/": "the key has no such tag",
    "aws:requesttag/": "this call sets no such tag",
}
"""What it means that a request lacks a key. Of a name that ends in : or / the part that authors choose is left out."""

_WANTING = {
    "like": "something like ",
    "lessthan": "less than ",
    "lessthanequals": "at most ",
    "greaterthan": "more than ",
    "greaterthanequals": "at least ",
    "ipaddress": "an address in ",
}
"""How an operator wants its values, by the end of its name; the others want the value itself."""


def _found(test: Test, present: str | tuple[str, ...] | None) -> str:
    if present is None:
        start = next((one for one in _WHERE_ABSENT if one[-1] in ":/" and test.lowered.startswith(one)), test.lowered)
        return _WHERE_ABSENT.get(start, "this call does not have it")
    return f"this call has {present!r}" if isinstance(present, str) else f"this call has {list(present)!r}"


def _wants(test: Test) -> str:
    operator, base, values = test.operator, base_operator(test.name), test.wanted
    if base == "null":
        return "to be absent" if "true" in map(str.lower, values) else "to be there"
    which = repr(values[0]) if len(values) == 1 else f"one of {list(values)!r}"
    if operator and operator.negated:
        return f"anything but {which}" if len(values) == 1 else f"none of {list(values)!r}"
    plain = base.removeprefix("string").removeprefix("arn").removeprefix("numeric").removeprefix("date")
    return f"{_WANTING.get(plain, '')}{which}"


def compares_one_value(operator: Operator | None) -> bool:
    """Whether it compares one value, so that it is open what it makes of a key with several. Null compares none: AWS's
    own examples ask it of kms:EncryptionContextKeys (KMS guide, "AWS KMS condition keys").
    """
    return operator is not None and operator.compare is not None and not operator.quantifier


def reads_wildcards(operator: Operator | None) -> bool:
    """Whether * and ? in what it compares with stand for other characters."""
    return operator is not None and operator.compare in (_like, _arn_like)


@lru_cache(maxsize=512)
def operator_of(name: str) -> Operator | None:
    """The operator of that name; None where there is none."""
    base = base_operator(name)
    lower = name.lower()
    quantifier: Literal["", "any", "all"] = (
        "any" if lower.startswith("foranyvalue:") else "all" if lower.startswith("forallvalues:") else ""
    )
    if base == "null":
        return Operator(quantifier, False, False, False, None)
    if base not in _COMPARE:
        return None
    compare, negated = _COMPARE[base]
    return Operator(quantifier, lower.endswith("ifexists"), negated, base.startswith(("string", "arn")), compare)


def _equals(value: str, wanted: Pattern) -> bool:
    return value == "".join(wanted)


def _equals_ignore_case(value: str, wanted: Pattern) -> bool:
    return value.lower() == "".join(wanted).lower()


def _like(value: str, wanted: Pattern) -> bool:
    return glob_matches(wanted, value)


def _arn_like(value: str, wanted: Pattern) -> bool:
    return arn_matches(wanted, value)


def _in_network(value: str, wanted: Pattern) -> bool:
    from ipaddress import ip_address  # here, for few policies need it and it is slow to load

    network = _network("".join(wanted))
    try:
        return network is not None and ip_address(value) in network
    except ValueError:
        return False


def _by_number(test: Callable[[float, float], bool]) -> Compare:
    return _ordered(test, _number)


def _by_date(test: Callable[[float, float], bool]) -> Compare:
    return _ordered(test, moment)


def _ordered(test: Callable[[float, float], bool], read: Callable[[str], float | None]) -> Compare:
    def compare(value: str, wanted: Pattern) -> bool:
        left, right = read(value), read("".join(wanted))
        return left is not None and right is not None and test(left, right)

    return compare


_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def moment(text: str) -> float | None:
    """Seconds since 1970 from an ISO 8601 date or epoch seconds; UTC where no zone is given; None for other text.

    A month without a day is its beginning: one of the forms of W3C's note on dates, which the IAM reference names. A
    year alone is another of them, and cannot be told from epoch seconds: it is read as those.
    """
    number = _number(text)
    if number is not None:
        return number
    from datetime import UTC, datetime

    try:
        read = datetime.fromisoformat(f"{text}-01" if _MONTH.fullmatch(text) else text)
        return ((read if read.tzinfo else read.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=512)
def _network(text: str) -> "IPv4Network | IPv6Network | None":
    from ipaddress import ip_network

    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


# Base operator -> (how one value compares with one wanted value, whether the operator is the negation of that).
_COMPARE: dict[str, tuple[Compare, bool]] = {
    "stringequals": (_equals, False),
    "stringnotequals": (_equals, True),
    "stringequalsignorecase": (_equals_ignore_case, False),
    "stringnotequalsignorecase": (_equals_ignore_case, True),
    "stringlike": (_like, False),
    "stringnotlike": (_like, True),
    "numericequals": (_by_number(eq), False),
    "numericnotequals": (_by_number(eq), True),
    "numericlessthan": (_by_number(lt), False),
    "numericlessthanequals": (_by_number(le), False),
    "numericgreaterthan": (_by_number(gt), False),
    "numericgreaterthanequals": (_by_number(ge), False),
    "dateequals": (_by_date(eq), False),
    "datenotequals": (_by_date(eq), True),
    "datelessthan": (_by_date(lt), False),
    "datelessthanequals": (_by_date(le), False),
    "dategreaterthan": (_by_date(gt), False),
    "dategreaterthanequals": (_by_date(ge), False),
    "bool": (_equals_ignore_case, False),
    "binaryequals": (_equals, False),
    "ipaddress": (_in_network, False),
    "notipaddress": (_in_network, True),
    # ArnEquals and ArnLike behave alike (IAM reference, ARN condition operators).
    "arnequals": (_arn_like, False),
    "arnlike": (_arn_like, False),
    "arnnotequals": (_arn_like, True),
    "arnnotlike": (_arn_like, True),
}
