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


def sides(decision):
    """The lines on the owner's and on the caller's account."""
    return [line for line in explain(decision) if line.startswith(("Owner's side", "Caller's side"))]


@pytest.mark.parametrize("owner", [True, False])
@pytest.mark.parametrize("caller", [True, False])
def test_between_accounts_the_explanation_says_what_each_account_says(scene, make_statement, owner, caller):
    home = make_statement(Sid="Home", Principal={"AWS": scene.account}, Action="kms:*")
    partner = make_statement(Sid="Partner", Principal={"AWS": scene.other_account}, Action=scene.action)
    own = [make_statement(Sid="Mine", Action=scene.action, Resource=scene.key)] if caller else None
    decision = scene.decide([home, partner] if owner else [home], own, caller=scene.outsider)
    of_owner, of_caller = sides(decision)
    assert scene.account in of_owner
    assert ("allows it" in of_owner, '"Partner"' in of_owner) == (owner, owner)
    assert scene.other_account in of_caller
    assert ('"Mine"' if caller else "no identity policy") in of_caller
    lines = explain(decision)
    assert decision.allowed is (owner and caller)
    if not decision.allowed:
        # One next step, in the account that lacks something; the owner's first.
        assert f"in account {scene.other_account if owner else scene.account}," in lines[-1]
        assert [account in lines[1] for account in (scene.account, scene.other_account)] == (
            [not owner, not caller] if owner or caller else [False, False]
        )


def test_inside_one_account_there_are_no_sides(scene, make_statement):
    assert sides(scene.decide([make_statement(Principal={"AWS": scene.account}, Action="kms:*")])) == []
    assert sides(scene.decide(action="kms:ListKeys", resource="*", caller=scene.outsider)) == []


def test_statements_for_the_owners_own_people_are_no_near_miss_to_an_outsider(scene, make_statement):
    twin = scene.outsider.arn + "x"
    key = [
        make_statement(Sid="Home", Principal={"AWS": scene.account}, Action="kms:*"),
        make_statement(Sid="Twin", Principal={"AWS": twin}, Action=scene.action),
    ]
    lines = explain(scene.decide(key, [make_statement(Action=scene.action)], caller=scene.outsider))
    near = [line for line in lines if line.startswith("Near miss")]
    assert len(near) == 1
    assert all(part in near[0] for part in ('"Twin"', twin, scene.outsider.arn))


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        (lambda scene: scene.key.replace(scene.account, scene.other_account), "the account differs"),
        (lambda scene: scene.key.replace(scene.region, "eu-north-1"), "the Region differs"),
        (lambda scene: scene.alias, "an alias ARN never stands for the key"),
    ],
)
def test_a_resource_that_is_nearly_right_is_told_apart_from_the_key(scene, make_statement, change, hint):
    key = [make_statement(Principal={"AWS": scene.other_account}, Action="kms:*")]
    own = [make_statement(Action=scene.action, Resource=change(scene))]
    lines = explain(scene.decide(key, own, caller=scene.outsider))
    assert [hint in line for line in lines if line.startswith("Near miss")] == [True]
    assert lines[-1].endswith(f"cover {scene.key}.")
    right = [make_statement(Action=scene.action, Resource=[change(scene), scene.key])]
    assert scene.decide(key, right, caller=scene.outsider).allowed


def test_where_both_accounts_lack_it_the_near_misses_of_both_are_shown(scene, make_statement):
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    key = [make_statement(Sid="Theirs", Principal={"AWS": scene.other_account}, Action="kms:*", Condition=condition)]
    own = [make_statement(Sid="Mine", Action=scene.action, Resource=scene.alias)]
    lines = explain(scene.decide(key, own, caller=scene.outsider))
    near = [line for line in lines if line.startswith("Near miss")]
    assert ['"Theirs"' in near[0], '"Mine"' in near[1]] == [True, True]
    assert '"Theirs"' in lines[-1]


@pytest.mark.parametrize("names", [{"Principal": None}, {"NotPrincipal": "the caller"}])
def test_a_statement_that_names_nobody_or_leaves_the_caller_out_is_a_near_miss(scene, make_statement, names):
    names = {name: value and {"AWS": scene.outsider.arn} for name, value in names.items()}
    lines = explain(scene.decide([make_statement(Sid="Odd", **names, Action="kms:*")], caller=scene.outsider))
    assert any(line.startswith("Near miss") and '"Odd"' in line for line in lines)


@pytest.mark.parametrize("where", ["owner", "caller"])
def test_a_deny_between_accounts_is_told_with_the_side_on_which_it_stands(scene, make_statement, where):
    key = [make_statement(Principal={"AWS": scene.other_account}, Action="kms:*")]
    own = [make_statement(Action="kms:*")]
    if where == "owner":
        key.append(make_statement("Deny", Sid="No", Principal={"AWS": scene.outsider.arn}, Action="kms:*"))
    else:
        own.append(make_statement("Deny", Sid="No", Action="kms:*"))
    decision = scene.decide(key, own, caller=scene.outsider)
    said = dict(zip(("owner", "caller"), sides(decision), strict=True))
    assert {side: "denies it" in line for side, line in said.items()} == {"owner": False, "caller": False} | {
        where: True
    }
    account = {"owner": scene.account, "caller": scene.other_account}[where]
    assert f"in account {account}," in explain(decision)[-1]


def test_an_operation_that_never_crosses_accounts_names_the_account_that_can_do_it(scene, make_statement):
    key = [make_statement(Principal={"AWS": scene.other_account}, Action="kms:*")]
    decision = scene.decide(key, [make_statement(Action="*")], caller=scene.outsider, action="kms:DisableKey")
    assert sides(decision) == []
    assert all(scene.account in line for line in explain(decision)[1:])


def test_following_the_next_steps_between_accounts_allows_the_request(scene, make_statement):
    """Done word for word, one after the other."""
    key, own = [make_statement(Principal={"AWS": scene.account}, Action="kms:*")], []
    for _ in range(2):
        decision = scene.decide(key, own, caller=scene.outsider)
        assert not decision.allowed
        step = explain(decision)[-1]
        if f"in account {scene.account}, add a statement to the key policy" in step:
            assert f"allows {scene.action} to {scene.outsider.arn}" in step
            key = [*key, make_statement(Principal={"AWS": scene.outsider.arn}, Action=scene.action)]
        else:
            assert f"in account {scene.other_account}, give" in step
            assert f"allows {scene.action} on {scene.key}" in step
            own = [make_statement(Action=scene.action, Resource=scene.key)]
    assert scene.decide(key, own, caller=scene.outsider).allowed
