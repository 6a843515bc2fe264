"""GetKeyLastUsage. What counts as a use: kms/usage.py."""

from typing import Any

from kms_katas.lab.kms.usage import tracking_start
from kms_katas.lab.kms.work import Work
from kms_katas.lab.trail import event_id


def get_key_last_usage(work: Work) -> dict[str, Any]:
    """An empty KeyLastUsage for a key that was not used. KeyId is the plain ID, and Timestamp whole seconds, as in the
    example of the developer guide ("Determine past usage of a KMS key"); no answer of AWS is recorded.
    """
    key, use = work.key, work.key.last_use
    last: dict[str, Any] = {}
    if use is not None:
        last = {
            "Operation": use.operation,
            "Timestamp": use.time.replace(microsecond=0),
            "CloudTrailEventId": event_id(use.request_id, use.event_purpose),
            "KmsRequestId": use.request_id,
        }
    return {
        "KeyId": key.id,
        "KeyLastUsage": last,
        "TrackingStartDate": tracking_start(key),
        "KeyCreationDate": key.created,
    }
