"""Proofs about whole random policies against random requests on `decide`, both ways.

The requests come from the words of the policies and from their neighbours, by rules of their own: what makes them knows
nothing of how a proof is made.
"""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.policy import Documents, NamedPolicy, Principal, Request, decide, parse_document
from kms_katas.policy.proof import prove

HOME, AWAY, FAR = "111122223333", "444455556666", "555566667777"
KEY = f"arn:aws:kms:us-west-2:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
WITH_CONTEXT = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:CreateGrant")
ACTIONS = (
    *WITH_CONTEXT,
    *("kms:DescribeKey", "kms:PutKeyPolicy", "kms:RetireGrant", "kms:EnableKeyRotation", "kms:ScheduleKeyDeletion"),
    *("kms:TagResource", "kms:Sign", "kms:ListGrants"),
)
PATTERNS = (
    *ACTIONS,
    "kms:*",
    "kms:*",
    "kms:ReEncrypt*",
    "kms:Describe*",
    "KMS:GENERATE*",
    "*",
    "kms:ReEncrypt",
    "iam:*",
)
PRINCIPALS = (
    "*",
    {"AWS": "*"},
    {"AWS": HOME},
    {"AWS": f"arn:aws:iam::{HOME}:root"},
    {"AWS": f"arn:aws:iam::{HOME}:root"},
    {"AWS": f"arn:aws:iam::{AWAY}:root"},
    {"AWS": [f"arn:aws:iam::{HOME}:role/app", f"arn:aws:iam::{AWAY}:user/bob"]},
    {"AWS": f"arn:aws:iam::{HOME}:user/bob"},
    {"AWS": f"arn:aws:iam::{HOME}:user/team/ann"},
    {"AWS": f"arn:aws:iam::{HOME}:role/team/app"},
    {"AWS": f"arn:aws:sts::{HOME}:assumed-role/app/s1"},
    {"AWS": f"arn:aws:sts::{HOME}:federated-user/bob"},
    {"AWS": f"arn:aws:iam::{HOME}:user/*"},
    {"Service": "cloudtrail.amazonaws.com"},
    {"Service": ["logs.amazonaws.com", "cloudtrail.amazonaws.com"], "AWS": AWAY},
    {"Federated": "arn:aws:iam::111122223333:saml-provider/idp"},
)
TEXTS = ("blue", "bob", "b?b", "b*", "*e", "Blue", "app", "a*p", "*", "blue-1", "?", HOME)
VARIABLES = (
    "${aws:username}",
    "${aws:PrincipalTag/team}",
    "${aws:PrincipalTag/team, 'blue'}",
    "${aws:username}-1",
    "${*}",
)
TEXT_KEYS = (
    *("aws:PrincipalTag/team", "kms:EncryptionContext:team", "kms:EncryptionContext:App", "kms:EncryptionContext:team"),
    *("aws:PrincipalOrgID", "kms:ViaService", "aws:SourceVpce"),
)
SET_KEYS = ("kms:EncryptionContextKeys", "kms:GrantOperations", "kms:EncryptionContextKeys", "aws:TagKeys")
SET_TEXTS = ("team", "App", "app", "Encrypt", "Decrypt", "*e*", "Stage", "a*")
CALLER_KEYS = {
    "aws:PrincipalArn": (
        f"arn:aws:iam::{HOME}:role/*",
        f"arn:aws:iam::{HOME}:role/app",
        f"arn:aws:iam::{HOME}:user/b?b",
        "arn:aws:iam::*:role/a*",
        f"arn:aws:iam::{AWAY}:*",
        "*bob",
        f"arn:aws:iam::{HOME}:root",
    ),
    "aws:username": ("bob", "b*", "ann", "*n"),
    "aws:PrincipalAccount": (HOME, AWAY, "1111*", "????????????"),
    "kms:CallerAccount": (HOME, AWAY, "*4*"),
    "aws:PrincipalType": ("User", "AssumedRole", "Account"),
    "aws:PrincipalServiceName": ("logs.*", "cloudtrail.amazonaws.com"),
}
_STRING = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "ArnLike")


def some(rng, values, most=2):
    picked = rng.sample(values, rng.randint(1, min(most, len(values))))
    return picked if len(picked) > 1 or rng.random() < 0.3 else picked[0]


def condition(rng, variables=True):
    sort = rng.random()
    if_exists = rng.choice(("", "", "IfExists"))
    if sort < 0.35:
        texts = TEXTS + VARIABLES if variables else TEXTS
        return {rng.choice(_STRING[:-1]) + if_exists: {rng.choice(TEXT_KEYS): some(rng, texts)}}
    if sort < 0.5:
        key = rng.choice(list(CALLER_KEYS))
        operator = rng.choice(("ArnLike", "ArnNotLike", *_STRING)) if key == "aws:PrincipalArn" else rng.choice(_STRING)
        return {operator + if_exists: {key: some(rng, CALLER_KEYS[key])}}
    if sort < 0.65:
        operator = rng.choice(("ForAnyValue:", "ForAllValues:", "")) + rng.choice(_STRING[:-1])
        return {operator + if_exists: {rng.choice(SET_KEYS): some(rng, SET_TEXTS)}}
    if sort < 0.72:
        return {"Null": {rng.choice((*TEXT_KEYS, *SET_KEYS)): rng.choice(("true", "false"))}}
    if sort < 0.8:
        base = rng.choice(("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"))
        key, values = rng.choice(
            (
                ("kms:RotationPeriodInDays", ("90", "180", "365", "2560")),
                ("kms:ScheduleKeyDeletionPendingWindowInDays", ("7", "29.5", "30")),
            )
        )
        return {"Numeric" + base + if_exists: {key: some(rng, values)}}
    if sort < 0.87:
        operator = rng.choice(("IpAddress", "NotIpAddress"))
        return {
            operator + if_exists: {
                "aws:SourceIp": some(rng, ("10.0.0.0/8", "10.1.0.0/16", "192.0.2.44", "2001:db8::/32"))
            }
        }
    if sort < 0.94:
        key = rng.choice(("aws:MultiFactorAuthPresent", "kms:GrantIsForAWSResource", "aws:PrincipalIsAWSService"))
        return {"Bool" + if_exists: {key: rng.choice(("true", "false"))}}
    operator = rng.choice(("DateLessThan", "DateGreaterThan"))
    return {operator: {"aws:CurrentTime": rng.choice(("2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"))}}


def conditions(rng, variables=True):
    whole = {}
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        for operator, block in condition(rng, variables).items():
            whole.setdefault(operator, {}).update(block)
    return whole


def statement(rng, on_key=True, variables=True):
    made = {"Effect": rng.choice(("Allow", "Allow", "Deny")), "Resource": "*"}
    made["NotAction" if rng.random() < 0.08 else "Action"] = some(rng, PATTERNS, 3)
    if on_key:
        made["NotPrincipal" if rng.random() < 0.08 else "Principal"] = rng.choice(PRINCIPALS)
    sort = rng.random()
    if sort < 0.04:
        made["Resource"] = rng.choice((KEY, f"arn:aws:kms:*:{AWAY}:key/*", "arn:aws:kms:*:*:key/*"))
    elif sort < 0.06:
        del made["Resource"]
    if found := conditions(rng, variables):
        made["Condition"] = found
    return made


def policy(rng, on_key=True, variables=True):
    body = [statement(rng, on_key, variables) for _ in range(rng.randint(1, 4))]
    return {"Version": rng.choice(("2012-10-17",) * 4 + ("2008-10-17",)), "Statement": body}


def mutated(rng, before, on_key=True, variables=True):
    """A policy that differs in a thing or two, so that one often allows no more than the other."""
    after = json.loads(json.dumps(before))
    body = after["Statement"]
    for _ in range(rng.randint(1, 2)):
        one = rng.choice(body)
        match rng.randrange(8):
            case 0:
                body.append(statement(rng, on_key, variables))
            case 1 if len(body) > 1:
                body.remove(one)
            case 2:
                one["Condition"] = conditions(rng, variables)
            case 3 if on_key and "Principal" in one:
                one["Principal"] = rng.choice(PRINCIPALS)
            case 4 if "Action" in one:
                one["Action"] = some(rng, PATTERNS, 3)
            case 5:
                rng.shuffle(body)
            case 6:
                for block in one.get("Condition", {}).values():
                    for key, values in block.items():
                        block[key] = values[0] if isinstance(values, list) else [values, values]
            case 7:
                body.append(json.loads(json.dumps(one)))
    return after


def documents(key_policy, identity=()):
    def read(name, body):
        return NamedPolicy(name, parse_document(json.dumps(body)))

    return Documents(read("key policy", key_policy), tuple(read("identity policy", one) for one in identity))


_VALUES = (
    "blue",
    "bob",
    "bib",
    "be",
    "Blue",
    "app",
    "axp",
    "blue-1",
    "bob-1",
    "x",
    "q e",
    HOME,
    "BLUE",
    "anyone",
    "b",
    "*",
)
_CALLERS = [
    *(
        f"arn:aws:iam::{account}:{rest}"
        for account in (HOME, AWAY, FAR, "111199998888")
        for rest in ("root", "user/bob", "user/zoe")
    ),
    *(f"arn:aws:iam::{HOME}:user/{name}" for name in ("team/ann", "bib", "team/bob", "x/user/ben")),
    *(f"arn:aws:sts::{account}:federated-user/{name}" for account in (HOME, AWAY) for name in ("bob", "ann", "kim")),
    *("cloudtrail.amazonaws.com", "logs.amazonaws.com", "logs.us-east-1.amazonaws.com", "s3.amazonaws.com"),
]
_SESSIONS = [
    (f"arn:aws:sts::{account}:assumed-role/{path.rpartition('/')[2]}/{name}", f"arn:aws:iam::{account}:role/{path}")
    for account in (HOME, AWAY, FAR)
    for path in ("app", "team/app", "admin", "zoo")
    for name in ("s1", "s2")
]


def request(rng):
    """A request that can exist, by the rules of the KMS guide on which keys a request has."""
    action = rng.choice(ACTIONS)
    tags = {"team": rng.choice(_VALUES)} if rng.random() < 0.5 else {}
    if rng.random() < 0.4:
        arn, role = rng.choice(_SESSIONS)
        provider = rng.choice((None, None, "arn:aws:iam::111122223333:saml-provider/idp"))
        caller = Principal(arn, role_arn=role, tags=tags, federated_provider=provider)
    else:
        arn = rng.choice(_CALLERS)
        caller = Principal(arn, tags=tags if arn.startswith("arn:") else {})
    context = {
        "aws:CurrentTime": rng.choice(
            ("2026-05-31T23:59:59Z", "2026-06-01T00:00:00Z", "2026-08-01T00:00:00Z", "2028-01-01T00:00:00Z")
        )
    }
    may = {
        "aws:PrincipalOrgID": _VALUES,
        "kms:ViaService": _VALUES,
        "aws:SourceVpce": _VALUES,
        "aws:SourceIp": ("10.0.0.5", "10.1.2.3", "192.0.2.44", "8.8.8.8", "2001:db8::1", "fe80::1"),
        "aws:MultiFactorAuthPresent": ("true", "false"),
    }
    if action in ("kms:CreateGrant", "kms:ListGrants"):
        may["kms:GrantIsForAWSResource"] = ("true", "false")
    if action == "kms:EnableKeyRotation":
        may["kms:RotationPeriodInDays"] = ("90", "91", "180", "200", "365", "366", "2560")
    if action == "kms:ScheduleKeyDeletion":
        may["kms:ScheduleKeyDeletionPendingWindowInDays"] = ("7", "8", "29", "30")
    if action == "kms:TagResource":
        may["aws:TagKeys"] = ()
    if action == "kms:CreateGrant":
        may["kms:GrantOperations"] = ()
    for key, usual in may.items():
        if rng.random() < 0.4:
            sets = ("team", "App", "app", "Encrypt", "Decrypt", "key", "Stage", "axe")
            context[key] = rng.choice(usual) if usual else tuple(rng.sample(sets, rng.randint(1, 3)))
    if action in WITH_CONTEXT:
        names = list(rng.sample(("team", "App", "app", "Stage", "x", "Team"), rng.randint(0, 3)))
        names = list({name.lower(): name for name in names}.values())
        context |= {f"kms:EncryptionContext:{name}": rng.choice(_VALUES) for name in names}
        if names:
            context["kms:EncryptionContextKeys"] = tuple(names)
    return Request(caller, action, KEY, context)


EVERYTHING = documents(
    {"Statement": [{"Effect": "Allow"}]}, [{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]
).identity


def question(seed):
    """Two sides that differ a little, whether identity policies are given, and the source of what else is random."""
    rng = random.Random(seed)
    given_identity = rng.random() < 0.3
    first = policy(rng)
    second = policy(rng) if rng.random() < 0.1 else mutated(rng, first)
    of_first = [policy(rng, on_key=False)] if given_identity else []
    of_second = [mutated(rng, of_first[0], on_key=False)] if given_identity and rng.random() < 0.5 else of_first
    return documents(first, of_first), documents(second, of_second), given_identity, rng


def disagreement(seed, requests=40):
    """What is wrong with the proof of a random question; None where nothing is found."""
    first, second, given_identity, rng = question(seed)
    proof = prove("at most", first, second, key_arn=KEY, identity="given" if given_identity else "any")
    if proof.verdict == "undecided":
        return proof.reason
    if proof.verdict == "refuted":
        shown = proof.counterexample
        further = EVERYTHING if shown.identity_allows else ()
        allowed = [allows(side, shown.request, further) for side in (first, second)]
        return None if allowed == [True, False] and can_exist(shown.request) else repr(shown)
    for _ in range(requests):
        asked = request(rng)
        for further in ((),) if given_identity else ((), EVERYTHING):
            if allows(first, asked, further) and not allows(second, asked, further):
                return f"{asked} with {further}"
    return None


def allows(side, asked, further):
    return decide(asked, Documents(side.key_policy, (*side.identity, *further))).allowed


def can_exist(asked):
    """Whether a request keeps the rules by which `request` makes its own."""
    names = {name.lower() for name in asked.context}
    pairs = {name.removeprefix("kms:encryptioncontext:") for name in names if name.startswith("kms:encryptioncontext:")}
    listed = asked.context.get("kms:EncryptionContextKeys", ())
    only = {
        "kms:grantoperations": ("kms:CreateGrant",),
        "kms:grantisforawsresource": ("kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"),
        "kms:rotationperiodindays": ("kms:EnableKeyRotation",),
        "kms:schedulekeydeletionpendingwindowindays": ("kms:ScheduleKeyDeletion",),
        "aws:tagkeys": ("kms:TagResource", "kms:UntagResource"),
    }
    return (
        pairs == {name.lower() for name in listed}
        and (
            not pairs
            or asked.action in (*WITH_CONTEXT, "kms:ReEncryptTo", "kms:RetireGrant")
            or "GenerateDataKey" in asked.action
        )
        and all(asked.action in actions for name, actions in only.items() if name in names)
        and not (asked.principal.kind == "Service" and asked.principal.tags)
        and 90 <= int(asked.context.get("kms:RotationPeriodInDays", 90)) <= 2560
        and 7 <= int(asked.context.get("kms:ScheduleKeyDeletionPendingWindowInDays", 7)) <= 30
    )


@settings(max_examples=150)
@given(st.integers(0, 2**32))
def test_no_random_request_speaks_against_a_proof(seed):
    assert disagreement(seed) is None


@pytest.mark.nightly
def test_no_random_request_speaks_against_a_proof_all_night():
    start = random.randrange(2**40)
    for seed in range(start, start + 20_000):
        assert (seed, disagreement(seed, requests=150)) == (seed, None)
