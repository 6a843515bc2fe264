"""The checks of cross-account/two-halves: each half of the pair beside a counterpart that allows all, then both.

Not for how the policies are written: any that mean the same pass.
"""

import pytest

from kms_katas.grading import expect
from kms_katas.grading.in_force import caller, give, keys_beside, service, target, whom_it_names
from kms_katas.grading.judge import judge
from kms_katas.grading.matrix import ELSEWHERE, PLAIN, THROUGH_S3, Circumstance, Matrix, Target
from kms_katas.lab import Principal
from kms_katas.policy import NamedPolicy

OWNER, GUEST = "111122223333", "444455556666"
KEY_ID = "0987dcba-09fe-87dc-65ba-ab0987654321"

USE = {
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:DescribeKey",
}
MAY_COME_ALONG = {"kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext"}
"""What kms:GenerateDataKey*, as AWS's own sample has it, covers too."""


def _policy(name, *statements):
    return NamedPolicy(name, {"Version": "2012-10-17", "Statement": list(statements)})


KMS_ALL = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
GIVES_ALL = _policy("an identity policy that gives kms:*", KMS_ALL)
ENCRYPTS = _policy("an identity policy that gives kms:Encrypt", KMS_ALL | {"Action": "kms:Encrypt"})
OPEN = _policy(f"a key policy that opens the key to account {GUEST}", KMS_ALL | {"Principal": {"AWS": [OWNER, GUEST]}})
DEFAULT_OF_GUEST = _policy(f"the default key policy of account {GUEST}", KMS_ALL | {"Principal": {"AWS": GUEST}})


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
def circumstances(fresh):
    """How a call may come. The first two the lab can have; what comes through S3 the brief leaves open."""
    pairs = {fresh.text(6): fresh.text(8), fresh.text(6): fresh.text(8)}
    return PLAIN, Circumstance("with an encryption context", pairs), THROUGH_S3, ELSEWHERE


def use(cell):
    """What is wanted of those who may use the key."""
    if cell.action in USE:
        return None if cell.circumstance is THROUGH_S3 else True
    return None if cell.action in MAY_COME_ALONG else False


def needed_use(cell):
    """The part of it that has to be there."""
    return use(cell) or None


def nothing_more(cell):
    """The part of it that must not be there."""
    return False if use(cell) is False else None


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_owner_keeps_the_key(answer, lab, role, key, fresh, circumstances):
    """The key policy is one that KMS takes, and in account 111122223333 IAM policies decide as before."""
    mine = answer.policy("key-policy.json")
    worker = lab.home.role(fresh.text(8))
    give(ENCRYPTS, worker)
    people = (
        caller(lab, lab.home.role("pipeline").session("nightly")),
        caller(lab, lab.home.user(fresh.text(8))),
        caller(lab, worker.session("nightly"), ENCRYPTS),
        caller(lab, lab.home.admin, GIVES_ALL),
        caller(lab, lab.home.root),
    )

    def wanted(cell):
        if cell.circumstance is THROUGH_S3:
            return None
        if cell.caller in people[3:]:
            return True
        return cell.caller is people[2] and cell.action == "kms:Encrypt"

    judge(
        answer,
        Matrix(people, (target("the key", lab.home, key, mine, circumstances[:2]),), circumstances, wanted),
        "Sharing a key changes nothing for its owner: there, whoever has an IAM policy for it may use it, and nobody "
        "else.",
        mine,
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_key_policy_opens_the_key_to_the_account(answer, lab, role, learner, key, fresh, circumstances):
    """The key policy lets everybody in account 444455556666 use the key who has an IAM policy for it, role or user."""
    mine = answer.policy("key-policy.json")
    guest = lab.account(GUEST)
    people = [learner, guest.role(fresh.text(8)).session("nightly"), guest.user(fresh.text(8))]
    for principal in people:
        give(GIVES_ALL, principal)
    judge(
        answer,
        Matrix(
            tuple(caller(lab, principal, GIVES_ALL) for principal in people),
            (target("the key", lab.home, key, mine, circumstances[:2]),),
            circumstances,
            needed_use,
        ),
        "The owner opens the key to the account; which of its users and roles may use it is that account's own affair.",
        mine,
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_key_policy_opens_nothing_else(answer, lab, role, learner, key, fresh, circumstances):
    """The key policy opens nothing but use, and nothing to other accounts, even where their IAM policies give all."""
    mine = answer.policy("key-policy.json")
    stranger = lab.account(f"44445555{fresh.integer(1000, 6000)}")
    guests = [learner, lab.account(GUEST).user(fresh.text(8))]
    strangers = [stranger.role("pipeline").session("nightly"), stranger.user(fresh.text(8))]
    strangers += whom_it_names(mine, lab, OWNER, GUEST, f"{stranger.id}:role/pipeline")
    for principal in (*guests, *strangers):
        give(GIVES_ALL, principal)
    inside = [caller(lab, principal, GIVES_ALL) for principal in guests] + [caller(lab, lab.account(GUEST).root)]
    outside = [caller(lab, principal, GIVES_ALL) for principal in strangers] + [caller(lab, stranger.root)]
    outside += [service("s3.amazonaws.com"), service("logs.us-east-1.amazonaws.com")]
    judge(
        answer,
        Matrix(
            (*inside, *outside),
            (target("the key", lab.home, key, mine, circumstances[:2]),),
            circumstances,
            lambda cell: nothing_more(cell) if cell.caller in inside else False,
        ),
        "The check calls as people of several accounts, some of them made up: what their IAM policies say is out of "
        "the owner's hands, so the key policy alone has to hold.",
        mine,
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_iam_policy_lets_the_role_use_the_key(answer, lab, role, learner, key, fresh, circumstances):
    """The IAM policy does its part: where the key policy opens the key, every session of the role can use it."""
    mine = answer.policy("iam-policy.json")
    give(mine, role)
    judge(
        answer,
        Matrix(
            (caller(lab, learner, mine), caller(lab, role.session(fresh.text(12)), mine)),
            (target("the key", lab.home, key, OPEN, circumstances[:2]),),
            circumstances,
            needed_use,
        ),
        "A key policy that opens the key to an account gives nobody there anything yet: an IAM policy has to.",
        mine,
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_iam_policy_gives_nothing_else(answer, lab, role, learner, key, fresh, circumstances):
    """The IAM policy gives no other operation of KMS, and no other key of any account or Region."""
    mine = answer.policy("iam-policy.json")
    give(mine, role)
    guest = lab.account(GUEST)
    the_key = target("the key", lab.home, key, OPEN, circumstances[:2])
    targets = (
        the_key,
        *keys_beside(lab, key, OPEN, fresh, circumstances[:2]),
        target("a key of its own account", guest, guest.create_key(), DEFAULT_OF_GUEST, circumstances[:2]),
        Target(f"account {GUEST}", "*"),
    )
    judge(
        answer,
        Matrix(
            (caller(lab, learner, mine),),
            targets,
            circumstances,
            lambda cell: nothing_more(cell) if cell.target is the_key else False,
        ),
        "What an IAM policy gives beyond its task is there for whoever gets into the role.",
        mine,
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_both_halves_together(answer, lab, role, key, fresh, circumstances):
    """With both policies in force a session that AssumeRole made uses the key, and a role without a policy cannot."""
    theirs, mine = answer.policy("key-policy.json"), answer.policy("iam-policy.json")
    the_key = target("the key", lab.home, key, theirs, circumstances[:2])
    give(mine, role)
    session = _assumed(lab, role, fresh.text(10))
    other = lab.account(GUEST).role(fresh.text(8)).session("nightly")
    him = caller(lab, session, mine)
    judge(
        answer,
        Matrix(
            (him, caller(lab, other)),
            (the_key,),
            circumstances,
            lambda cell: use(cell) if cell.caller is him else False,
        ),
        "Across accounts a request needs an Allow on both sides, so what works is what both halves have in common.",
        theirs,
        mine,
    )
    kms, secret = session.client("kms"), fresh.bytes(24)
    blob = kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]
    again = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key)["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=again)["Plaintext"]
    expect(opened == secret, "The session got another text.", expected="its own text", next_step="Check again.")
    kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    kms.describe_key(KeyId=key)


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
