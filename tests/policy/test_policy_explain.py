"""AWS's text of a denial, and the lines that a learner reads."""

import pytest

from kms_katas.policy import denial_message, explain


def test_the_text_where_the_identity_policy_lacks_the_allow(scene, make_statement):
    decision = scene.decide([make_statement(Principal={"AWS": scene.account}, Action="kms:*")])
    assert denial_message(decision) == (
        f"User: {scene.user.arn} is not authorized to perform: {scene.action} on resource: {scene.key}"
        f" because no identity-based policy allows the {scene.action} action"
    )


def test_the_text_where_the_key_policy_lacks_the_allow(scene, make_statement):
    decision = scene.decide([make_statement(Principal={"AWS": scene.user.arn + "x"}, Action="kms:*")])
    assert denial_message(decision).endswith(f"because no resource-based policy allows the {scene.action} action")


def test_the_text_where_there_is_no_key(scene):
    decision = scene.decide(action="kms:ListKeys", resource="*")
    assert denial_message(decision) == (
        f"User: {scene.user.arn} is not authorized to perform: kms:ListKeys on resource: *"
        " because no identity-based policy allows the kms:ListKeys action"
    )


@pytest.mark.parametrize("where", ["resource", "identity"])
def test_the_text_of_an_explicit_deny_says_where_it_stands(scene, make_statement, where):
    key = [make_statement(Principal="*", Action="kms:*")]
    identity = [make_statement(Action="kms:*")]
    if where == "resource":
        key.append(make_statement("Deny", Principal="*", Action="kms:*"))
    else:
        identity.append(make_statement("Deny", Action="kms:*"))
    article = {"resource": "a", "identity": "an"}[where]
    assert denial_message(scene.decide(key, identity)).endswith(
        f"{scene.key} with an explicit deny in {article} {where}-based policy"
    )


def test_the_text_names_the_session_not_its_role(scene, make_statement):
    session = scene.session()
    decision = scene.decide([make_statement(Principal={"AWS": scene.account}, Action="kms:*")], caller=session)
    assert denial_message(decision).startswith(f"User: {session.arn} is")


def test_an_explanation_tells_what_was_asked_and_what_decided(scene, make_statement):
    key = [make_statement(Sid="Mine", Principal={"AWS": scene.user.arn}, Action="kms:*")]
    asked, decided = explain(scene.decide(key))
    assert all(part in asked for part in (scene.user.arn, scene.action, scene.key))
    assert "Allowed" in decided
    assert '"Mine"' in decided


def test_an_explanation_of_a_denial_shows_the_near_miss_and_ends_with_one_next_step(scene, make_statement):
    condition = {"StringEquals": {"kms:EncryptionContext:env": "prod"}}
    key = [
        make_statement(Sid="Far", Principal={"AWS": scene.user.arn + "x"}, Action="kms:PutKeyPolicy"),
        make_statement(Sid="Near", Principal={"AWS": scene.user.arn}, Action="kms:*", Condition=condition),
    ]
    lines = explain(scene.decide(key, kms__EncryptionContext__env="dev"))
    near = [line for line in lines if line.startswith("Near miss")]
    assert len(near) == 1
    assert all(part in near[0] for part in ('"Near"', "statement 2", "'dev'", "'prod'"))
    assert [line for line in lines if line.startswith("Next step")] == [lines[-1]]


def test_an_identity_policy_that_the_key_policy_does_not_let_count_is_named(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.session().role_arn}, Action="kms:*")]
    lines = explain(scene.decide(key, [make_statement(Action=scene.action)]))
    assert "inline policy work" in lines[1]
    assert f"arn:aws:iam::{scene.account}:root" not in lines[1]


def test_the_next_step_never_starts_by_naming_the_caller_in_a_wider_statement(scene, make_statement):
    key = [
        make_statement(Sid="Admins", Principal={"AWS": scene.user.arn + "x"}, Action="kms:*"),
        make_statement(Sid="Mine", Principal={"AWS": scene.user.arn}, Action="kms:CancelKeyDeletion"),
    ]
    last = explain(scene.decide(key))[-1]
    assert '"Mine"' in last
    assert '"Admins"' not in last


def test_following_the_next_step_for_a_missing_action_allows_the_request(scene, make_statement):
    mine = {"Sid": "Mine", "Principal": {"AWS": scene.user.arn}}
    last = explain(scene.decide([make_statement(**mine, Action="kms:CancelKeyDeletion")]))[-1]
    assert "Action" in last and scene.action in last
    assert scene.decide([make_statement(**mine, Action=["kms:CancelKeyDeletion", scene.action])]).allowed
