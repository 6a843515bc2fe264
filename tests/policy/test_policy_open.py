"""The points that AWS leaves open: how each is decided, that a decision resting on one says so, and no other does."""

import json

import pytest

from kms_katas.policy import (
    OPEN_POINTS,
    Documents,
    Grant,
    NamedPolicy,
    Principal,
    Request,
    decide,
    explain,
    parse_document,
)

OWNER = "111122223333"
KEY = f"arn:aws:kms:eu-west-1:{OWNER}:key/11111111-2222-4333-8444-555555555555"
BOB, SESSION = f"arn:aws:iam::{OWNER}:user/bob", f"arn:aws:sts::{OWNER}:assumed-role/app/one"


def policy(*statements):
    return NamedPolicy("a policy", parse_document(json.dumps({"Version": "2012-10-17", "Statement": list(statements)})))


def one(effect="Allow", names=None, action="kms:*", **more):
    return (
        {"Effect": effect, "Action": action, "Resource": "*"} | ({} if names is None else {"Principal": names}) | more
    )


def ask(key_policy, caller=BOB, context=None, action="kms:Decrypt", provider=None, **documents):
    principal = Principal(caller, federated_provider=provider)
    documents = {"key_policy": policy(*key_policy)} | documents
    return decide(Request(principal, action, KEY, context or {}), Documents(**documents))


def grant(grantee=BOB, **more):
    return (Grant("g1", KEY, grantee, ("Decrypt",), issuing_account=OWNER, **more),)


FOR_BOB = one(names={"AWS": BOB})
NOBODY = [one(names={"AWS": f"{BOB}y"})]
ONLY_S3 = policy(one(action="s3:*"))
EVERYTHING = (policy(one()),)
LIST = {"kms:EncryptionContextKeys": ("env", "team")}


def when(**condition):
    return {"Condition": {name.replace("__", ":"): block for name, block in condition.items()}}


# For each point whether the request is allowed here, and a request whose answer rests on it.
RESTING = {
    "grant-constraint-names": (
        True,
        lambda: ask(NOBODY, context={"kms:EncryptionContext:Team": "a"}, grants=grant(equals={"team": "a"})),
    ),
    "session-policy-and-named-session": (
        True,
        lambda: ask([one(names={"AWS": SESSION})], SESSION, session=(ONLY_S3,)),
    ),
    "boundary-and-grant-to-user": (True, lambda: ask(NOBODY, grants=grant(), boundary=ONLY_S3)),
    "grant-to-account": (False, lambda: ask(NOBODY, grants=grant(f"arn:aws:iam::{OWNER}:root"))),
    "not-principal-without-account": (
        True,
        lambda: ask([FOR_BOB, one("Deny") | {"NotPrincipal": {"AWS": BOB}}]),
    ),
    "account-beside-its-own-in-not-principal": (
        True,
        lambda: ask([FOR_BOB, one("Deny") | {"NotPrincipal": {"AWS": [f"{BOB}y", f"arn:aws:iam::{OWNER}:root"]}}]),
    ),
    "allow-with-not-principal": (True, lambda: ask([one() | {"NotPrincipal": {"AWS": f"{BOB}y"}}])),
    "multi-valued-without-qualifier": (
        False,
        lambda: ask([FOR_BOB | when(StringEquals={"kms:EncryptionContextKeys": "env"})], context=LIST),
    ),
    "any-value-if-exists": (
        True,
        lambda: ask([FOR_BOB | when(ForAnyValue__StringEqualsIfExists={"kms:EncryptionContextKeys": "env"})]),
    ),
    "grant-for-aws-resource-false": (
        True,
        lambda: ask(
            [FOR_BOB | when(Bool={"kms:GrantIsForAWSResource": "false"})],
            action="kms:CreateGrant",
            context={"kms:GrantIsForAWSResource": "false"},
        ),
    ),
    "wildcard-in-variable": (
        False,
        lambda: ask(
            [FOR_BOB | when(StringLike={"kms:EncryptionContext:team": "${aws:PrincipalTag/team}"})],
            context={"aws:PrincipalTag/team": "*", "kms:EncryptionContext:team": "blue"},
        ),
    ),
    "tags-and-aliases-in-key-policy": (
        True,
        lambda: ask(
            [FOR_BOB | when(StringEquals={"aws:ResourceTag/team": "a"})], context={"aws:ResourceTag/team": "a"}
        ),
    ),
    "federated-in-key-policy": (
        True,
        lambda: ask(
            [one(names={"Federated": "cognito-identity.amazonaws.com"})],
            SESSION,
            provider="cognito-identity.amazonaws.com",
        ),
    ),
}


@pytest.mark.parametrize("point", OPEN_POINTS)
def test_a_decision_that_rests_on_an_open_point_says_so(point):
    allowed, scene = RESTING[point]
    decision = scene()
    assert (decision.allowed, decision.open) == (allowed, (point,))
    assert sum(OPEN_POINTS[point].sentence in line for line in explain(decision)) == 1


@pytest.mark.parametrize("point", ["grant-to-account", "allow-with-not-principal", "federated-in-key-policy"])
def test_the_statement_that_raises_an_open_point_is_marked_in_the_trace(point):
    assert [step.open for step in RESTING[point][1]().trace if step.open] == [(point,)]


@pytest.mark.parametrize(
    "settled",
    [
        lambda: ask([FOR_BOB, one() | {"NotPrincipal": {"AWS": f"{BOB}y"}}]),
        lambda: ask([FOR_BOB, one("Deny") | {"NotPrincipal": {"AWS": [BOB, OWNER]}}]),
        lambda: ask(
            [one("Deny", "*"), FOR_BOB | when(StringEquals={"kms:EncryptionContextKeys": "env"})], context=LIST
        ),
        lambda: ask([FOR_BOB | when(ForAnyValue__StringEquals={"kms:EncryptionContextKeys": "env"})], context=LIST),
        lambda: ask([one(names={"AWS": SESSION})], SESSION, boundary=ONLY_S3),
        lambda: ask(NOBODY, SESSION, grants=grant(SESSION), session=(ONLY_S3,), boundary=ONLY_S3),
        lambda: ask([FOR_BOB], grants=grant(f"arn:aws:iam::{OWNER}:root")),
        lambda: ask([one(names={"AWS": OWNER})], identity=EVERYTHING, boundary=ONLY_S3),
        lambda: ask(
            [one(names={"AWS": OWNER})],
            identity=(policy(one() | when(StringEquals={"aws:ResourceTag/team": "a"})),),
            context={"aws:ResourceTag/team": "a"},
        ),
    ],
)
def test_a_decision_that_would_be_the_same_either_way_rests_on_nothing_open(settled):
    assert settled().open == ()
