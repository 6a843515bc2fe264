"""GetKeyLastUsage. What counts as a use: kms/usage.py."""

from typing import Any

from kms_katas.lab.kms.usage import tracking_start
from kms_katas.lab.kms.work import Work
from kms_katas.lab.trail import event_id


def get_key_last_usage(work: Work) -> dict[str, Any]:
    """An empty KeyLastUsage for a key that was not used. No recording of AWS shows whether KeyId is the ID or the ARN:
    here the ARN, as in the rotation operations.
    """
    key, use = work.key, work.key.last_use
    last: dict[str, Any] = {}
    if use is not None:
        last = {
            "Operation": use.operation,
            "Timestamp": use.time,
            "CloudTrailEventId": event_id(use.request_id, use.event_purpose),
            "KmsRequestId": use.request_id,
        }
    return {
        "KeyId": key.arn,
        "KeyLastUsage": last,
        "TrackingStartDate": tracking_start(key),
        "KeyCreationDate": key.created,
    }
