"""Of several statements the one is told that was meant for the request: of Denies the nearest, and never one that the
learner did not write.
"""

from dataclasses import replace

import pytest

from kms_katas.grading.intents import allow, allow_service, deny, inside
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.policy import Documents, NamedPolicy, Principal
from kms_katas.policy.document import statements

from .judging import GUEST, OWNER, OWNERS, by, refused, scp_deny, under_rcp, under_scp

LOCKED = {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}
IN_HASTE = {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}}
IN_USE = {"NumericLessThan": {"kms:TrailingDaysWithoutKeyUsage": "90"}}
LATER = allow("kms:*", by="*") | {"Sid": "what comes later"}
SERVICE = "cloudtrail.amazonaws.com"
PEOPLE, SERVICES = ({"Bool": {"aws:PrincipalIsAWSService": one}} for one in ("false", "true"))


def outside(organization, whose="Principal"):
    return {"StringNotEquals": {f"aws:{whose}OrgID": organization}}


@pytest.mark.parametrize(
    ("mine", "wanted", "told"),
    [
        ({"NumericGreaterThan": IN_HASTE["NumericLessThan"]}, IN_HASTE, "wants more than '30'"),
        ({"NumericLessThan": {"kms:TrailingDaysWithoutKeyUsage": "30"}}, IN_USE, "wants less than '30'"),
    ],
)
def test_the_deny_that_comes_nearest_is_pointed_at_and_the_request_sent(scp, mine, wanted, told):
    asked = scp(scp_deny("kms:DisableKeyRotation"), scp_deny("kms:ScheduleKeyDeletion", mine))
    rejection = refused(must_allow_no_more, asked, under_scp(scp_deny("kms:ScheduleKeyDeletion", wanted)))
    assert "statement 2 of scp.json does not deny it, for its condition" in rejection.message
    assert told in rejection.message
    assert rejection.line == asked.files[0].line(1)
    assert asked.answer.called.startswith("ScheduleKeyDeletion") and asked.answer.returned == "KMS did it"


def test_a_deny_that_holds_always_is_not_pointed_at_for_what_is_to_be_denied_sometimes(scp):
    asked = scp(scp_deny("kms:DisableKeyRotation"))
    rejection = refused(must_allow_no_more, asked, under_scp(scp_deny("kms:PutKeyPolicy", LOCKED)))
    assert rejection.next_step.startswith("Write a Deny in")


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_denies_that_of_the_fewest_failing_tests_is_told(rcp, organization, first):
    ours = organization.organization_id
    near = deny("kms:*", only=outside(ours) | SERVICES) | {"Sid": "Near"}
    far = deny("kms:*", only={"StringEquals": {"aws:SourceOrgID": ours}} | SERVICES)
    question = rcp(*([near, far] if first == 0 else [far, near]))
    told = refused(must_allow_no_more, question, under_rcp(deny("kms:*", only=outside(ours) | PEOPLE)))
    assert f'statement {first + 1} ("Near") of rcp.json does not deny it' in told.message
    assert told.line == question.files[0].line(first)


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_denies_that_of_the_same_kind_of_caller_is_told(rcp, organization, first):
    ours = organization.organization_id
    of_people = deny("kms:*", only={**outside(ours), "Bool": {"AWS:principalisawsservice": "false"}})
    known = {"Null": {"aws:SourceOrgID": "false", "aws:SourceAccount": "true"}}
    of_services = deny("kms:*", only={**outside(ours, "Source"), **known}) | {"Sid": "Services"}
    question = rcp(*([of_services, of_people] if first == 0 else [of_people, of_services]))
    wanted = {"Null": {"aws:SourceOrgID": "true", "aws:SourceAccount": "false"}} | SERVICES
    told = refused(must_allow_no_more, question, under_rcp(deny("kms:*", only=wanted)))
    assert f'statement {first + 1} ("Services") of rcp.json does not deny it' in told.message


def test_of_two_statements_that_fail_by_a_condition_the_one_that_names_the_caller_is_told(asked):
    condition = {"StringEquals": {"aws:SourceAccount": GUEST}}
    named, everybody = allow_service("kms:Encrypt", SERVICE, condition), allow("kms:Encrypt", by="*", only=condition)
    question = replace(asked(OWNERS, named, everybody), callers=[Principal(SERVICE)])
    told = refused(must_allow, question, by(inside(OWNER), allow_service("kms:Encrypt", SERVICE)))
    assert "statement 2 does not apply" in told.message


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
