"""What the tests of judging policies share: people, a key, statements, what came of a question. It tests nothing."""

import pytest

from kms_katas.grading import Rejected
from kms_katas.grading.intents import allow, deny, policy
from kms_katas.policy import Documents

OWNER, GUEST = "111122223333", "444455556666"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/{KEY_ID}"
BOB = f"arn:aws:iam::{GUEST}:user/bob"
OWNERS = allow("kms:*", by=OWNER) | {"Sid": "The owner"}
BOB_DECRYPTS = allow("kms:Decrypt", by=BOB)
OPEN = Documents(policy("an open key policy", allow("kms:*", by=[OWNER, GUEST])))
FOR_ALL = policy("an open key policy", allow("kms:*", by="*"), allow("kms:*", by=GUEST))
FOR_THE_OWNER = policy("a key policy for the owner", OWNERS)
FULL = policy("FullAWSAccess", allow("*"))
PROD = {"StringEquals": {"kms:EncryptionContext:env": "prod"}}
SOME_ENV = {"Null": {"kms:EncryptionContext:env": "false"}}
LESSON = "That is the lesson."


class Holder:
    """What judge needs of an answer."""

    def __init__(self, lab):
        self.lab, self.called, self.returned, self.proofs = lab, "", "", []

    def in_time(self):
        return None


def refused(judge, question, wanted):
    with pytest.raises(Rejected) as raised:
        judge(question, wanted, LESSON)
    return raised.value


def by(*statements):
    return Documents(policy("wanted", *statements))


def under_rcp(*statements):
    """What is left of a key that is open to all, under a resource control policy."""
    return Documents(FOR_ALL, rcps=((policy("wanted", *statements),),))


def under_scp(*statements):
    """What is left to the owner of a key, under a service control policy beside the one for full access."""
    return Documents(FOR_THE_OWNER, scps=((FULL, policy("wanted", *statements)),))


def scp_deny(actions, only=None):
    """A Deny for a service control policy, which names nobody."""
    return deny(actions, by=None, only=only)


def sent(lab):
    return [(call.operation, call.error_code) for call in lab.calls if call.via == "answer"]
