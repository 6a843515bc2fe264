"""What parse_document takes and what it refuses, with the place in the sentence."""

import json
import uuid

import pytest

from kms_katas.policy import PolicyError, parse_document

GOOD = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}


def policy(**changes):
    return json.dumps({"Version": "2012-10-17", "Statement": [GOOD, GOOD | changes]})


def test_a_good_document_comes_back_as_written():
    document = {"Version": "2012-10-17", "Id": uuid.uuid4().hex, "Statement": [GOOD]}
    assert parse_document(json.dumps(document)) == document


@pytest.mark.parametrize("missing", ["Principal", "Action", "Resource"])
def test_a_statement_may_lack_what_kms_lets_it_lack(missing):
    lacking = {name: value for name, value in GOOD.items() if name != missing}
    assert parse_document(json.dumps({"Statement": lacking}))["Statement"] == lacking


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1, column 1"),
        ('{"Statement": [],\n ]', "line 2"),
        ('{"Statement": NaN}', "NaN"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "a list"),
        ("null", "null"),
        ('{"Version": "2012-10-17"}', 'no "Statement"'),
        ('{"Statement": []}', "empty"),
        ('{"Statement": ["x"]}', "Statement 1"),
        ('{"Version": "2012-10-18", "Statement": {}}', "2012-10-18"),
        ('{"Version": ["2012-10-17"], "Statement": {}}', "Version"),
        ('{"Statement": {"Effect": "Allow", "Effect": "Deny"}}', "twice"),
        ('{"Statement": {"Action": "kms:*"}}', 'no "Effect"'),
        ('{"Statement": {"Effect": 1' + "0" * 5000 + "}}", "cannot be read"),
        (policy(Effect="allow"), 'Statement 2: "Effect"'),
        (policy(Effect=["Allow"]), 'Statement 2: "Effect"'),
        (policy(Sid=7), '"Sid"'),
        (policy(Conditions={}), 'Statement 2 has "Conditions"'),
        (policy(condition={}), '"condition"'),
        (json.dumps({"Statement": GOOD, "Comment": "x"}), '"Comment"'),
        (policy(NotAction="kms:*"), '"NotAction"'),
        (policy(Action=["kms:*", None]), '"Action"'),
        (policy(Resource={"a": "b"}), '"Resource"'),
        (policy(Principal="arn:aws:iam::111122223333:root"), '"Principal"'),
        (policy(Principal={"Aws": "111122223333"}), '"Aws"'),
        (policy(Principal={"AWS": [1]}), '"AWS"'),
        (policy(Condition=[]), '"Condition"'),
        (policy(Condition={"StringEqual": {"a": "b"}}), '"StringEqual"'),
        (policy(Condition={"NullIfExists": {"a": "true"}}), '"NullIfExists"'),
        (policy(Condition={"StringEquals": "b"}), '"StringEquals"'),
        (policy(Condition={"StringEquals": {"a": None}}), "null"),
        (policy(Condition={"StringEquals": {"a": [["b"]]}}), "a list"),
    ],
)
def test_a_bad_document_is_refused_with_the_place(text, says):
    with pytest.raises(PolicyError) as caught:
        parse_document(text)
    assert says in str(caught.value)
    assert str(caught.value).endswith(".")


def test_an_operator_has_one_qualifier_at_most():
    with pytest.raises(PolicyError, match="is no condition operator"):
        parse_document(policy(Condition={"ForAnyValue:ForAllValues:StringEquals": {"kms:GrantOperations": "Decrypt"}}))
