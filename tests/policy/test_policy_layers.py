"""The policies around the key policy and the caller's own: each takes away, none gives, and each says so."""

import json
import random
import uuid

import pytest

from kms_katas.policy import (
    Documents,
    Grant,
    NamedPolicy,
    Principal,
    Request,
    decide,
    denial_message,
    explain,
    parse_document,
)


def policy(*statements, name="a policy"):
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return NamedPolicy(f"{name} {uuid.uuid4().hex[:6]}", parse_document(json.dumps(document)))


def one(effect, action, **more):
    return {"Effect": effect, "Action": action, "Resource": "*"} | more


FULL = policy(one("Allow", "*"))
NOTHING_OF_KMS = policy(one("Allow", "s3:*"))


class World:
    """A key that leaves all to the identity policies of its account, a partner account that it lets in, and callers."""

    def __init__(self, action):
        self.action = action
        self.account, self.partner = (f"{random.randrange(10**12):012}" for _ in range(2))
        self.key = f"arn:aws:kms:eu-west-1:{self.account}:key/{uuid.uuid4()}"
        self.user = Principal(f"arn:aws:iam::{self.account}:user/{uuid.uuid4().hex}")
        self.guest = Principal(f"arn:aws:iam::{self.partner}:user/{uuid.uuid4().hex}")
        self.root = Principal(f"arn:aws:iam::{self.account}:root")
        self.session = Principal(f"arn:aws:sts::{self.account}:assumed-role/{uuid.uuid4().hex}/one")
        self.key_policy = self.key_policy_for([self.account, self.partner])
        self.own = (policy(one("Allow", "kms:*")),)

    def key_policy_for(self, names):
        return policy(one("Allow", "kms:*", Principal={"AWS": names}))

    def ask(self, caller=None, resource=None, **documents):
        held = {"key_policy": self.key_policy, "identity": self.own} | documents
        return decide(Request(caller or self.user, self.action, resource or self.key), Documents(**held))

    def grant(self, grantee, issuer=None):
        operation = self.action.partition(":")[2]
        return Grant(uuid.uuid4().hex, self.key, grantee, (operation,), issuing_account=issuer or self.account)


@pytest.fixture
def world():
    return World("kms:" + random.choice(["Encrypt", "Decrypt", "GenerateDataKey", "DescribeKey", "Sign"]))


def denial(world):
    return policy(one("Deny", world.action, Principal="*"), one("Allow", "*", Principal="*"))


def silent(world):
    return policy(one("Allow", "kms:CreateKey", Principal="*"))


def without_principal(found):
    statements = [{k: v for k, v in s.items() if k != "Principal"} for s in found.document["Statement"]]
    return policy(*statements)


LAYERS = {
    "service-control-policy": ("a service control policy", lambda one: {"scps": ((FULL,), (without_principal(one),))}),
    "vpc-endpoint-policy": ("a VPC endpoint policy", lambda one: {"vpc_endpoint": one}),
    "permissions-boundary": ("a permissions boundary", lambda one: {"boundary": without_principal(one)}),
    "session-policy": ("a session policy", lambda one: {"session": (without_principal(one),)}),
    "resource-control-policy": ("a resource control policy", lambda one: {"rcps": ((one,),)}),
    "identity-policy": ("an identity-based policy", lambda one: {"identity": (without_principal(one),)}),
    "key-policy": ("a resource-based policy", lambda one: {"key_policy": one}),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("who", ["user", "guest"])
def test_a_deny_in_any_layer_denies_and_is_named(world, layer, who):
    named, documents = LAYERS[layer]
    decision = world.ask(getattr(world, who), **documents(denial(world)))
    assert (decision.kind, decision.layer) == ("ExplicitDeny", layer)
    assert denial_message(decision).endswith(f"with an explicit deny in {named}")


@pytest.mark.parametrize("layer", [layer for layer in LAYERS if layer != "resource-control-policy"])
def test_a_layer_that_must_allow_and_does_not_is_named(world, layer):
    named, documents = LAYERS[layer]
    decision = world.ask(**documents(silent(world)))
    assert (decision.kind, decision.layer, decision.statement) == ("ImplicitDeny", layer, None)
    assert denial_message(decision).endswith(f"because no {named.split(' ', 1)[1]} allows the {world.action} action")


@pytest.mark.parametrize(
    "layer, words",
    [
        ("service-control-policy", "service control policies"),
        ("vpc-endpoint-policy", "VPC endpoint"),
        ("permissions-boundary", "permissions boundary"),
        ("session-policy", "session policy"),
    ],
)
def test_a_learner_reads_which_layer_lacks_the_allow_and_what_to_do(world, layer, words):
    _, because, *_, last = explain(world.ask(**LAYERS[layer][1](silent(world))))
    assert words in because
    assert last.startswith("Next step: ") and world.action in last
    assert not any(line.startswith("Near miss") for line in explain(world.ask(**LAYERS[layer][1](NOTHING_OF_KMS))))


def test_a_resource_control_policy_needs_no_allow(world):
    assert world.ask(rcps=((silent(world),),)).allowed


def test_a_caller_of_another_account_is_not_told_the_key_where_its_own_side_lacks_it(world):
    """Recorded of identity-based and session policies: radkawar/stackd, testdata/aws/kms/grants.json, cross_owner_*."""
    for lacking in ({"identity": ()}, {"session": (NOTHING_OF_KMS,)}, {"boundary": NOTHING_OF_KMS}):
        assert "on this resource because" in denial_message(world.ask(world.guest, **lacking))
        assert world.key in denial_message(world.ask(**lacking))


# Service control policies


@pytest.mark.parametrize("lacking", [0, 1, 2])
def test_every_level_of_service_control_policies_must_allow(world, lacking):
    levels = [(FULL,), (NOTHING_OF_KMS, FULL), (FULL,)]
    assert world.ask(scps=tuple(levels)).allowed
    levels[lacking] = random.choice([(NOTHING_OF_KMS,), ()])
    assert world.ask(scps=tuple(levels)).layer == "service-control-policy"


def test_service_control_policies_reach_the_root_user_of_a_member_account(world):
    deny = policy(one("Deny", world.action), one("Allow", "*"))
    assert world.ask(world.root).allowed
    assert world.ask(world.root, scps=((deny,),)).kind == "ExplicitDeny"


def test_service_control_policies_do_not_reach_services_service_linked_roles_and_the_management_account(world):
    role = f"arn:aws:iam::{world.account}:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS"
    linked = Principal(f"arn:aws:sts::{world.account}:assumed-role/AWSServiceRoleForRDS/one", role)
    service = Principal("rds.amazonaws.com")
    key_policy = policy(
        one("Allow", "kms:*", Principal={"AWS": [role, world.user.arn], "Service": service.arn}),
    )
    denied: dict = {"scps": ((policy(one("Deny", "kms:*")),),), "key_policy": key_policy}
    assert not world.ask(**denied).allowed
    assert world.ask(linked, **denied).allowed
    assert world.ask(service, **denied).allowed
    assert world.ask(management_account=world.account, **denied).allowed


def test_the_level_that_does_not_allow_is_told_and_no_other(world):
    near = one("Allow", "kms:CancelKeyDeletion")
    above, below = policy(near, name="above"), policy(near, name="below")
    told = "\n".join(explain(world.ask(scps=((FULL, above), (below,), (FULL,)))))
    assert "level 2" in told and below.name in told and above.name not in told


# Resource control policies


def test_resource_control_policies_do_not_reach_aws_managed_keys_or_the_management_accounts_keys(world):
    denied = {"rcps": ((denial(world),),)}
    assert not world.ask(**denied).allowed
    assert world.ask(aws_managed_key=True, **denied).allowed
    assert world.ask(management_account=world.account, **denied).allowed
    assert not world.ask(world.guest, management_account=world.partner, **denied).allowed


def test_resource_control_policies_do_not_reach_retire_grant(world):
    world.action = "kms:RetireGrant"
    assert world.ask(rcps=((policy(one("Deny", "*", Principal="*")),),)).allowed


# The VPC endpoint policy


def test_the_principal_of_an_endpoint_policy_counts(world):
    def through(names):
        return world.ask(vpc_endpoint=policy(one("Allow", "kms:*", Principal=names)))

    for names in ("*", {"AWS": world.user.arn}, {"AWS": world.account}):
        assert through(names).allowed
    assert through({"AWS": world.guest.arn}).layer == "vpc-endpoint-policy"


# The permissions boundary and session policies


@pytest.mark.parametrize("limit", ["boundary", "session"])
def test_what_a_role_is_given_is_limited_and_what_a_session_or_everyone_is_given_is_not(world, limit):
    """Grants: recorded, radkawar/stackd, testdata/aws/kms/grants.json, cases session_* and role_*."""
    limits = {limit: NOTHING_OF_KMS if limit == "boundary" else (NOTHING_OF_KMS,), "identity": ()}
    layer = "permissions-boundary" if limit == "boundary" else "session-policy"
    for grantee, allowed in ((world.session.arn, True), (world.session.role_arn, False)):
        by_grant = world.ask(world.session, grants=(world.grant(grantee),), **limits)
        by_key_policy = world.ask(world.session, key_policy=world.key_policy_for(grantee), **limits)
        assert [one.allowed for one in (by_grant, by_key_policy)] == [allowed, allowed]
        assert allowed or {by_grant.layer, by_key_policy.layer} == {layer}
    assert world.ask(world.session, key_policy=world.key_policy_for("*"), **limits).allowed


def test_a_role_as_caller_stands_for_a_session_of_it_that_the_key_policy_does_not_name(world):
    role = Principal(world.session.role_arn)
    key_policy = world.key_policy_for(role.arn)
    assert world.ask(role, key_policy=key_policy, identity=()).allowed
    assert not world.ask(role, key_policy=key_policy, identity=(), boundary=NOTHING_OF_KMS).allowed


def test_a_session_policy_is_told_before_identity_policies_where_the_role_was_granted(world):
    """Recorded: radkawar/stackd, testdata/aws/kms/grants.json, cross_owner_*_implicit_session_deny."""
    session = Principal(f"arn:aws:sts::{world.partner}:assumed-role/{uuid.uuid4().hex}/one")
    lacking = {"identity": (), "session": (NOTHING_OF_KMS,), "key_policy": world.key_policy_for(world.account)}
    for grantee, told in ((session.arn, "identity-policy"), (session.role_arn, "session-policy")):
        decision = world.ask(session, grants=(world.grant(grantee),), **lacking)
        assert (decision.allowed, decision.layer) == (False, told)


def test_across_accounts_a_limit_holds_for_the_session_too_unless_its_own_account_made_the_grant(world):
    """Recorded: radkawar/stackd, testdata/aws/kms/grants.json, cross_owner_identity_allowed_* and cross_trusted_*."""
    session = Principal(f"arn:aws:sts::{world.partner}:assumed-role/{uuid.uuid4().hex}/one")
    limited = {"session": (NOTHING_OF_KMS,), "key_policy": world.key_policy_for(world.account)}
    assert world.ask(session, grants=(world.grant(session.arn),), **limited).layer == "session-policy"
    assert world.ask(session, grants=(world.grant(session.arn, world.partner),), **limited).allowed
    assert not world.ask(session, grants=(world.grant(session.role_arn, world.partner),), **limited).allowed


def test_one_of_several_session_policies_is_enough(world):
    assert world.ask(world.session, session=(NOTHING_OF_KMS, FULL)).allowed
    assert not world.ask(world.session, session=(NOTHING_OF_KMS, NOTHING_OF_KMS)).allowed


def test_a_federated_session_has_no_more_of_its_user_than_its_session_policy(world):
    name = uuid.uuid4().hex
    session = Principal(f"arn:aws:sts::{world.account}:federated-user/{name}")
    key_policy = world.key_policy_for(f"arn:aws:iam::{world.account}:user/{name}")
    assert world.ask(session, key_policy=key_policy, session=(FULL,)).allowed
    assert world.ask(session, key_policy=key_policy, session=(NOTHING_OF_KMS,)).layer == "session-policy"


def test_operations_on_no_key_are_limited_too(world):
    world.action = "kms:CreateKey"
    assert world.ask(resource="*").allowed
    for limit in ({"boundary": NOTHING_OF_KMS}, {"session": (NOTHING_OF_KMS,)}, {"scps": ((NOTHING_OF_KMS,),)}):
        assert not world.ask(resource="*", **limit).allowed


def test_a_deny_with_not_principal_hits_everyone_who_has_a_boundary(world):
    spare = {"AWS": [world.user.arn, world.account]}
    key_policy = policy(
        one("Allow", "kms:*", Principal={"AWS": world.user.arn}), one("Deny", "kms:*", NotPrincipal=spare)
    )
    assert world.ask(key_policy=key_policy).allowed
    assert world.ask(key_policy=key_policy, boundary=FULL).kind == "ExplicitDeny"


# The trace


def test_a_statement_is_found_by_line_and_column_where_the_document_knows_them(world):
    class Placed(dict):
        def statement_place(self, index):
            return (10 * index + 3, 5)

    statements = [one("Deny", "s3:*", Principal="*"), one("Allow", "kms:*", Principal={"AWS": world.user.arn})]
    placed, plain = (
        world.ask(key_policy=NamedPolicy("key policy", kind({"Statement": statements}))).statement
        for kind in (Placed, dict)
    )
    assert (placed.line, placed.column, plain.line, plain.column) == (13, 5, 0, 0)


def test_the_trace_has_every_layer_in_the_order_in_which_it_is_looked_at(world):
    everything = {"vpc_endpoint": denial(world), "boundary": FULL, "session": (FULL,), "rcps": ((denial(world),),)}
    decision = world.ask(
        world.session, scps=((FULL,), (FULL, FULL)), grants=(world.grant("rds.amazonaws.com"),), **everything
    )
    assert [step.layer for step in decision.trace] == [
        *["service-control-policy"] * 3,
        *["resource-control-policy"] * 2,
        *["vpc-endpoint-policy"] * 2,
        "key-policy",
        "identity-policy",
        "permissions-boundary",
        "session-policy",
        "grant",
    ]
    assert [step.level for step in decision.trace] == [1, 2, 2, 1, 1, *[0] * 7]
