"""Rows about denials: the reason is asked of the policies, and a wrong answer is told nothing that gives it away."""

import itertools
import json
from collections import Counter

import pytest

from kms_katas.grading.denial_rows import DENY, NO_ALLOW, denied, kind, misread, solved, would_help, wrong
from kms_katas.grading.outcome import Infra
from kms_katas.kit import find_kit
from kms_katas.kit.table import Pool, Row, pool_of
from kms_katas.policy import Documents, NamedPolicy, Principal, Request, decide_on_resource, parse_document

POOL = pool_of(find_kit().find("key-policies/why-denied"))
NAMES = [f"{row.group} {' '.join(row.documents)} {row.given['action']}" for row in POOL.rows]
every_row = pytest.mark.parametrize("row", POOL.rows, ids=NAMES)


def answers(row):
    """Everything that can be answered to a row and can be read."""
    for how, change in itertools.product((DENY, NO_ALLOW), row.documents):
        said = {"layer": kind(change), "how": how, "change": change}
        assert not misread(row, said)
        yield said


@every_row
def test_one_answer_holds_and_its_change_lets_the_request_through(row):
    one = denied(POOL, row)
    (right,) = [said for said in answers(row) if not wrong(one, said)]
    assert right["layer"] == one.layer
    assert would_help(one, right["change"], right["how"])


@pytest.mark.parametrize("group", sorted({row.group for row in POOL.rows}))
def test_of_no_group_one_answer_is_right_for_more_than_half(group):
    """Else the place of a row in the file would tell its answer."""
    found = [denied(POOL, row) for row in POOL.rows if row.group == group]
    answers = Counter((one.layer, one.how) for one in found)
    assert max(answers.values()) <= len(found) / 2


def test_of_a_deny_that_does_not_apply_it_is_said_why():
    row = next(row for row in POOL.rows if row.documents[:2] == ("key-through-s3", "iam-reader"))
    told = wrong(denied(POOL, row), {"layer": "key-policy", "how": DENY, "change": "key-through-s3"})
    assert "statement 2" in told and "does not apply" in told and "kms:ViaService" in told


@every_row
def test_what_is_said_of_a_wrong_answer_names_no_other_document(row):
    one = denied(POOL, row)
    for said in answers(row):
        told = wrong(one, said)
        others = [name for name in row.documents if name != said["change"] and not said["change"].startswith(name)]
        assert not any(name in told for name in others), told
        assert told == "" or told.endswith(".")


@every_row
def test_after_the_pass_a_deny_is_drawn_and_the_reason_told(row):
    one = denied(POOL, row)
    shown = solved(one)
    assert ("┃" in shown) is (one.how == DENY)
    assert "Denied" in shown and one.right[0] in shown


@every_row
def test_what_s3_asks_of_its_own_policies_is_allowed(row):
    """The brief says so: the reason is never there."""
    bucket = POOL.documents.get(next((name for name in row.documents if name.startswith("bucket-")), ""))
    assert (bucket is not None) is ("of S3" in row.given["error"])
    if bucket is None:
        return
    own = [NamedPolicy(n, parse_document(POOL.documents[n])) for n in row.documents if n.startswith("iam-")]
    operation = row.given["error"].split("calling the ")[1].split()[0]
    request = Request(
        Principal(row.given["caller"]), f"s3:{operation}", "arn:aws:s3:::reports/a", {}, owner="111122223333"
    )
    policy = NamedPolicy("bucket", parse_document(bucket))
    assert decide_on_resource(request, policy, Documents(identity=tuple(own))).allowed


def test_a_document_of_another_kind_or_of_another_row_is_no_answer():
    row = POOL.rows[0]
    for layer, change in (("key-policy", row.documents[1]), ("iam-policy", "iam-of-somebody"), ("iam-policy", "")):
        assert misread(row, {"layer": layer, "how": DENY, "change": change})


def test_a_row_that_is_allowed_is_refused():
    key = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]}
    pool = Pool(POOL.answers, {"key-open": json.dumps(key)}, {}, ())
    given = {"caller": "arn:aws:iam::111122223333:user/ann", "action": "kms:Decrypt"}
    given |= {"key": "arn:aws:kms:us-east-1:111122223333:key/x"}
    with pytest.raises(Infra):
        denied(pool, Row("any", ("key-open",), given))
