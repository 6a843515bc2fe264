"""The checks of cross-account/two-halves: what each half allows, proved beside a counterpart that allows all.

Not for how the policies are written: any that mean the same pass.
"""

import pytest

from kms_katas.grading import expect
from kms_katas.grading.in_force import give, put_key_policy
from kms_katas.grading.intents import SYMMETRIC, USE, allow, both, inside, outside, policy
from kms_katas.grading.judge import Question, must_allow, must_allow_no_more, must_allow_nothing_elsewhere
from kms_katas.lab import Principal
from kms_katas.policy import Documents
from kms_katas.policy import Principal as Who
from kms_katas.policy.proof import NOTHING

OWNER, GUEST = "111122223333", "444455556666"
KEY_ID = "0987dcba-09fe-87dc-65ba-ab0987654321"
ROLE = f"arn:aws:iam::{GUEST}:role/pipeline"

WITH_ALGORITHM = [name for name in USE if "KeyPair" not in name]
AT_MOST = [*USE, "kms:DescribeKey"]
"""Data key pairs too, which kms:GenerateDataKey*, as AWS's own sample has it, covers."""

# The brief speaks of users and roles; the root user and sessions of GetFederationToken may come along.
USERS_AND_ROLES = {"StringEquals": {"aws:PrincipalType": ["User", "AssumedRole"]}}

TO_THE_OWNER = allow("kms:*", by=OWNER)
OPEN = Documents(policy(f"a key policy that opens the key to account {GUEST}", allow("kms:*", by=[OWNER, GUEST])))


@pytest.fixture
def key(lab):
    """The owner's key, by its ARN."""
    return lab.home.create_key(key_id=KEY_ID)


@pytest.fixture
def role(lab):
    """The role that is to use the key."""
    return lab.account(GUEST).role("pipeline")


@pytest.fixture
def learner(role, fresh):
    """Whom the policies are about."""
    return role.session(fresh.text(8))


@pytest.fixture
def use(calls):
    """`use(by, who)`: the statements that allow use of the key, in each call that billing's programs make."""

    def statements(by=None, who=None):
        theirs = both(calls, who or {})
        ciphers = allow(WITH_ALGORITHM, by=by, only=both(theirs, SYMMETRIC))
        return ciphers, allow("kms:DescribeKey", by=by, only=theirs)

    return statements


@pytest.fixture
def owners_half(key_policy_on, key, role):
    """`owners_half()`: the question about the learner's key policy, which is in force then."""
    return lambda: key_policy_on(key)


@pytest.fixture
def roles_half(answer, lab, key, role, sessions):
    """`roles_half()`: the question about the IAM policy that the role has then, beside a key policy that opens the key.

    Of two of its sessions.
    """

    def asked():
        mine = answer.policy("iam-policy.json")
        give(mine, role)
        put_key_policy(OPEN.key_policy, lab.home, key)
        documents = Documents(OPEN.key_policy, (mine.named,))
        return Question(answer, key, documents, (mine,), identity="given", callers=sessions(ROLE))

    return asked


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_owner_keeps_the_key(owners_half, key, role):
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
def test_key_policy_opens_the_key_to_the_account(owners_half, use):
    """The key policy lets everybody in account 444455556666 use the key who has an IAM policy for it, role or user."""
    must_allow(
        owners_half(),
        Documents(policy("billing's part", *use(GUEST, USERS_AND_ROLES))),
        "The owner opens the key to the account; which of its users and roles may use it is that account's own affair.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_key_policy_opens_nothing_else(owners_half):
    """The key policy opens nothing but use, and nothing to other accounts, even where their IAM policies give all."""
    must_allow_no_more(
        owners_half(),
        Documents(policy("billing's part", inside(OWNER), allow(AT_MOST, by=GUEST))),
        "What IAM policies of other accounts say is out of the owner's hands, so the key policy alone has to hold.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_iam_policy_lets_the_role_use_the_key(roles_half, use):
    """The IAM policy does its part: where the key policy opens the key, every session of the role can use it."""
    must_allow(
        roles_half(),
        Documents(OPEN.key_policy, (policy("use", *use()),)),
        "A key policy that opens the key to an account gives nobody there anything yet: an IAM policy has to.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_iam_policy_gives_nothing_else(roles_half):
    """The IAM policy gives no other operation of KMS, and no other key of any account or Region."""
    lesson = "What an IAM policy gives beyond its task is there for whoever gets into the role."
    may = policy("use", allow(AT_MOST))
    asked = roles_half()
    must_allow_no_more(asked, Documents(OPEN.key_policy, (may,)), lesson)
    must_allow_nothing_elsewhere(asked, lesson)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_both_halves_together(answer, lab, key, role, roles_half, owners_half, use, fresh):
    """With both policies in force a session that AssumeRole made uses the key, and a role without a policy cannot."""
    half = roles_half()
    mine, theirs = half.files[0], owners_half().files[0]
    lesson = "Across accounts a request needs an Allow on both sides, so what works is what both halves have in common."
    both_files, sessions = (theirs, mine), half.callers
    together = Question(answer, key, Documents(theirs.named, (mine.named,)), both_files, "given", sessions)
    must_allow(together, Documents(OPEN.key_policy, (policy("use", *use()),)), lesson)
    may = policy("use", allow(AT_MOST))
    must_allow_no_more(together, Documents(OPEN.key_policy, (may,)), lesson)
    other = Question(answer, key, Documents(theirs.named), both_files, "given", [Who(f"{ROLE}-{fresh.text(5)}")])
    must_allow_no_more(other, NOTHING, lesson)
    kms, secret = _assumed(lab, role, fresh.text(10)).client("kms"), fresh.bytes(24)
    with lab.via("answer"):
        blob = kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]
        again = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key)["CiphertextBlob"]
        opened = kms.decrypt(CiphertextBlob=again)["Plaintext"]
        kms.generate_data_key(KeyId=key, KeySpec="AES_256")
        kms.describe_key(KeyId=key)
    expect(opened == secret, "The session got another text.", expected="its own text", next_step="Check again.")


def _assumed(lab, role, name):
    """A session of the role as its administrator gets one: by AssumeRole."""
    sts = lab.account(GUEST).admin.client("sts")
    made = sts.assume_role(RoleArn=role.arn, RoleSessionName=name)
    keys = made["Credentials"]
    return Principal(
        made["AssumedRoleUser"]["Arn"],
        lab.account(GUEST),
        keys["AccessKeyId"],
        keys["SecretAccessKey"],
        keys["SessionToken"],
        role.arn,
    )
