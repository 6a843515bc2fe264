"""The checks of key-policies/via-service: who can use the key and by which way, proved, and then lived through in S3.

Not for how the policy is written: any that means the same passes.
"""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from kms_katas.grading import expect, reject
from kms_katas.grading.intents import (
    ADMINISTRATION,
    BESIDE_THE_POINT,
    NO_USE,
    SYMMETRIC,
    USE,
    allow,
    both,
    called_through,
    inside,
    policy,
)
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.policy import Documents

OWNER, STRANGERS = "111122223333", "444455556666"
KEY_ID = "3c9f1b7e-52d4-4a86-9e0b-71f6a2c8d534"
ROLE = f"arn:aws:iam::{OWNER}:role/contracts"
S3_ASKS_FOR = ["kms:GenerateDataKey", "kms:Decrypt"]
IN_ALL_BUCKETS = {"StringLike": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::*"}}
NOT_THE_ROLE = {"ArnNotEquals": {"aws:PrincipalArn": ROLE}}
THROUGH_S3 = (
    # There is no other S3 in the Region, whatever stands behind it, and AWS writes its name in small letters.
    {"StringLike": {"kms:ViaService": "s3.us-east-1.*"}},
    {"StringEqualsIgnoreCase": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
)
BY_ANY_SPELLING = {"StringEqualsIgnoreCase": {"aws:PrincipalArn": ROLE}}
MAY = (
    allow(NO_USE, by=OWNER),
    *(allow([*USE, "kms:DescribeKey"], by=ROLE, only=condition) for condition in THROUGH_S3),
    # To IAM names of roles that differ in capital letters alone are one (API reference, CreateRole).
    allow([*USE, "kms:DescribeKey"], by="*", only=both(BY_ANY_SPELLING, THROUGH_S3[0])) | {"Sid": BESIDE_THE_POINT},
)


@pytest.fixture
def key(lab):
    """The department's key, by its ARN."""
    return lab.home.create_key(key_id=KEY_ID)


@pytest.fixture
def role(lab):
    """The role that is to use the key; of KMS its IAM policy says nothing."""
    return lab.home.role("contracts", policies={"storage": _s3()})


@pytest.fixture
def learner(role, fresh):
    """Whom the policy is about."""
    return role.session(fresh.text(8))


@pytest.fixture
def asked(key_policy_on, role, key):
    """The learner's key policy, in force."""
    return key_policy_on(key)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_role_puts_and_gets_through_s3(asked, sessions, lab):
    """What S3 asks for on behalf of the role is allowed, with no IAM policy on KMS, in every bucket of the Region."""
    calls = both(both(called_through("s3", lab.region, lab.clock.now()), SYMMETRIC), IN_ALL_BUCKETS)
    must_allow(
        replace(asked, callers=sessions(ROLE)),
        Documents(policy("the role through S3", allow(S3_ASKS_FOR, by=ROLE, only=calls))),
        "S3 asks KMS in the name of whoever puts or gets an object: for a data key to encrypt, and to decrypt that "
        "data key again.",
    )


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_role_gets_in_by_no_other_way(asked, sessions):
    """The role uses the key through S3 in us-east-1 and by no other way, and does nothing else with it."""
    # What IAM policies add to this is asked below, of the role too.
    by_itself = replace(asked, callers=sessions(ROLE), identity="given")
    must_allow_no_more(by_itself, Documents(policy("the role through S3", *MAY)), _another_way)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_administrators_keep_the_key(asked, calls):
    """In account 111122223333 IAM policies go on deciding who administers the key."""
    must_allow(
        asked,
        Documents(policy("administration", allow(ADMINISTRATION, by=OWNER, only=both(calls, NOT_THE_ROLE)))),
        "What the brief lists stays with the account's administrators, who call KMS themselves and never through S3.",
    )


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_nobody_else_uses_the_key(asked):
    """Nobody else uses the key or makes grants on it: not in the account, not in another one, no AWS service."""
    for beside in ((inside(OWNER),), ()):
        must_allow_no_more(asked, Documents(policy("the role through S3", *MAY, *beside)), _somebody_else)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_contracts_in_s3(answer, lab, asked, learner, key, fresh):
    """In S3 the role's puts and gets work; its own Decrypt, another role's get and another account's put do not."""
    for bucket_key in (False, True):
        bucket, name, text = f"contracts-{fresh.text(12)}", fresh.text(8), fresh.bytes(40)
        lab.home.admin.client("s3").create_bucket(Bucket=bucket)
        with lab.via("answer"):
            try:
                _put_and_get(learner.client("s3"), bucket, name, text, _under(key) | {"BucketKeyEnabled": bucket_key})
            except ClientError as error:
                reject(
                    "The role could not put an object under the key and get it again, though S3 let it.",
                    expected="S3 encrypts the object under the key, and decrypts it for the role",
                    next_step="Mend what the checks above say of the role first.",
                    actual=str(error),
                )
    context = {"aws:s3:arn": f"arn:aws:s3:::{bucket}/{name}"}
    blob = lab.home.seal(key, fresh.bytes(32), context)
    other = lab.home.role(f"reports-{fresh.text(6)}", policies={"storage": _s3()}).session("one").client("s3")
    strangers = lab.account(STRANGERS).admin.client("s3")
    theirs = f"theirs-{fresh.text(12)}"
    strangers.create_bucket(Bucket=theirs)
    attacks = {
        "The role decrypted a data key by calling KMS itself": lambda: learner.client("kms").decrypt(
            CiphertextBlob=blob, EncryptionContext=context
        ),
        "Another role of the account read a contract through S3": lambda: other.get_object(Bucket=bucket, Key=name),
        f"Account {STRANGERS} put an object under the key into its own bucket": lambda: strangers.put_object(
            Bucket=theirs, Key=name, Body=text, **_under(key)
        ),
    }
    for done, attack in attacks.items():
        with lab.via("answer"):
            try:
                attack()
            except ClientError as error:
                assert "AccessDenied" in error.response["Error"]["Code"], error
                continue
        reject(
            f"{done}. The key is for one role, through S3 of one Region.",
            expected="AccessDenied",
            next_step="See which statement covers that call, and add to its Principal or Condition what it lacks.",
        )


def _another_way(request):
    via = request.context.get("kms:ViaService")
    if request.action not in (*USE, "kms:DescribeKey"):
        return "For encrypting and decrypting S3 never needs that, so nobody should have it by that way."
    if via is None:
        return (
            "A call of the role's own carries no kms:ViaService at all, so a condition on it must ask that it is there."
        )
    if via.startswith("s3."):
        return "kms:ViaService has the Region in it, and the brief names one."
    return "The brief names one service; kms:ViaService says which one makes the call."


def _somebody_else(request):
    caller = request.principal
    if request.action == "kms:CreateGrant":
        return "A grant lets anybody use the key by any way: the conditions of a key policy do not bind it."
    if caller.kind == "Service":
        return "S3 asks KMS in the name of the role; a service that comes as itself is somebody else."
    if caller.account != OWNER:
        return (
            "kms:ViaService says which service calls, not for whom: S3 calls for every account that has a bucket, so "
            "the statement has to say whose call it may be."
        )
    if "kms:ViaService" in request.context:
        return "S3 calls for everybody who has an object there; the brief names one role."
    return "Who may call KMS past S3 needs no bucket policy and leaves no trace in S3's log."


def _put_and_get(s3, bucket, name, text, how):
    s3.put_object(Bucket=bucket, Key=name, Body=text, **how)
    read = s3.get_object(Bucket=bucket, Key=name)["Body"].read()
    expect(read == text, "The role read another text.", expected="its own text", next_step="Check again.")


def _under(key):
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}


def _s3():
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
