"""The checks of cross-account/bob-decrypts: what each half allows, proved beside a counterpart that allows all.

Not for how the policies are written: any that mean the same pass.
"""

from dataclasses import replace

import pytest

from kms_katas.grading import expect
from kms_katas.grading.in_force import give, put_key_policy
from kms_katas.grading.intents import LONG_TERM, SYMMETRIC, allow, both, inside, outside, policy
from kms_katas.grading.judge import Question, must_allow, must_allow_no_more, must_allow_nothing_elsewhere
from kms_katas.policy import Documents, Principal

OWNER, GUEST = "111122223333", "444455556666"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
BOB = f"arn:aws:iam::{GUEST}:user/bob"
DECRYPTS = allow("kms:Decrypt", by=BOB)
NAMED_BOB = {"StringEquals": {"aws:username": "bob"}}

TO_THE_OWNER = allow("kms:*", by=OWNER)
OPEN = Documents(policy(f"a key policy that opens the key to account {GUEST}", allow("kms:*", by=[OWNER, GUEST])))


@pytest.fixture
def key(lab):
    """The owner's key, by its ARN."""
    return lab.home.create_key(key_id=KEY_ID)


@pytest.fixture
def bob(lab):
    """The user who is to decrypt."""
    return lab.account(GUEST).user("bob")


@pytest.fixture
def learner(bob):
    """Whom the policies are about."""
    return bob


@pytest.fixture
def his_calls(calls):
    """What each of bob's calls has."""
    return both(both(calls, SYMMETRIC), LONG_TERM)


@pytest.fixture
def owners_half(key_policy_on, key, bob):
    """`owners_half()`: the question about the learner's key policy, which is in force then."""
    return lambda: key_policy_on(key)


@pytest.fixture
def bobs_half(answer, lab, bob, key):
    """`bobs_half()`: the question about the IAM policy that bob has then, beside a key policy that opens the key."""

    def asked():
        mine = answer.policy("iam-policy.json")
        give(mine, bob)
        put_key_policy(OPEN.key_policy, lab.home, key)
        documents = Documents(OPEN.key_policy, (mine.named,))
        return Question(answer, key, documents, (mine,), identity="given", callers=[Principal(BOB)])

    return asked


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_owner_keeps_the_key(owners_half, key, bob):
    """The key policy is one that KMS takes, and in account 111122223333 IAM policies decide as before."""
    lesson = (
        "Sharing a key changes nothing for its owner: there, whoever has an IAM policy for it may use it, and nobody "
        "else."
    )
    asked = owners_half()
    must_allow(asked, Documents(policy("as before", TO_THE_OWNER)), lesson)
    must_allow_no_more(asked, Documents(policy("as before", TO_THE_OWNER, outside(OWNER))), lesson)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_key_policy_lets_bob_decrypt(owners_half, his_calls):
    """The key policy does its part for bob: with an IAM policy of his own he can decrypt, in any encryption context."""
    must_allow(
        replace(owners_half(), callers=[Principal(BOB)]),
        Documents(policy("bob's part", allow("kms:Decrypt", by=BOB, only=his_calls))),
        "Without the owner's half no IAM policy of another account opens a key.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_key_policy_opens_nothing_else(owners_half):
    """The key policy opens nothing more to anybody, even where IAM policies elsewhere give everything."""
    must_allow_no_more(
        owners_half(),
        # Also by name alone, for an account has one user of a name, whatever its path.
        Documents(policy("bob's part", inside(OWNER), DECRYPTS, allow("kms:Decrypt", by=GUEST, only=NAMED_BOB))),
        "What IAM policies of other accounts say is out of the owner's hands, so the key policy alone has to hold.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_iam_policy_lets_bob_decrypt(bobs_half, his_calls):
    """The IAM policy does its part: where the key policy opens the key to bob's account, bob can decrypt."""
    must_allow(
        bobs_half(),
        Documents(OPEN.key_policy, (policy("decrypts", allow("kms:Decrypt", only=his_calls)),)),
        "Across accounts a key policy that names bob is only half: an IAM policy in bob's account has to allow it too.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_iam_policy_gives_nothing_else(bobs_half):
    """The IAM policy gives no other operation of KMS, and no other key of any account or Region."""
    lesson = (
        "The brief asks for one operation on one key; what is given beyond that is there for whoever steals bob's "
        "credentials."
    )
    asked = bobs_half()
    must_allow_no_more(asked, Documents(OPEN.key_policy, (policy("decrypts", allow("kms:Decrypt")),)), lesson)
    must_allow_nothing_elsewhere(asked, lesson)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_both_halves_together(answer, lab, key, bob, bobs_half, owners_half, his_calls, fresh):
    """With both policies in force bob decrypts what the owner encrypted, and can do nothing else with the key."""
    mine, theirs = bobs_half().files[0], owners_half().files[0]
    together = Question(
        answer,
        key,
        Documents(theirs.named, (mine.named,)),
        (theirs, mine),
        identity="given",
        callers=[Principal(BOB)],
    )
    lesson = "Across accounts a request needs an Allow on both sides, so what works is what both halves have in common."
    decrypts = policy("decrypts", allow("kms:Decrypt", only=his_calls))
    must_allow(together, Documents(OPEN.key_policy, (decrypts,)), lesson)
    must_allow_no_more(together, Documents(OPEN.key_policy, (policy("decrypts", allow("kms:Decrypt")),)), lesson)
    secret = fresh.bytes(24)
    context = {fresh.text(6): fresh.text(8)}
    with lab.via("answer"):
        blob = lab.home.seal(key, secret, context)
        opened = bob.client("kms").decrypt(KeyId=key, CiphertextBlob=blob, EncryptionContext=context)["Plaintext"]
    expect(opened == secret, "bob got another text.", expected="the owner's text", next_step="Check again.")
