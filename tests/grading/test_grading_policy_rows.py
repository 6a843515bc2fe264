"""Rows about policies: what is right is asked of the policies, and nothing that is said of a wrong answer gives it."""

import itertools
import json
from collections import Counter

import pytest

from kms_katas.grading.outcome import Infra
from kms_katas.grading.policy_rows import asked, misread, solved, wrong
from kms_katas.kit import find_kit
from kms_katas.kit.table import Pool, Row, pool_of
from kms_katas.policy import Documents, NamedPolicy, decide, parse_document

POOL = pool_of(find_kit().find("key-policies/read-a-policy"))
NAMES = [f"{row.group} {row.given['caller'].rpartition('/')[2]} {row.given['action']}" for row in POOL.rows]
REASONS = POOL.answers["because"]
every_row = pytest.mark.parametrize("row", POOL.rows, ids=NAMES)


def answers(row):
    """Everything that can be answered to a row."""
    statements = [
        f"{name} {number}"
        for name in row.documents
        for number in range(1, len(json.loads(POOL.documents[name])["Statement"]) + 1)
    ]
    for decision, statement, because in itertools.product(("allow", "deny"), ["none", *statements], REASONS):
        yield {"decision": decision, "statement": statement, "because": because}


def holds(one, said):
    return not misread(one, said, POOL) and not wrong(one, said)


@every_row
def test_the_decision_is_that_of_the_policies_and_some_answer_holds(row):
    one = asked(POOL, row)
    policies = [NamedPolicy(name, parse_document(POOL.documents[name])) for name in row.documents]
    decided = decide(one.decision.request, Documents(policies[0], tuple(policies[1:])))
    right = [said for said in answers(row) if holds(one, said)]
    assert right and {said["decision"] for said in right} == {"allow" if decided.allowed else "deny"}
    if decided.statement is not None:
        assert f"{decided.statement.policy} {decided.statement.index + 1}" in {said["statement"] for said in right}
    else:
        assert {said["statement"] for said in right} == {"none"}


@pytest.mark.parametrize("group", sorted({row.group for row in POOL.rows}))
def test_of_no_group_one_answer_is_right_for_more_than_half(group):
    found = [asked(POOL, row).right for row in POOL.rows if row.group == group]
    assert max(Counter(answer for right in found for answer in right).values()) <= len(found) / 2


@every_row
def test_of_a_wrong_answer_something_is_said_that_does_not_give_the_right_one(row):
    one = asked(POOL, row)
    right = [said for said in answers(row) if holds(one, said)]
    for said in answers(row):
        if misread(one, said, POOL) or said in right:
            continue
        told = wrong(one, said)
        assert told.endswith((".", "?")) and "\n" not in told
        for held in right:
            policy, _, number = held["statement"].partition(" ")
            if held["statement"] not in ("none", said["statement"]):
                assert f"statement {number} of {policy}" not in told, told
            if held["because"] != said["because"]:
                assert f'"{held["because"]}"' not in told, told


@every_row
def test_what_shows_after_the_pass_has_the_statement_in_its_policys_own_text(row):
    one = asked(POOL, row)
    shown = solved(one)
    drawn = [line.removeprefix("┃ ").strip() for line in shown.split("\n") if line.startswith("┃ ")]
    if one.decision.statement is None:
        assert drawn == [] and "Denied: " in shown
        return
    document = json.loads(POOL.documents[one.decision.statement.policy])
    statement = document["Statement"][one.decision.statement.index]
    assert json.dumps(statement).replace(" ", "") in "".join(drawn).replace(" ", "")


@pytest.mark.parametrize(
    "said", ["archive 3", "Archive, statement 3", "statement 3 of archive", "archive#3", 'archive "3"', "3 (archive)"]
)
def test_a_statement_may_be_named_as_people_do(said):
    row = next(row for row in POOL.rows if row.group == "named" and row.given["caller"].endswith("backup/nightly"))
    one = asked(POOL, row)
    assert holds(one, {"decision": "allow", "statement": said.casefold(), "because": "named"})


@pytest.mark.parametrize(
    "said", ["archive", "3", "archive 9", "archive 0", "payroll 1", "archive 1 and 3", "nothing", ""]
)
def test_a_statement_that_is_not_there_is_no_answer(said):
    one = asked(POOL, next(row for row in POOL.rows if row.given["caller"].endswith("backup/nightly")))
    assert misread(one, {"decision": "allow", "statement": said, "because": "named"}, POOL)


def test_either_of_two_statements_that_decide_alike_is_right():
    allow = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    caller = "arn:aws:iam::111122223333:user/ann"
    key = {"Statement": [allow | {"Principal": {"AWS": who}} for who in (caller, "111122223333", caller)]}
    own = {"Statement": [allow, allow | {"Effect": "Deny", "Action": "kms:Encrypt"}]}
    pool = Pool(POOL.answers, {"door": json.dumps(key), "ann": json.dumps(own)}, {}, ())
    given = {"caller": caller, "action": "kms:Decrypt", "key": "arn:aws:kms:us-east-1:111122223333:key/x"}
    one = asked(pool, Row("any", ("door", "ann"), given))
    assert set(one.right) == {("named", ("door", 1)), ("named", ("door", 3)), ("delegated", ("ann", 1))}
    assert not wrong(one, {"decision": "allow", "statement": "ann 1", "because": "delegated"})


@pytest.mark.parametrize(
    ("last", "action", "right"),
    [
        ("payroll-app", "kms:Encrypt", {("named", ("payroll", 2))}),
        ("auditor-reads", "kms:Decrypt", {("both", ("auditor-reads", 1))}),
    ],
    ids=["in one account, with nothing left to IAM", "between two accounts"],
)
def test_where_both_policies_allow_a_caller_who_is_named_one_of_them_decides(last, action, right):
    row = next(row for row in POOL.rows if row.documents[-1] == last and row.given["action"] == action)
    assert set(asked(POOL, row).right) == right


def test_a_row_on_which_aws_is_silent_is_refused():
    deny = {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/ann"}, "Action": "kms:*"}
    opened = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}
    own = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    documents = {"door": {"Statement": [opened, deny | {"Resource": "*"}]}, "ann": {"Statement": [own]}}
    pool = Pool(POOL.answers, {name: json.dumps(text) for name, text in documents.items()}, {}, ())
    given = {"caller": "arn:aws:iam::111122223333:user/ann", "action": "kms:Decrypt"}
    given |= {"key": "arn:aws:kms:us-east-1:111122223333:key/x"}
    with pytest.raises(Infra, match="not-principal"):
        asked(pool, Row("any", ("door", "ann"), given))
