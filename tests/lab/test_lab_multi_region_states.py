"""Related multi-Region keys: the state that each has, and how they go."""

from datetime import timedelta
from typing import Any

import pytest
from related_keys import EAST, HOME, WEST, arn, client, metadata, replicate, settle

from kms_katas.lab import Lab

# States


def test_each_related_key_has_its_own_state(lab: Lab, kms: Any, west: Any, pair: str, refused: Any) -> None:
    blob = kms.encrypt(KeyId=pair, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=pair)
    assert west.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    with refused("DisabledException", f"{arn(pair, HOME)} is disabled."):
        kms.replicate_key(KeyId=pair, ReplicaRegion=EAST)


CALLS: dict[str, Any] = {
    "encrypt": {"Plaintext": b"x"},
    "generate_data_key": {"KeySpec": "AES_256"},
    "enable_key": {},
    "disable_key": {},
    "cancel_key_deletion": {},
    "replicate_key": {"ReplicaRegion": "eu-west-1"},
    "tag_resource": {"Tags": [{"TagKey": "a", "TagValue": "b"}]},
    "update_key_description": {"Description": "d"},
    "put_key_policy": {},
    "get_key_rotation_status": {},
    "schedule_key_deletion": {},
}
CREATING = {"encrypt", "generate_data_key", "enable_key", "disable_key", "replicate_key"}
UPDATING = {"enable_key", "disable_key", "replicate_key", "schedule_key_deletion"}
WORKS_WHILE_WAITING = {"cancel_key_deletion", "put_key_policy", "get_key_rotation_status"}


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("state", ["Creating", "Updating", "PendingReplicaDeletion"])
def test_the_table_of_the_states_that_only_these_keys_have(
    lab: Lab, kms: Any, mrk: str, refused: Any, operation: str, state: str
) -> None:
    kms.replicate_key(KeyId=mrk, ReplicaRegion=WEST)
    region = WEST if state != "PendingReplicaDeletion" else HOME
    if state != "Creating":
        settle(lab)
    if state == "Updating":
        kms.update_primary_region(KeyId=mrk, PrimaryRegion=WEST)
    elif state == "PendingReplicaDeletion":
        kms.schedule_key_deletion(KeyId=mrk)
    assert metadata(lab, mrk, region)["KeyState"] == state
    asked = CALLS[operation] | ({"Policy": kms.get_key_policy(KeyId=mrk)["Policy"]} if "policy" in operation else {})
    words = {"Creating": "creating", "Updating": "updating", "PendingReplicaDeletion": "pending replica deletion"}
    word = words[state]
    if operation == "cancel_key_deletion" and state != "PendingReplicaDeletion":
        word = "not pending deletion"
    elif state == "PendingReplicaDeletion":
        word = "" if operation in WORKS_WHILE_WAITING else word
    elif operation not in (CREATING if state == "Creating" else UPDATING):
        word = ""
    call = getattr(client(lab, region), operation)
    if not word:
        call(KeyId=mrk, **asked)
        return
    with refused("KMSInvalidStateException", f"{arn(mrk, region)} is {word}."):
        call(KeyId=mrk, **asked)


# Deletion


def test_a_primary_waits_for_its_replicas_and_then_its_own_days(lab: Lab, kms: Any, west: Any, pair: str) -> None:
    replicate(lab, pair, EAST)
    answer = kms.schedule_key_deletion(KeyId=pair, PendingWindowInDays=9)
    assert (answer["KeyState"], answer["PendingWindowInDays"]) == ("PendingReplicaDeletion", 9)
    assert "DeletionDate" not in answer
    lab.clock.advance(days=100)
    found = metadata(lab, pair)
    assert (found["KeyState"], found["PendingDeletionWindowInDays"]) == ("PendingReplicaDeletion", 9)
    assert "DeletionDate" not in found
    west.schedule_key_deletion(KeyId=pair, PendingWindowInDays=7)
    last = client(lab, EAST).schedule_key_deletion(KeyId=pair, PendingWindowInDays=8)["DeletionDate"]
    lab.clock.advance(days=7)
    assert metadata(lab, pair)["KeyState"] == "PendingReplicaDeletion"
    assert len(metadata(lab, pair)["MultiRegionConfiguration"]["ReplicaKeys"]) == 1
    lab.clock.advance(days=2)
    found = metadata(lab, pair)
    assert (found["KeyState"], found["DeletionDate"]) == ("PendingDeletion", last + timedelta(days=9))
    assert "PendingDeletionWindowInDays" not in found
    assert found["MultiRegionConfiguration"]["ReplicaKeys"] == []


def test_a_waiting_primary_is_gone_at_last(lab: Lab, kms: Any, west: Any, pair: str, refused: Any) -> None:
    kms.schedule_key_deletion(KeyId=pair, PendingWindowInDays=7)
    west.schedule_key_deletion(KeyId=pair, PendingWindowInDays=7)
    lab.clock.advance(days=14)
    for one, region in ((west, WEST), (kms, HOME)):
        with refused("NotFoundException", f"Key '{arn(pair, region)}' does not exist"):
            one.describe_key(KeyId=pair)


def test_a_cancelled_wait_leaves_the_primary_disabled(lab: Lab, kms: Any, west: Any, pair: str) -> None:
    kms.schedule_key_deletion(KeyId=pair, PendingWindowInDays=7)
    assert kms.cancel_key_deletion(KeyId=pair)["KeyId"] == arn(pair, HOME)
    west.schedule_key_deletion(KeyId=pair, PendingWindowInDays=7)
    lab.clock.advance(days=30)
    found = metadata(lab, pair)
    assert (found["KeyState"], found["MultiRegionConfiguration"]["ReplicaKeys"]) == ("Disabled", [])
    assert "PendingDeletionWindowInDays" not in found


def test_a_replica_goes_at_will_and_may_come_again(lab: Lab, kms: Any, west: Any, pair: str, refused: Any) -> None:
    blob = west.encrypt(KeyId=pair, Plaintext=b"x")["CiphertextBlob"]
    answer = west.schedule_key_deletion(KeyId=pair, PendingWindowInDays=7)
    assert answer["DeletionDate"] == lab.clock.now() + timedelta(days=7)
    assert west.get_key_rotation_status(KeyId=pair)["KeyRotationEnabled"] is False
    lab.clock.advance(days=7)
    with refused("NotFoundException"):
        west.describe_key(KeyId=pair)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    replicate(lab, pair)
    assert west.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_creating_replica_that_is_to_be_deleted_stays_so(lab: Lab, kms: Any, west: Any, mrk: str) -> None:
    kms.replicate_key(KeyId=mrk, ReplicaRegion=WEST)
    west.schedule_key_deletion(KeyId=mrk)
    settle(lab)
    assert metadata(lab, mrk, WEST)["KeyState"] == "PendingDeletion"
