"""Conditions: each operator, missing keys, lists, set operators and policy variables."""

import random
import time
import uuid

import pytest

from kms_katas.policy import Principal
from kms_katas.policy.conditions import _COMPARE
from kms_katas.policy.document import OPERATORS


@pytest.fixture
def holds(scene, make_statement):
    """Whether {operator: {test:key: wanted}} holds for a request where test:key is `present` (None: no such key)."""

    def ask(operator, wanted, present, **more):
        condition = {operator: {"test:key": wanted}}
        key = [make_statement(Principal={"AWS": scene.user.arn}, Action="kms:*", Condition=condition)]
        context = {} if present is None else {"test__key": present}
        return scene.decide(key, **context, **more).allowed

    return ask


def test_every_operator_that_a_document_may_use_is_known():
    assert set(_COMPARE) | {"null"} == OPERATORS


def test_string_equals_minds_case_and_takes_no_wildcard(holds):
    word = uuid.uuid4().hex + "a"
    assert holds("StringEquals", word, word)
    assert not holds("StringEquals", word, word.upper())
    assert not holds("StringEquals", word[:-1] + "?", word)
    assert holds("StringEqualsIgnoreCase", word, word.upper())
    assert not holds("StringNotEqualsIgnoreCase", word, word.upper())


def test_string_like_takes_wildcards_and_minds_case(holds):
    assert holds("StringLike", "a*c?", "abbbcd")
    assert not holds("StringLike", "a*c?", "abbbc")
    assert not holds("StringLike", "A*", "abc")
    assert not holds("StringNotLike", "a*", "abc")


def test_several_values_are_alternatives_and_a_negated_operator_wants_none_of_them(holds):
    values = [uuid.uuid4().hex for _ in range(3)]
    one = random.choice(values)
    assert holds("StringEquals", values, one)
    assert not holds("StringNotEquals", values, one)
    assert holds("StringNotEquals", values, one + "x")


def test_operators_and_keys_must_all_hold(scene, make_statement):
    def ask(**context):
        condition = {"StringEquals": {"a:x": "1", "a:y": "2"}, "StringLike": {"a:z": "3*"}}
        key = [make_statement(Principal={"AWS": scene.user.arn}, Action="kms:*", Condition=condition)]
        return scene.decide(key, **context).allowed

    assert ask(a__x="1", a__y="2", a__z="33")
    for missing in ("a__x", "a__y", "a__z"):
        assert not ask(
            **{name: value for name, value in (("a__x", "1"), ("a__y", "2"), ("a__z", "33")) if name != missing}
        )


@pytest.mark.parametrize(
    ("operator", "holds_without_key"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("StringNotEquals", True),
        ("ArnNotLike", True),
        ("NotIpAddress", True),
        ("StringEqualsIfExists", True),
        ("NumericLessThanIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAllValues:StringNotEquals", True),
    ],
)
@pytest.mark.parametrize("present", [None, ()])
def test_what_a_missing_key_or_an_empty_list_means(holds, operator, holds_without_key, present):
    assert holds(operator, "1", present) is holds_without_key


def test_if_exists_still_looks_at_a_key_that_is_there(holds):
    assert not holds("StringEqualsIfExists", "a", "b")


@pytest.mark.parametrize("no", ["false", False])
@pytest.mark.parametrize("yes", ["true", True, "TRUE"])
def test_null_asks_whether_the_key_is_missing(holds, yes, no):
    assert holds("Null", yes, None)
    assert not holds("Null", yes, "x")
    assert holds("Null", no, "x")
    assert not holds("Null", no, None)


def test_for_any_value_and_for_all_values(holds):
    assert holds("ForAnyValue:StringEquals", ["a", "b"], ("z", "a"))
    assert not holds("ForAnyValue:StringEquals", ["a", "b"], ("z", "y"))
    assert holds("ForAllValues:StringEquals", ["a", "b"], ("b", "a"))
    assert not holds("ForAllValues:StringEquals", ["a", "b"], ("b", "z"))
    assert holds("ForAnyValue:StringNotEquals", ["a"], ("a", "z"))
    assert not holds("ForAllValues:StringNotEquals", ["a"], ("a", "z"))


def test_names_of_operators_and_keys_ignore_case(scene, make_statement):
    condition = {"sTRINGequals": {"KMS:encryptioncontext:ENV": "prod"}}
    key = [make_statement(Principal={"AWS": scene.user.arn}, Action="kms:*", Condition=condition)]
    assert scene.decide(key, kms__EncryptionContext__env="prod").allowed
    assert not scene.decide(key, kms__EncryptionContext__env="Prod").allowed


def test_numbers_compare_as_numbers(holds):
    low, high = sorted(random.sample(range(2, 2000), 2))
    assert holds("NumericLessThan", str(high), str(low))
    assert not holds("NumericLessThan", low, str(low))
    assert holds("NumericLessThanEquals", f"{low}.0", str(low))
    assert holds("NumericGreaterThanEquals", low, str(high))
    assert holds("NumericNotEquals", low, str(high))
    assert holds("NumericLessThan", "100", "99")  # as text "99" would be the larger
    for odd in ("nan", "inf", "1_0", "", "x", "\u0661"):
        assert not holds("NumericLessThanEquals", "1000", odd)


def test_dates_are_moments_with_zones_or_epoch_seconds(holds):
    assert holds("DateLessThan", "2030-01-01T00:00:00Z", "2029-12-31T23:59:59Z")
    assert holds("DateEquals", "2030-01-01T00:00:00Z", "2030-01-01T02:00:00+02:00")
    assert holds("DateEquals", "1970-01-02T00:00:00Z", "86400")
    assert holds("DateGreaterThanEquals", "2030-01-01", "2030-01-01T00:00:00Z")
    assert not holds("DateLessThan", "yesterday", "2029-12-31T23:59:59Z")


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system cannot change a process's time zone")
def test_a_date_without_a_zone_is_utc_wherever_the_learner_is(holds, monkeypatch):
    monkeypatch.setenv("TZ", "XXX-5")
    time.tzset()
    try:
        assert holds("DateEquals", "2030-01-01T00:00:00", "2030-01-01T00:00:00Z")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_variables_work_in_string_and_arn_operators_alone(holds):
    assert holds("StringEquals", "${no:key, '5'}", "5")
    assert not holds("NumericEquals", "${no:key, '5'}", "5")


def test_bool_takes_json_booleans_and_texts(holds):
    for wanted in (True, "true", "True"):
        assert holds("Bool", wanted, "true")
        assert not holds("Bool", wanted, "false")


def test_ip_addresses_are_in_networks_of_either_family(holds):
    network = f"203.0.{random.randrange(256)}.0/24"
    inside = network.replace(".0/24", f".{random.randrange(256)}")
    assert holds("IpAddress", ["2001:db8::/32", network], inside)
    assert holds("IpAddress", [network, "2001:db8::/32"], "2001:db8::7")
    assert holds("IpAddress", inside, inside)
    assert not holds("NotIpAddress", network, inside)
    assert not holds("IpAddress", network, "198.51.100.1")
    assert not holds("IpAddress", "not an address", inside)


def test_arn_operators_compare_segment_by_segment(holds):
    arn = "arn:aws:s3:::bucket"
    for operator in ("ArnLike", "ArnEquals"):
        assert holds(operator, "arn:aws:s3:*:*:buck*", arn)
        assert not holds(operator, "arn:aws:s3:*:bucket", arn)
        assert holds(operator, "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a:b")
    assert holds("StringLike", "arn:aws:s3:*:bucket", arn)
    assert not holds("ArnNotEquals", "arn:aws:s3:::*", arn)


def test_a_list_needs_a_set_operator(holds):
    assert not holds("StringEquals", "a", ("a",))
    assert not holds("StringNotEquals", "b", ("a",))


def test_variables_take_their_value_from_the_request(scene, make_statement):
    def ask(wanted, present, caller=None, version="2012-10-17", operator="StringEquals"):
        condition = {operator: {"test:key": wanted}}
        key = [make_statement(Principal="*", Action="kms:*", Condition=condition)]
        return scene.decide(key, caller=caller, version=version, test__key=present).allowed

    name = scene.user.arn.rpartition("/")[2]
    assert ask("x-${aws:username}", f"x-{name}")
    assert ask("x-${AWS:UserName}", f"x-{name}")
    assert not ask("${aws:username}", name, caller=scene.session())
    assert ask("${aws:username}", name, caller=scene.session(), operator="StringNotEquals")
    assert ask("${aws:username, 'nobody'}", "nobody", caller=scene.session())
    for version in ("2008-10-17", None):
        assert not ask("${aws:username}", name, version=version)
        assert ask("${aws:username}", "${aws:username}", version=version)


def test_wildcards_in_a_variable_or_an_escape_are_plain_text(scene, make_statement):
    def ask(wanted, present, tag="a*"):
        key = [make_statement(Principal="*", Action="kms:*", Condition={"StringLike": {"test:key": wanted}})]
        return scene.decide(key, caller=Principal(scene.user.arn, tags={"team": tag}), test__key=present).allowed

    assert ask("${aws:PrincipalTag/team}", "a*")
    assert not ask("${aws:PrincipalTag/team}", "abc")
    assert ask("${aws:PrincipalTag/team}*", "a*bc")
    assert ask("a${*}${?}${$}", "a*?$")
    assert not ask("a${*}", "abc")


def test_variables_work_in_the_resource(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.account}, Action="kms:*")]
    prefix, _, key_id = scene.key.rpartition("/")
    mine = [make_statement(Action="kms:*", Resource=prefix + "/${aws:PrincipalTag/key}")]
    assert scene.decide(key, mine, caller=Principal(scene.user.arn, tags={"key": key_id})).allowed
    assert not scene.decide(key, mine).allowed


def test_keys_that_follow_from_the_caller_are_there_without_being_given(scene, make_statement):
    session = scene.session("teams/")
    condition = {
        "ArnEquals": {"aws:PrincipalArn": session.role_arn},
        "StringEquals": {"kms:CallerAccount": scene.account, "aws:PrincipalType": "AssumedRole"},
    }
    key = [make_statement(Principal="*", Action="kms:*", Condition=condition)]
    assert scene.decide(key, caller=session).allowed
    assert not scene.decide(key).allowed


def test_a_given_key_wins_over_a_derived_one_and_an_empty_tuple_removes_it(scene, make_statement):
    key = [make_statement(Principal="*", Action="kms:*", Condition={"Bool": {"aws:SecureTransport": "true"}})]
    assert scene.decide(key).allowed
    assert not scene.decide(key, aws__SecureTransport="false").allowed
    assert not scene.decide(key, aws__SecureTransport=()).allowed


@pytest.mark.parametrize(
    "text", ["${" * 40_000, "}" + "${" * 40_000, "${" + " " * 40_000 + ",}", "${a, '" + "' " * 40_000 + "}"]
)
def test_a_hostile_variable_is_read_in_one_go(scene, make_statement, text):
    condition = {"StringEquals": {"kms:ViaService": text}}
    key = [make_statement(Principal={"AWS": scene.user.arn}, Action="kms:*", Condition=condition)]
    assert not scene.decide(key, kms__ViaService="x").allowed
