"""Service control policies are judged as others are: by proof, and sent in the lab."""

import pytest

from kms_katas.grading import Rejected
from kms_katas.grading.intents import GIVES_ALL, policy
from kms_katas.grading.judge import ORDINARY, Question, must_allow, must_allow_no_more, must_be_decided_as
from kms_katas.policy import Documents, Principal, Request

from .judging import FULL, LESSON, refused, scp_deny, under_scp

BYPASS = "kms:BypassPolicyLockoutSafetyCheck"
IN_HASTE = {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}}
LOCKED = {"Bool": {BYPASS: "true"}}
IN_USE = {"NumericLessThan": {"kms:TrailingDaysWithoutKeyUsage": "90"}}


def test_a_policy_of_the_same_meaning_passes(scp):
    asked = scp(scp_deny("kms:*", IN_HASTE), scp_deny("kms:Disable*", IN_USE))
    wanted = under_scp(scp_deny("kms:ScheduleKeyDeletion", IN_HASTE), scp_deny("kms:DisableKey", IN_USE))
    must_allow(asked, wanted, LESSON)
    must_allow_no_more(asked, wanted, LESSON)


def test_a_request_says_whether_it_bypasses_the_check(lab, scp):
    asked = scp(scp_deny("kms:PutKeyPolicy"))
    refused(must_allow, asked, under_scp(scp_deny("kms:PutKeyPolicy", {"StringNotEquals": {BYPASS: "false"}})))
    assert asked.answer.returned
    assert lab.calls[-1].parameters["BypassPolicyLockoutSafetyCheck"] is False


def test_a_key_has_been_unused_as_long_as_the_request_says(lab, scp):
    before = lab.clock.now()
    asked = scp(scp_deny("kms:DisableKeyRotation"))
    long_unused = {"NumericGreaterThanEquals": {"kms:TrailingDaysWithoutKeyUsage": "12"}}
    refused(must_allow_no_more, asked, under_scp(scp_deny("kms:DisableKey", long_unused)))
    assert asked.answer.returned == "KMS did it"
    assert (lab.clock.now() - before).days == 12


def test_one_request_is_decided_as_another_policy_decides_it(lab, scp):
    asked = scp(scp_deny("kms:CreateKey", LOCKED))
    mine, nothing = asked.documents.scps, policy("nothing", scp_deny("kms:*"))
    given, strict = (Documents(None, (GIVES_ALL,), scps=scps) for scps in (mine, ((FULL, nothing),)))
    account = Question(asked.answer, "*", given, asked.files, "given", key_name="the account")
    ann = Principal(lab.home.user("ann", policies={"all": GIVES_ALL.document}).arn)
    locked, checked = (Request(ann, "kms:CreateKey", "*", {**ORDINARY, BYPASS: one}) for one in ("true", "false"))
    must_be_decided_as(account, locked, strict, LESSON)
    with pytest.raises(Rejected, match="CreateKey on the account"):
        must_be_decided_as(account, checked, strict, LESSON)
    assert asked.answer.returned == "KMS did it"
