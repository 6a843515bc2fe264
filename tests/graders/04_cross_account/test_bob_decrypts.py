"""The checks of cross-account/bob-decrypts: each half of the pair beside a counterpart that allows all, then both.

Not for how the policies are written: any that mean the same pass.
"""

import pytest

from kms_katas.grading import expect
from kms_katas.grading.in_force import caller, give, keys_beside, service, target, whom_it_names
from kms_katas.grading.judge import judge, send
from kms_katas.grading.matrix import ELSEWHERE, PLAIN, THROUGH_S3, Cell, Circumstance, Matrix, Target
from kms_katas.policy import NamedPolicy

OWNER, GUEST = "111122223333", "444455556666"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"

BOBS = ("user/bob", "role/bob")

KMS_ALL = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
GIVES_ALL = NamedPolicy("an identity policy that gives kms:*", {"Version": "2012-10-17", "Statement": [KMS_ALL]})
DECRYPTS = NamedPolicy(
    "an identity policy that gives kms:Decrypt",
    {"Version": "2012-10-17", "Statement": [KMS_ALL | {"Action": "kms:Decrypt"}]},
)
OPEN = NamedPolicy(
    f"a key policy that opens the key to account {GUEST}",
    {"Version": "2012-10-17", "Statement": [KMS_ALL | {"Principal": {"AWS": [OWNER, GUEST]}}]},
)
DEFAULT_OF_GUEST = NamedPolicy(
    f"the default key policy of account {GUEST}",
    {"Version": "2012-10-17", "Statement": [KMS_ALL | {"Principal": {"AWS": GUEST}}]},
)


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
def circumstances(fresh):
    """How a call may come. The first two the lab can have; what comes through S3 the brief leaves open."""
    pairs = {fresh.text(6): fresh.text(8), fresh.text(6): fresh.text(8)}
    return PLAIN, Circumstance("with an encryption context", pairs), THROUGH_S3, ELSEWHERE


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_owner_keeps_the_key(answer, lab, key, bob, fresh, circumstances):
    """The key policy is one that KMS takes, and in account 111122223333 IAM policies decide as before."""
    mine = answer.policy("key-policy.json")
    role = lab.home.role(fresh.text(8))
    give(DECRYPTS, role)
    people = (
        caller(lab, lab.home.user("bob")),
        caller(lab, lab.home.role(fresh.text(8)).session("nightly")),
        caller(lab, role.session("nightly"), DECRYPTS),
        caller(lab, lab.home.admin, GIVES_ALL),
        caller(lab, lab.home.root),
    )

    def wanted(cell):
        if cell.circumstance is THROUGH_S3:
            return None
        if cell.caller in people[3:]:
            return True
        return cell.caller is people[2] and cell.action == "kms:Decrypt"

    judge(
        answer,
        Matrix(people, (target("the key", lab.home, key, mine, circumstances[:2]),), circumstances, wanted),
        "Sharing a key changes nothing for its owner: there, whoever has an IAM policy for it may use it, and nobody "
        "else.",
        mine,
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_key_policy_lets_bob_decrypt(answer, lab, key, bob, circumstances):
    """The key policy does its part for bob: with an IAM policy of his own he can decrypt, in any encryption context."""
    mine = answer.policy("key-policy.json")
    give(GIVES_ALL, bob)
    judge(
        answer,
        Matrix(
            (caller(lab, bob, GIVES_ALL),),
            (target("the key", lab.home, key, mine, circumstances[:2]),),
            circumstances,
            lambda cell: True if cell.action == "kms:Decrypt" and cell.circumstance is not THROUGH_S3 else None,
        ),
        "Without the owner's half no IAM policy of another account opens a key.",
        mine,
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_key_policy_opens_nothing_else(answer, lab, key, bob, fresh, circumstances):
    """The key policy opens nothing more to anybody, even where IAM policies elsewhere give everything."""
    mine = answer.policy("key-policy.json")
    guest, stranger = lab.account(GUEST), lab.account(f"44445555{fresh.integer(1000, 6000)}")
    others = [
        guest.user(fresh.text(8)),
        guest.user(f"bob{fresh.text(3)}"),
        guest.user(f"{fresh.text(3)}bob"),
        guest.user(f"{fresh.text(3)}bab", path="/bob/"),
        guest.role("bob").session("bob"),
        stranger.user("bob"),
        stranger.role(fresh.text(8)).session("bob"),
        *whom_it_names(mine, lab, OWNER, *(f"{one}:{bobs}" for one in (GUEST, stranger.id) for bobs in BOBS)),
    ]
    for principal in (bob, *others):
        give(GIVES_ALL, principal)
    people = [caller(lab, principal, GIVES_ALL) for principal in (bob, *others)]
    people += [caller(lab, guest.root), caller(lab, stranger.root)]
    people += [service("s3.amazonaws.com"), service("logs.us-east-1.amazonaws.com")]
    judge(
        answer,
        Matrix(
            tuple(people),
            (target("the key", lab.home, key, mine, circumstances[:2]),),
            circumstances,
            lambda cell: None if cell.caller is people[0] and cell.action == "kms:Decrypt" else False,
        ),
        "The check calls as bob and as others, some of them made up: what IAM policies of other accounts say is out of "
        "the owner's hands, so the key policy alone has to hold.",
        mine,
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_iam_policy_lets_bob_decrypt(answer, lab, key, bob, circumstances):
    """The IAM policy does its part: where the key policy opens the key to bob's account, bob can decrypt."""
    mine = answer.policy("iam-policy.json")
    give(mine, bob)
    judge(
        answer,
        Matrix(
            (caller(lab, bob, mine),),
            (target("the key", lab.home, key, OPEN, circumstances[:2]),),
            circumstances,
            lambda cell: True if cell.action == "kms:Decrypt" and cell.circumstance is not THROUGH_S3 else None,
        ),
        "Across accounts a key policy that names bob is only half: an IAM policy in bob's account has to allow it too.",
        mine,
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_iam_policy_gives_nothing_else(answer, lab, key, bob, fresh, circumstances):
    """The IAM policy gives no other operation of KMS, and no other key of any account or Region."""
    mine = answer.policy("iam-policy.json")
    give(mine, bob)
    guest = lab.account(GUEST)
    targets = (
        target("the key", lab.home, key, OPEN, circumstances[:2]),
        *keys_beside(lab, key, OPEN, fresh, circumstances[:2]),
        target("a key of bob's own account", guest, guest.create_key(), DEFAULT_OF_GUEST, circumstances[:2]),
        Target(f"account {GUEST}", "*"),
    )
    judge(
        answer,
        Matrix(
            (caller(lab, bob, mine),),
            targets,
            circumstances,
            lambda cell: None if cell.target is targets[0] and cell.action == "kms:Decrypt" else False,
        ),
        "The brief asks for one operation on one key; what is given beyond that is there for whoever steals bob's "
        "credentials.",
        mine,
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_both_halves_together(answer, lab, key, bob, fresh, circumstances):
    """With both policies in force bob decrypts what the owner encrypted, and can do nothing else with the key."""
    theirs, mine = answer.policy("key-policy.json"), answer.policy("iam-policy.json")
    secret = fresh.bytes(24)
    blob = lab.home.admin.client("kms").encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]
    the_key = target("the key", lab.home, key, theirs, circumstances[:2])
    give(mine, bob)
    him = caller(lab, bob, mine)
    judge(
        answer,
        Matrix(
            (him,),
            (the_key,),
            circumstances,
            lambda cell: None if cell.circumstance is THROUGH_S3 else cell.action == "kms:Decrypt",
        ),
        "Across accounts a request needs an Allow on both sides, so what works is what both halves have in common.",
        theirs,
        mine,
    )
    send(answer, Cell(him, "kms:Encrypt", the_key), allowed=False)
    opened = bob.client("kms").decrypt(KeyId=key, CiphertextBlob=blob)["Plaintext"]
    expect(opened == secret, "bob got another text.", expected="the owner's text", next_step="Check again.")
