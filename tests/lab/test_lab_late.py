"""What AWS does late, where a lab asks for it: tags and aliases in permissions, on-demand rotations."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.lab import Lab, Principal
from kms_katas.lab.kms.models import store_of

FIVE_MINUTES = timedelta(minutes=5)
May = Callable[[], bool]


def allowed_where(lab: Lab, condition: dict[str, Any]) -> Principal:
    statement = {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*", "Condition": condition}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return lab.home.user("u" + secrets.token_hex(4), policies={"some": policy})


def may(principal: Principal, key_id: str) -> bool:
    kms = principal.client("kms")
    try:
        kms.encrypt(KeyId=key_id, Plaintext=b"x")
    except kms.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDeniedException"
        return False
    return True


@pytest.fixture
def by_tag(lab: Lab, key: Any) -> May:
    tester = allowed_where(lab, {"StringEquals": {"aws:ResourceTag/Purpose": "Test"}})
    return lambda: may(tester, key["Arn"])


@pytest.fixture
def by_alias(lab: Lab, key: Any) -> May:
    tester = allowed_where(lab, {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/test"}})
    return lambda: may(tester, key["Arn"])


def tag(kms: Any, key: Any, purpose: str) -> None:
    kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": "Purpose", "TagValue": purpose}])


def turns(lab: Lab, permission: May, to: bool) -> None:
    """The permission is as it was until five minutes have passed, to the second, and then is `to`."""
    assert permission() is not to
    lab.clock.advance(seconds=299)
    assert permission() is not to
    lab.clock.advance(seconds=1)
    assert permission() is to


def test_a_change_of_tags_counts_at_once_unless_a_delay_is_set(lab: Lab, kms: Any, key: Any, by_tag: May) -> None:
    assert lab.tag_and_alias_delay == timedelta()
    tag(kms, key, "Test")
    assert by_tag()
    kms.untag_resource(KeyId=key["KeyId"], TagKeys=["Purpose"])
    assert not by_tag()


def test_each_change_of_tags_counts_after_the_delay(lab: Lab, kms: Any, key: Any, by_tag: May) -> None:
    lab.tag_and_alias_delay = FIVE_MINUTES
    tag(kms, key, "Test")
    turns(lab, by_tag, to=True)
    tag(kms, key, "Production")
    turns(lab, by_tag, to=False)
    tag(kms, key, "Test")
    turns(lab, by_tag, to=True)
    kms.untag_resource(KeyId=key["KeyId"], TagKeys=["Purpose"])
    turns(lab, by_tag, to=False)


def test_a_tag_that_came_and_went_counts_for_as_long_as_it_was_there(lab: Lab, kms: Any, key: Any, by_tag: May) -> None:
    lab.tag_and_alias_delay = FIVE_MINUTES
    tag(kms, key, "Test")
    lab.clock.advance(minutes=2)
    kms.untag_resource(KeyId=key["KeyId"], TagKeys=["Purpose"])
    seen = []
    for _ in range(6):
        seen.append(by_tag())
        lab.clock.advance(minutes=1)
    assert seen == [False, False, False, True, True, False]


def test_tags_that_a_key_was_made_with_count_at_once(lab: Lab, kms: Any) -> None:
    lab.tag_and_alias_delay = FIVE_MINUTES
    made = kms.create_key(Tags=[{"TagKey": "Purpose", "TagValue": "Test"}])["KeyMetadata"]["Arn"]
    tester = allowed_where(lab, {"StringEquals": {"aws:ResourceTag/Purpose": "Test"}})
    assert may(tester, made)


def test_tags_of_the_tagging_api_are_as_late(lab: Lab, key: Any, by_tag: May) -> None:
    lab.tag_and_alias_delay = FIVE_MINUTES
    tagging = lab.home.admin.client("resourcegroupstaggingapi")
    tagging.tag_resources(ResourceARNList=[key["Arn"]], Tags={"Purpose": "Test"})
    turns(lab, by_tag, to=True)
    tagging.untag_resources(ResourceARNList=[key["Arn"]], TagKeys=["Purpose"])
    turns(lab, by_tag, to=False)


def test_each_change_of_aliases_counts_after_the_delay(lab: Lab, kms: Any, key: Any, by_alias: May) -> None:
    lab.tag_and_alias_delay = FIVE_MINUTES
    other = lab.home.create_key()
    kms.create_alias(AliasName="alias/test", TargetKeyId=key["KeyId"])
    turns(lab, by_alias, to=True)
    kms.update_alias(AliasName="alias/test", TargetKeyId=other)
    turns(lab, by_alias, to=False)
    kms.update_alias(AliasName="alias/test", TargetKeyId=key["KeyId"])
    turns(lab, by_alias, to=True)
    kms.delete_alias(AliasName="alias/test")
    turns(lab, by_alias, to=False)


def test_an_alias_that_is_pointed_to_the_same_key_again_never_ceases_to_count(
    lab: Lab, kms: Any, key: Any, by_alias: May
) -> None:
    lab.tag_and_alias_delay = FIVE_MINUTES
    kms.create_alias(AliasName="alias/test", TargetKeyId=key["KeyId"])
    lab.clock.advance(minutes=6)
    kms.update_alias(AliasName="alias/test", TargetKeyId=key["KeyId"])
    for _ in range(7):
        assert by_alias()
        lab.clock.advance(minutes=1)


def test_every_operation_shows_the_change_at_once(lab: Lab, kms: Any, key: Any) -> None:
    lab.tag_and_alias_delay = FIVE_MINUTES
    tag(kms, key, "Test")
    kms.create_alias(AliasName="alias/test", TargetKeyId=key["KeyId"])
    assert kms.list_resource_tags(KeyId=key["KeyId"])["Tags"] == [{"TagKey": "Purpose", "TagValue": "Test"}]
    assert [alias["AliasName"] for alias in kms.list_aliases(KeyId=key["KeyId"])["Aliases"]] == ["alias/test"]
    assert kms.describe_key(KeyId="alias/test")["KeyMetadata"]["KeyId"] == key["KeyId"]


def test_the_alias_that_a_request_names_is_not_late(lab: Lab, kms: Any, key: Any) -> None:
    lab.tag_and_alias_delay = FIVE_MINUTES
    kms.create_alias(AliasName="alias/test", TargetKeyId=key["KeyId"])
    tester = allowed_where(lab, {"StringEquals": {"kms:RequestAlias": "alias/test"}})
    assert may(tester, "alias/test")


def test_a_denial_is_as_late_as_a_permission(lab: Lab, kms: Any, key: Any) -> None:
    lab.tag_and_alias_delay = FIVE_MINUTES
    user = allowed_where(lab, {})
    condition = {"StringEquals": {"aws:ResourceTag/Closed": "yes"}}
    statement = {"Effect": "Deny", "Action": "kms:*", "Resource": "*", "Condition": condition}
    user.allow({"Version": "2012-10-17", "Statement": [statement]}, "closed")
    kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": "Closed", "TagValue": "yes"}])
    turns(lab, lambda: may(user, key["Arn"]), to=False)


CHANGES = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["point", "away", "delete"])), max_size=12)


@given(CHANGES, st.integers(0, 600), st.integers(0, 600))
def test_authorization_sees_the_aliases_of_that_long_ago(
    changes: list[tuple[int, str]], pause: int, delay: int
) -> None:
    """Against a record of what the aliases were at each time."""
    with Lab() as lab:
        began, record = lab.clock.now(), [(lab.clock.now(), False)]
        kms, (key, other) = lab.home.admin.client("kms"), (lab.home.create_key(), lab.home.create_key())
        there = False
        for seconds, change in changes:
            lab.clock.advance(seconds=seconds)
            if change == "delete" and there:
                kms.delete_alias(AliasName="alias/a")
            elif change != "delete":
                (kms.update_alias if there else kms.create_alias)(
                    AliasName="alias/a", TargetKeyId=key if change == "point" else other
                )
            there = change != "delete"
            record.append((lab.clock.now(), change == "point"))
        lab.clock.advance(seconds=pause)
        at = max(began, lab.clock.now() - timedelta(seconds=delay))
        expected = [points for since, points in record if since <= at][-1]
        store = store_of(lab.home.id, lab.region, lab.clock.now())
        assert store.aliases_at(store.describe_key(key), at) == ("alias/a",) * expected


def test_a_rotation_is_in_progress_for_as_long_as_the_lab_says(lab: Lab, kms: Any, key: Any) -> None:
    lab.rotation_delay = timedelta(minutes=2)
    before = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    lab.clock.advance(minutes=2)
    assert "OnDemandRotationStartDate" in kms.get_key_rotation_status(KeyId=key["KeyId"])
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"] == key["CurrentKeyMaterialId"]
    lab.clock.advance(seconds=1)
    assert "OnDemandRotationStartDate" not in kms.get_key_rotation_status(KeyId=key["KeyId"])
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"] != key["CurrentKeyMaterialId"]
    assert kms.decrypt(CiphertextBlob=before["CiphertextBlob"])["Plaintext"] == b"x"


@pytest.mark.parametrize("name", ["grant_delay", "tag_and_alias_delay", "rotation_delay"])
def test_a_delay_that_is_none_is_refused_with_a_sentence(lab: Lab, name: str) -> None:
    with pytest.raises(TypeError, match="timedelta"):
        setattr(lab, name, 5)
    with pytest.raises(ValueError, match="-5"):
        setattr(lab, name, timedelta(seconds=-5))
    assert getattr(lab, name) == timedelta()


def test_delays_end_with_their_lab() -> None:
    with Lab() as lab:
        lab.tag_and_alias_delay = lab.rotation_delay = FIVE_MINUTES
    with Lab() as lab:
        assert lab.tag_and_alias_delay == lab.rotation_delay == timedelta()
