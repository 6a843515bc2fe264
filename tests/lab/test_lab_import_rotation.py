"""Rotation to imported material: how the new one waits, what the key needs afterwards, and what AWS tells about it."""

import os
from datetime import timedelta
from typing import Any

import pytest
from importing import NEW, put, state
from rotating import current, materials, rotate, status

from kms_katas.lab import Lab


def import_material(kms: Any, key: Any, **more: Any) -> str:
    """The ID of new random material for a key of origin EXTERNAL."""
    found: str = put(kms, key["KeyId"], os.urandom(32), **(NEW | more))["KeyMaterialId"]
    return found


@pytest.fixture
def imported(kms: Any) -> dict[str, Any]:
    """A key of origin EXTERNAL with its first material."""
    found: dict[str, Any] = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
    import_material(kms, found)
    return found


# Material that waits, and materials that are missing


def test_new_material_waits_and_changes_nothing_until_it_is_rotated_in(kms: Any, full: str) -> None:
    known = kms.describe_key(KeyId=full)["KeyMetadata"]["CurrentKeyMaterialId"]
    pending = put(kms, full, os.urandom(32), **NEW)["KeyMaterialId"]
    assert pending != known
    assert kms.describe_key(KeyId=full)["KeyMetadata"]["CurrentKeyMaterialId"] == known
    assert kms.generate_data_key(KeyId=full, KeySpec="AES_256")["KeyMaterialId"] == known


def test_only_one_material_waits_at_a_time(kms: Any, full: str, refused: Any) -> None:
    pending = put(kms, full, os.urandom(32), **NEW)["KeyMaterialId"]
    with refused("KMSInvalidStateException") as caught:
        put(kms, full, os.urandom(32), **NEW)
    message = caught.value.response["Error"]["Message"]
    arn = kms.describe_key(KeyId=full)["KeyMetadata"]["Arn"]
    assert message.startswith("New key material (id: ")
    assert message.endswith(
        f") cannot be imported into KMS key {arn}, because another key material (id: {pending}) is pending rotation."
    )


def test_material_that_the_key_has_is_not_new(kms: Any, full: str, material: bytes, refused: Any) -> None:
    with refused("IncorrectKeyMaterialException"):
        put(kms, full, material, **NEW)


def test_a_key_without_any_material_knows_none_to_come_back(
    kms: Any, empty: str, material: bytes, refused: Any
) -> None:
    with refused("IncorrectKeyMaterialException"):
        put(kms, empty, material, ImportType="EXISTING_KEY_MATERIAL")


def test_waiting_material_can_be_deleted_without_harm_to_the_key(kms: Any, full: str) -> None:
    pending = put(kms, full, os.urandom(32), **NEW)["KeyMaterialId"]
    assert kms.delete_imported_key_material(KeyId=full, KeyMaterialId=pending)["KeyMaterialId"] == pending
    assert state(kms, full) == "Enabled"
    put(kms, full, os.urandom(32), **NEW)


def test_waiting_material_outlives_its_date_until_it_is_rotated_in(
    lab: Lab, kms: Any, full: str, material: bytes, refused: Any
) -> None:
    late = os.urandom(32)
    pending = put(kms, full, late, ValidTo=lab.clock.now() + timedelta(days=1), **NEW)["KeyMaterialId"]
    blob = kms.encrypt(KeyId=full, Plaintext=b"x")["CiphertextBlob"]
    lab.clock.advance(days=2)
    assert state(kms, full) == "Enabled"
    with refused("KMSInvalidStateException"):
        put(kms, full, os.urandom(32), **NEW)
    kms.rotate_key_on_demand(KeyId=full)
    lab.clock.advance(seconds=1)
    metadata = kms.describe_key(KeyId=full)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["CurrentKeyMaterialId"]) == ("PendingImport", pending)
    with refused("KMSInvalidStateException"):
        kms.decrypt(CiphertextBlob=blob)
    put(kms, full, late)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_the_earliest_expiry_of_the_permanent_materials_shows(lab: Lab, kms: Any, full: str, material: bytes) -> None:
    until = lab.clock.now() + timedelta(days=9)
    put(kms, full, material, ValidTo=until)
    put(kms, full, os.urandom(32), ValidTo=lab.clock.now() + timedelta(days=2), **NEW)
    assert kms.describe_key(KeyId=full)["KeyMetadata"]["ValidTo"] == until


def test_after_a_rotation_the_key_needs_all_its_materials(lab: Lab, kms: Any, full: str, material: bytes) -> None:
    first = kms.describe_key(KeyId=full)["KeyMetadata"]["CurrentKeyMaterialId"]
    old = kms.encrypt(KeyId=full, Plaintext=b"x")["CiphertextBlob"]
    later = os.urandom(32)
    second = put(kms, full, later, **NEW)["KeyMaterialId"]
    kms.rotate_key_on_demand(KeyId=full)
    lab.clock.advance(seconds=1)
    assert kms.describe_key(KeyId=full)["KeyMetadata"]["CurrentKeyMaterialId"] == second
    assert kms.decrypt(CiphertextBlob=old)["KeyMaterialId"] == first
    # Without an ID the current one goes.
    assert kms.delete_imported_key_material(KeyId=full)["KeyMaterialId"] == second
    kms.delete_imported_key_material(KeyId=full, KeyMaterialId=first)
    put(kms, full, later)
    assert state(kms, full) == "PendingImport"
    put(kms, full, material)
    assert state(kms, full) == "Enabled"
    assert kms.decrypt(CiphertextBlob=old)["Plaintext"] == b"x"


def test_a_key_that_misses_material_shows_no_expiry(lab: Lab, kms: Any, full: str, material: bytes) -> None:
    put(kms, full, material)
    first = kms.describe_key(KeyId=full)["KeyMetadata"]["CurrentKeyMaterialId"]
    until = lab.clock.now() + timedelta(days=9)
    put(kms, full, os.urandom(32), ValidTo=until, **NEW)
    kms.rotate_key_on_demand(KeyId=full)
    lab.clock.advance(seconds=1)
    assert kms.describe_key(KeyId=full)["KeyMetadata"]["ValidTo"] == until
    kms.delete_imported_key_material(KeyId=full, KeyMaterialId=first)
    metadata = kms.describe_key(KeyId=full)["KeyMetadata"]
    assert "CurrentKeyMaterialId" in metadata and not {"ExpirationModel", "ValidTo"} & set(metadata)


def test_a_rotation_brings_in_what_waits_and_nothing_else(kms: Any, full: str, refused: Any) -> None:
    arn = kms.describe_key(KeyId=full)["KeyMetadata"]["Arn"]
    with refused("KMSInvalidStateException", f"No available key material pending rotation for the key: {arn}."):
        kms.rotate_key_on_demand(KeyId=full)


# The rotation


@pytest.mark.parametrize("operation", ["enable_key_rotation", "disable_key_rotation"])
def test_imported_material_is_not_rotated_automatically(kms: Any, imported: Any, refused: Any, operation: str) -> None:
    with refused(
        "UnsupportedOperationException", f"{imported['Arn']} origin is EXTERNAL which is not valid for this operation."
    ):
        getattr(kms, operation)(KeyId=imported["KeyId"])


def test_imported_material_needs_new_material_before_a_rotation(kms: Any, imported: Any, refused: Any) -> None:
    with refused(
        "KMSInvalidStateException", f"No available key material pending rotation for the key: {imported['Arn']}."
    ):
        kms.rotate_key_on_demand(KeyId=imported["KeyId"])


def test_a_rotation_makes_the_pending_imported_material_current(lab: Lab, kms: Any, imported: Any) -> None:
    first = current(kms, imported)
    plaintext = os.urandom(20)
    blob = kms.encrypt(KeyId=imported["KeyId"], Plaintext=plaintext)["CiphertextBlob"]
    second = import_material(kms, imported)
    assert current(kms, imported) == first
    rotate(lab, kms, imported)
    assert current(kms, imported) == second
    opened = kms.decrypt(CiphertextBlob=blob)
    assert (opened["Plaintext"], opened["KeyMaterialId"]) == (plaintext, first)


def test_a_second_request_for_imported_material_begins_no_other_rotation(lab: Lab, kms: Any, imported: Any) -> None:
    second = import_material(kms, imported)
    kms.rotate_key_on_demand(KeyId=imported["KeyId"])
    rotate(lab, kms, imported)
    assert current(kms, imported) == second and len(materials(kms, imported)) == 2


def test_a_rotation_whose_imported_material_was_deleted_leaves_the_old_one(lab: Lab, kms: Any, imported: Any) -> None:
    first = current(kms, imported)
    second = import_material(kms, imported)
    kms.rotate_key_on_demand(KeyId=imported["KeyId"])
    kms.delete_imported_key_material(KeyId=imported["KeyId"], KeyMaterialId=second)
    lab.clock.advance(seconds=1)
    assert current(kms, imported) == first
    assert status(kms, imported) == {"KeyId": imported["Arn"], "KeyRotationEnabled": False}


def test_the_list_says_of_imported_material_whether_it_is_there_and_until_when(
    lab: Lab, kms: Any, imported: Any
) -> None:
    end = lab.clock.now() + timedelta(days=30)
    import_material(kms, imported)
    rotate(lab, kms, imported)
    import_material(
        kms,
        imported,
        ExpirationModel="KEY_MATERIAL_EXPIRES",
        ValidTo=end,
        KeyMaterialDescription="third",
    )
    first, second, third = materials(kms, imported)
    assert [entry["KeyMaterialState"] for entry in (first, second, third)] == [
        "NON_CURRENT",
        "CURRENT",
        "PENDING_ROTATION",
    ]
    assert {entry["ImportState"] for entry in (first, second, third)} == {"IMPORTED"}
    assert second["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE" and "ValidTo" not in second
    assert (third["ExpirationModel"], third["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", end)
    assert third["KeyMaterialDescription"] == "third"
    assert "RotationDate" in second and not {"RotationDate", "RotationType"} & (set(first) | set(third))
    kms.delete_imported_key_material(KeyId=imported["KeyId"], KeyMaterialId=first["KeyMaterialId"])
    assert [entry["ImportState"] for entry in materials(kms, imported)] == ["PENDING_IMPORT", "IMPORTED", "IMPORTED"]


def test_the_list_goes_on_telling_the_date_of_material_that_expired_until_it_is_deleted(
    lab: Lab, kms: Any, imported: Any
) -> None:
    end = lab.clock.now() + timedelta(days=1)
    import_material(kms, imported, ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=end)
    lab.clock.advance(days=2)
    rotate(lab, kms, imported)
    assert kms.describe_key(KeyId=imported["KeyId"])["KeyMetadata"]["KeyState"] == "PendingImport"
    expired = materials(kms, imported)[1]
    assert (expired["KeyMaterialState"], expired["ImportState"]) == ("CURRENT", "IMPORTED")
    assert (expired["ExpirationModel"], expired["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", end)
    kms.delete_imported_key_material(KeyId=imported["KeyId"])
    deleted = materials(kms, imported)[1]
    assert deleted["ImportState"] == "PENDING_IMPORT" and not {"ExpirationModel", "ValidTo"} & set(deleted)
