"""What lint proves of a key policy: S1 to S7. That each finds its fault, and what is right not, docs/reference/lint.md
shows; here is what the findings say, and that no policy is too strange."""

import json
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.lab.kms.default_policy import default_key_policy
from kms_katas.policy.lint import lint, semantic
from kms_katas.policy.proof import Proof
from kms_katas.policy.proof import question as questions

HOME, AWAY = (f"{random.randrange(10**11, 10**12)}" for _ in range(2))
KEY = f"arn:aws:kms:eu-west-1:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def role(name, account=HOME):
    return f"arn:aws:iam::{account}:role/{name}"


def allow(principal, action="kms:Decrypt", effect="Allow", **more):
    named = principal if isinstance(principal, dict) else {"AWS": principal}
    return {"Effect": effect, "Principal": named, "Action": action, "Resource": "*"} | more


OURS = allow(HOME, "kms:*")


def proved(*statements, key_arn=KEY):
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=1)
    return [one for one in lint(text, key_arn=key_arn, semantic=True) if one.id.startswith("S")]


def test_nothing_is_proved_of_a_policy_unless_it_is_asked_for():
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow(role("app"))]})
    assert lint(text, key_arn=KEY) == []
    assert {one.id for one in lint(text, key_arn=KEY, semantic=True)} == {"S1", "S2"}


def test_lint_without_proofs_does_not_load_the_prover():
    told = "import sys, kms_katas.policy.lint as lint; lint.lint('{}'); print('kms_katas.policy.proof' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True).stdout == "False\n"


def test_the_key_policy_that_kms_gives_has_no_finding():
    assert lint(default_key_policy("aws", HOME), key_arn=KEY, semantic=True) == []


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_without_a_key_it_is_one_of_the_partition_and_the_account_that_the_policy_names(partition):
    assert lint(default_key_policy(partition, HOME), semantic=True) == []


def test_without_a_key_it_is_the_one_that_the_policy_names():
    text = json.dumps({"Version": "2012-10-17", "Statement": [OURS | {"Resource": KEY}]})
    assert lint(text, semantic=True) == []


def test_identity_policies_are_no_key_policies():
    text = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "kms:*", "Resource": "*"}})
    assert lint(text, kind="identity-policy", semantic=True) == []


def test_outside_access_is_told_for_each_statement_with_a_request_that_is_allowed():
    service = allow({"Service": "logs.amazonaws.com"}, "kms:Encrypt")
    found = proved(OURS, allow(role("app", AWAY)), service, allow(role("app")))
    assert [(one.id, one.sentence.split(" opens")[0]) for one in found] == [
        ("S3", "Statement 2"),
        ("S3", "Statement 3"),
    ]
    assert f"{role('app', AWAY)} can do kms:Decrypt, given an identity policy" in found[0].sentence
    assert "logs.amazonaws.com can do kms:Encrypt." in found[1].sentence


def test_a_deny_that_shuts_outsiders_out_counts_for_every_statement():
    fence = allow("*", "*", "Deny", Condition={"StringNotEquals": {"aws:PrincipalAccount": HOME}})
    assert [one.id for one in proved(OURS, allow("*"))] == ["S3"]
    assert proved(OURS, allow("*"), fence) == []


def test_without_a_key_the_account_is_the_one_that_the_policy_names_as_a_whole():
    assert proved(allow(role("app", AWAY), "kms:Encrypt"), OURS, key_arn=None)[0].sentence.count(AWAY) == 1
    assert proved(OURS, allow(role("app")), key_arn=None) == []


def test_of_two_statements_that_say_the_same_each_is_told():
    again = allow(role("app"), "KMS:decrypt")
    assert [one.id for one in proved(OURS, allow(role("app")), again)] == ["S4", "S4"]


def test_a_statement_that_no_request_can_meet_is_not_also_called_redundant():
    never = allow(role("app"), "kms:DescribeKey", Condition={"StringEquals": {"kms:EncryptionContext:a": "b"}})
    deny = allow(role("app"), "kms:DescribeKey", "Deny", Condition={"StringEquals": {"aws:username": "app"}})
    assert [one.id for one in proved(OURS, never, deny)] == ["S5", "S5"]


@pytest.mark.parametrize(("permission", "level"), [("kms:PutKeyPolicy", "suggestion"), ("kms:CreateGrant", "warning")])
def test_self_escalation_is_graver_by_a_grant_than_by_the_key_policy(permission, level):
    only_root = OURS | {"Condition": {"StringEquals": {"aws:PrincipalType": "Account"}}}
    [_, found] = proved(only_root, allow(role("admin"), permission))
    assert (found.id, found.level) == ("S7", level)
    assert f"{role('admin')} can do {permission}" in found.sentence


def test_self_escalation_is_told_of_the_statement_that_lets_the_caller_in():
    through_iam = allow(HOME, "kms:CreateGrant")
    only_root = OURS | {"Condition": {"StringEquals": {"aws:PrincipalType": "Account"}}}
    found = [one for one in proved(only_root, through_iam, allow(role("clerk"), "kms:Create*")) if one.id == "S7"]
    assert [one.sentence.split(" lets")[0] for one in found] == ["Statement 2", "Statement 3"]


def test_a_finding_that_rests_on_an_open_point_says_so():
    federated = allow({"Federated": f"arn:aws:iam::{AWAY}:saml-provider/idp"})
    named = [one.sentence for one in proved(OURS, federated) if one.id == "S3"]
    assert len(named) == 1 and "This is an open point: AWS documents federated principals" in named[0]


def test_what_is_not_decided_is_told_and_never_passed_over(monkeypatch):
    undecided = Proof("undecided", None, 7, "Not decided after 7 steps of 7: simplify a word.")
    for name in ("nobody_can", "no_delegation", "nobody_outside"):
        monkeypatch.setattr(semantic, name, lambda *args, **more: undecided)
    found = proved(OURS)
    assert [(one.id, one.level) for one in found] == [(name, "suggestion") for name in ("S1", "S2", "S3")]
    assert all("simplify a word" in one.sentence for one in found)


def test_a_policy_beyond_the_budget_has_a_finding_for_each_rule_that_needs_it(monkeypatch):
    many = [allow("*", Condition={"StringLike": {"aws:SourceVpce": f"*{n}{n}*"}}) for n in range(4)]
    whole = questions.Budget.__init__
    monkeypatch.setattr(questions.Budget, "__init__", lambda self, steps: whole(self, 60))
    assert {"S1", "S2", "S3", "S4", "S5", "S7"} <= {one.id for one in proved(*many)}


_NAME = st.sampled_from(["*", HOME, role("a"), f"arn:aws:iam::{AWAY}:user/*", "x", "", "é", "AIDAEXAMPLE", "a.b"])
_TEXT = st.sampled_from(["*", "a?", "${aws:username}", "${", "${x}*", "é", "10.0.0.0/8", "7", "true", "2030-01-01", ""])
_OPERATOR = st.sampled_from(
    [
        *("StringEquals", "StringNotLikeIfExists", "ForAllValues:StringLike", "ForAnyValue:ArnLike", "NumericLessThan"),
        *("DateGreaterThan", "Bool", "IpAddress", "BinaryEquals", "Null", "ArnNotEquals"),
    ]
)
_KEYS = st.sampled_from(
    [
        *("aws:username", "aws:SourceIp", "kms:EncryptionContext:a", "kms:EncryptionContextKeys", "kms:ValidTo"),
        *("aws:PrincipalArn", "kms:GrantOperations", "aws:PrincipalTag/t", "kms:Nothing", "aws:CurrentTime"),
        "s3:prefix",
    ]
)
_STATEMENT = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": st.sampled_from(["kms:*", "kms:Decrypt", "x:*", "kms:?"])},
    optional={
        "Principal": st.just("*") | st.dictionaries(st.sampled_from(["AWS", "Service", "Federated"]), _NAME),
        "Resource": st.sampled_from(["*", "", "${aws:username}", KEY]),
        "Condition": st.dictionaries(_OPERATOR, st.dictionaries(_KEYS, _TEXT, max_size=2), max_size=2),
    },
)


@settings(max_examples=60)
@given(st.lists(_STATEMENT, min_size=1, max_size=3))
def test_no_policy_is_too_strange_to_be_proved_of(statements):
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=1)
    for one in lint(text, key_arn=KEY, semantic=True):
        assert one.sentence.endswith(".") and 1 <= one.place.line <= text.count("\n") + 1
