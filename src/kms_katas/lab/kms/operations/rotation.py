"""EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand, ListKeyRotations.

They ask for rotations and tell of them; what makes the new material, at its time, is schedule.py. Nothing here
treats AWS managed keys apart: their key policy lets nobody but KMS rotate them.

"Recorded" means here: in answers of AWS that the project stackd recorded on 2026-09-12 and published
(testdata/aws/kms/rotation.json). Among them: KeyId is the key ARN in these answers, though AWS's examples show a plain
ID.
"""

from datetime import timedelta
from typing import Any

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.keys import Key, KeyMaterial
from kms_katas.lab.kms.paging import page
from kms_katas.lab.kms.schedule import DEFAULT_ROTATION_PERIOD
from kms_katas.lab.kms.work import Work

_MOST_ON_DEMAND = 25  # botocore op:RotateKeyOnDemand
_QUIET = timedelta(minutes=20)  # botocore shape ConflictException


def enable_key_rotation(work: Work) -> dict[str, Any]:
    """A period that differs from the one in force counts from now. The one in force goes on, also when the request
    names none: both recorded.
    """
    key = work.key
    period = work.parameters.get("RotationPeriodInDays", key.rotation_period or DEFAULT_ROTATION_PERIOD)
    if period != key.rotation_period:
        key.rotation_period = period
        key.next_rotation = work.now + timedelta(days=period)
    return {}


def disable_key_rotation(work: Work) -> dict[str, Any]:
    """Cancels no on-demand rotation in progress (developer guide, "Perform on-demand key rotation")."""
    work.key.rotation_period = work.key.next_rotation = None
    return {}


def get_key_rotation_status(work: Work) -> dict[str, Any]:
    """False while the key is pending deletion, without the other fields of automatic rotation (recorded), and as before
    once that is cancelled. A replica shows what holds for its primary (recorded).
    """
    key, primary = work.key, work.key.primary
    found: dict[str, Any] = {"KeyId": key.arn, "KeyRotationEnabled": False}
    if primary.rotation_period is not None and key.state != "PendingDeletion":
        found["KeyRotationEnabled"] = True
        found["RotationPeriodInDays"] = primary.rotation_period
        found["NextRotationDate"] = primary.next_rotation
    if primary.on_demand_since is not None:
        found["OnDemandRotationStartDate"] = primary.on_demand_since
    return found


def rotate_key_on_demand(work: Work) -> dict[str, Any]:
    """Begins a rotation, which schedule.py ends. Raises LimitExceededException, ConflictException and, for imported
    material, KMSInvalidStateException where none is pending.

    While one is in progress, another request succeeds and begins no second one: recorded, with one rotation in the
    list afterwards. So it uses up none of the 25 here; AWS's own count was not recorded. Doubtful too: which of the two
    requests OnDemandRotationStartDate tells of (here the first), and which answer goes first where this meets another.
    """
    key = work.key
    if key.next_rotation is not None and key.next_rotation - work.now <= _QUIET:
        raise KMSError(
            "ConflictException",
            f"An automatic rotation of {key.arn} is in progress or scheduled to begin within the next 20 minutes.",
        )
    if key.on_demand_since is not None:
        return {"KeyId": key.arn}
    if sum(material.rotation_type == "ON_DEMAND" for material in key.materials) >= _MOST_ON_DEMAND:
        raise KMSError(
            "LimitExceededException",
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be "
            f"performed for this key: {key.arn}",
        )
    if key.origin == "EXTERNAL" and key.pending_material is None:
        raise KMSError(
            "KMSInvalidStateException", f"No available key material pending rotation for the key: {key.arn}."
        )
    if any(one.pending_material is not None and one.pending_material.secret is None for one in key.related):
        raise KMSError(
            "KMSInvalidStateException",
            "Cannot perform key material rotation: Key material has not been imported for replicas of the Multi-Region "
            "key.",
        )
    key.on_demand_since = work.now
    return {"KeyId": key.arn}


def list_key_rotations(work: Work) -> dict[str, Any]:
    """Oldest first, which AWS does not promise.

    Raises ValidationException for IncludeKeyMaterial with a key that is not a symmetric encryption key (recorded,
    testdata/aws/kms/imports_families.json).
    """
    key = work.key
    if not key.is_symmetric_encryption_key:
        if "IncludeKeyMaterial" in work.parameters:
            raise KMSError(
                "ValidationException", "Input parameter includeKeyMaterial can only be used with symmetric keys."
            )
        return page({}, work.parameters, "Rotations", 100, 1000)
    shown = list(enumerate(key.all_materials))
    if work.parameters.get("IncludeKeyMaterial", "ROTATIONS_ONLY") == "ROTATIONS_ONLY":
        shown = [(place, material) for place, material in shown if material.rotation_type is not None]
    entries = {f"{place:06}": _entry(key, material) for place, material in shown}
    return page(entries, work.parameters, "Rotations", 100, 1000)


def _entry(key: Key, material: KeyMaterial) -> dict[str, Any]:
    """A RotationsListEntry (botocore). Material that is deleted waits for its import and has no ExpirationModel;
    material that expired stays IMPORTED with its date, though DescribeKey says PendingImport. Both recorded
    (testdata/aws/kms/imports.json and imports_rotation_expiry.json), the second within seconds of the expiry: whether
    it stays so is not.
    """
    imported = material.secret is not None or material.valid_to is not None
    entry: dict[str, Any] = {
        "KeyId": key.arn,
        "KeyMaterialId": material.id,
        "KeyMaterialState": _state(key, material),
    }
    if material.rotation_type is not None:
        entry["RotationDate"] = material.rotated
        entry["RotationType"] = material.rotation_type
    if key.origin == "EXTERNAL":
        entry["ImportState"] = "IMPORTED" if imported else "PENDING_IMPORT"
        if imported:
            expires = material.valid_to is not None
            entry["ExpirationModel"] = "KEY_MATERIAL_EXPIRES" if expires else "KEY_MATERIAL_DOES_NOT_EXPIRE"
        if material.valid_to is not None:
            entry["ValidTo"] = material.valid_to
        if material.description is not None:
            entry["KeyMaterialDescription"] = material.description
    return entry


def _state(key: Key, material: KeyMaterial) -> str:
    if material is key.pending_material:
        waiting = any(one.pending_material is None or one.pending_material.secret is None for one in key.related)
        return "PENDING_MULTI_REGION_IMPORT_AND_ROTATION" if waiting else "PENDING_ROTATION"
    return "CURRENT" if material is key.current_material else "NON_CURRENT"
