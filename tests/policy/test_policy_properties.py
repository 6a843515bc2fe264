"""Rules that hold for every policy and request, tried on generated ones."""

import json
import string
import time
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.policy import (
    Documents,
    NamedPolicy,
    PolicyError,
    Principal,
    Request,
    decide,
    denial_message,
    explain,
    parse_document,
)
from kms_katas.policy.document import OPERATORS
from kms_katas.policy.match import arn_matches, glob_matches

HOME, AWAY = "111122223333", "444455556666"
KEY = f"arn:aws:kms:us-east-1:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALIAS = f"arn:aws:kms:us-east-1:{HOME}:alias/blue"
CALLERS = [
    f"arn:aws:iam::{HOME}:root",
    f"arn:aws:iam::{HOME}:user/alice",
    f"arn:aws:sts::{HOME}:assumed-role/app/s1",
    f"arn:aws:sts::{HOME}:federated-user/alice",
    f"arn:aws:iam::{AWAY}:root",
    f"arn:aws:iam::{AWAY}:user/bob",
    "cloudtrail.amazonaws.com",
]
NAMES = ["*", HOME, AWAY, *CALLERS[:-1], f"arn:aws:iam::{HOME}:role/app", f"arn:aws:iam::{HOME}:user/*"]
ACTIONS = ["kms:Decrypt", "kms:Encrypt", "kms:PutKeyPolicy", "kms:RetireGrant", "kms:ListKeys", "kms:CreateAlias"]
ACTION_PATTERNS = [*ACTIONS, "kms:*", "*", "kms:?ecrypt", "KMS:encrypt", "iam:*"]
RESOURCES = [KEY, ALIAS, "*"]
RESOURCE_PATTERNS = [*RESOURCES, f"arn:aws:kms:*:{HOME}:key/*", "arn:aws:kms:*", "${aws:username}", "arn:aws:s3:::x"]
KEYS = ["aws:PrincipalType", "kms:EncryptionContext:env", "kms:EncryptionContextKeys", "aws:SourceIp", "aws:username"]
VALUES = ["prod", "", "*", "User", "true", "7", "10.0.0.0/8", "10.1.2.3", "2030-01-01", "${aws:username}", "${x, 'y'}"]


def some(values):
    return st.sampled_from(values) | st.lists(st.sampled_from(values), max_size=3)


operators = st.builds(
    lambda qualifier, base, suffix: base if base == "null" else qualifier + base + suffix,
    st.sampled_from(["", "ForAnyValue:", "ForAllValues:"]),
    st.sampled_from(sorted(OPERATORS)),
    st.sampled_from(["", "IfExists"]),
)
conditions = st.dictionaries(operators, st.dictionaries(st.sampled_from(KEYS), some(VALUES), max_size=2), max_size=2)
principals = st.just("*") | st.fixed_dictionaries(
    {}, optional={"AWS": some(NAMES), "Service": some([CALLERS[-1], "*"]), "Federated": some(["x"])}
)


@st.composite
def statements(draw, effect=None):
    """A statement as parse_document takes it, with any element missing or negated."""
    statement = {"Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    for element, values in (
        ("Principal", principals),
        ("Action", some(ACTION_PATTERNS)),
        ("Resource", some(RESOURCE_PATTERNS)),
    ):
        name = draw(st.sampled_from([element] * 8 + ["Not" + element, None]))
        if name:
            statement[name] = draw(values)
    if draw(st.booleans()):
        statement["Condition"] = draw(conditions)
    return statement


versions = st.sampled_from([{}, {"Version": "2008-10-17"}, {"Version": "2012-10-17"}])
policies = st.builds(
    lambda head, body: {**head, "Statement": body}, versions, st.lists(statements(), min_size=1, max_size=4)
)
requests = st.builds(
    Request,
    st.sampled_from(CALLERS).map(Principal),
    st.sampled_from(ACTIONS),
    st.sampled_from([KEY, KEY, KEY, ALIAS, "*"]),
    st.dictionaries(
        st.sampled_from(KEYS), st.sampled_from(VALUES) | st.lists(st.sampled_from(VALUES), max_size=2).map(tuple)
    ),
)


def documents(key, identity):
    def named(name, document):
        return NamedPolicy(name, parse_document(json.dumps(document)))

    return Documents(named("key policy", key), (named("inline policy work", identity),))


def extended(policy, statement, place):
    body = list(policy["Statement"])
    body.insert(place % (len(body) + 1), statement)
    return policy | {"Statement": body}


@given(requests, policies, policies)
def test_a_decision_is_made_and_told_for_every_document_that_parses(request, key, identity):
    decision = decide(request, documents(key, identity))
    assert decision.allowed is (decision.kind == "Allowed")
    assert all(line.endswith(".") for line in explain(decision))
    assert "is not authorized to perform" in denial_message(decision)


@given(requests, policies, policies, statements("Deny"), st.booleans(), st.integers(0, 9))
def test_one_more_deny_never_allows(request, key, identity, deny, in_key_policy, place):
    before = decide(request, documents(key, identity)).allowed
    changed = (extended(key, deny, place), identity) if in_key_policy else (key, extended(identity, deny, place))
    assert before or not decide(request, documents(*changed)).allowed


@given(requests, policies, policies, statements("Allow"), st.booleans(), st.integers(0, 9))
def test_one_more_allow_never_denies(request, key, identity, allow, in_key_policy, place):
    before = decide(request, documents(key, identity)).allowed
    changed = (extended(key, allow, place), identity) if in_key_policy else (key, extended(identity, allow, place))
    assert decide(request, documents(*changed)).allowed or not before


@given(requests, policies, policies, st.randoms())
def test_the_order_of_statements_decides_nothing(request, key, identity, random):
    before = decide(request, documents(key, identity))
    shuffled = key | {"Statement": random.sample(key["Statement"], len(key["Statement"]))}
    after = decide(request, documents(shuffled, identity))
    assert (before.kind, before.layer) == (after.kind, after.layer)


@given(requests, policies, policies)
def test_whoever_is_allowed_on_a_key_has_an_allow_that_applies(request, key, identity):
    decision = decide(request, documents(key, identity))
    if decision.allowed and decision.layer != "root-user":
        deciding = [s for s in decision.trace if s.layer == decision.layer and s.statement == decision.statement]
        assert [(s.applies, s.effect) for s in deciding] == [(True, "Allow")]


swapped = st.text(alphabet=string.ascii_letters, min_size=1, max_size=8)


@given(swapped, st.randoms())
def test_actions_ignore_case(name, random):
    other = "".join(random.choice((c.lower(), c.upper())) for c in "kms:" + name)
    key = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": other, "Resource": "*"}]}
    request = Request(Principal(CALLERS[1]), "kms:" + name, KEY)
    assert decide(request, documents(key, {"Statement": [{"Effect": "Allow"}]})).allowed


def slow_glob(pattern, value):
    """Wildcards by their definition, one character at a time."""

    @cache
    def fits(p, v):
        if p == len(pattern):
            return v == len(value)
        eats = v < len(value)
        if pattern[p] == "*":
            return fits(p + 1, v) or (eats and fits(p, v + 1))
        if pattern[p] == "?":
            return eats and fits(p + 1, v + 1)
        return eats and pattern[p] == value[v] and fits(p + 1, v + 1)

    return fits(0, 0)


# Few characters, so that a wildcard often has several places to choose from.
globs = st.text(alphabet="ab**?", max_size=8) | st.text(alphabet="a*?.\n[\\", max_size=8)
values = st.text(alphabet="ab", max_size=10) | st.text(alphabet="a.\n[\\", max_size=10)


@settings(max_examples=1000)
@given(globs, values)
def test_wildcards_match_as_a_slow_reference_does(pattern, value):
    assert glob_matches((pattern,), value) is slow_glob(pattern, value)


@settings(max_examples=1000)
@given(
    st.lists(st.sampled_from(["a", "*", "a*", "?", "*a*"]), min_size=6, max_size=8),
    st.lists(st.sampled_from(["", "a", "b", "ab", "ba"]), min_size=6, max_size=9),
)
def test_arns_match_segment_by_segment_as_a_slow_reference_does(pattern, value):
    leading = all(slow_glob(p, v) for p, v in zip(pattern[:5], value[:5], strict=True))
    expected = leading and slow_glob(":".join(pattern[5:]), ":".join(value[5:]))
    assert arn_matches((":".join(pattern),), ":".join(value)) is expected


@given(st.text(max_size=8))
def test_a_pattern_filled_in_by_a_variable_matches_its_own_value_alone(value):
    assert glob_matches(("", value, ""), value)
    assert not glob_matches(("", value, ""), value + "x")


def test_a_hostile_pattern_costs_little():
    started = time.process_time()
    assert not glob_matches(("*a" * 40 + "*b",), "a" * 3000)
    assert not arn_matches(("arn:aws:kms:" + "*a" * 40 + "*b:*:*",), "arn:aws:kms:" + "a" * 3000 + ":1:key/x")
    assert time.process_time() - started < 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Statement", "Effect", "Action", "Condition", "Version", "AWS", "Allow"]),
                x,
                max_size=4,
            )
        ),
    )
)
def test_any_json_is_read_or_refused_in_a_sentence(value):
    try:
        document = parse_document(json.dumps(value))
    except PolicyError as error:
        assert str(error).endswith(".")
    else:
        decide(Request(Principal(CALLERS[1]), "kms:Decrypt", KEY), Documents(NamedPolicy("key policy", document)))
