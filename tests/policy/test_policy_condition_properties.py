"""Conditions against slow definitions of their operators, on generated values."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.policy import Documents, NamedPolicy, Principal, Request, decide, parse_document
from kms_katas.policy.document import OPERATORS

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CALLER = Principal("arn:aws:iam::111122223333:user/alice")

ORDERS = {
    "Equals": lambda a, b: a == b,
    "NotEquals": lambda a, b: a != b,
    "LessThan": lambda a, b: a < b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEquals": lambda a, b: a >= b,
}


def holds(operator, wanted, present):
    """Whether {operator: {test:key: wanted}} holds for a request that carries `present`; None for no such key."""
    condition = {operator: {"test:key": wanted}}
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}
    policy = parse_document(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    context = {} if present is None else {"test:key": present}
    return decide(Request(CALLER, "kms:Decrypt", KEY, context), Documents(NamedPolicy("key policy", policy))).allowed


numbers = st.integers(-50, 50) | st.decimals(-50, 50, places=2).map(lambda d: d.normalize() + 0)


@given(st.sampled_from(sorted(ORDERS)), numbers, numbers)
def test_numbers_are_ordered_as_numbers(order, wanted, present):
    expected = ORDERS[order](Decimal(present), Decimal(wanted))
    assert holds("Numeric" + order, f"{wanted:f}" if isinstance(wanted, Decimal) else wanted, str(present)) is expected


moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(lambda m: m.replace(microsecond=0, tzinfo=UTC))
zones = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


@given(st.sampled_from(sorted(ORDERS)), moments, st.integers(-2, 2), zones, st.sampled_from(["iso", "Z", "epoch"]))
def test_dates_are_ordered_as_moments_in_every_way_of_writing_them(order, moment, seconds, zone, form):
    wanted = moment + timedelta(seconds=seconds)
    written = {
        "iso": wanted.astimezone(zone).isoformat(),
        "Z": wanted.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "epoch": str(int(wanted.timestamp())),
    }[form]
    assert holds("Date" + order, written, moment.strftime("%Y-%m-%dT%H:%M:%SZ")) is ORDERS[order](moment, wanted)


words = st.sampled_from(["a", "b", "ab", "A", "", "*", "true", "7", "2030-01-01", "10.0.0.1", "arn:aws:s3:::x"])
NEGATIONS = [
    ("StringEquals", "StringNotEquals"),
    ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    ("StringLike", "StringNotLike"),
    ("NumericEquals", "NumericNotEquals"),
    ("DateEquals", "DateNotEquals"),
    ("ArnEquals", "ArnNotEquals"),
    ("ArnLike", "ArnNotLike"),
    ("IpAddress", "NotIpAddress"),
]


@given(st.sampled_from(NEGATIONS), st.lists(words, max_size=3), words)
def test_a_negated_operator_says_the_opposite_of_a_key_that_is_there(pair, wanted, present):
    positive, negated = pair
    assert holds(negated, wanted, present) is not holds(positive, wanted, present)


# The names as AWS writes them do not matter to the rules below: operators ignore case (tested elsewhere).
operators = st.sampled_from(sorted(OPERATORS - {"null"}))


@given(operators, st.lists(words, max_size=3), st.none() | words)
def test_if_exists_asks_only_where_there_is_a_key(operator, wanted, present):
    expected = True if present is None else holds(operator, wanted, present)
    assert holds(operator + "IfExists", wanted, present) is expected


@given(operators, st.lists(words, max_size=3), st.lists(words, max_size=3))
def test_set_operators_ask_of_each_value_what_the_operator_asks_of_one(operator, wanted, present):
    each = [holds(operator, wanted, value) for value in present]
    assert holds("ForAnyValue:" + operator, wanted, tuple(present)) is any(each)
    assert holds("ForAllValues:" + operator, wanted, tuple(present)) is all(each)


@given(st.sampled_from(["true", "false"]), st.none() | words)
def test_null_is_true_of_a_missing_key_alone(wanted, present):
    assert holds("Null", wanted, present) is ((present is None) is (wanted == "true"))


@given(operators, st.lists(words, min_size=1, max_size=3), st.none() | words)
def test_more_values_admit_more_and_a_negated_operator_less(operator, wanted, present):
    whole, each = holds(operator, wanted, present), [holds(operator, [value], present) for value in wanted]
    assert whole is (all(each) if "not" in operator else any(each))


patterns = st.sampled_from(["kms:Decrypt", "kms:*", "KMS:de?rypt", "*", "kms:Encrypt", "iam:*", "kms:De*t"])


@pytest.mark.parametrize("element", ["Action", "Resource", "Principal"])
@given(st.data())
def test_a_not_element_covers_what_its_element_does_not(element, data):
    names = {
        "Action": patterns,
        "Resource": st.sampled_from(
            ["*", KEY, KEY + "0", "arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:us-east-1:*"]
        ),
        "Principal": st.sampled_from(["*", CALLER.arn, CALLER.arn + "x", "111122223333", "444455556666"]),
    }[element]
    listed = data.draw(st.lists(names, min_size=1, max_size=3))

    def denied(name):
        deny = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
        del deny[element]
        deny[name] = {"AWS": listed} if element == "Principal" else listed
        allow = {"Effect": "Allow", "Principal": {"AWS": CALLER.arn}, "Action": "*", "Resource": "*"}
        policy = parse_document(json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]}))
        return not decide(Request(CALLER, "kms:Decrypt", KEY), Documents(NamedPolicy("key policy", policy))).allowed

    assert denied(element) is not denied("Not" + element)
