"""What KMS does by itself, as the log tells it, and the records of one request in two Regions."""

from datetime import datetime, timedelta
from typing import Any

from importing import put
from related_keys import HOME, WEST, arn, replicate
from rotating import current, rotate

from kms_katas.lab import Lab


def named(lab: Lab, name: str) -> list[dict[str, Any]]:
    return [record for record in lab.trail if record["eventName"] == name]


def told_at(record: dict[str, Any]) -> datetime:
    return datetime.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%S%z")


def test_a_rotation_on_demand_is_logged_with_both_materials(lab: Lab, kms: Any, key: Any) -> None:
    rotate(lab, kms, key)
    (record,) = named(lab, "RotateKey")
    assert record["serviceEventDetails"] == {
        "rotationType": "ON_DEMAND",
        "keyOrigin": "AWS_KMS",
        "previousKeyMaterialId": key["CurrentKeyMaterialId"],
        "currentKeyMaterialId": current(kms, key),
        "keyId": key["KeyId"],
    }
    assert record["resources"] == [{"accountId": lab.home.id, "type": "AWS::KMS::Key", "ARN": key["Arn"]}]


def test_what_kms_does_by_itself_is_an_event_of_the_service_that_nobody_asked_for(lab: Lab, kms: Any, key: Any) -> None:
    rotate(lab, kms, key)
    (record,) = named(lab, "RotateKey")
    assert record["eventType"] == "AwsServiceEvent"
    assert record["userIdentity"] == {"accountId": lab.home.id, "invokedBy": "AWS Internal"}
    assert record["sourceIPAddress"] == record["userAgent"] == "AWS Internal"
    assert record["requestParameters"] is None and record["responseElements"] is None and "requestID" not in record


def test_each_automatic_rotation_is_logged_at_its_date_though_nobody_called_since(lab: Lab, kms: Any, key: Any) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    enabled = lab.clock.now()
    lab.clock.advance(days=200)
    records = named(lab, "RotateKey")
    assert [told_at(record) - enabled for record in records] == [timedelta(days=90), timedelta(days=180)]
    first, second = (record["serviceEventDetails"] for record in records)
    assert first["rotationType"] == "AUTOMATIC"
    assert first["currentKeyMaterialId"] == second["previousKeyMaterialId"]
    assert records[0]["eventID"] != records[1]["eventID"]


def test_the_deletion_of_a_key_is_logged_at_the_end_of_its_waiting_period(lab: Lab, kms: Any, key: Any) -> None:
    date = kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)["DeletionDate"]
    lab.clock.advance(days=6)
    assert named(lab, "DeleteKey") == []
    lab.clock.advance(days=3)
    (record,) = named(lab, "DeleteKey")
    assert told_at(record) == date
    assert record["responseElements"] == {"keyId": key["Arn"]} and record["eventType"] == "AwsServiceEvent"


def test_the_expiry_of_imported_material_is_logged_with_its_id(lab: Lab, kms: Any, empty: str, material: bytes) -> None:
    end = lab.clock.now() + timedelta(hours=1)
    imported = put(kms, empty, material, ValidTo=end)["KeyMaterialId"]
    lab.clock.advance(hours=2)
    (record,) = named(lab, "DeleteExpiredKeyMaterial")
    assert told_at(record) == end
    assert record["serviceEventDetails"] == {"keyId": empty, "keyMaterialId": imported}


def test_a_deletion_that_was_cancelled_and_material_that_was_deleted_in_time_leave_no_event(
    lab: Lab, kms: Any, key: Any, empty: str, material: bytes
) -> None:
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    put(kms, empty, material, ValidTo=lab.clock.now() + timedelta(hours=1))
    kms.delete_imported_key_material(KeyId=empty)
    lab.clock.advance(days=30)
    assert named(lab, "DeleteKey") == named(lab, "DeleteExpiredKeyMaterial") == []


def test_what_fell_due_is_logged_once_however_often_it_is_looked_at(lab: Lab, kms: Any, key: Any) -> None:
    rotate(lab, kms, key)
    kms.list_keys()
    assert len(named(lab, "RotateKey")) == len(named(lab, "RotateKey")) == 1
    assert [record["eventName"] for record in lab.trail][-2:] == ["RotateKey", "ListKeys"]


def test_a_rotation_of_related_keys_is_logged_for_the_primary_and_synchronized(lab: Lab, kms: Any, pair: str) -> None:
    rotate(lab, kms, {"KeyId": pair})
    (rotated,) = named(lab, "RotateKey")
    (synchronized,) = named(lab, "SynchronizeMultiRegionKey")
    for record in (rotated, synchronized):
        assert record["awsRegion"] == HOME
        assert [one["ARN"] for one in record["resources"]] == [arn(pair, HOME)]
    assert synchronized["responseElements"] == {"keyId": arn(pair, HOME)} and synchronized["requestID"]


def test_a_single_region_key_is_not_synchronized(lab: Lab, kms: Any, key: Any) -> None:
    rotate(lab, kms, key)
    assert named(lab, "SynchronizeMultiRegionKey") == []


def test_replicate_key_has_a_create_key_in_the_region_of_the_replica(lab: Lab, mrk: str) -> None:
    replicate(lab, mrk)
    asked, made = lab.trail[-2:]
    assert [(one["eventName"], one["awsRegion"]) for one in (asked, made)] == [
        ("ReplicateKey", HOME),
        ("CreateKey", WEST),
    ]
    assert made["responseElements"]["keyMetadata"]["arn"] == arn(mrk, WEST) == made["resources"][0]["ARN"]
    assert made["userIdentity"] == asked["userIdentity"] and made["eventID"] != asked["eventID"]


def test_update_primary_region_is_logged_in_both_regions_with_the_key_of_each(lab: Lab, kms: Any, pair: str) -> None:
    kms.update_primary_region(KeyId=pair, PrimaryRegion=WEST)
    records = named(lab, "UpdatePrimaryRegion")
    assert [record["awsRegion"] for record in records] == [HOME, WEST]
    for record in records:
        key = arn(pair, record["awsRegion"])
        assert record["responseElements"] == {"keyId": key} and [one["ARN"] for one in record["resources"]] == [key]
        assert record["requestParameters"] == {"keyId": pair, "primaryRegion": WEST}


def test_naming_the_region_that_is_primary_already_is_logged_once(lab: Lab, kms: Any, pair: str) -> None:
    kms.update_primary_region(KeyId=pair, PrimaryRegion=HOME)
    assert len(named(lab, "UpdatePrimaryRegion")) == 1


def test_a_change_of_two_regions_that_is_refused_is_logged_in_its_own_alone(
    lab: Lab, kms: Any, key: Any, refused: Any
) -> None:
    for ask in (
        lambda: kms.replicate_key(KeyId=key["KeyId"], ReplicaRegion=WEST),
        lambda: kms.update_primary_region(KeyId=key["KeyId"], PrimaryRegion=WEST),
    ):
        before = len(lab.trail)
        with refused("UnsupportedOperationException"):
            ask()
        assert [record["awsRegion"] for record in lab.trail[before:]] == [HOME]
