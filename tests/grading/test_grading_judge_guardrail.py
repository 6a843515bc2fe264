"""Policies of an organization are judged as others are: by proof, pointed into, sent in the lab."""

import pytest

from kms_katas.grading import Rejected
from kms_katas.grading.guardrails import attach
from kms_katas.grading.intents import GIVES_ALL, allow, deny, policy
from kms_katas.grading.judge import ORDINARY, Question, must_allow, must_allow_no_more, must_be_decided_as
from kms_katas.policy import Documents, Principal, Request

from .judging import KEY, KEY_ID, LESSON, OWNERS, Holder, refused

FULL = policy("FullAWSAccess", allow("*"))
TO_THE_OWNER = policy("a key policy for the owner", OWNERS)
BYPASS = "kms:BypassPolicyLockoutSafetyCheck"
IN_HASTE = {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}}
IN_USE = {"NumericLessThan": {"kms:TrailingDaysWithoutKeyUsage": "90"}}
LOCKED = {"Bool": {BYPASS: "true"}}


def denied(actions, only=None):
    return deny(actions, by=None, only=only)


def under(*statements):
    return Documents(TO_THE_OWNER, scps=((FULL, policy("wanted", *statements)),))


@pytest.fixture
def member(lab, write):
    """`member(*statements)`: the question about a member's key, with this service control policy in force."""

    def ask(*statements):
        mine = write("scp.json", *statements)
        lab.organization().add(lab.home)
        attach(mine, lab.organization())
        lab.home.create_key(TO_THE_OWNER.document, key_id=KEY_ID)
        return Question(Holder(lab), KEY, Documents(TO_THE_OWNER, scps=((FULL, mine.named),)), (mine,))

    return ask


def test_a_policy_of_the_same_meaning_passes(member):
    asked = member(denied("kms:*", IN_HASTE), denied("kms:Disable*", IN_USE))
    wanted = under(denied("kms:ScheduleKeyDeletion", IN_HASTE), denied("kms:DisableKey", IN_USE))
    must_allow(asked, wanted, LESSON)
    must_allow_no_more(asked, wanted, LESSON)


@pytest.mark.parametrize(
    ("mine", "wanted", "told"),
    [
        ({"NumericGreaterThan": IN_HASTE["NumericLessThan"]}, IN_HASTE, "wants more than '30'"),
        ({"NumericLessThan": {"kms:TrailingDaysWithoutKeyUsage": "30"}}, IN_USE, "wants less than '30'"),
    ],
)
def test_the_deny_that_comes_nearest_is_pointed_at_and_the_request_sent(member, mine, wanted, told):
    asked = member(denied("kms:DisableKeyRotation"), denied("kms:ScheduleKeyDeletion", mine))
    rejection = refused(must_allow_no_more, asked, under(denied("kms:ScheduleKeyDeletion", wanted)))
    assert "statement 2 of scp.json does not deny it, for its condition" in rejection.message
    assert told in rejection.message
    assert rejection.line == asked.files[0].line(1)
    assert asked.answer.called.startswith("ScheduleKeyDeletion") and asked.answer.returned == "KMS did it"


def test_a_deny_that_holds_always_is_not_pointed_at_for_what_is_to_be_denied_sometimes(member):
    asked = member(denied("kms:DisableKeyRotation"))
    rejection = refused(must_allow_no_more, asked, under(denied("kms:PutKeyPolicy", LOCKED)))
    assert rejection.next_step.startswith("Write a Deny in")


def test_a_request_says_whether_it_bypasses_the_check(lab, member):
    asked = member(denied("kms:PutKeyPolicy"))
    refused(must_allow, asked, under(denied("kms:PutKeyPolicy", {"StringNotEquals": {BYPASS: "false"}})))
    assert asked.answer.returned
    assert lab.calls[-1].parameters["BypassPolicyLockoutSafetyCheck"] is False


def test_a_key_has_been_unused_as_long_as_the_request_says(lab, member):
    before = lab.clock.now()
    asked = member(denied("kms:DisableKeyRotation"))
    long_unused = {"NumericGreaterThanEquals": {"kms:TrailingDaysWithoutKeyUsage": "12"}}
    refused(must_allow_no_more, asked, under(denied("kms:DisableKey", long_unused)))
    assert asked.answer.returned == "KMS did it"
    assert (lab.clock.now() - before).days == 12


def test_one_request_is_decided_as_another_policy_decides_it(lab, member):
    asked = member(denied("kms:CreateKey", LOCKED))
    scp, nothing = asked.documents.scps, policy("nothing", denied("kms:*"))
    mine, strict = Documents(None, (GIVES_ALL,), scps=scp), Documents(None, (GIVES_ALL,), scps=((FULL, nothing),))
    account = Question(asked.answer, "*", mine, asked.files, "given", key_name="the account")
    ann = Principal(lab.home.user("ann", policies={"all": GIVES_ALL.document}).arn)
    locked, checked = (Request(ann, "kms:CreateKey", "*", {**ORDINARY, BYPASS: one}) for one in ("true", "false"))
    must_be_decided_as(account, locked, strict, LESSON)
    with pytest.raises(Rejected, match="CreateKey on the account"):
        must_be_decided_as(account, checked, strict, LESSON)
    assert asked.answer.returned == "KMS did it"
