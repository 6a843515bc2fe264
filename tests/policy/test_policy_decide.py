"""Who may use a key: the rules of the KMS guide, one by one."""

import uuid

import pytest

from kms_katas.policy import PolicyError, Principal


def test_without_any_statement_for_the_caller_nobody_may_use_a_key(scene, make_statement):
    stranger = f"arn:aws:iam::{scene.account}:user/{uuid.uuid4().hex}"
    key = [make_statement(Principal={"AWS": stranger}, Action="kms:*")]
    for caller in (scene.user, scene.root, scene.session(), scene.outsider):
        decision = scene.decide(key, caller=caller)
        assert (decision.allowed, decision.kind, decision.statement) == (False, "ImplicitDeny", None)


def test_a_user_named_in_the_key_policy_needs_no_identity_policy(scene, make_statement):
    key = [make_statement(Sid="Direct", Principal={"AWS": scene.user.arn}, Action=scene.action)]
    decision = scene.decide(key)
    assert decision.kind == "Allowed"
    assert decision.layer == "key-policy"
    assert (decision.statement.index, decision.statement.sid) == (0, "Direct")


def test_a_role_named_in_the_key_policy_covers_its_sessions(scene, make_statement):
    session = scene.session()
    key = [make_statement(Principal={"AWS": session.role_arn}, Action=scene.action)]
    assert scene.decide(key, caller=session).allowed
    assert not scene.decide(key, caller=scene.session()).allowed


def test_a_role_with_a_path_is_named_with_its_path(scene, make_statement):
    session = scene.session("teams/blue/")
    without_path = f"arn:aws:iam::{scene.account}:role/{session.role_arn.rpartition('/')[2]}"
    assert scene.decide(
        [make_statement(Principal={"AWS": session.role_arn}, Action=scene.action)], caller=session
    ).allowed
    assert not scene.decide(
        [make_statement(Principal={"AWS": without_path}, Action=scene.action)], caller=session
    ).allowed


def test_a_session_named_in_the_key_policy_covers_that_session_alone(scene, make_statement):
    session = scene.session()
    twin = Principal(session.arn + "x", role_arn=session.role_arn)
    key = [make_statement(Principal={"AWS": session.arn}, Action=scene.action)]
    assert scene.decide(key, caller=session).allowed
    assert not scene.decide(key, caller=twin).allowed


@pytest.mark.parametrize("everyone", ["*", {"AWS": "*"}])
def test_the_principal_star_is_enough_inside_the_account(scene, make_statement, everyone):
    key = [make_statement(Principal=everyone, Action=scene.action)]
    assert scene.decide(key).allowed
    assert not scene.decide(key, caller=scene.outsider).allowed


@pytest.mark.parametrize("form", ["{}", "arn:aws:iam::{}:root"])
def test_the_account_principal_lets_identity_policies_decide(scene, make_statement, form):
    key = [make_statement(Principal={"AWS": form.format(scene.account)}, Action="kms:*")]
    assert scene.decide(key).layer == "identity-policy"
    assert not scene.decide(key).allowed
    decision = scene.decide(key, [make_statement(Action=scene.action, Resource=scene.key)])
    assert decision.allowed
    assert decision.statement.policy == "inline policy work"


def test_naming_the_caller_beside_its_account_is_enough(scene, make_statement):
    session = scene.session()
    key = [make_statement(Principal={"AWS": [scene.account, session.role_arn]}, Action="kms:*")]
    assert scene.decide(key, caller=session).layer == "key-policy"
    assert not scene.decide(key).allowed


def test_without_the_account_principal_identity_policies_allow_nothing(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.session().role_arn}, Action="kms:*")]
    decision = scene.decide(key, [make_statement(Action="*")])
    assert (decision.kind, decision.layer) == ("ImplicitDeny", "key-policy")


def test_the_account_principal_delegates_only_the_actions_of_its_statement(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.account}, Action="kms:Describe*")]
    everything = [make_statement(Action="kms:*")]
    assert scene.decide(key, everything, action="kms:DescribeKey").allowed
    assert scene.decide(key, everything, action="kms:Decrypt").layer == "key-policy"


def test_the_account_principal_delegates_only_under_its_conditions(scene, make_statement):
    root_only = {"StringEquals": {"aws:PrincipalType": "Account"}}
    key = [make_statement(Principal={"AWS": scene.account}, Action="kms:*", Condition=root_only)]
    assert scene.decide(key, caller=scene.root).allowed
    assert not scene.decide(key, [make_statement(Action="kms:*")]).allowed


def test_the_root_user_needs_no_identity_policy_where_the_account_is_named(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.account}, Action="kms:*")]
    assert scene.decide(key, caller=scene.root).layer == "key-policy"
    assert scene.decide(key, caller=scene.root).allowed


@pytest.mark.parametrize("where", ["key-policy", "identity-policy"])
def test_an_explicit_deny_wins_wherever_it_stands(scene, make_statement, where):
    key = [make_statement(Principal={"AWS": scene.user.arn}, Action="kms:*")]
    identity = [make_statement(Action="kms:*")]
    if where == "key-policy":
        key.append(make_statement("Deny", Sid="No", Principal="*", Action=scene.action))
    else:
        identity.append(make_statement("Deny", Sid="No", Action=scene.action))
    decision = scene.decide(key, identity)
    assert (decision.kind, decision.layer) == ("ExplicitDeny", where)
    assert (decision.statement.index, decision.statement.sid) == (1, "No")


def test_a_deny_for_another_caller_does_nothing(scene, make_statement):
    key = [
        make_statement(Principal={"AWS": scene.user.arn}, Action="kms:*"),
        make_statement("Deny", Principal={"AWS": scene.user.arn + "x"}, Action="kms:*"),
    ]
    assert scene.decide(key).allowed


@pytest.mark.parametrize("element", ["Action", "Resource", "Principal"])
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_key_policy_statement_without_a_needed_element_has_no_effect(scene, make_statement, element, effect):
    whole = {"Principal": {"AWS": scene.user.arn}, "Action": "kms:*"}
    key = [make_statement(effect, **(whole | {element: None}))]
    if effect == "Deny":
        key.append(make_statement(**whole))
    assert scene.decide(key).allowed is (effect == "Deny")
    assert not scene.decide(key).trace[0].applies


def test_not_action_covers_every_other_action(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.user.arn}, NotAction=["kms:Put*", "kms:Decrypt"])]
    assert scene.decide(key, action="kms:Encrypt").allowed
    assert not scene.decide(key, action="kms:PutKeyPolicy").allowed


def test_not_resource_covers_every_other_key(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.account}, Action="kms:*")]
    assert not scene.decide(key, [make_statement(Action="kms:*", NotResource=scene.key)]).allowed
    assert scene.decide(key, [make_statement(Action="kms:*", NotResource=scene.key + "0")]).allowed


def test_a_deny_with_not_principal_spares_those_it_lists(scene, make_statement):
    key = [
        make_statement(Principal={"AWS": scene.account}, Action="kms:*"),
        make_statement("Deny", NotPrincipal={"AWS": [scene.user.arn, scene.account]}, Action="kms:*"),
    ]
    everything = [make_statement(Action="kms:*")]
    assert scene.decide(key, everything).allowed
    assert scene.decide(key, everything, caller=scene.outsider).kind == "ExplicitDeny"


def test_a_resource_in_the_key_policy_must_be_this_key(scene, make_statement):
    def named(resource):
        return scene.decide([make_statement(Principal={"AWS": scene.user.arn}, Action="kms:*", Resource=resource)])

    assert named(scene.key).allowed
    assert named(f"arn:aws:kms:*:{scene.account}:key/*").allowed
    assert not named(scene.key + "0").allowed
    assert not named(scene.alias).allowed


def test_an_identity_policy_on_an_alias_does_not_reach_the_key(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.account}, Action="kms:*")]
    assert not scene.decide(key, [make_statement(Action="kms:*", Resource=scene.alias)]).allowed


@pytest.mark.parametrize("principal", ["user/*", "role/*", "user/?", "group/admins"])
def test_patterns_and_groups_are_no_principals(scene, make_statement, principal):
    key = [make_statement(Principal={"AWS": f"arn:aws:iam::{scene.account}:{principal}"}, Action="kms:*")]
    assert not scene.decide(key).allowed
    assert not scene.decide(key, caller=scene.session()).allowed


def test_principals_compare_with_case(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.user.arn.replace("user/", "user/A")}, Action="kms:*")]
    assert not scene.decide(key, caller=Principal(scene.user.arn.replace("user/", "user/a"))).allowed


def test_a_service_is_named_as_a_service_and_belongs_to_no_account(scene, make_statement):
    trail = Principal("cloudtrail.amazonaws.com")
    named = [make_statement(Principal={"Service": trail.arn}, Action="kms:*")]
    delegated = [make_statement(Principal={"AWS": scene.account}, Action="kms:*")]
    assert scene.decide(named, caller=trail).allowed
    assert not scene.decide(named, caller=Principal("logs.amazonaws.com")).allowed
    assert not scene.decide(delegated, [make_statement(Action="*")], caller=trail).allowed


def test_a_federated_session_is_covered_by_its_user(scene, make_statement):
    name = uuid.uuid4().hex
    session = Principal(f"arn:aws:sts::{scene.account}:federated-user/{name}")
    key = [make_statement(Principal={"AWS": f"arn:aws:iam::{scene.account}:user/team/{name}"}, Action="kms:*")]
    assert scene.decide(key, caller=session).allowed
    assert not scene.decide(key).allowed


@pytest.mark.parametrize("action", ["kms:CreateKey", "kms:ListKeys", "kms:ListAliases", "kms:GenerateRandom"])
def test_operations_without_a_key_are_allowed_by_identity_policies_on_star(scene, make_statement, action):
    assert scene.decide(None, [make_statement(Action=action)], action=action, resource="*").allowed
    assert not scene.decide(
        None, [make_statement(Action=action, Resource=scene.key)], action=action, resource="*"
    ).allowed
    root = scene.decide(None, action=action, resource="*", caller=scene.root)
    assert (root.allowed, root.layer) == (True, "root-user")


def test_an_alias_is_governed_by_identity_policies_alone(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.user.arn}, Action="kms:*")]
    asked = {"action": "kms:CreateAlias", "resource": scene.alias}
    assert scene.decide(key, **asked).layer == "identity-policy"
    assert not scene.decide(key, **asked).allowed
    assert scene.decide(key, [make_statement(Action="kms:CreateAlias", Resource=scene.alias)], **asked).allowed


def test_no_one_changes_an_alias_of_aws(scene, make_statement):
    reserved = f"arn:aws:kms:{scene.region}:{scene.account}:alias/aws/{uuid.uuid4().hex}"
    everything = [make_statement(Action="*")]
    assert not scene.decide(None, everything, action="kms:CreateAlias", resource=reserved).allowed
    assert not scene.decide(None, caller=scene.root, action="kms:DeleteAlias", resource=reserved).allowed


@pytest.mark.parametrize("named", ["the caller", "the account", "everyone"])
def test_across_accounts_both_sides_must_allow(scene, make_statement, named):
    name = {"the caller": scene.outsider.arn, "the account": scene.other_account, "everyone": "*"}[named]
    key = [make_statement(Principal={"AWS": name}, Action="kms:*")]
    mine = [make_statement(Action=scene.action, Resource=scene.key)]
    assert scene.decide(key, mine, caller=scene.outsider).allowed
    assert scene.decide(key, caller=scene.outsider).layer == "identity-policy"
    only_ours = [make_statement(Principal={"AWS": scene.account}, Action="kms:*")]
    assert scene.decide(only_ours, mine, caller=scene.outsider).layer == "key-policy"


def test_across_accounts_the_root_user_needs_the_owner_alone(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.other_account}, Action="kms:*")]
    root = Principal(f"arn:aws:iam::{scene.other_account}:root")
    assert scene.decide(key, caller=root).allowed


@pytest.mark.parametrize("action", ["kms:TagResource", "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:DisableKey"])
def test_some_operations_never_cross_accounts(scene, make_statement, action):
    key = [make_statement(Principal={"AWS": [scene.other_account, scene.account]}, Action="kms:*")]
    everything = [make_statement(Action="*")]
    assert scene.decide(key, everything, action=action).allowed
    decision = scene.decide(key, everything, action=action, caller=scene.outsider)
    assert (decision.allowed, decision.layer) == (False, "cross-account")


def test_retire_grant_cannot_come_from_a_key_policy(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.user.arn}, Action="kms:*")]
    assert not scene.decide(key, action="kms:RetireGrant").allowed
    assert scene.decide(key, [make_statement(Action="kms:RetireGrant")], action="kms:RetireGrant").allowed


def test_the_trace_has_every_statement_in_order(scene, make_statement):
    key = [
        make_statement(Sid="A", Principal={"AWS": scene.user.arn}, Action="kms:PutKeyPolicy"),
        make_statement("Deny", Sid="B", Principal="*", Action="kms:DeleteAlias"),
    ]
    decision = scene.decide(key, [make_statement(Sid="C", Action=scene.action)])
    assert [(s.layer, s.index, s.sid, s.effect, s.applies) for s in decision.trace] == [
        ("key-policy", 0, "A", "Allow", False),
        ("key-policy", 1, "B", "Deny", False),
        ("identity-policy", 0, "C", "Allow", True),
    ]


@pytest.mark.parametrize("element", ["principal", "action", "resource", "condition"])
def test_a_near_miss_fails_in_one_element_alone(scene, make_statement, element):
    wrong = {
        "principal": {"Principal": {"AWS": scene.user.arn + "x"}},
        "action": {"Action": "kms:CancelKeyDeletion"},
        "resource": {"Resource": scene.key + "0"},
        "condition": {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    }
    whole = {"Principal": {"AWS": scene.user.arn}, "Action": scene.action}
    (step,) = scene.decide([make_statement(**(whole | wrong[element]))]).trace
    assert (step.near_miss, step.failed) == (True, (element,))
    other = "action" if element != "action" else "resource"
    (far,) = scene.decide([make_statement(**(whole | wrong[element] | wrong[other]))]).trace
    assert not far.near_miss


@pytest.mark.parametrize(
    ("arn", "kind", "account"),
    [
        ("arn:aws:iam::{}:root", "Account", True),
        ("arn:aws:iam::{}:user/a/b/carol", "User", True),
        ("arn:aws-cn:sts::{}:assumed-role/R/S", "AssumedRole", True),
        ("arn:aws:sts::{}:federated-user/carol", "FederatedUser", True),
        ("cloudtrail.amazonaws.com", "Service", False),
    ],
)
def test_a_caller_is_known_by_its_arn(scene, arn, kind, account):
    caller = Principal(arn.format(scene.account))
    assert (caller.kind, caller.account) == (kind, scene.account if account else "")


@pytest.mark.parametrize("text", ["", "alice", "*", "arn:aws:iam::123:user/a", "arn:aws:s3:::bucket", "111122223333"])
def test_what_cannot_call_is_refused_in_a_sentence(text):
    with pytest.raises(PolicyError, match="cannot be a caller"):
        Principal(text)
