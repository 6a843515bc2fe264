"""The decision about a resource of another service than KMS: its own policy beside the caller's. Of keys:
test_policy_decide.py.
"""

from typing import Any

import pytest

from kms_katas.policy import Documents, NamedPolicy, Principal, decide_on_resource
from kms_katas.policy import Request as Question

ACTION = "sqs:SendMessage"


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    return {"Effect": effect, "Resource": "*", **elements}


def policy(*statements: dict[str, Any]) -> NamedPolicy:
    return NamedPolicy("a policy", {"Version": "2012-10-17", "Statement": list(statements)})


ALLOWS = policy(statement(Action="sqs:*"))
ALLOWS_ANOTHER = policy(statement(Action="sqs:ReceiveMessage"))


def decided(scene: Any, caller: Principal, named: str | None, **documents: Any) -> tuple[str, str]:
    """What comes out, and where, for a queue of the scene's account whose policy allows the action to `named`."""
    queue = f"arn:aws:sqs:{scene.region}:{scene.account}:queue"
    on_it = policy(statement(Action=ACTION, Principal={"AWS": named})) if named else None
    decision = decide_on_resource(
        Question(caller, ACTION, queue, {}, owner=scene.account), on_it, Documents(**documents)
    )
    return decision.kind, decision.layer


def test_inside_the_account_either_policy_is_enough(scene: Any) -> None:
    user = scene.user
    assert decided(scene, user, user.arn) == ("Allowed", "resource-policy")
    assert decided(scene, user, None, identity=(ALLOWS,)) == ("Allowed", "identity-policy")
    assert decided(scene, user, None) == ("ImplicitDeny", "identity-policy")


def test_between_two_accounts_both_are_needed(scene: Any) -> None:
    outsider = scene.outsider
    assert decided(scene, outsider, outsider.arn) == ("ImplicitDeny", "identity-policy")
    assert decided(scene, outsider, None, identity=(ALLOWS,)) == ("ImplicitDeny", "resource-policy")
    assert decided(scene, outsider, outsider.arn, identity=(ALLOWS,))[0] == "Allowed"


def test_a_policy_that_names_the_account_leaves_it_to_the_identity_policies(scene: Any) -> None:
    assert decided(scene, scene.user, scene.root.arn) == ("ImplicitDeny", "identity-policy")
    assert decided(scene, scene.user, scene.root.arn, identity=(ALLOWS,))[0] == "Allowed"


def test_a_boundary_and_a_session_policy_limit_what_a_role_is_given(scene: Any) -> None:
    session = scene.session()
    assert session.role_arn is not None
    assert decided(scene, session, session.role_arn)[0] == "Allowed"
    for layer, limit in (
        ("permissions-boundary", {"boundary": ALLOWS_ANOTHER}),
        ("session-policy", {"session": (ALLOWS_ANOTHER,)}),
    ):
        assert decided(scene, session, session.role_arn, **limit) == ("ImplicitDeny", layer)
        assert decided(scene, session, None, identity=(ALLOWS,), **limit) == ("ImplicitDeny", layer)


@pytest.mark.parametrize("limit", [{"boundary": ALLOWS_ANOTHER}, {"session": (ALLOWS_ANOTHER,)}])
def test_what_names_the_session_itself_they_do_not_limit(scene: Any, limit: dict[str, Any]) -> None:
    session = scene.session()
    assert decided(scene, session, session.arn, **limit) == ("Allowed", "resource-policy")


def test_the_root_user_needs_no_policy_in_its_own_account_alone(scene: Any) -> None:
    assert decided(scene, scene.root, None) == ("Allowed", "root-user")
    stranger = Principal(scene.outsider.account_arn)
    assert decided(scene, stranger, None) == ("ImplicitDeny", "resource-policy")
    assert decided(scene, stranger, stranger.arn) == ("Allowed", "resource-policy")


def test_a_deny_anywhere_counts_for_the_root_user_too(scene: Any) -> None:
    deny = policy(statement("Deny", Action=ACTION))
    everything = policy(statement(Action="*"))
    assert decided(scene, scene.root, None, scps=((everything, deny),)) == ("ExplicitDeny", "service-control-policy")
    assert decided(scene, scene.user, scene.user.arn, identity=(deny,)) == ("ExplicitDeny", "identity-policy")
