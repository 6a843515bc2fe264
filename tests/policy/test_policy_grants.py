"""Grants beside policies: whom one helps, under which constraints, and that one made through another is no wider."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.policy import Documents, Grant, NamedPolicy, Principal, Request, decide, denial_message, explain
from kms_katas.policy.grants import no_wider

KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-4333-8444-555555555555"
OWNER = "111122223333"
BOB = f"arn:aws:iam::{OWNER}:user/bob"
EVE = f"arn:aws:iam::{OWNER}:user/eve"
GUEST = "arn:aws:iam::444455556666:user/guest"
OPERATIONS = ("Encrypt", "Decrypt", "DescribeKey", "CreateGrant", "RetireGrant", "GenerateDataKey")


def policy(effect: str, action: str, **more: Any) -> NamedPolicy:
    return NamedPolicy("policy", {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, **more}]})


DELEGATION = policy("Allow", "kms:*", Resource="*", Principal={"AWS": OWNER})
EVERYTHING = (policy("Allow", "*", Resource="*"),)


def asked(
    grants: list[Grant],
    caller: str = BOB,
    action: str = "kms:Decrypt",
    pairs: dict[str, str] | None = None,
    identity: tuple[NamedPolicy, ...] = (),
    key_policy: NamedPolicy = DELEGATION,
    **more: Any,
) -> Any:
    context = {f"kms:EncryptionContext:{name}": value for name, value in (pairs or {}).items()} | more.pop("keys", {})
    request = Request(Principal(caller), action, KEY, context, **more)
    return decide(request, Documents(key_policy, identity, tuple(grants)))


def grant(**changes: Any) -> Grant:
    return replace(Grant("g1", KEY, BOB, ("Decrypt",), issuing_account=OWNER), **changes)


def test_a_grant_allows_its_grantee_its_operations_and_nothing_else():
    decision = asked([grant()])
    assert decision.allowed and decision.layer == "grant" and decision.statement.policy == "grant g1"
    assert not asked([grant()], action="kms:Encrypt").allowed
    assert not asked([grant()], caller=EVE).allowed
    assert not asked([grant(key_arn=KEY[:-1] + "6")]).allowed


def test_a_grant_for_a_role_helps_each_session_and_one_for_a_session_that_one_alone():
    role = f"arn:aws:iam::{OWNER}:role/app"
    first, second = (f"arn:aws:sts::{OWNER}:assumed-role/app/{name}" for name in ("one", "two"))
    assert asked([grant(grantee=role)], caller=first).allowed
    assert asked([grant(grantee=first)], caller=first).allowed
    assert not asked([grant(grantee=first)], caller=second).allowed


def test_a_grant_for_an_account_leaves_it_to_identity_policies():
    to_all = grant(grantee=f"arn:aws:iam::{OWNER}:root")
    alone = policy("Allow", "kms:*", Resource="*", Principal={"AWS": EVE})
    assert not asked([to_all], key_policy=alone).allowed
    assert asked([to_all], key_policy=alone, identity=EVERYTHING).allowed
    assert asked([to_all], key_policy=alone, caller=to_all.grantee).allowed


def test_between_accounts_a_grant_needs_an_identity_policy_unless_the_own_account_issued_it():
    given_by_owner = grant(grantee=GUEST)
    refused = asked([given_by_owner], caller=GUEST)
    assert not refused.allowed
    assert denial_message(refused) == (
        f"User: {GUEST} is not authorized to perform: kms:Decrypt on this resource"
        " because no identity-based policy allows the kms:Decrypt action"
    )
    assert asked([given_by_owner], caller=GUEST, identity=EVERYTHING).allowed
    assert asked([grant(grantee=GUEST, issuing_account="444455556666")], caller=GUEST).allowed
    assert not asked([], caller=GUEST, identity=EVERYTHING).allowed


@pytest.mark.parametrize(
    ("pairs", "equal", "subset"),
    [
        ({}, False, False),
        ({"team": "a"}, True, True),
        ({"Team": "a"}, True, True),
        ({"team": "A"}, False, False),
        ({"team": "a", "more": "b"}, False, True),
    ],
)
def test_constraints_of_encryption_context(pairs, equal, subset):
    assert asked([grant(equals={"TEAM": "a"})], pairs=pairs).allowed is equal
    assert asked([grant(subset={"TEAM": "a"})], pairs=pairs).allowed is subset


def test_constraints_of_encryption_context_do_not_hold_back_operations_without_one():
    described = grant(operations=("DescribeKey", "RetireGrant"), equals={"team": "a"})
    assert asked([described], action="kms:DescribeKey").allowed
    assert asked([described], action="kms:RetireGrant", grant_id="g1").allowed


def test_a_service_uses_its_grant_for_the_resource_of_the_constraint_only():
    source = "arn:aws:rds:eu-west-1:111122223333:db:orders"
    for_service = grant(grantee="rds.amazonaws.com", source_arn=source)
    for arn, allowed in ((source, True), (source + "2", False)):
        assert asked([for_service], caller="rds.amazonaws.com", keys={"aws:SourceArn": arn}).allowed is allowed
    assert not asked([for_service], caller="rds.amazonaws.com").allowed


def test_who_may_retire_a_grant():
    retirable = grant(retiring=EVE)
    retire: dict[str, Any] = {"action": "kms:RetireGrant", "grant_id": "g1"}
    assert asked([retirable], caller=EVE, **retire).allowed
    assert not asked([retirable], **retire).allowed
    assert asked([grant(operations=("Decrypt", "RetireGrant"))], **retire).allowed
    assert asked([retirable], identity=EVERYTHING, **retire).allowed
    other = grant(grant_id="g2", retiring=BOB)
    assert not asked([retirable, other], **retire).allowed
    assert not asked([retirable], caller=GUEST, identity=EVERYTHING, **retire).allowed
    assert asked([grant(issuing_account="444455556666")], caller=GUEST, identity=EVERYTHING, **retire).allowed
    assert not asked([grant(retiring=GUEST)], caller=GUEST, **retire).allowed


@pytest.mark.parametrize(
    ("parent", "child", "allowed"),
    [
        ({"equals": {"a": "1"}}, {}, False),
        ({"equals": {"a": "1"}}, {"subset": {"a": "1"}}, False),
        ({"equals": {"a": "1"}}, {"equals": {"a": "1", "b": "1"}}, False),
        ({"subset": {"a": "1"}}, {"equals": {"a": "1", "b": "1"}}, True),
        ({"subset": {"a": "1"}}, {"subset": {"b": "1"}}, False),
        ({"source_arn": "arn:aws:rds:eu-west-1:111122223333:db:one"}, {}, False),
        ({}, {"subset": {"a": "1"}}, True),
    ],
)
def test_the_constraints_of_a_grant_made_through_another_are_at_least_as_strict(parent, child, allowed):
    assert no_wider(grant(**child), grant(**parent)) is allowed


def test_two_grants_do_not_add_up_for_a_new_one():
    first = grant(operations=("CreateGrant", "Decrypt"))
    second = grant(grant_id="g2", operations=("Encrypt",))
    create: dict[str, Any] = {"action": "kms:CreateGrant"}
    assert asked([first, second], grant_request=grant(operations=("Decrypt",)), **create).allowed
    assert not asked([first, second], grant_request=grant(operations=("Decrypt", "Encrypt")), **create).allowed


def test_an_explanation_names_the_grant_that_allowed_or_nearly_did():
    named = grant(name="nightly", equals={"team": "a"})
    assert 'grant g1 ("nightly")' in explain(asked([named], pairs={"team": "a"}))[1]
    refused = explain(asked([named]))
    assert any(line.startswith("Near miss: grant g1") and "EncryptionContextEquals" in line for line in refused)
    assert "constraints of grant g1" in refused[-1]
    assert not any("grant g1" in line for line in explain(asked([named], caller=EVE)))


some_pairs = st.dictionaries(st.sampled_from(["a", "A", "b"]), st.sampled_from(["1", "2"]), max_size=2)
some_grants = st.builds(
    Grant,
    st.sampled_from(["g1", "g2"]),
    st.just(KEY),
    st.sampled_from([BOB, EVE, GUEST]),
    st.lists(st.sampled_from(OPERATIONS), min_size=1, unique=True).map(tuple),
    retiring=st.sampled_from(["", BOB, EVE]),
    issuing_account=st.sampled_from(["", OWNER, "444455556666"]),
    equals=st.just({}) | some_pairs,
    subset=st.just({}) | some_pairs,
    source_arn=st.sampled_from(["", "arn:aws:rds:eu-west-1:111122223333:db:orders"]),
)
uses = st.sampled_from([f"kms:{operation}" for operation in OPERATIONS if "Grant" not in operation])


@st.composite
def families(draw, size):
    """Grants that differ from one another in a few fields, so that one is often no wider than the one before."""
    found = [draw(some_grants)]
    while len(found) < size:
        other, last = draw(some_grants), found[-1]
        kept = {
            name: getattr(last, name)
            for name in ("operations", "equals", "subset", "source_arn")
            if draw(st.booleans())
        }
        if "operations" in kept and draw(st.booleans()):
            kept["operations"] = tuple(one for one in last.operations if draw(st.booleans()))
        found.append(replace(other, **kept))
    return found


@given(families(2), uses, st.none() | some_pairs, st.booleans())
def test_a_grant_that_may_be_made_through_another_allows_nothing_that_this_one_does_not(
    family, action, pairs, on_behalf
):
    keys = {"aws:SourceArn": "arn:aws:rds:eu-west-1:111122223333:db:orders"} if on_behalf else {}
    if pairs is None:  # what the second asks for, which otherwise is rarely met
        pairs = family[1].equals or family[1].subset
    as_parent, as_child = (
        asked([replace(one, grantee=BOB, issuing_account="")], action=action, pairs=pairs, keys=keys).allowed
        for one in family
    )
    assert as_parent or not as_child or not no_wider(family[1], family[0])


@given(families(3))
def test_no_wider_carries_over_from_grant_to_grant(family):
    first, second, third = family
    assert no_wider(first, first)
    assert no_wider(third, first) or not (no_wider(second, first) and no_wider(third, second))


@given(st.lists(some_grants, max_size=3), uses | st.just("kms:CreateGrant"), some_pairs, st.booleans())
def test_a_grant_never_beats_a_deny(grants, action, pairs, in_key_policy):
    if in_key_policy:
        denied = asked(
            grants, action=action, pairs=pairs, key_policy=policy("Deny", action, Resource="*", Principal="*")
        )
    else:
        denied = asked(grants, action=action, pairs=pairs, identity=(policy("Deny", action, Resource="*"),))
    assert denied.kind == "ExplicitDeny"


@given(st.lists(some_grants, max_size=3), some_grants, uses, some_pairs, st.sampled_from([BOB, EVE, GUEST]))
def test_one_more_grant_never_denies(grants, more, action, pairs, caller):
    before, after = (asked(held, caller, action, pairs).allowed for held in (grants, [*grants, more]))
    assert after or not before
