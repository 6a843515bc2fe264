"""Requests that tell of an organization are sent where the lab has it so; and a statement that a check has put beside
a learner's is not pointed at as theirs.
"""

from dataclasses import replace

import pytest

from kms_katas.grading.in_force import put_key_policy
from kms_katas.grading.intents import SYMMETRIC, allow, allow_service, both, deny, inside
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.policy import Documents, NamedPolicy, Principal
from kms_katas.policy.document import statements

from .judging import BOB, GUEST, OWNER, OWNERS, by, refused, sent

SERVICE = "cloudtrail.amazonaws.com"
LATER = allow("kms:*", by="*") | {"Sid": "what comes later"}


@pytest.fixture
def ours(lab):
    """What a request has whose caller is of the organization of account GUEST, and which the lab can have."""
    made = lab.organization()
    made.add(lab.account(GUEST))
    return {
        "StringEquals": {"aws:PrincipalOrgID": made.organization_id},
        "ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": f"{made.organization_id}/{made.id}/"},
        "Null": {"aws:PrincipalOrgPaths": "false"},
    }


def test_a_request_from_the_labs_organization_is_sent_and_told_by_its_id_alone(lab, asked, ours):
    question = replace(asked(OWNERS), callers=[Principal(BOB)])
    told = refused(must_allow, question, by(allow("kms:Encrypt", by=BOB, only=both(ours, SYMMETRIC))))
    assert sent(lab) == [("Encrypt", "AccessDeniedException")]
    assert "with aws:PrincipalOrgID o-" in told.message and "OrgPaths" not in told.message


def test_a_request_from_another_organization_is_not_sent(lab, asked, ours):
    question = replace(asked(OWNERS), callers=[Principal(BOB)])
    theirs = both({"StringEquals": {"aws:PrincipalOrgID": "o-elsewhere12"}}, SYMMETRIC)
    refused(must_allow, question, by(allow("kms:Encrypt", by=BOB, only=theirs)))
    assert sent(lab) == []


def test_a_statement_beside_the_learners_is_told_by_its_sid_and_the_learner_is_sent_to_their_own(asked):
    wanted = by(allow("kms:*", by="*"), deny("kms:*", only={"StringNotEquals": {"aws:PrincipalAccount": OWNER}}))
    question = _beside(asked(OWNERS, deny("kms:Decrypt", only={"Bool": {"aws:SecureTransport": "false"}})))
    told = refused(must_allow_no_more, question, wanted)
    assert "because what comes later " in told.message
    assert told.line == question.files[0].line(1) and "let the Deny cover" in told.next_step


def test_where_a_learner_has_no_deny_they_are_told_to_write_one(asked):
    wanted = by(allow("kms:*", by="*"), deny("kms:*", only={"StringNotEquals": {"aws:PrincipalAccount": OWNER}}))
    told = refused(must_allow_no_more, _beside(asked(OWNERS)), wanted)
    assert "Write a Deny in" in told.next_step and told.line == 0


def _beside(question):
    mine = question.documents.key_policy
    more = {**mine.document, "Statement": [*statements(mine.document), LATER]}
    return replace(question, documents=Documents(NamedPolicy(mine.name, more)))


def test_of_two_statements_that_fail_by_a_condition_the_one_that_names_the_caller_is_told(asked):
    condition = {"StringEquals": {"aws:SourceAccount": GUEST}}
    named, everybody = allow_service("kms:Encrypt", SERVICE, condition), allow("kms:Encrypt", by="*", only=condition)
    question = replace(asked(OWNERS, named, everybody), callers=[Principal(SERVICE)])
    told = refused(must_allow, question, by(inside(OWNER), allow_service("kms:Encrypt", SERVICE)))
    assert "statement 2 does not apply" in told.message


def test_a_lockout_by_the_organization_is_told_with_the_statement_that_causes_it(lab, write, ours):
    lab.organization().add(lab.home)
    not_ours = {"StringNotEquals": {"aws:PrincipalOrgID": ours["StringEquals"]["aws:PrincipalOrgID"]}}
    mine = write("key-policy.json", OWNERS, deny("kms:*", only=not_ours), deny("kms:Put*"))
    with pytest.raises(AnswerUnusable) as raised:
        put_key_policy(mine, lab.home, lab.home.create_key())
    assert raised.value.line == mine.line(2)
