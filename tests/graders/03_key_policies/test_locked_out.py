"""The checks of key-policies/locked-out: IAM still decides who changes the key policy, and its Deny guards what it did.

Not for how the policy is written: any that means the same passes.
"""

from dataclasses import replace

import pytest

from kms_katas.grading.expect import reject
from kms_katas.grading.intents import OF_A_SYMMETRIC_KEY, SYMMETRIC, USE, allow, both, deny, policy
from kms_katas.grading.judge import Question, must_allow, must_allow_no_more
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.policy import Documents, Grant

OWNER = "111122223333"
KEY_ID = "7b3e9a10-52c8-4f6d-a1e4-90d8c6f7b215"
PAYROLL = f"arn:aws:iam::{OWNER}:role/payroll"
THE_REST = [name for name in OF_A_SYMMETRIC_KEY if name not in USE]


@pytest.fixture
def key(lab):
    """The key, by its ARN."""
    return lab.home.create_key(key_id=KEY_ID)


@pytest.fixture
def payroll(lab):
    """The role that is to use the key."""
    return lab.home.role("payroll")


@pytest.fixture
def intern(lab):
    """The user who has a grant."""
    return lab.home.user("intern")


@pytest.fixture
def granted(lab, key, intern, fresh):
    """Grants: the intern's and a role's, which the lab has, and what some of another account might get: one user, and
    the role there that has the name of this one."""
    role, stranger = lab.home.role(fresh.text(8)), f"arn:aws:iam::444455556666:user/{fresh.text(8)}"
    namesake = PAYROLL.replace(OWNER, "444455556666")
    for holder in (intern, role):
        lab.home.admin.client("kms").create_grant(KeyId=key, GranteePrincipal=holder.arn, Operations=["Decrypt"])
    return tuple(
        Grant(f"to {arn.split(':', 5)[5]}", key, arn, ("Decrypt",), issuing_account=OWNER)
        for arn in (intern.arn, role.arn, stranger, namesake)
    )


@pytest.fixture
def put(answer, key_policy_on, key, payroll, granted):
    """The question about the learner's key policy beside the grants; and what KMS said when it refused the policy."""
    mine = answer.policy("key-policy.json")
    try:
        key_policy_on(key)
        refused = None
    except AnswerUnusable as error:
        refused = error
    return Question(answer, key, Documents(mine.named, grants=granted), (mine,)), refused


@pytest.fixture
def in_force(put):
    """The learner's key policy, in force."""
    question, refused = put
    if refused is not None:
        reject(
            "KMS refuses the key policy, as the first check says, so nothing of it is in force.",
            expected="a key policy that KMS takes without the bypass",
            next_step="Mend what the first check says.",
            file=refused.file,
        )
    return question


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_whoever_iam_lets_changes_the_policy(put, calls):
    """KMS takes the key policy, and anybody of the account with an IAM policy for it can change it again."""
    question, refused = put
    if refused is not None:
        # What KMS takes is what the kata is about: here a refusal is a check that fails, and no accident.
        reject(
            refused.message,
            expected="a key policy that KMS takes without the bypass",
            next_step=refused.next_step,
            file=refused.file,
            line=refused.line,
        )
    described = {
        "BoolIfExists": {"kms:BypassPolicyLockoutSafetyCheck": "false"},
        # The brief speaks of users and sessions of roles; sessions of GetFederationToken may come along.
        "StringNotEquals": {"aws:PrincipalType": "FederatedUser"},
    }
    must_allow(
        question,
        Documents(policy("IAM decides", allow("kms:PutKeyPolicy", by=OWNER, only=both(calls, described)))),
        "The lockout check asks about its caller alone: when the last one who may is gone, AWS Support has to help.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_payroll_uses_the_key(in_force, calls, sessions):
    """Every session of the role payroll can use the key, in any encryption context."""
    must_allow(
        replace(in_force, callers=sessions(PAYROLL)),
        Documents(policy("payroll's part", allow(USE, by=OWNER, only=both(calls, SYMMETRIC)))),
        "A Deny has to leave out whom it is not for; aws:PrincipalArn of a session is the ARN of its role.",
    )


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_nobody_else_uses_the_key(in_force):
    """Whatever IAM policies and grants say, nobody but sessions of the role payroll can use the key."""
    must_allow_no_more(
        replace(in_force, permissions=USE),
        Documents(policy("payroll alone", allow(USE, by=PAYROLL), allow(USE, by=OWNER), deny(USE, unless_by=PAYROLL))),
        "A Deny stops IAM policies and grants alike, but only for the callers and operations that it covers.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_iam_decides_on_the_rest(in_force):
    """Of all else the key policy by itself gives nobody anything, and nothing to other accounts and AWS services."""
    must_allow_no_more(
        replace(in_force, permissions=THE_REST),
        Documents(policy("IAM decides", allow("kms:*", by=OWNER), allow("kms:DescribeKey", by=PAYROLL))),
        _why_it_is_too_much,
    )


def _why_it_is_too_much(request):
    if request.principal.account == OWNER:
        return "Whom a key policy names, or a *, needs no IAM policy here, so nobody can take that right away in IAM."
    return "What other accounts and AWS services may do is out of IAM's hands here: only the key policy keeps them out."
