"""`prove`: the known pairs, the three relations, what counterexamples look like, and when there is no verdict."""

import json
import random
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.policy import Documents, Grant, NamedPolicy, PolicyError, Principal, decide, parse_document
from kms_katas.policy.match import arn_matches, glob_matches
from kms_katas.policy.proof import prove
from kms_katas.policy.proof.automaton import Budget, TextTest, example_texts, plain
from kms_katas.policy.proof.question import Question
from kms_katas.policy.proof.second import prove_with_both

DATA = Path(__file__).parents[1] / "data" / "authorization-cases"
PAIRS = json.loads((DATA / "comparisons.json").read_text())["pairs"]


def key_policy(*statements, version="2012-10-17"):
    whole = {"Version": version, "Statement": [{"Resource": "*"} | statement for statement in statements]}
    return Documents(NamedPolicy("key policy", parse_document(json.dumps(whole))))


def allow(principal, action="kms:Decrypt", **elements):
    return {"Effect": "Allow", "Principal": principal, "Action": action} | elements


@pytest.fixture
def account():
    return f"{random.randrange(10**11, 10**12)}"


@pytest.fixture
def key(account):
    return f"arn:aws:kms:eu-west-1:{account}:key/{uuid.uuid4()}"


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["id"])
def test_a_known_pair_is_decided_as_known(pair):
    first, second = (
        key_policy(*pair[side]["Statement"], version=pair[side]["Version"]) for side in ("policyA", "policyB")
    )
    proof = prove("at most", first, second, key_arn=pair["keyArn"])
    assert proof.verdict == ("proved" if pair["aWithinB"] else "refuted"), proof.reason


def test_at_least_is_at_most_turned_round_and_equivalent_is_both(account, key):
    wide = key_policy(allow({"AWS": f"arn:aws:iam::{account}:role/app"}, ["kms:Decrypt", "kms:Encrypt"]))
    narrow = key_policy(allow({"AWS": f"arn:aws:iam::{account}:role/app"}))
    relations = {
        (relation, first is wide): prove(relation, first, second, key_arn=key).verdict
        for relation in ("at most", "at least", "equivalent")
        for first, second in ((wide, narrow), (narrow, wide))
    }
    assert relations == {
        ("at most", True): "refuted",
        ("at most", False): "proved",
        ("at least", True): "proved",
        ("at least", False): "refuted",
        ("equivalent", True): "refuted",
        ("equivalent", False): "refuted",
    }
    again = key_policy(
        *(allow({"AWS": f"arn:aws:iam::{account}:role/app"}, "KMS:" + one) for one in ("encrypt", "decryp?"))
    )
    assert prove("equivalent", wide, again, key_arn=key).verdict == "proved"


def test_a_counterexample_carries_both_decisions_and_needs_nothing_that_it_has_not(account, key):
    role = {"AWS": f"arn:aws:iam::{account}:role/app"}
    loose = key_policy(allow(role, Condition={"StringLike": {"kms:EncryptionContext:App": "shop*"}}))
    strict = key_policy(allow(role, Condition={"StringEquals": {"kms:EncryptionContext:App": "shop"}}))
    shown = prove("at most", loose, strict, key_arn=key).counterexample
    assert (shown.first.allowed, shown.second.allowed, shown.identity_allows) == (True, False, False)
    assert shown.request.principal.role_arn == f"arn:aws:iam::{account}:role/app"
    assert (shown.request.action, shown.request.resource) == ("kms:Decrypt", key)
    assert list(shown.request.context) == ["kms:EncryptionContext:App", "kms:EncryptionContextKeys"]
    value = shown.request.context["kms:EncryptionContext:App"]
    assert value.startswith("shop") and len(value) == len("shop") + 1


def test_a_counterexample_names_a_real_service_a_real_account_and_a_person(account, key):
    service = {"StringLike": {"kms:ViaService": "*.amazonaws.com"}}
    mine = key_policy(allow({"AWS": "*"}, Condition=service))
    shown = prove("at most", mine, key_policy(allow({"AWS": account}, Condition=service)), key_arn=key).counterexample
    assert shown.request.principal.arn == f"arn:aws:iam::{account}:user/anyone"
    assert shown.request.context == {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    assert not shown.identity_allows


def test_a_delegation_to_the_account_counts_with_an_identity_policy_alone(account, key):
    delegating = key_policy(allow({"AWS": account}))
    nobody = key_policy(allow({"AWS": f"arn:aws:iam::{account}:role/none"}, "kms:Sign"))
    shown = prove("at most", delegating, nobody, key_arn=key).counterexample
    assert shown.identity_allows or shown.request.principal.kind == "Account"
    everyone = key_policy(allow("*"))
    assert prove("at most", delegating, everyone, key_arn=key).verdict == "proved"
    by_name = prove(
        "at most", everyone, delegating, key_arn=key, callers=(Principal(f"arn:aws:iam::{account}:user/ann"),)
    )
    assert (by_name.verdict, by_name.counterexample.identity_allows) == ("refuted", False)


def test_given_identity_policies_are_those_of_every_caller(account, key):
    bob = Principal(f"arn:aws:iam::{account[::-1]}:user/bob")
    of_bob = NamedPolicy(
        "bob's",
        parse_document(
            json.dumps(
                {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}}
            )
        ),
    )
    opened = key_policy(allow({"AWS": bob.arn}, "kms:*"))
    halves = Documents(opened.key_policy, (of_bob,))
    half = {"key_arn": key, "identity": "given", "callers": (bob,)}
    assert prove("at most", opened, key_policy(allow({"AWS": account}, "kms:Sign")), **half).verdict == "proved"
    shown = prove("equivalent", halves, opened, **half).counterexample
    assert (shown.request.principal, shown.request.action, shown.identity_allows) == (bob, "kms:Decrypt", False)


def test_only_the_permissions_asked_about_count(account, key):
    both = key_policy(allow({"AWS": account}, ["kms:Decrypt", "kms:Sign"]))
    one = key_policy(allow({"AWS": account}, "kms:Sign"))
    assert prove("at most", both, one, key_arn=key, permissions=("kms:Sign", "kms:Verify")).verdict == "proved"
    assert prove("at most", both, one, key_arn=key, permissions=("kms:Decrypt",)).verdict == "refuted"


def test_a_tag_that_a_caller_has_stays_as_it_is(account, key):
    tagged = Principal(f"arn:aws:iam::{account}:user/ann", tags={"Team": "red"})
    blue = key_policy(allow({"AWS": tagged.arn}, Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}))
    nothing = key_policy(allow({"AWS": tagged.arn}, "kms:Nothing"))
    assert prove("at most", blue, nothing, key_arn=key, callers=(tagged,)).verdict == "proved"
    assert prove("at most", blue, nothing, key_arn=key, callers=(Principal(tagged.arn),)).verdict == "refuted"


@pytest.mark.parametrize(
    ("operator", "condition_key", "values"),
    [
        ("NumericLessThanEquals", "kms:RotationPeriodInDays", ("365", "366")),
        ("NumericLessThanEquals", "kms:ValidTo", ("1546257599.0", "1546257600.0")),
        ("DateLessThan", "kms:ValidTo", ("2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z")),
        ("DateLessThan", "aws:CurrentTime", ("2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z")),
        ("IpAddress", "aws:SourceIp", ("203.0.113.0/25", "203.0.113.0/24")),
        ("IpAddress", "aws:SourceIp", ("2001:db8::/33", "2001:db8::/32")),
        ("StringEquals", "aws:SourceIp", ("192.0.2.44", ["192.0.2.44", "192.0.2.45"])),
        ("StringLike", "kms:RotationPeriodInDays", ("36?", "3??")),
        ("StringEquals", "kms:ViaService", ("é", ["é", "ü"])),
        ("NumericLessThan", "aws:PrincipalTag/level", ("1.5", "1.75")),
    ],
)
def test_the_smallest_step_between_two_bounds_is_seen(operator, condition_key, values, account, key):
    narrow, wide = (key_policy(allow("*", "kms:*", Condition={operator: {condition_key: value}})) for value in values)
    assert prove("at most", narrow, wide, key_arn=key).verdict == "proved"
    refuted = prove("at most", wide, narrow, key_arn=key)
    assert refuted.verdict == "refuted"
    assert decide(refuted.counterexample.request, wide).allowed


def test_a_pair_that_is_there_also_names_itself(key):
    by_name = allow("*", Condition={"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "a"}})
    refusing = {"StringEqualsIfExists": {"kms:EncryptionContext:a": "w"}, "Null": {"kms:EncryptionContextKeys": False}}
    second = key_policy(allow("*"), allow("*") | {"Effect": "Deny", "Condition": refusing})
    shown = prove("at most", key_policy(by_name), second, key_arn=key).counterexample
    assert shown.request.context == {"kms:EncryptionContext:a": "w", "kms:EncryptionContextKeys": ("a",)}


def test_what_is_too_large_is_not_decided_and_says_what_to_simplify(account, key):
    body = [allow("*", Condition={"StringLike": {"aws:SourceVpce": f"*{uuid.uuid4().hex[:6]}*"}}) for _ in range(8)]
    first, second = key_policy(*body), key_policy(*body[1:])
    undecided = prove("at most", first, second, key_arn=key, steps=300)
    assert (undecided.verdict, undecided.counterexample) == ("undecided", None)
    assert "aws:SourceVpce" in undecided.reason and "300" in undecided.reason
    assert prove("at most", first, second, key_arn=key).verdict == "refuted"


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ({"StringLike": {"aws:SourceIp": "10.*"}}, "aws:SourceIp"),
        ({"StringLike": {"kms:ViaService": "*-${aws:PrincipalTag/team}", "aws:SourceVpce": "a"}}, "kms:viaservice"),
        ({"NumericLessThan": {"aws:SourceVpce": "1"}, "DateLessThan": {"aws:SourceVpce": "2"}}, "aws:SourceVpce"),
    ],
)
def test_what_is_of_no_kind_that_is_read_is_not_decided(condition, named, key):
    pattern = allow("*", Condition={"StringLike": {"kms:ViaService": "s*"}})
    undecided = prove("at most", key_policy(allow("*", Condition=condition), pattern), key_policy(pattern), key_arn=key)
    assert undecided.verdict == "undecided"
    assert named in undecided.reason


def test_ten_infix_wildcards_on_one_key_are_decided(key):
    body = [allow("*", Condition={"StringLike": {"kms:ViaService": f"*p{n}*"}}) for n in range(10)]
    assert prove("at most", key_policy(*body), key_policy(*reversed(body)), key_arn=key).verdict == "proved"
    assert prove("at most", key_policy(*body), key_policy(*body[1:]), key_arn=key).verdict == "refuted"


def test_many_keys_do_not_multiply(key):
    body = [
        allow("*", Condition={"StringEquals": {f"aws:PrincipalTag/t{n}": [f"v{m}" for m in range(6)]}})
        for n in range(24)
    ]
    proof = prove("at most", key_policy(*body), key_policy(*reversed(body)), key_arn=key)
    assert proof.verdict == "proved"
    fewer = prove("at most", key_policy(*body), key_policy(*body[:-1]), key_arn=key)
    assert list(fewer.counterexample.request.principal.tags) == ["t23"]


def test_a_grant_counts_as_far_as_its_operations_and_constraints_go(account, key):
    grant = Grant("g", key, f"arn:aws:iam::{account}:user/ann", ("Decrypt", "DescribeKey"))
    strict = replace(grant, subset={"Team": "blue"})
    nobody = key_policy(allow({"AWS": account}, "kms:Nothing")).key_policy
    loose, tight, less = (
        Documents(nobody, grants=(one,)) for one in (grant, strict, replace(strict, operations=("Decrypt",)))
    )
    assert prove("at most", tight, loose, key_arn=key).verdict == "proved"
    shown = prove("at most", loose, tight, key_arn=key).counterexample
    assert (shown.request.action, dict(shown.request.context)) == ("kms:Decrypt", {})
    assert prove("at most", tight, less, key_arn=key).counterexample.request.action == "kms:DescribeKey"
    named = prove("at most", less, Documents(nobody), key_arn=key).counterexample.first.statement
    assert named.policy == "grant g"


def test_a_guardrail_makes_a_wide_key_policy_no_wider_than_a_narrow_one(account, key):
    everyone = key_policy(allow({"AWS": "*"}))
    ours = key_policy(allow({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-ours"}}))
    perimeter = {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"} | {
        "Condition": {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-ours"},
            "Null": {"aws:PrincipalOrgID": False},
        }
    }
    guarded = replace(everyone, rcps=((key_policy(perimeter).key_policy,),))
    shown = prove("at most", guarded, ours, key_arn=key).counterexample
    assert "aws:PrincipalOrgID" not in shown.request.context
    strict = {**perimeter, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-ours"}}}
    guarded = replace(everyone, rcps=((key_policy(strict).key_policy,),))
    shown = prove("at most", guarded, ours, key_arn=key).counterexample
    assert shown.request.principal.service_linked
    users = [Principal(f"arn:aws:iam::{one}:user/ann") for one in (account, account[::-1])]
    assert prove("at most", guarded, ours, key_arn=key, callers=users).verdict == "proved"


def test_an_answer_names_the_open_points_that_it_may_rest_on(account, key):
    listed = key_policy(allow("*", Condition={"StringEquals": {"kms:GrantOperations": "Decrypt"}}))
    nothing = key_policy(allow("*", "kms:Nothing"))
    assert prove("at most", listed, nothing, key_arn=key).open == ("multi-valued-without-qualifier",)
    there = key_policy(allow("*", Condition={"Null": {"kms:EncryptionContextKeys": "false"}}))
    assert prove("at least", key_policy(allow("*")), there, key_arn=key).open == ()
    federated = key_policy(allow({"Federated": f"arn:aws:iam::{account}:saml-provider/idp"}))
    refuted = prove("at most", federated, nothing, key_arn=key)
    assert (refuted.verdict, refuted.open) == ("refuted", ("federated-in-key-policy",))
    plain = key_policy(allow({"AWS": account}))
    assert prove("at most", plain, plain, key_arn=key).open == ()
    tagged = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    by_key_policy = key_policy(allow({"AWS": account}, Condition=tagged))
    statement = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": tagged}
    by_identity = replace(plain, identity=(NamedPolicy("mine", {"Version": "2012-10-17", "Statement": [statement]}),))
    assert prove("equivalent", by_key_policy, by_key_policy, key_arn=key).open == ("tags-and-aliases-in-key-policy",)
    assert prove("equivalent", by_identity, by_identity, key_arn=key, identity="given").open == ()
    for operator, open_points in (("StringLike", ("wildcard-in-variable",)), ("StringNotEquals", ())):
        variable = key_policy(allow("*", Condition={operator: {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}))
        assert prove("at most", variable, variable, key_arn=key).open == open_points
    both = key_policy(*(one.elements for one in (*federated.key_policy.statements, *plain.key_policy.statements)))
    assert prove("at most", both, nothing, key_arn=key).open == ()


def test_an_example_of_an_alias_has_the_form_of_one(account, key):
    condition = {"ForAnyValue:StringLike": {"kms:ResourceAliases": "*blue/*"}}
    proof = prove(
        "at most",
        key_policy(allow({"AWS": account}, Condition=condition)),
        key_policy(allow("*", "kms:Nothing")),
        key_arn=key,
    )
    (alias,) = proof.counterexample.request.context["kms:ResourceAliases"]
    assert alias.startswith("alias/") and "blue/" in alias


@pytest.mark.parametrize("wrong", [{"key_arn": "alias/app"}, {"permissions": ("kms:ReEncrypt",)}])
def test_a_question_about_no_key_or_no_permission_is_refused(wrong, key):
    with pytest.raises(PolicyError, match=r"\.$"):
        prove("at most", Documents(), Documents(), **({"key_arn": key} | wrong))


patterns = st.text(alphabet="aB:*?", max_size=5)
tests = st.builds(
    TextTest,
    st.sampled_from(["equals", "ignore-case", "like", "arn"]),
    st.one_of(st.tuples(patterns), st.tuples(patterns, st.text(alphabet="aB:*", max_size=2), patterns)),
)


@settings(max_examples=200)
@given(st.lists(tests, min_size=1, max_size=3), st.lists(st.text(alphabet="aAbB:q", max_size=7), max_size=40))
def test_every_combination_of_patterns_that_a_text_can_fit_has_an_example(tests, texts):
    def fits(text):
        return tuple(
            {
                "equals": lambda one=one: "".join(one.pattern) == text,
                "ignore-case": lambda one=one: "".join(one.pattern).lower() == text.lower(),
                "like": lambda one=one: glob_matches(one.pattern, text),
                "arn": lambda one=one: arn_matches(one.pattern, text),
            }[one.mode]()
            for one in tests
        )

    examples = [fits(text) for text in example_texts([plain(tests)], (), Budget(10**6), "")]
    assert len(set(examples)) == len(examples)
    assert {fits(text) for text in texts} <= set(examples)


def test_where_search_and_decision_disagree_nobody_else_is_asked(account, key, monkeypatch):
    monkeypatch.setattr(Question, "_differs", lambda *_: False)
    monkeypatch.setattr("kms_katas.policy.proof.second.installed", lambda: pytest.fail("another prover was looked for"))
    wide = key_policy(allow({"AWS": f"arn:aws:iam::{account}:role/app"}))
    narrow = key_policy(allow({"AWS": f"arn:aws:iam::{account}:role/app"}, "kms:Encrypt"))
    proof, prover = prove_with_both("at most", wide, narrow, key_arn=key)
    assert (proof.verdict, prover) == ("undecided", None)
    assert "report this policy" in proof.reason


@pytest.mark.parametrize(("operator", "rests"), [("StringLike", True), ("StringEquals", False), ("ArnEquals", True)])
def test_a_wildcard_in_a_variables_value_is_open_where_the_operator_reads_wildcards(account, key, operator, rests):
    condition = {operator: {"aws:PrincipalTag/team": "${aws:PrincipalTag/owner}"}}
    mine = key_policy(allow({"AWS": account}, Condition=condition))
    assert prove("at most", mine, mine, key_arn=key).open == (("wildcard-in-variable",) if rests else ())
