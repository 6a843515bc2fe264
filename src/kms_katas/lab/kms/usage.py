"""The last successful cryptographic operation of each key: remembered here, told by GetKeyLastUsage and by a condition
key.

Kept on the key, so it works without a trail too. AWS takes up to an hour to show a use; the lab shows it at once.
"""

from datetime import UTC, datetime
from functools import cache

from kms_katas.lab.kms.keys import Key, LastUse
from kms_katas.lab.kms.request import service_model
from kms_katas.lab.kms.work import Work

TRACKING_BEGAN = datetime(2026, 4, 23, tzinfo=UTC)
"""AWS has recorded uses since that day (developer guide, "Determine past usage of a KMS key")."""


@cache
def _cryptographic() -> frozenset[str]:
    return frozenset(service_model().shape_for("KeyLastUsageData").members["Operation"].enum)


def remember_use(work: Work) -> None:
    """To be called once the operation has succeeded. ReEncrypt counts as a use of both its keys."""
    if work.operation not in _cryptographic():
        return
    for key in work.target.keys:
        key.last_use = LastUse(work.operation, work.now, work.request_id, work.event_purpose(key.account))


def tracking_start(key: Key) -> datetime:
    return max(TRACKING_BEGAN, key.created)


def days_without_use(key: Key, now: datetime) -> int:
    """Whole days since the last use, or since tracking began for a key that has none.

    Neither the rounding nor the value for an unused key is documented.
    """
    since = key.last_use.time if key.last_use is not None else tracking_start(key)
    return max(0, (now - since).days)
