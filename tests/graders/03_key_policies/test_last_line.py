"""The checks of key-policies/last-line: what the key policy leaves to IAM, and to the two roles and the root user.

Not for how the policy is written: any that means the same passes.
"""

from dataclasses import replace

import pytest

from kms_katas.grading.intents import SYMMETRIC, USE, allow, both, deny, inside, policy
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.policy import Documents, Principal

OWNER = "111122223333"
KEY_ID = "9876fedc-98fe-76dc-54ba-fedcba987654"
ROOT = f"arn:aws:iam::{OWNER}:root"
ADMINS, RECORDS = f"arn:aws:iam::{OWNER}:role/key-admins", f"arn:aws:iam::{OWNER}:role/records"

LOOKING = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListResourceTags"]
RUNNING = [
    *("kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:RevokeGrant"),
    *("kms:EnableKey", "kms:DisableKey", "kms:EnableKeyRotation", "kms:DisableKeyRotation", "kms:RotateKeyOnDemand"),
    *("kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"),
]
USING = [name for name in USE if "KeyPair" not in name]
LETTING_IN = ["kms:PutKeyPolicy", "kms:CreateGrant"]
CHANGING = [*RUNNING, "kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"]
"""What runs a symmetric key of KMS's own; what needs another kind of key can harm nothing here."""

EVERYBODY = allow("kms:*", by="*")
THE_REST = {
    "StringEquals": {"aws:PrincipalAccount": OWNER},
    "ArnNotEquals": {"aws:PrincipalArn": [ADMINS, RECORDS, ROOT]},
}
"""All in the account whom the brief does not name."""


@pytest.fixture
def key(lab):
    """The clinic's key, by its ARN, under a policy that leaves all to IAM and lets key-admins change it."""
    return lab.home.create_key(
        {"Version": "2012-10-17", "Statement": [allow("kms:*", by=OWNER), allow("kms:Put*", by=ADMINS)]},
        key_id=KEY_ID,
    )


@pytest.fixture
def key_admins(lab):
    """The role that is to run the key."""
    return lab.home.role("key-admins")


@pytest.fixture
def records(lab):
    """The role that is to use the key."""
    return lab.home.role("records")


@pytest.fixture
def keeper(key_admins, fresh):
    """Who puts the policy on the key."""
    return key_admins.session(fresh.text(8))


@pytest.fixture
def learner(records, fresh):
    """Whom the policy is about."""
    return records.session(fresh.text(8))


@pytest.fixture
def asked(key_policy_on, key, keeper, records):
    """`asked()`: the question about the learner's key policy, which is in force then."""

    def question(*permissions):
        about = key_policy_on(key, by=keeper)
        return replace(about, permissions=permissions) if permissions else about

    return question


@pytest.mark.task(1)
@pytest.mark.points(5)
def test_iam_gives_nobody_the_data(asked, key, key_admins, keeper, records):
    """No IAM policy, be it *, lets anybody else in the account use the key, change its policy, or make a grant."""
    refused = [*USE, *LETTING_IN]
    must_allow_no_more(
        asked(*refused),
        Documents(policy("not by IAM", EVERYBODY, deny(refused, by="*", only=THE_REST))),
        lambda request: _TWO_CALLS.get(request.action, _CHOSEN_IN_IAM),
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_iam_gives_nobody_the_running(asked):
    """No IAM policy, be it *, lets anybody else in the account change anything about the key."""
    must_allow_no_more(
        asked(*CHANGING),
        Documents(policy("not by IAM", EVERYBODY, deny(CHANGING, by="*", only=THE_REST))),
        "Who cannot read the records should not be able to destroy them: a key that is deleted takes them along.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_root_user_can_change_the_policy(asked, calls):
    """The account's root user can read and change the key policy, should the role key-admins be lost."""
    root = both(calls, {"StringEquals": {"aws:PrincipalType": "Account"}})
    must_allow(
        replace(asked(), callers=[Principal(ROOT)]),
        Documents(policy("the way back", allow(["kms:PutKeyPolicy", "kms:GetKeyPolicy"], by=OWNER, only=root))),
        "A role that is deleted and made again is another one to KMS, and then only AWS Support could open the key; "
        "the root user is always there.",
    )


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_nobody_from_outside(asked):
    """No other account and no AWS service gets anything from the key policy."""
    must_allow_no_more(
        asked(),
        Documents(policy("nothing outside", inside(OWNER))),
        "What IAM policies of other accounts say is out of the owner's hands, so the key policy alone has to hold.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_administrators_run_the_key(asked, calls, sessions):
    """Sessions of key-admins can do all that runs the key, PutKeyPolicy too, with no IAM policy of their own."""
    theirs = allow([*LOOKING, *RUNNING, "kms:PutKeyPolicy"], by=ADMINS, only=calls)
    must_allow(
        replace(asked(), callers=sessions(ADMINS)),
        Documents(policy("the administrators' part", theirs)),
        "Where IAM gives nothing, the key policy has to name whoever is to run the key, and for each operation.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_administrators_do_not_use_the_key(asked):
    """Sessions of key-admins can neither use the key nor make grants, even with kms:* in IAM."""
    refused = [*USE, "kms:CreateGrant"]
    must_allow_no_more(
        asked(*refused),
        Documents(policy("never used", EVERYBODY, deny(refused, by=ADMINS))),
        lambda request: _SILENTLY if request.action == "kms:CreateGrant" else _OPENLY,
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_users_use_the_key(asked, calls, sessions):
    """Sessions of records can encrypt, decrypt, re-encrypt, get data keys and describe the key, with no IAM policy."""
    use = (
        allow(USING, by=RECORDS, only=both(calls, SYMMETRIC)),
        allow("kms:DescribeKey", by=RECORDS, only=calls),
    )
    must_allow(
        replace(asked(), callers=sessions(RECORDS)),
        Documents(policy("the users' part", *use)),
        "Where IAM gives nothing, the key policy has to list all that the program does: data keys, re-encryption.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_users_change_nothing(asked):
    """Sessions of records can change nothing about the key and let nobody in, even with kms:* in IAM."""
    must_allow_no_more(
        asked(*LETTING_IN, *CHANGING),
        Documents(policy("never changed", EVERYBODY, deny([*LETTING_IN, *CHANGING], by=RECORDS))),
        "Who takes over the program has the data for as long as he is in; with this he would keep it, or destroy it.",
    )


_CHOSEN_IN_IAM = (
    "The account principal is nobody: it hands the choice to IAM, and there one slip with a * chooses everything."
)
_TWO_CALLS = {
    "kms:PutKeyPolicy": (
        "The account in a Principal is not its root user: it leaves this to IAM, and whoever has it there writes "
        "himself kms:Decrypt, two calls from the records."
    ),
    "kms:CreateGrant": (
        "That is two calls from the records: a grant of Decrypt to himself, and Decrypt; no key policy changes, and "
        "nobody is woken."
    ),
}
_SILENTLY = "PutKeyPolicy wakes somebody, as the brief has it; a grant gives the same and wakes nobody."
_OPENLY = "Who runs the key is trusted to change its policy in the open, not to read records."
