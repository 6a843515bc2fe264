"""The checks of key-policies/context-conditions: which role uses the key in which encryption context, proved.

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
    policy,
)
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.policy import Documents

OWNER = "111122223333"
KEY_ID = "8a4d2f60-1b9c-4e37-b5d1-6e03c9a7f412"
TENANTS = {"tenant-north": "North", "tenant-south": "South"}
ARNS = {name: f"arn:aws:iam::{OWNER}:role/{name}" for name in TENANTS}
OPERATIONS = [name for name in USE if "KeyPair" not in name]


def with_pair(value):
    """The condition of an encryption context of this one pair, letter by letter."""
    pair, names = {"kms:EncryptionContext:tenant": value}, {"kms:EncryptionContextKeys": "tenant"}
    return {"StringEquals": pair, "ForAllValues:StringEquals": names}


# To IAM names of roles that differ in capital letters alone are one (API reference, CreateRole).
SPELLED = {"StringEqualsIgnoreCase": {"aws:PrincipalArn": list(ARNS.values())}}
BY_ANY_SPELLING = {name: {"StringEqualsIgnoreCase": {"aws:PrincipalArn": arn}} for name, arn in ARNS.items()}
ASIDE = {"Sid": BESIDE_THE_POINT}
MAY = (
    allow(NO_USE, by=OWNER),
    *(allow(USE, by=ARNS[name], only=with_pair(value)) for name, value in TENANTS.items()),
    *(allow(USE, by="*", only=both(BY_ANY_SPELLING[name], with_pair(TENANTS[name]))) | ASIDE for name in TENANTS),
    allow("kms:DescribeKey", by=list(ARNS.values())),
    allow("kms:DescribeKey", by="*", only=SPELLED) | ASIDE,
)


@pytest.fixture
def key(lab):
    """The firm's key, by its ARN."""
    return lab.home.create_key(key_id=KEY_ID)


@pytest.fixture
def north(lab):
    """The role of the one tenant's program."""
    return lab.home.role("tenant-north")


@pytest.fixture
def south(lab):
    """The role of the other's."""
    return lab.home.role("tenant-south")


@pytest.fixture
def learner(north, fresh):
    """Whom the policy is about."""
    return north.session(fresh.text(8))


@pytest.fixture
def asked(key_policy_on, north, south, key):
    """The learner's key policy, in force."""
    return key_policy_on(key)


@pytest.fixture
def tenants(sessions):
    """Two sessions of each tenant's role."""
    return [session for arn in ARNS.values() for session in sessions(arn)]


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_each_tenant_uses_the_key_with_its_pair(asked, tenants, calls):
    """Each tenant's role uses the key with its own pair: all the operations named, and without an IAM policy."""
    pairs = [allow(OPERATIONS, by=ARNS[name], only=both(_cipher(calls), with_pair(TENANTS[name]))) for name in TENANTS]
    must_allow(
        replace(asked, callers=tenants),
        Documents(policy("each its own pair", *pairs)),
        "Each role needs all the operations, with its own pair; StringEquals compares values, and the names in "
        "kms:EncryptionContextKeys, letter by letter.",
    )


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_no_tenant_uses_it_with_another_context(asked, tenants):
    """No tenant's role uses the key with any other encryption context, or has any other operation by this policy."""
    by_itself = replace(asked, callers=tenants, identity="given")
    must_allow_no_more(by_itself, Documents(policy("each its own pair", *MAY)), _another_context)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_tenants_can_describe_the_key(asked, tenants, calls):
    """Both roles can call DescribeKey, a request that has no encryption context."""
    must_allow(
        replace(asked, callers=tenants),
        Documents(policy("they look at it", allow("kms:DescribeKey", by=list(ARNS.values()), only=calls))),
        "DescribeKey takes no encryption context, so under a condition on one it is never allowed, and under a Deny "
        "that misses one always denied.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_administrators_keep_the_key(asked, calls):
    """In account 111122223333 IAM policies go on deciding who administers the key."""
    # Whether the tenants' roles could be administrators too nobody asks.
    others = both(calls, {"ArnNotEquals": {"aws:PrincipalArn": list(ARNS.values())}})
    must_allow(
        asked,
        Documents(policy("administration", allow(ADMINISTRATION, by=OWNER, only=others))),
        "Administration carries no encryption context either: what the first statement lists stays as it was.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_nobody_else_uses_the_key(asked):
    """Nobody else uses the key, not with an IAM policy for everything either, and nobody makes grants on it."""
    must_allow_no_more(asked, Documents(policy("each its own pair", *MAY)), _somebody_else)


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_files_of_the_tenants(answer, lab, asked, north, south, key, fresh):
    """In the lab each tenant opens what it sealed, and nothing of the other's."""
    people = {"North": north.session("one").client("kms"), "South": south.session("one").client("kms")}
    sealed = {}
    for value, kms in people.items():
        context, text = {"tenant": value}, fresh.bytes(24)
        with lab.via("answer"):
            try:
                blob = kms.encrypt(KeyId=key, Plaintext=text, EncryptionContext=context)["CiphertextBlob"]
                opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"]
                kms.describe_key(KeyId=key)
            except ClientError as error:
                reject(
                    f"The program of {value} could not encrypt, decrypt and describe the key with its own pair.",
                    expected="each of the three calls succeeds",
                    next_step="Mend what the checks above say first.",
                    actual=str(error),
                )
        expect(opened == text, f"{value} got another text.", expected="its own text", next_step="Check again.")
        sealed[value] = blob
    for value, kms in people.items():
        other = next(one for one in TENANTS.values() if one != value)
        with lab.via("answer"):
            try:
                kms.decrypt(CiphertextBlob=sealed[other], EncryptionContext={"tenant": other})
            except ClientError as error:
                assert error.response["Error"]["Code"] == "AccessDeniedException", error
                continue
        reject(
            f"The program of {value} opened a file of {other}, by giving the other's pair. The context keeps nobody "
            "out: who may use the key may name any tenant.",
            expected="AccessDeniedException",
            next_step=f"Let {value}'s role in with its own value alone.",
        )


def _cipher(calls):
    return both(calls, SYMMETRIC)


def _another_context(request):
    own = TENANTS.get((request.principal.role_arn or "").rpartition("/")[2], "")
    prefix = "kms:EncryptionContext:"
    pairs = {key.removeprefix(prefix): str(one) for key, one in request.context.items() if key.startswith(prefix)}
    if request.action not in USE:
        return "Beyond the use of the key a tenant's role gets DescribeKey and nothing else."
    if not pairs:
        return (
            "That call has an empty context. ForAllValues holds for a list with nothing in it, IfExists and the "
            "negated operators for what is not there, so something has to ask that the pair is there."
        )
    if len(pairs) > 1:
        return (
            "A condition on one pair says nothing about the others; kms:EncryptionContextKeys has all the names, and "
            "ForAllValues asks of each that it is a listed one."
        )
    ((name, value),) = pairs.items()
    if name != "tenant" and name.lower() == "tenant":
        return (
            "In the name of a condition key capital letters do not count; as a value of kms:EncryptionContextKeys they "
            "do, under an operator that looks at them."
        )
    if name != "tenant":
        return "Something has to ask for the tenant's own pair, by name and value."
    if value in TENANTS.values():
        return "That is the other tenant's pair: a statement lets in each of its principals with each of its values."
    if value.lower() == own.lower():
        return "KMS binds the value letter by letter, so that is the pair of somebody else."
    return "The value has to be the tenant's whole name and no other."


def _somebody_else(request):
    if request.action == "kms:CreateGrant":
        return "Who may make grants can let anybody use the key, in a context of their own choice."
    if request.action not in USE:
        return "What is no use of the key is left to IAM policies of the key's account, and to nobody else."
    return "The brief names two roles; an encryption context is no secret, and whoever knows it can send it."
