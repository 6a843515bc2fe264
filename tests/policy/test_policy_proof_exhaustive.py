"""Proofs about small questions against every request of a small universe, and faults planted in the prover.

Each focus has policies of a few statements on one matter (texts, sets, names in an encryption context, variables,
callers) and all requests that could tell them apart with words of two or three letters.
"""

import json
import random
from functools import cache
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.policy import Documents, NamedPolicy, Principal, Request, decide, parse_document
from kms_katas.policy.proof import automaton, linked, principals, prove, search, space, values
from kms_katas.policy.proof.domain import condition_key

HOME, AWAY = "111122223333", "444455556666"
KEY = f"arn:aws:kms:us-west-2:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BOB = Principal(f"arn:aws:iam::{HOME}:user/bob")
_STRING = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase")


def _pattern(rng):
    return "".join(rng.choice("abA**?") for _ in range(rng.randint(1, 4)))


def _one_or_two(rng, make):
    return [make(rng) for _ in range(rng.randint(1, 2))]


def _texts(rng):
    operator = rng.choice(("Null", *_STRING, *_STRING)) + rng.choice(("", "", "IfExists"))
    if operator.startswith("Null"):
        return {"Null": {"aws:SourceVpce": rng.choice(("true", "false"))}}
    return {operator: {"aws:SourceVpce": _one_or_two(rng, _pattern)}}


def _sets(rng):
    operator = rng.choice(("ForAnyValue:", "ForAllValues:")) + rng.choice(_STRING) + rng.choice(("", "", "IfExists"))
    return {
        operator: {"kms:GrantOperations": _one_or_two(rng, lambda rng: rng.choice(("a", "b", "a*", "*b", "?", "A")))}
    }


def _pairs(rng):
    if rng.random() < 0.5:
        operator = rng.choice(("ForAnyValue:", "ForAllValues:")) + rng.choice(_STRING[:3])
        return {operator: {"kms:EncryptionContextKeys": _one_or_two(rng, lambda rng: rng.choice(("a", "A", "b", "?")))}}
    key = "kms:EncryptionContext:" + rng.choice("ab")
    if rng.random() < 0.3:
        return {"Null": {key: rng.choice(("true", "false"))}}
    return {rng.choice(_STRING) + rng.choice(("", "IfExists")): {key: rng.choice(("v", "w", "*"))}}


def _variables(rng):
    source = rng.choice(("${aws:username}", "${aws:PrincipalTag/t}"))
    text = rng.choice((source, source, source, "a" + source, source + "b", source + "*", "a", "b", "a*", "?"))
    key = rng.choice(("kms:EncryptionContext:k", "kms:EncryptionContext:k", "aws:username", "aws:PrincipalTag/t"))
    return {rng.choice(_STRING) + rng.choice(("", "", "IfExists")): {key: [text, rng.choice(("a", "b", text))]}}


def _numbers(rng):
    base = rng.choice(("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"))
    return {f"Numeric{base}": {"kms:ScheduleKeyDeletionPendingWindowInDays": rng.choice(("7", "8.5", "9", "29", "30"))}}


def _callers(rng):
    patterns = (f"arn:aws:iam::{HOME}:role/*", "*:user/b*", f"arn:aws:*::{AWAY}:*", "*:root", "*/t/*", f"*{HOME}*b")
    return rng.choice(
        (
            {rng.choice(("ArnLike", "StringLike", "StringNotLike")): {"aws:PrincipalArn": rng.choice(patterns)}},
            {"StringEquals": {"aws:PrincipalType": rng.choice(("Account", "User", "AssumedRole", "FederatedUser"))}},
            {"StringNotLike": {"aws:PrincipalAccount": rng.choice(("1*", "*6", HOME))}},
            {"StringLikeIfExists": {"aws:username": rng.choice(("b*", "bob", "?"))}},
            {"Bool": {"aws:PrincipalIsAWSService": rng.choice(("true", "false"))}},
        )
    )


_NAMES = (
    *("*", {"AWS": "*"}, {"AWS": HOME}, {"AWS": f"arn:aws:iam::{AWAY}:root"}),
    *({"AWS": f"arn:aws:iam::{HOME}:{rest}"} for rest in ("role/t/app", "role/app", "user/bob", "user/t/bob")),
    *({"AWS": f"arn:aws:sts::{HOME}:{rest}"} for rest in ("assumed-role/app/s", "federated-user/bob")),
    *({"Service": "logs.amazonaws.com"}, {"Federated": "idp"}),
)


@cache
def _requests(name):
    words = [*("".join(word) for n in (1, 2, 3, 4) for word in product("abAx", repeat=n))]
    short = ("a", "b", "ab", "ba", "x", "A", "axb")
    match name:
        case "texts":
            return [Request(BOB, "kms:Decrypt", KEY, {"aws:SourceVpce": word} if word else {}) for word in ["", *words]]
        case "sets":
            sets = [one for n in (1, 2, 3, 4) for one in combinations(short, n)]
            contexts = [{}, *({"kms:GrantOperations": one} for one in sets)]
            return [Request(BOB, "kms:CreateGrant", KEY, context) for context in contexts]
        case "pairs":
            return [
                Request(BOB, "kms:Decrypt", KEY, _with_names(dict(zip(spelt, given, strict=True))))
                for n in (0, 1, 2, 3)
                for spelt in combinations(("a", "A", "b", "B", "c", "cd"), n)
                if len({one.lower() for one in spelt}) == n
                for given in product("vwz", repeat=n)
            ]
        case "variables":
            return [
                Request(
                    Principal(who, tags={"t": tag} if tag else {}),
                    "kms:Decrypt",
                    KEY,
                    _with_names({"k": k} if k else {}),
                )
                for who in (
                    *(f"arn:aws:iam::{HOME}:user/{user}" for user in ("a", "b", "ab", "x")),
                    f"arn:aws:iam::{HOME}:root",
                )
                for tag in ("", "a", "b", "ab", "x", "y")
                for k in ("", "a", "b", "ab", "aab", "abb", "bb", "aa", "x", "ax", "xb", "xq", "y", "ya", "z")
            ]
        case "numbers":
            key = "kms:ScheduleKeyDeletionPendingWindowInDays"
            return [Request(BOB, "kms:ScheduleKeyDeletion", KEY, {key: str(days)}) for days in range(7, 31)]
        case _:
            return [Request(caller, "kms:Decrypt", KEY) for caller in _all_callers()]


def _with_names(pairs):
    context = {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
    return context | ({"kms:EncryptionContextKeys": tuple(pairs)} if pairs else {})


def _all_callers():
    for account in (HOME, AWAY, "999999999996", "123412341234"):
        for rest in ("root", "user/bob", "user/t/bob", "user/ann", "user/b", "user/t/ann"):
            yield Principal(f"arn:aws:iam::{account}:{rest}")
        for path, session, provider in product(("app", "t/app", "lab", "t/lab"), ("s", "z"), (None, "idp")):
            arn = f"arn:aws:sts::{account}:assumed-role/{path.rpartition('/')[2]}/{session}"
            yield Principal(arn, role_arn=f"arn:aws:iam::{account}:role/{path}", federated_provider=provider)
        yield from (Principal(f"arn:aws:sts::{account}:federated-user/{name}") for name in ("bob", "ann", "b"))
    yield from (Principal(name + ".amazonaws.com") for name in ("logs", "s3"))


FOCI = {
    "texts": _texts,
    "sets": _sets,
    "pairs": _pairs,
    "variables": _variables,
    "numbers": _numbers,
    "callers": _callers,
}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def _policy(rng, focus):
    body = []
    for _ in range(rng.randint(1, 3)):
        one = {"Effect": rng.choice(("Allow", "Allow", "Deny")), "Action": "kms:*", "Resource": "*", "Condition": {}}
        one["Principal"] = (
            rng.choice(_NAMES) if focus == "callers" else {"AWS": BOB.arn} if focus != "variables" else "*"
        )
        for _ in range(rng.randint(0 if focus == "callers" else 1, 2)):
            for operator, block in FOCI[focus](rng).items():
                one["Condition"].setdefault(operator, {}).update(block)
        body.append(one)
    if body[0]["Effect"] == "Deny":
        body.append({"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"})
    return {"Version": "2012-10-17", "Statement": body}


def _named(body):
    return NamedPolicy("policy", parse_document(json.dumps(body)))


def disagreement(focus, seed):
    """What is wrong with the proof of a random question; None where nothing is."""
    rng = random.Random(f"{focus} {seed}")
    first, second = (_named(_policy(rng, focus)) for _ in range(2))
    if rng.random() < 0.5:
        both = {**first.document, "Statement": first.document["Statement"] + second.document["Statement"]}
        second = _named(both)
    proof = prove("at most", Documents(first), Documents(second), key_arn=KEY)
    identities = ((), (_named({"Version": "2012-10-17", "Statement": EVERYTHING}),))
    found = [
        (asked, bool(further))
        for asked in _requests(focus)
        for further in identities
        if decide(asked, Documents(first, further)).allowed and not decide(asked, Documents(second, further)).allowed
    ]
    if proof.verdict == "refuted":
        further = identities[proof.counterexample.identity_allows]
        asked = proof.counterexample.request
        shown = [decide(asked, Documents(side, further)).allowed for side in (first, second)]
        return None if shown == [True, False] and _can_exist(asked) else repr(proof.counterexample)
    return None if proof.verdict == "proved" and not found else f"{proof.reason} {found[:1]}"


def _can_exist(asked):
    pairs = {key.lower()[22:] for key in asked.context if key.lower().startswith("kms:encryptioncontext:")}
    with_context = (
        asked.action in ("kms:Encrypt", "kms:Decrypt", "kms:CreateGrant", "kms:RetireGrant")
        or "DataKey" in asked.action
    )
    grant_keys = "kms:GrantOperations" not in asked.context or asked.action == "kms:CreateGrant"
    listed = {name.lower() for name in asked.context.get("kms:EncryptionContextKeys", ())}
    tagged = not (asked.principal.kind == "Service" and asked.principal.tags)
    days = asked.context.get("kms:ScheduleKeyDeletionPendingWindowInDays")
    deletes = days is None or (asked.action == "kms:ScheduleKeyDeletion" and 7 <= int(days) <= 30)
    return (
        pairs == listed
        and (not pairs or with_context or "ReEncrypt" in asked.action)
        and grant_keys
        and tagged
        and deletes
    )


@pytest.mark.parametrize("focus", FOCI)
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_a_verdict_is_that_of_every_request_in_a_small_universe(focus, seed):
    assert disagreement(focus, seed) is None


@pytest.mark.nightly
@pytest.mark.parametrize("focus", FOCI)
def test_a_verdict_is_that_of_every_request_in_a_small_universe_all_night(focus):
    start = random.randrange(2**40)
    for seed in range(start, start + 4000):
        assert (seed, disagreement(focus, seed)) == (seed, None)


# Each fault makes the prover blind for something, and is looked for where it should be seen.


def _literals(monkeypatch):
    monkeypatch.setattr(automaton.TextTests, "awaited", lambda self, state: set())


def _sets_of_two(monkeypatch):
    whole = values._sets
    monkeypatch.setattr(values, "_sets", lambda *args: (one for one in whole(*args) if len(one.value) == 1))


def _absent_keys(monkeypatch):
    whole = space.candidates
    monkeypatch.setattr(space, "candidates", lambda *args: [one for one in whole(*args) if one.value is not None])


def _root_users(monkeypatch):
    whole = space.callers
    monkeypatch.setattr(space, "callers", lambda *args: [one for one in whole(*args) if one.kind != "Account"])


def _named_sessions(monkeypatch):
    whole = space.callers
    monkeypatch.setattr(space, "callers", lambda *args: [one for one in whole(*args) if not one.arn.endswith("/s")])


def _paths(monkeypatch):
    whole = principals._Callers._paths
    flat = lambda *args, **how: (one for one in whole(*args, **how) if "/" not in one)  # noqa: E731
    monkeypatch.setattr(principals._Callers, "_paths", flat)


def _strange_accounts(monkeypatch):
    monkeypatch.setattr(principals._Callers, "_all_accounts", lambda self: iter([HOME]))


def _links_of_variables(monkeypatch):
    monkeypatch.setattr(linked, "_parts", lambda *args: iter(()))


def _identity_policies(monkeypatch):
    whole = search.Search.__init__
    monkeypatch.setattr(
        search.Search, "__init__", lambda self, one, budget, side, free: whole(self, one, budget, side, False)
    )


def _what_a_request_cannot_have(monkeypatch):
    everywhere = frozenset(space.PERMISSIONS)
    monkeypatch.setattr(space, "condition_key", lambda name: condition_key(name)._replace(permissions=everywhere))


def _denies_of_the_other_side(monkeypatch):
    whole = search.Search._solve_any
    without = lambda self, mine, theirs, my_denies, _, *rest: whole(self, mine, theirs, my_denies, 0, *rest)  # noqa: E731
    monkeypatch.setattr(search.Search, "_solve_any", without)


def _names_of_pairs(monkeypatch):
    monkeypatch.setattr(search.Search, "_by_pair_names", lambda self, options, fail: iter([options]))


def _neighbours_of_numbers(monkeypatch):
    monkeypatch.setattr(values, "_numbers", lambda key, kind, constants, spread: iter(["7", "30"]))


@pytest.mark.parametrize(
    ("fault", "focus"),
    [
        (_literals, "texts"),
        (_absent_keys, "texts"),
        (_sets_of_two, "sets"),
        (_what_a_request_cannot_have, "sets"),
        (_names_of_pairs, "pairs"),
        (_links_of_variables, "variables"),
        (_neighbours_of_numbers, "numbers"),
        (_denies_of_the_other_side, "callers"),
        (_root_users, "callers"),
        (_named_sessions, "callers"),
        (_paths, "callers"),
        (_strange_accounts, "callers"),
        (_identity_policies, "callers"),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_a_prover_that_is_blind_is_found_out(fault, focus, monkeypatch):
    fault(monkeypatch)
    assert any(disagreement(focus, seed) for seed in range(400))
