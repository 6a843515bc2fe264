"""What time alone does to a key: deletion, automatic rotation, the end of an on-demand rotation, expiry of imported
material, the end of Creating and Updating.

Nothing here looks at a clock: the store asks with the time of each request, and catches up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.keys import Key, KeyMaterial, new_material
from kms_katas.lab.kms.own_events import log_deletion, log_expiry, log_rotation

if TYPE_CHECKING:
    from kms_katas.lab.kms.models import KeyStore

DEFAULT_ROTATION_PERIOD = 365
"""Days (botocore shape EnableKeyRotationRequest)."""

SETTLING_TAKES = timedelta()
"""How long the states Creating and Updating last: "a few seconds" on AWS (botocore op:ReplicateKey and
op:UpdatePrimaryRegion). Here they end as soon as more time than this has passed."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that falls due for one key. `happen` changes key and store so that it is not due again."""

    date: datetime
    happen: Callable[["KeyStore", Key], None]


def next_due(key: Key, now: datetime) -> tuple[Key, Event] | None:
    """The earliest event that is due by `now` of this key or of one related to it, None when there is none."""
    due = [(one, event) for one in key.related for event in _due(one, now)]
    return min(due, key=lambda pair: pair[1].date, default=None)


def _due(key: Key, now: datetime) -> list[Event]:
    due = [event for event in _events(key) if event.date <= now]
    # AWS documents no duration ("a slight delay"), and recordings show about two minutes: a lab may choose it.
    if key.on_demand_since is not None and key.on_demand_since + setting.current.rotation_delay < now:
        due.append(Event(key.on_demand_since + setting.current.rotation_delay, _finish_on_demand))
    if key.settling_since is not None and key.settling_since + SETTLING_TAKES < now:
        due.append(Event(key.settling_since + SETTLING_TAKES, _settle))
    return due


def _events(key: Key) -> list[Event]:
    events = []
    if key.deletion_date is not None:
        events.append(Event(key.deletion_date, _delete))
    # Material that waits for its rotation outlives its date, and expires as soon as it is the current one: recorded
    # (see operations/imports.py).
    for material in key.materials:
        if material.secret is not None and material.valid_to is not None:
            events.append(Event(material.valid_to, partial(_expire, material)))
    # A key that is disabled or pending deletion is not rotated by its schedule (botocore op:GetKeyRotationStatus). An
    # on-demand rotation that was accepted before goes on: recorded (see operations/rotation.py).
    if key.next_rotation is not None and key.state == "Enabled":
        date = key.next_rotation
        events.append(Event(date, lambda store, key: _rotate_automatically(store, key, date)))
    return events


def looks_due(key: Key) -> datetime | None:
    """No event of this key, or of one related to it, is due before this time. None: nothing will fall due.

    What is in progress counts from its beginning, so that nobody has to be told how long it takes.
    """
    dates = [event.date for one in key.related for event in _events(one)]
    dates += [since for one in key.related for since in (one.on_demand_since, one.settling_since) if since is not None]
    return min(dates, default=None)


def _settle(store: "KeyStore", key: Key) -> None:
    key.settling_since = None
    if key.state in ("Creating", "Updating"):
        key.state = "Enabled" if key.is_complete else "PendingImport"


def _delete(store: "KeyStore", key: Key) -> None:
    """With its last replica gone, the waiting period of a primary key begins that was to be deleted (botocore
    op:ScheduleKeyDeletion).
    """
    assert key.deletion_date is not None
    store.bury(key)
    log_deletion(key, key.deletion_date)
    primary = key.primary
    if primary.deletion_window is not None and len(primary.related) == 1:
        primary.state = "PendingDeletion"
        primary.deletion_date = key.deletion_date + timedelta(days=primary.deletion_window)
        primary.deletion_window = None


def _expire(material: KeyMaterial, store: "KeyStore", key: Key) -> None:
    assert material.valid_to is not None
    log_expiry(key, material, material.valid_to)
    key.expire(material)


def resume_rotation(store: "KeyStore", key: Key, now: datetime) -> None:
    """A disabled key is enabled again: a rotation that it missed happens now, once, and the schedule counts from here.

    But where its material is newer than a period (it was rotated on demand) the old schedule goes on. The API text
    (botocore op:GetKeyRotationStatus) says "one year" for the period; that it means the key's own is our reading.
    """
    if key.next_rotation is None or key.next_rotation > now:
        return
    period = _period(key)
    rotated = key.current_material.rotated
    if rotated is not None and now - rotated < period:
        while key.next_rotation <= now:
            key.next_rotation += period
    else:
        _rotate_automatically(store, key, now)


def _rotate_automatically(store: "KeyStore", key: Key, date: datetime) -> None:
    """New material at `date`, and the next one a period later."""
    _rotate(store, key, new_material(setting.current.randomness), date, "AUTOMATIC")
    key.next_rotation = date + _period(key)


def _period(key: Key) -> timedelta:
    assert key.rotation_period is not None
    return timedelta(days=key.rotation_period)


def _finish_on_demand(store: "KeyStore", key: Key) -> None:
    """Makes the pending imported material the current one, if it is still there; else material that KMS makes."""
    assert key.on_demand_since is not None
    date, key.on_demand_since = key.on_demand_since + setting.current.rotation_delay, None
    if key.origin != "EXTERNAL":
        _rotate(store, key, new_material(setting.current.randomness), date, "ON_DEMAND")
    else:
        _rotate(store, key, None, date, "ON_DEMAND")


def _rotate(store: "KeyStore", key: Key, made: KeyMaterial | None, date: datetime, rotation_type: str) -> None:
    """Every related key gets the material that KMS made, or its own pending one where that is imported."""
    before = key.current_material
    for one in key.related:
        material = made or one.pending_material
        if material is None:
            continue
        one.pending_material = None
        material.rotated, material.rotation_type = date, rotation_type
        store.holding(one).add_material(one, material)
        if material.secret is None:
            one.lose(material)
    if key.current_material is not before:
        log_rotation(key, before, date)
