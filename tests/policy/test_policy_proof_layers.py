"""Proofs with every layer of documents, against every request of a small universe, and faults planted for each layer.

One random layer at a time, or all of them: boundary, session policies, service and resource control policies by level,
endpoint policy, grants. The universe has callers of each kind that a layer treats in a way of its own.
"""

import json
import random
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.policy import Documents, Grant, NamedPolicy, Principal, Request, decide, parse_document
from kms_katas.policy.cases import Case, read_cases
from kms_katas.policy.context import is_key
from kms_katas.policy.proof import NOTHING, prove, rules, search, space
from kms_katas.policy.proof.domain import PERMISSIONS

DATA = Path(__file__).parents[1] / "data" / "authorization-cases"

HOME, AWAY, MANAGER = "111122223333", "444455556666", "999999999999"
KEY = f"arn:aws:kms:us-west-2:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ACTIONS = ("kms:Decrypt", "kms:RetireGrant", "kms:DescribeKey", "kms:CreateGrant", "kms:PutKeyPolicy")
_NAMES = (
    *("*", {"AWS": "*"}, {"AWS": HOME}, {"AWS": [AWAY, MANAGER]}, {"Service": "logs.amazonaws.com"}),
    *({"AWS": f"arn:aws:iam::{HOME}:{rest}"} for rest in ("role/app", "role/t/app", "user/bob")),
    *({"AWS": f"arn:aws:sts::{HOME}:{rest}"} for rest in ("assumed-role/app/s", "federated-user/bob")),
    {"AWS": f"arn:aws:iam::{AWAY}:role/app"},
)
_GRANTEES = (
    *(f"arn:aws:iam::{account}:{rest}" for account in (HOME, AWAY) for rest in ("user/bob", "role/app", "root")),
    *(f"arn:aws:sts::{HOME}:assumed-role/app/s", "logs.amazonaws.com"),
)


def _condition(rng):
    pair, vpce = "kms:EncryptionContext:a", "aws:SourceVpce"
    return rng.choice(
        (
            *({}, {}, {}),
            {rng.choice(("StringEquals", "StringNotEquals")): {vpce: rng.choice("vw")}},
            {rng.choice(("StringEquals", "StringEqualsIfExists")): {pair: rng.choice("vw")}},
            {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": rng.choice((["a"], ["a", "b"]))}},
            {rng.choice(("ArnLike", "ArnNotLike")): {"aws:PrincipalArn": f"arn:aws:iam::{HOME}:role/*"}},
            {"StringEquals": {"aws:PrincipalAccount": rng.choice((HOME, AWAY))}},
        )
    )


def _policy(rng, names=False, mostly=()):
    body = []
    for _ in range(rng.randint(1, 3)):
        one = {"Effect": rng.choice(("Allow", "Allow", "Allow", "Deny")), "Resource": "*"}
        one["Action"] = rng.choice(("kms:*", "kms:*", rng.choice(ACTIONS)))
        if names:
            one["NotPrincipal" if rng.random() < 0.15 else "Principal"] = rng.choice((*mostly, *_NAMES))
        if condition := _condition(rng):
            one["Condition"] = condition
        body.append(one)
    return NamedPolicy("policy", parse_document(json.dumps({"Version": "2012-10-17", "Statement": body})))


def _levels(rng, names=False):
    return tuple(
        tuple(_policy(rng, names, ["*"] * 20) for _ in range(rng.choice((1, 1, 2)))) for _ in range(rng.randint(1, 2))
    )


def _grant(rng):
    return Grant(
        f"g{rng.randrange(99)}",
        rng.choice((KEY, KEY, KEY, KEY[:-1] + "c")),
        rng.choice(_GRANTEES),
        tuple(rng.sample(("Decrypt", "DescribeKey", "RetireGrant", "CreateGrant"), rng.randint(1, 2))),
        retiring=rng.choice(("", "", *_GRANTEES)),
        issuing_account=rng.choice(("", HOME, AWAY)),
        equals=rng.choice(({}, {}, {"A": "v"}, {"a": "v", "b": "w"})),
        subset=rng.choice(({}, {}, {"a": "w"})),
        source_arn=rng.choice(("", "", "arn:aws:s3:::one")),
    )


LAYERS = {
    "boundary": lambda rng: {"boundary": _policy(rng)},
    "session": lambda rng: {"session": tuple(_policy(rng) for _ in range(rng.randint(1, 2)))},
    "scps": lambda rng: {"scps": _levels(rng), "management_account": rng.choice(("", MANAGER, HOME))},
    "rcps": lambda rng: {
        "rcps": _levels(rng, names=True),
        "management_account": rng.choice(("", MANAGER, MANAGER, HOME)),
        "aws_managed_key": rng.random() < 0.1,
    },
    "vpc_endpoint": lambda rng: {"vpc_endpoint": _policy(rng, names=True, mostly=["*"] * 10)},
    "grants": lambda rng: {"grants": tuple(_grant(rng) for _ in range(rng.randint(1, 2)))},
}
FOCI = (*LAYERS, "all")


def _documents(rng, focus):
    made = Documents(_policy(rng, names=True), tuple(_policy(rng) for _ in range(rng.choice((0, 0, 1)))))
    for layer in LAYERS if focus == "all" else (focus,):
        if focus != "all" or rng.random() < 0.5:
            made = replace(made, **LAYERS[layer](rng))
    return made


def _sides(rng, focus):
    """Two sides that have much in common, so that neither answer is rare."""
    first = _documents(rng, focus)
    other = _documents(rng, focus)
    if rng.random() < 0.6:
        kept = rng.sample(sorted(vars(first)), rng.randint(1, len(vars(first)) - 1))
        other = replace(other, **{name: getattr(first, name) for name in kept})
    return first, other


@cache
def _callers():
    found = [Principal("logs.amazonaws.com"), Principal("s3.amazonaws.com")]
    for account in (HOME, AWAY, MANAGER, "555566667777"):
        found += [Principal(f"arn:aws:iam::{account}:{rest}") for rest in ("root", "user/bob", "user/ann")]
        found += [Principal(f"arn:aws:sts::{account}:federated-user/{name}") for name in ("bob", "ann")]
        for path, session in product(("app", "t/app", "lab", "aws-service-role/x/app"), ("s", "z")):
            arn = f"arn:aws:sts::{account}:assumed-role/{path.rpartition('/')[2]}/{session}"
            found.append(Principal(arn, role_arn=f"arn:aws:iam::{account}:role/{path}"))
    return found


@cache
def _requests():
    found = []
    for caller, action, vpce, source in product(_callers(), ACTIONS, ("", "v", "x"), ("", "arn:aws:s3:::one")):
        context = {"aws:SourceVpce": vpce} if vpce else {}
        context |= {"aws:SourceArn": source} if source else {}
        found.append(Request(caller, action, KEY, context))
        for pairs in ({"a": "v"}, {"a": "w"}, {"A": "v", "b": "w"}, {"c": "v"}, {"a": "w", "c": "v"}):
            if action == "kms:Decrypt":
                spelt = {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
                found.append(
                    Request(caller, action, KEY, context | spelt | {"kms:EncryptionContextKeys": tuple(pairs)})
                )
    return found


EVERYTHING = NamedPolicy(
    "all",
    parse_document('{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}'),
)


def _allows(side, asked, helped):
    return decide(asked, replace(side, identity=(*side.identity, EVERYTHING)) if helped else side).allowed


def disagreement(focus, seed):
    """What is wrong with the proof of a random question; None where nothing is."""
    rng = random.Random(f"{focus} {seed}")
    first, second = _sides(rng, focus)
    identity = rng.choice(("any", "any", "given"))
    proof = prove("at most", first, second, key_arn=KEY, identity=identity)
    if proof.verdict == "refuted":
        shown = proof.counterexample
        allowed = [_allows(side, shown.request, shown.identity_allows) for side in (first, second)]
        helped = identity == "any" or not shown.identity_allows
        return None if allowed == [True, False] and helped else repr(shown)
    if proof.verdict != "proved":
        return proof.reason
    requests = rng.sample(_requests(), 600)
    return next(
        (
            f"{asked} {helped}"
            for asked in requests
            for helped in ((False, True) if identity == "any" else (False,))
            if not (helped and asked.principal.kind == "Service")
            and _allows(first, asked, helped)
            and not _allows(second, asked, helped)
        ),
        None,
    )


@pytest.mark.parametrize("focus", FOCI)
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_no_request_of_a_small_universe_speaks_against_a_proof_with_all_layers(focus, seed):
    assert disagreement(focus, seed) is None


@pytest.mark.parametrize("name", ["aws-docs", "derived"])
def test_what_a_known_case_allows_no_proof_denies(name):
    cases = [one for one in read_cases((DATA / f"{name}.json").read_text()) if isinstance(one, Case)]
    asked = [one for one in cases if one.request.action in PERMISSIONS and one.decide().allowed]
    asked = [one for one in asked if is_key(one.request.resource)]
    assert len(asked) > 20
    for case in asked:
        whose, documents = case.request.principal, case.documents
        proof = prove(
            "at most",
            documents,
            replace(documents, identity=(*documents.identity, *NOTHING.identity)),
            key_arn=case.request.resource,
            identity="given",
            callers=[whose],
            permissions=[case.request.action],
        )
        assert (case.id, proof.verdict) == (case.id, "refuted")


@pytest.mark.nightly
@pytest.mark.parametrize("focus", FOCI)
def test_no_request_of_a_small_universe_speaks_against_a_proof_with_all_layers_all_night(focus):
    start = random.randrange(2**40)
    for seed in range(start, start + 4000):
        assert (seed, disagreement(focus, seed)) == (seed, None)


# Each fault makes the prover blind for something about a layer, and is looked for where it should be seen.


def _without(layer):
    """A prover that has never heard of a layer."""

    def fault(monkeypatch):
        whole, layers = rules.rules_of, search.layers_of
        monkeypatch.setattr(space, "rules_of", lambda *args: (one for one in whole(*args) if one.layer != layer))
        monkeypatch.setattr(search, "layers_of", lambda one: (each for each in layers(one) if each[0] != layer))

    fault.__name__ = layer
    return fault


def _deaf_to_denies(layer):
    def fault(monkeypatch):
        whole = rules.rules_of
        heard = lambda *args: (one for one in whole(*args) if one.allows or one.layer != layer)  # noqa: E731
        monkeypatch.setattr(space, "rules_of", heard)

    fault.__name__ = f"no_deny_in_{layer}"
    return fault


def _one_level(monkeypatch):
    whole = search.layers_of
    monkeypatch.setattr(search, "layers_of", lambda one: (each for each in whole(one) if each[1] != 2))


def _everybody_reached(monkeypatch):
    whole = space.weighed_policies
    user = Principal(f"arn:aws:iam::{HOME}:user/bob")

    def no_manager(asked, side):
        return whole(replace(asked, principal=user), replace(side, management_account=""))

    monkeypatch.setattr(space, "weighed_policies", no_manager)


def _no_service_linked_role(monkeypatch):
    whole = space.callers
    monkeypatch.setattr(space, "callers", lambda *args: [one for one in whole(*args) if not one.service_linked])


def _nobody_limited(monkeypatch):
    monkeypatch.setattr(rules, "LIMITED", ())


def _everybody_limited(monkeypatch):
    monkeypatch.setattr(rules, "LIMITED", ("EXACT", "WILDCARD", "ROLE", "FEDUSER"))


def _bounded_like_others(monkeypatch):
    whole = rules.rules_of
    monkeypatch.setattr(space, "rules_of", lambda *args: (replace(one, bounded=False) for one in whole(*args)))


def _grants_without_constraints(monkeypatch):
    monkeypatch.setattr(rules, "_constraints", lambda grant: iter(()))


def _grants_without_source(monkeypatch):
    monkeypatch.setattr(rules, "_source", lambda grant: iter(()))


def _constraints_everywhere(monkeypatch):
    monkeypatch.setattr(rules, "WITH_CONTEXT", rules.WITH_CONTEXT | {"describekey", "creategrant"})


def _any_issuer(monkeypatch):
    whole = rules.counts_alone
    theirs = lambda grant, match, asked: whole(replace(grant, issuing_account=""), match, asked)  # noqa: E731
    monkeypatch.setattr(rules, "counts_alone", theirs)


@pytest.mark.parametrize(
    ("fault", "focus"),
    [
        *((_without("permissions-boundary"), "boundary"), (_without("session-policy"), "session")),
        *((_without("service-control-policy"), "scps"), (_without("resource-control-policy"), "rcps")),
        *((_without("vpc-endpoint-policy"), "vpc_endpoint"), (_without("grant"), "grants")),
        *((_deaf_to_denies("permissions-boundary"), "boundary"), (_deaf_to_denies("session-policy"), "session")),
        *(
            (_deaf_to_denies("service-control-policy"), "scps"),
            (_deaf_to_denies("vpc-endpoint-policy"), "vpc_endpoint"),
        ),
        *((_one_level, "scps"), (_everybody_reached, "scps"), (_no_service_linked_role, "scps")),
        *((_everybody_reached, "rcps"), (_no_service_linked_role, "rcps")),
        *((_nobody_limited, "boundary"), (_everybody_limited, "session"), (_bounded_like_others, "boundary")),
        *((_grants_without_constraints, "grants"), (_grants_without_source, "grants")),
        *((_constraints_everywhere, "grants"), (_any_issuer, "grants")),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_a_prover_that_is_blind_for_a_layer_is_found_out(fault, focus, monkeypatch):
    fault(monkeypatch)
    assert any(disagreement(focus, seed) for seed in range(500))
