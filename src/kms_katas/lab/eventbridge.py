"""What EventBridge gets of a record of the log, and whether a rule would see it. Nothing is delivered to anybody.

Source: EventBridge user guide, "Events from AWS services delivered via CloudTrail" and "Receiving read-only management
events"; KMS developer guide, "Monitor KMS keys with Amazon EventBridge". On AWS an event comes via CloudTrail only
where a trail logs it; here every record counts as logged. Doubtful: whether "KMS CMK Rotation" also tells a rotation on
demand ("whenever AWS KMS rotates key material", but also "automatically rotated"); here it does.
"""

from collections.abc import Mapping
from typing import Any

from kms_katas.lab.event_patterns import EventPattern
from kms_katas.lab.trail import event_id

_DETAIL_TYPES = {
    "AwsApiCall": "AWS API Call via CloudTrail",
    "AwsServiceEvent": "AWS Service Event via CloudTrail",
}

_KMS_EVENTS = {
    "RotateKey": "KMS CMK Rotation",
    "DeleteExpiredKeyMaterial": "KMS Imported Key Material Expiration",
    "DeleteKey": "KMS CMK Deletion",
}
"""What KMS itself tells EventBridge whenever it logs this."""


def rule_sees(
    pattern: str | Mapping[str, Any], record: Mapping[str, Any], *, read_only_management_events: bool = False
) -> bool:
    """Whether a rule with this event pattern, JSON or what it says, sees what is in the record of `Lab.trail`.

    An enabled rule never sees Describe, Get and List calls, unless its state is
    ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS: say that with `read_only_management_events`. Raises ValueError, with
    a sentence, for what is no event pattern.
    """
    asked = EventPattern(pattern)
    return any(
        asked.matches(event) for event in events_from(record, read_only_management_events=read_only_management_events)
    )


def events_from(record: Mapping[str, Any], *, read_only_management_events: bool = False) -> tuple[dict[str, Any], ...]:
    """The events of EventBridge that one record stands for, as they reach the account's default bus in its Region."""
    events = []
    withheld = (
        record["readOnly"]
        and record["eventCategory"] == "Management"
        and record["eventName"].startswith(("Describe", "Get", "List"))
    )
    if read_only_management_events or not withheld:
        events.append(_event(record, _DETAIL_TYPES[record["eventType"]], [], dict(record)))
    if record["eventSource"] == "kms.amazonaws.com" and record["eventName"] in _KMS_EVENTS:
        arns = [resource["ARN"] for resource in record["resources"]]
        detail = {"key-id": arns[0].rpartition("/")[2]}
        events.append(_event(record, _KMS_EVENTS[record["eventName"]], arns, detail))
    return tuple(events)


def _event(record: Mapping[str, Any], detail_type: str, resources: list[str], detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": event_id(record["eventID"], detail_type),
        "detail-type": detail_type,
        "source": "aws." + record["eventSource"].partition(".")[0],
        "account": record["recipientAccountId"],
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": resources,
        "detail": detail,
    }
