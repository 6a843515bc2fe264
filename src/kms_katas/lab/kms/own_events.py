"""The records of what KMS does by itself: rotates and deletes keys, lets imported material expire.

Shape: the newest examples of the developer guide ("RotateKey", "DeleteKey", "DeleteExpiredKeyMaterial",
"SynchronizeMultiRegionKey" under "Logging AWS KMS API calls"). Not for when these things happen: schedule.py.

Doubtful: the guide says of DeleteKey that its responseElements hold the key ARN since December 2022, and its older
examples have null; here it is the ARN. Whether a rotation of related keys is also told in the Regions of the replicas
is not documented: here the primary has a RotateKey, and a SynchronizeMultiRegionKey for them all. AWS writes the second
"periodically"; the lab does when there was something to carry over.
"""

from datetime import datetime
from functools import partial
from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.keys import Key, KeyMaterial
from kms_katas.lab.trail import EVENT_VERSION, Record, Resource, event_id, resource_of, time_of

_KMS = "AWS Internal"


def log_rotation(key: Key, before: KeyMaterial, date: datetime) -> None:
    """To be called when the new material is the current one."""
    now = key.current_material
    details = {
        "rotationType": now.rotation_type,
        "keyOrigin": key.origin,
        "previousKeyMaterialId": before.id,
        "currentKeyMaterialId": now.id,
        "keyId": key.id,
    }
    _log(key, "RotateKey", date, details)
    if len(key.related) > 1:
        _log_synchronization(key, date)


def log_deletion(key: Key, date: datetime) -> None:
    _log(key, "DeleteKey", date, None, {"keyId": key.arn})


def log_expiry(key: Key, material: KeyMaterial, date: datetime) -> None:
    """Only the material of a symmetric encryption key has an ID that KMS tells."""
    told = {"keyMaterialId": material.id} if key.is_symmetric_encryption_key else {}
    _log(key, "DeleteExpiredKeyMaterial", date, {"keyId": key.id} | told)


def _log_synchronization(key: Key, date: datetime) -> None:
    """AWS's example has the type of a call, and a request ID."""
    request_id = event_id(f"{key.arn} {date.isoformat()}", "synchronization")
    more = {"eventType": "AwsApiCall", "requestID": request_id}
    _log(key, "SynchronizeMultiRegionKey", date, None, {"keyId": key.arn}, **more)


def _log(
    key: Key,
    name: str,
    date: datetime,
    details: dict[str, Any] | None,
    response: dict[str, Any] | None = None,
    **more: str,
) -> None:
    if setting.current.trail is None:
        return
    place = (key.account, key.region, key.arn)
    setting.current.trail.add(partial(_records, place, name, time_of(date), details, response, more))


def _records(
    place: tuple[str, str, str],
    name: str,
    time: str,
    details: dict[str, Any] | None,
    response: dict[str, Any] | None,
    more: dict[str, str],
) -> tuple[Record]:
    account, region, arn = place
    record: Record = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": {"accountId": account, "invokedBy": _KMS},
        "eventTime": time,
        "eventSource": "kms.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": _KMS,
        "userAgent": _KMS,
        "requestParameters": None,
        "responseElements": response and dict(response),
        "eventID": event_id(f"{arn} {time} {details}", name),
        "readOnly": False,
        "resources": [resource_of(Resource(account, "AWS::KMS::Key", arn))],
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    if details is not None:
        record["serviceEventDetails"] = dict(details)
    return (record | more,)
