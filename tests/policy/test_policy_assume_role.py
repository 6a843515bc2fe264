"""Who may assume a role: the trust policy of the role and the policies of the caller."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.policy import (
    Documents,
    NamedPolicy,
    PolicyError,
    Principal,
    Request,
    decide_assume_role,
    denial_message,
    explain,
    parse_document,
)

HOME, AWAY = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{HOME}:role/team/app"
CALLERS = {
    "root": f"arn:aws:iam::{HOME}:root",
    "alice": f"arn:aws:iam::{HOME}:user/alice",
    "itself": f"arn:aws:sts::{HOME}:assumed-role/app/s1",
    "bob": f"arn:aws:iam::{AWAY}:user/bob",
    "session": f"arn:aws:sts::{AWAY}:assumed-role/job/s1",
    "lambda": "lambda.amazonaws.com",
}


def caller(name):
    return Principal(CALLERS[name], ROLE if name == "itself" else None)


def policy(name, *statements):
    return NamedPolicy(name, parse_document(json.dumps({"Version": "2012-10-17", "Statement": list(statements)})))


def trust(principal, effect="Allow", action="sts:AssumeRole", **more):
    return {"Effect": effect, "Principal": principal, "Action": action} | more


def own(effect="Allow", action="sts:AssumeRole", resource=ROLE):
    return {"Effect": effect, "Action": action, "Resource": resource}


def asked(name, trusted=(), owned=(), **context):
    request = Request(caller(name), "sts:AssumeRole", ROLE, {n.replace("__", ":"): v for n, v in context.items()})
    return decide_assume_role(
        request,
        policy("trust policy", *trusted) if trusted else None,
        (policy("inline policy work", *owned),) if owned else (),
    )


@pytest.mark.parametrize("principal", [{"AWS": CALLERS["alice"]}, {"AWS": [CALLERS["bob"], CALLERS["alice"]]}, "*"])
def test_naming_the_caller_is_enough_inside_the_account(principal):
    decision = asked("alice", [trust(principal)])
    assert (decision.kind, decision.layer, decision.statement.index) == ("Allowed", "trust-policy", 0)


@pytest.mark.parametrize("form", [HOME, f"arn:aws:iam::{HOME}:root"])
def test_naming_the_account_leaves_it_to_identity_policies(form):
    assert asked("alice", [trust({"AWS": form})]).layer == "identity-policy"
    assert not asked("alice", [trust({"AWS": form})]).allowed
    assert asked("alice", [trust({"AWS": form})], [own()]).allowed
    assert not asked("alice", [trust({"AWS": form})], [own(resource=ROLE.replace("team/", ""))]).allowed


@pytest.mark.parametrize("name", ["bob", "session"])
@pytest.mark.parametrize("principal", [AWAY, "*", "exactly"])
def test_across_accounts_both_sides_must_allow(name, principal):
    named = {"bob": CALLERS["bob"], "session": f"arn:aws:iam::{AWAY}:role/job"}[name]
    opened = [trust({"AWS": named if principal == "exactly" else principal})]
    assert asked(name, opened, [own()]).allowed
    assert asked(name, opened).layer == "identity-policy"
    closed = asked(name, [trust({"AWS": CALLERS["alice"]})], [own()])
    assert (closed.kind, closed.layer) == ("ImplicitDeny", "trust-policy")


def test_a_role_trusts_itself_only_when_it_says_so():
    assert not asked("itself", [trust({"AWS": CALLERS["alice"]})], [own()]).allowed
    assert asked("itself", [trust({"AWS": ROLE})]).allowed


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_role_that_does_not_exist_is_denied_whoever_asks(name):
    decision = asked(name, (), [own()])
    assert (decision.kind, decision.layer) == ("ImplicitDeny", "trust-policy")
    assert any(f"no role {ROLE}" in line for line in explain(decision))
    assert not any("add a statement" in line or "side" in line for line in explain(decision))


def test_a_service_needs_the_trust_policy_alone():
    assert asked("lambda", [trust({"Service": CALLERS["lambda"]})]).allowed
    assert not asked("lambda", [trust({"Service": "ec2.amazonaws.com"})]).allowed


def test_a_resource_in_a_trust_policy_means_nothing():
    # IAM refuses to store one.
    assert asked("alice", [trust({"AWS": CALLERS["alice"]}, Resource="arn:aws:s3:::other")]).allowed


def test_conditions_see_the_request_and_the_account_of_the_role():
    condition = {"StringEquals": {"sts:ExternalId": "x7", "aws:ResourceAccount": HOME, "aws:PrincipalAccount": AWAY}}
    opened = [trust({"AWS": AWAY}, Condition=condition)]
    assert asked("bob", opened, [own()], sts__ExternalId="x7").allowed
    denied = asked("bob", opened, [own()], sts__ExternalId="X7")
    assert any("sts:ExternalId" in line and "'X7'" in line for line in explain(denied))


def test_condition_keys_of_kms_are_not_in_a_request_to_sts():
    opened = [trust({"AWS": CALLERS["alice"]}, Condition={"Null": {"kms:CallerAccount": "true"}})]
    assert asked("alice", opened).allowed


def test_the_text_of_a_denial_ends_with_the_role_unless_a_deny_stands_somewhere():
    plain = f"User: {CALLERS['bob']} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    assert denial_message(asked("bob", [trust({"AWS": CALLERS["alice"]})])) == plain
    assert denial_message(asked("bob", [trust({"AWS": AWAY})])) == plain
    assert denial_message(asked("bob")) == plain
    shut = [trust({"AWS": AWAY}), trust({"AWS": AWAY}, "Deny")]
    assert denial_message(asked("bob", shut, [own()])) == plain + " with an explicit deny in the role trust policy"
    both = asked("bob", [trust({"AWS": AWAY})], [own(), own("Deny")])
    assert denial_message(both) == plain + " with an explicit deny in an identity-based policy"


def test_the_root_user_is_told_that_it_assumes_no_role():
    decision = asked("root", [trust("*")])
    assert denial_message(decision) == "Roles may not be assumed by root accounts."
    assert "root user" in explain(decision)[1]


@given(st.sampled_from(sorted(CALLERS)), st.data())
def test_the_rules_of_one_account_and_of_two(name, data):
    """Said once more, from the caller's side: what may name it, and what that is worth."""
    who = caller(name)
    names = [*(c for c in CALLERS.values() if not c.startswith("lambda")), ROLE, HOME, AWAY, "*"]
    named = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))
    allows = data.draw(st.booleans())
    directly = {who.arn, who.role_arn, "*"} & set(named)
    by_account = {who.account, f"arn:aws:iam::{who.account}:root"} & set(named)
    if name in ("root", "lambda"):
        expected = name == "lambda" and "*" in named
    elif who.account == HOME:
        expected = bool(directly or (by_account and allows))
    else:
        expected = bool((directly or by_account) and allows)
    assert asked(name, [trust({"AWS": named})], [own()] if allows and name != "lambda" else ()).allowed is expected


@given(st.sampled_from(sorted(CALLERS)), st.booleans(), st.sampled_from(["sts:AssumeRole", "sts:*", "*", "iam:*"]))
def test_a_deny_that_covers_the_request_always_wins(name, in_trust, action):
    opened, allowed = [trust("*")], [own()]
    (opened if in_trust else allowed).append(
        trust("*", "Deny", action) if in_trust else own("Deny", action, resource="*")
    )
    decision = asked(name, opened, allowed)
    if action != "iam:*":
        assert not decision.allowed
    assert all(line.endswith(".") for line in explain(decision))


def test_what_is_no_caller_is_refused_in_a_sentence():
    with pytest.raises(PolicyError, match="cannot be a caller"):
        Request(Principal(uuid.uuid4().hex), "sts:AssumeRole", ROLE)


def asked_beside(name, trusted, others, owned=(), action="sts:AssumeRole"):
    request = Request(caller(name), action, ROLE, {})
    identity = (policy("inline policy work", *owned),) if owned else ()
    return decide_assume_role(request, policy("trust policy", *trusted), identity, others)


NOT_STS = policy("narrow", own(action="kms:*", resource="*"))
DENIES = policy("guardrail", own("Deny", resource="*"))
DENIES_ALL = policy("guardrail", {"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Resource": "*"})


@pytest.mark.parametrize(
    ("layer", "others"),
    [
        ("service-control-policy", Documents(scps=((DENIES,),))),
        ("resource-control-policy", Documents(rcps=((DENIES_ALL,),))),
        ("permissions-boundary", Documents(boundary=DENIES)),
        ("session-policy", Documents(session=(DENIES,))),
    ],
)
def test_a_deny_of_any_layer_beside_the_trust_policy_wins(layer, others):
    decision = asked_beside("alice", [trust({"AWS": CALLERS["alice"]})], others, [own()])
    assert (decision.kind, decision.layer) == ("ExplicitDeny", layer)


def test_every_level_of_an_organization_must_allow():
    decision = asked_beside("alice", [trust("*")], Documents(scps=((NOT_STS,),)), [own()])
    assert (decision.kind, decision.layer) == ("ImplicitDeny", "service-control-policy")
    assert "because no service control policy allows the sts:AssumeRole action" in denial_message(decision)


@pytest.mark.parametrize("others", [Documents(boundary=NOT_STS), Documents(session=(NOT_STS,))])
def test_what_a_boundary_or_session_policy_does_not_allow_goes_where_the_trust_policy_names_the_caller_alone(others):
    """As with a key policy: a user or session that is named itself is not limited; an account's own policies are."""
    assert asked_beside("alice", [trust({"AWS": CALLERS["alice"]})], others).allowed
    through_account = asked_beside("alice", [trust({"AWS": HOME})], others, [own()])
    assert not through_account.allowed
    assert through_account.layer in ("permissions-boundary", "session-policy")
    named_role = asked_beside("itself", [trust({"AWS": ROLE})], others)
    assert not named_role.allowed


@pytest.mark.parametrize("others", [Documents(boundary=NOT_STS), Documents(session=(NOT_STS,))])
def test_across_accounts_a_boundary_or_session_policy_limits_every_name(others):
    named = [trust({"AWS": CALLERS["bob"]})]
    assert asked_beside("bob", named, Documents(), [own()]).allowed
    assert not asked_beside("bob", named, others, [own()]).allowed


@pytest.mark.parametrize("action", ["sts:TagSession", "sts:SetSourceIdentity"])
def test_tags_and_a_source_identity_are_asked_like_the_role_itself(action):
    assert asked_beside("alice", [trust({"AWS": CALLERS["alice"]}, action=action)], Documents(), action=action).allowed
    refused = asked_beside("alice", [trust({"AWS": CALLERS["alice"]})], Documents(), action=action)
    assert not refused.allowed
    assert denial_message(refused).endswith(f"is not authorized to perform: {action} on resource: {ROLE}")
