"""What time alone does to a key: deletion, automatic rotation, the end of an on-demand rotation, expiry of imported
material.

Nothing here looks at a clock: the store asks with the time of each request, and catches up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.keys import Key, new_material

if TYPE_CHECKING:
    from kms_katas.lab.kms.models import KeyStore


@dataclass(frozen=True, slots=True)
class Event:
    """Something that falls due for one key. `happen` changes key and store so that it is not due again."""

    date: datetime
    happen: Callable[["KeyStore", Key], None]


def next_event(key: Key, now: datetime) -> Event | None:
    """The earliest event of this key that is due by `now`, None when there is none."""
    due = [event for event in _events(key) if event.date <= now]
    # AWS documents no duration for an on-demand rotation: here it is done as soon as any time has passed.
    if key.on_demand_since is not None and key.on_demand_since < now:
        due.append(Event(key.on_demand_since, _finish_on_demand))
    return min(due, key=lambda event: event.date, default=None)


def _events(key: Key) -> list[Event]:
    events = []
    if key.deletion_date is not None:
        events.append(Event(key.deletion_date, lambda store, key: store.bury(key)))
    # A key that is disabled or pending deletion is not rotated (botocore op:GetKeyRotationStatus).
    if key.next_rotation is not None and key.state == "Enabled":
        date = key.next_rotation
        events.append(Event(date, lambda store, key: rotate_automatically(store, key, date)))
    return events


def rotate_automatically(store: "KeyStore", key: Key, date: datetime) -> None:
    """New material at `date`, and the next one a period later."""
    assert key.rotation_period is not None
    _rotate(store, key, date, "AUTOMATIC")
    key.next_rotation = date + timedelta(days=key.rotation_period)


def _finish_on_demand(store: "KeyStore", key: Key) -> None:
    assert key.on_demand_since is not None
    _rotate(store, key, key.on_demand_since, "ON_DEMAND")
    key.on_demand_since = None


def _rotate(store: "KeyStore", key: Key, date: datetime, rotation_type: str) -> None:
    material = new_material(setting.current.randomness)
    material.rotated, material.rotation_type = date, rotation_type
    store.add_material(key, material)
