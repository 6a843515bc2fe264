"""New material that is imported for a rotation: how it waits, and what the key needs once it is rotated in."""

import os
from datetime import timedelta
from typing import Any

from importing import NEW, put, state

from kms_katas.lab import Lab


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
