"""The checks of key-policies/admins-and-users: what the key policy leaves to each of two roles, whatever IAM says.

Not for how the policy is written: any that means the same passes.
"""

from dataclasses import replace

import pytest

from kms_katas.grading.intents import SYMMETRIC, USE, allow, both, deny, inside, outside, policy
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.policy import Documents

OWNER = "111122223333"
KEY_ID = "5678dcba-56cd-78ab-34ef-567890abcdef"
ADMINS, PAYROLL = f"arn:aws:iam::{OWNER}:role/key-admins", f"arn:aws:iam::{OWNER}:role/payroll"

LOOKING = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListResourceTags"]
RUNNING = [
    *("kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:RevokeGrant"),
    *("kms:EnableKey", "kms:DisableKey", "kms:EnableKeyRotation", "kms:DisableKeyRotation", "kms:RotateKeyOnDemand"),
    *("kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"),
    *("kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"),
]
USING = [name for name in USE if "KeyPair" not in name]
LETTING_IN = ["kms:PutKeyPolicy", "kms:CreateGrant"]

EVERYBODY = allow("kms:*", by="*")
BUT_THE_TWO = {"ArnNotEquals": {"aws:PrincipalArn": [ADMINS, PAYROLL]}}


@pytest.fixture
def key(lab):
    """The company's key, by its ARN."""
    return lab.home.create_key(key_id=KEY_ID)


@pytest.fixture
def key_admins(lab):
    """The role that is to run the key."""
    return lab.home.role("key-admins")


@pytest.fixture
def payroll(lab):
    """The role that is to use the key."""
    return lab.home.role("payroll")


@pytest.fixture
def learner(payroll, fresh):
    """Whom the policy is about."""
    return payroll.session(fresh.text(8))


@pytest.fixture
def asked(key_policy_on, key, key_admins, payroll):
    """`asked()`: the question about the learner's key policy, which is in force then."""
    return lambda: key_policy_on(key)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_administrators_run_the_key(asked, calls, sessions, key, key_admins, payroll):
    """Sessions of key-admins can do all that runs the key, with no IAM policy of their own."""
    must_allow(
        replace(asked(), callers=sessions(ADMINS)),
        Documents(policy("the administrators' part", allow([*LOOKING, *RUNNING], by=ADMINS, only=calls))),
        "Who is named in the key policy of his own account needs no IAM policy; the name of the account instead would "
        "leave it to one.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_administrators_cannot_use_the_key(asked):
    """Sessions of key-admins can neither encrypt nor decrypt nor get data keys, even with kms:* in IAM."""
    must_allow_no_more(
        replace(asked(), permissions=USE),
        Documents(policy("never used", EVERYBODY, deny(USE, by=ADMINS))),
        lambda request: _IN_OTHER_WORDS.get(request.action, _LEFT_TO_IAM),
    )


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_administrators_cannot_let_themselves_in(asked):
    """Sessions of key-admins can neither change the key policy nor make a grant, even with kms:* in IAM."""
    must_allow_no_more(
        replace(asked(), permissions=LETTING_IN),
        Documents(policy("no way in", EVERYBODY, deny(LETTING_IN, by=ADMINS))),
        lambda request: _ONE_CALL_AWAY[request.action],
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_users_use_the_key(asked, calls, sessions):
    """Sessions of payroll can encrypt, decrypt, re-encrypt, get data keys and describe the key, with no IAM policy."""
    use = (
        allow(USING, by=PAYROLL, only=both(calls, SYMMETRIC)),
        allow("kms:DescribeKey", by=PAYROLL, only=calls),
    )
    must_allow(
        replace(asked(), callers=sessions(PAYROLL)),
        Documents(policy("payroll's part", *use)),
        "Use of a key is more than Encrypt and Decrypt: a program that seals files asks for data keys, and one that "
        "moves to another key re-encrypts.",
    )


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_users_cannot_run_the_key(asked):
    """Sessions of payroll can change nothing about the key and let nobody in, even with kms:* in IAM."""
    must_allow_no_more(
        replace(asked(), permissions=[*LETTING_IN, *RUNNING]),
        Documents(policy("never run", EVERYBODY, deny([*LETTING_IN, *RUNNING], by=PAYROLL))),
        "Who takes over the payroll program must not get the key along with the data: it could be deleted, or opened "
        "to an account of the thief's.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_everybody_else_as_before(asked):
    """For all others in account 111122223333 IAM policies decide as before, and its root user keeps every right."""
    lesson = "The audit is about two roles; what all others have is to stay as it was, no less and no more."
    others, question = allow("kms:*", by=OWNER, only=BUT_THE_TWO), asked()
    must_allow(question, Documents(policy("as before", others)), lesson)
    the_two = allow("kms:*", by=[ADMINS, PAYROLL])
    must_allow_no_more(question, Documents(policy("as before", others, the_two, outside(OWNER))), lesson)


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_nobody_from_outside(asked):
    """No other account and no AWS service gets anything from the key policy."""
    must_allow_no_more(
        asked(),
        Documents(policy("nothing outside", inside(OWNER))),
        "What IAM policies of other accounts say is out of the owner's hands, so the key policy alone has to hold.",
    )


_LEFT_TO_IAM = (
    "Who runs a key must not use it; to leave an operation out of his statement is not enough for that, since the "
    "account's statement leaves all that it covers to IAM."
)
_IN_OTHER_WORDS = {
    "kms:ReEncryptFrom": "Re-encryption to a key of one's own, and decryption with that one, is decryption.",
}
_ONE_CALL_AWAY = {
    "kms:PutKeyPolicy": (
        "Who may write the key policy writes kms:Decrypt for himself into it, or takes a Deny out: he is one call away "
        "from the payslips."
    ),
    "kms:CreateGrant": (
        "Who may make grants gives himself one, for operations that he need not have: he is one call away from the "
        "payslips."
    ),
}
