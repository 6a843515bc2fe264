"""The checks of key-policies/default-policy: IAM policies of the account decide, and the key policy gives nothing else.

Not for how the policy is written: any that means the same passes.
"""

from dataclasses import replace

import pytest

from kms_katas.grading.intents import OF_A_SYMMETRIC_KEY, allow, inside, outside, policy
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.policy import Documents

OWNER = "111122223333"
KEY_ID = "5d0c1f6e-83a4-4b0e-9f57-2c6a1d9e7b30"
ITS_ACCOUNT = allow("kms:*", by=OWNER)


@pytest.fixture
def key(lab):
    """The key, by its ARN."""
    return lab.home.create_key(key_id=KEY_ID)


@pytest.fixture
def on_call(lab):
    """The role of the engineer on call, who has an IAM policy for everything in KMS."""
    return lab.home.role("on-call", {"everything": policy("everything", allow("kms:*")).document})


@pytest.fixture
def in_force(key_policy_on, key, on_call):
    """The learner's key policy, in force."""
    return key_policy_on(key)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_iam_policies_decide(in_force, lab):
    """KMS takes the key policy, and whoever of account 111122223333 has an IAM policy for the key may use it so."""
    each_request = {
        "Bool": {"aws:SecureTransport": "true"},
        "StringEquals": {"aws:RequestedRegion": lab.region},
        # The brief speaks of users and sessions of roles; sessions of GetFederationToken may come along.
        "StringNotEquals": {"aws:PrincipalType": "FederatedUser"},
    }
    must_allow(
        replace(in_force, permissions=OF_A_SYMMETRIC_KEY),
        Documents(policy("the account's IAM policies decide", allow("kms:*", by=OWNER, only=each_request))),
        "What the key policy leaves out no IAM policy can give, and the root user has no other way in.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_nobody_of_the_account_without_an_iam_policy(in_force):
    """In account 111122223333 the key policy by itself gives nobody anything."""
    must_allow_no_more(
        in_force,
        Documents(policy("the account's IAM policies decide", ITS_ACCOUNT, outside(OWNER))),
        "Whom a key policy names needs no IAM policy in the key's own account, so to take it away stops nobody.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_nobody_from_outside(in_force):
    """No other account and no AWS service gets anything, whatever IAM policies say elsewhere."""
    must_allow_no_more(
        in_force,
        Documents(policy("nobody from outside", inside(OWNER))),
        "IAM policies of others are out of the owner's hands, and services need none: the key policy keeps them out.",
    )
