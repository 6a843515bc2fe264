"""Related multi-Region keys with imported material: each Region gets its own copy, and all of them the same."""

import os
from datetime import timedelta
from typing import Any

import importing
import pytest
from importing import NEW
from related_keys import HOME, WEST, arn, metadata, replicate, settle

from kms_katas.lab import Lab


def put(kms: Any, key: str, material: bytes, **asked: Any) -> str:
    """The ID of the imported material, which never expires unless told otherwise."""
    return str(importing.put(kms, key, material, **asked)["KeyMaterialId"])


def history(kms: Any, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    return found


def states(kms: Any, key: str) -> list[tuple[str, str]]:
    return [(entry["ImportState"], entry["KeyMaterialState"]) for entry in history(kms, key)]


@pytest.fixture
def imported(lab: Lab, kms: Any) -> tuple[str, bytes]:
    """The ID and the material of an imported primary key that has a replica, which waits for it."""
    key, material = kms.create_key(MultiRegion=True, Origin="EXTERNAL")["KeyMetadata"]["KeyId"], os.urandom(32)
    put(kms, key, material, KeyMaterialDescription="first")
    replicate(lab, key)
    return key, material


def test_an_empty_primary_is_not_replicated(kms: Any, refused: Any) -> None:
    key = kms.create_key(MultiRegion=True, Origin="EXTERNAL")["KeyMetadata"]
    with refused("KMSInvalidStateException", f"{key['Arn']} is pending import."):
        kms.replicate_key(KeyId=key["KeyId"], ReplicaRegion=WEST)


def test_a_replica_waits_for_the_primarys_material(lab: Lab, kms: Any, west: Any, imported: Any, refused: Any) -> None:
    key, material = imported
    found = metadata(lab, key, WEST)
    assert (found["KeyState"], "ExpirationModel" in found) == ("PendingImport", False)
    assert found["CurrentKeyMaterialId"] == metadata(lab, key)["CurrentKeyMaterialId"]
    [entry] = history(west, key)
    assert (entry["ImportState"], entry["KeyMaterialState"]) == ("PENDING_IMPORT", "CURRENT")
    assert entry["KeyMaterialDescription"] == "first"
    expected = f"Imported key material does not have the expected identifier ({found['CurrentKeyMaterialId']})."
    with refused("IncorrectKeyMaterialException", expected):
        put(west, key, os.urandom(32))
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with refused("KMSInvalidStateException", f"{arn(key, WEST)} is pending import."):
        west.decrypt(CiphertextBlob=blob)
    put(west, key, material)
    assert west.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (
            {"KeyMaterialDescription": "mine"},
            "Key material description can only be specified on primary Multi-Region keys",
        ),
        (
            NEW,
            "Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys",
        ),
    ],
)
def test_a_replica_brings_nothing_of_its_own(west: Any, imported: Any, refused: Any, asked: Any, text: str) -> None:
    key, material = imported
    with refused("ValidationException", text):
        put(west, key, material, **asked)


def test_imported_material_rotates_when_every_replica_has_it(
    lab: Lab, kms: Any, west: Any, imported: Any, refused: Any
) -> None:
    key, first = imported
    put(west, key, first)
    second = os.urandom(32)
    new = put(kms, key, second, **NEW)
    assert states(kms, key)[1] == ("IMPORTED", "PENDING_MULTI_REGION_IMPORT_AND_ROTATION")
    assert states(west, key)[1] == ("PENDING_IMPORT", "PENDING_MULTI_REGION_IMPORT_AND_ROTATION")
    text = (
        "Cannot perform key material rotation: Key material has not been imported for replicas of the Multi-Region key."
    )
    with refused("KMSInvalidStateException", text):
        kms.rotate_key_on_demand(KeyId=key)
    assert put(west, key, second) == new
    assert states(kms, key)[1] == states(west, key)[1] == ("IMPORTED", "PENDING_ROTATION")
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key)
    settle(lab)
    for one, region in ((west, WEST), (kms, HOME)):
        assert metadata(lab, key, region)["CurrentKeyMaterialId"] == new
        assert one.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
        assert [entry["KeyMaterialState"] for entry in history(one, key)] == ["NON_CURRENT", "CURRENT"]


def test_a_replica_that_loses_the_pending_material_waits_after_the_rotation(
    lab: Lab, kms: Any, west: Any, imported: Any
) -> None:
    key, first = imported
    put(west, key, first)
    second = os.urandom(32)
    new = put(kms, key, second, **NEW)
    put(west, key, second)
    kms.rotate_key_on_demand(KeyId=key)
    west.delete_imported_key_material(KeyId=key, KeyMaterialId=new)
    settle(lab)
    assert metadata(lab, key)["KeyState"] == "Enabled"
    assert metadata(lab, key, WEST)["KeyState"] == "PendingImport"
    assert states(west, key) == [("IMPORTED", "NON_CURRENT"), ("PENDING_IMPORT", "CURRENT")]
    put(west, key, second)
    assert metadata(lab, key, WEST)["KeyState"] == "Enabled"


def test_pending_material_deleted_in_the_primary_is_gone_everywhere(kms: Any, west: Any, imported: Any) -> None:
    key, _ = imported
    new = put(kms, key, os.urandom(32), **NEW)
    west.delete_imported_key_material(KeyId=key, KeyMaterialId=new)
    assert len(history(kms, key)) == len(history(west, key)) == 2
    kms.delete_imported_key_material(KeyId=key, KeyMaterialId=new)
    assert len(history(kms, key)) == len(history(west, key)) == 1


def test_material_expires_in_each_region_by_itself(lab: Lab, kms: Any, west: Any, imported: Any) -> None:
    key, material = imported
    put(west, key, material)
    put(kms, key, material, ValidTo=lab.clock.now() + timedelta(days=1), ExpirationModel="KEY_MATERIAL_EXPIRES")
    lab.clock.advance(days=2)
    assert metadata(lab, key)["KeyState"] == "PendingImport"
    found = metadata(lab, key, WEST)
    assert (found["KeyState"], found["ExpirationModel"]) == ("Enabled", "KEY_MATERIAL_DOES_NOT_EXPIRE")
