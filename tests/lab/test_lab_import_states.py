"""Imported material that goes and comes back: which state the key is in, and what opens meanwhile."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from importing import FOREVER, NEW, parameters, put, state, wrap

from kms_katas.lab import Lab


def test_deleting_material_is_immediate_and_the_same_bytes_bring_everything_back(
    kms: Any, full: str, material: bytes, refused: Any
) -> None:
    blob = kms.encrypt(KeyId=full, Plaintext=b"x")["CiphertextBlob"]
    metadata = kms.describe_key(KeyId=full)["KeyMetadata"]
    answer = kms.delete_imported_key_material(KeyId=full)
    assert (answer["KeyId"], answer["KeyMaterialId"]) == (metadata["Arn"], metadata["CurrentKeyMaterialId"])
    with refused("KMSInvalidStateException", f"{metadata['Arn']} is pending import."):
        kms.decrypt(CiphertextBlob=blob)
    after = kms.describe_key(KeyId=full)["KeyMetadata"]
    assert after["KeyState"] == "PendingImport"
    assert after["CurrentKeyMaterialId"] == metadata["CurrentKeyMaterialId"]
    put(kms, full, material)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_deleting_what_is_not_there_has_no_effect(kms: Any, empty: str, material: bytes) -> None:
    arn = kms.describe_key(KeyId=empty)["KeyMetadata"]["Arn"]
    assert kms.delete_imported_key_material(KeyId=empty)["KeyId"] == arn
    put(kms, empty, material)
    kms.delete_imported_key_material(KeyId=empty)
    assert kms.delete_imported_key_material(KeyId=empty)["KeyId"] == arn
    assert state(kms, empty) == "PendingImport"


def test_material_that_the_key_never_had_cannot_be_deleted(kms: Any, full: str, refused: Any) -> None:
    arn = kms.describe_key(KeyId=full)["KeyMetadata"]["Arn"]
    text = f"Key material (id: {'ab' * 32}) has never been imported into KMS key {arn}."
    with refused("ValidationException", text):
        kms.delete_imported_key_material(KeyId=full, KeyMaterialId="ab" * 32)
    assert state(kms, full) == "Enabled"


def test_material_expires_at_its_time_and_not_before(
    lab: Lab, kms: Any, empty: str, material: bytes, refused: Any
) -> None:
    put(kms, empty, material, ValidTo=lab.clock.now() + timedelta(hours=1))
    blob = kms.encrypt(KeyId=empty, Plaintext=b"x")["CiphertextBlob"]
    lab.clock.advance(seconds=3599)
    kms.decrypt(CiphertextBlob=blob)
    lab.clock.advance(seconds=1)
    with refused("KMSInvalidStateException"):
        kms.decrypt(CiphertextBlob=blob)
    metadata = kms.describe_key(KeyId=empty)["KeyMetadata"]
    assert metadata["KeyState"] == "PendingImport" and "ValidTo" not in metadata


@pytest.mark.parametrize("before", ["Enabled", "Disabled"])
def test_a_key_that_loses_its_material_waits_for_it(kms: Any, full: str, material: bytes, before: str) -> None:
    if before == "Disabled":
        kms.disable_key(KeyId=full)
    kms.delete_imported_key_material(KeyId=full)
    assert state(kms, full) == "PendingImport"
    put(kms, full, material)
    assert state(kms, full) == "Enabled"


def test_a_disabled_key_is_enabled_when_its_material_comes_again(kms: Any, full: str, material: bytes) -> None:
    kms.disable_key(KeyId=full)
    put(kms, full, material)
    assert state(kms, full) == "Enabled"


@pytest.mark.parametrize("way", ["deleted", "expired"])
def test_a_key_pending_deletion_stays_so_when_it_loses_its_material(
    lab: Lab, kms: Any, full: str, material: bytes, way: str
) -> None:
    put(kms, full, material, ValidTo=lab.clock.now() + timedelta(days=1))
    kms.schedule_key_deletion(KeyId=full)
    if way == "deleted":
        kms.delete_imported_key_material(KeyId=full)
    lab.clock.advance(days=2)
    assert state(kms, full) == "PendingDeletion"
    kms.cancel_key_deletion(KeyId=full)
    assert state(kms, full) == "PendingImport"


def test_a_key_pending_deletion_takes_no_import(kms: Any, full: str, refused: Any) -> None:
    found = parameters(kms, full)
    blob = wrap(found["PublicKey"], "RSAES_OAEP_SHA_256", os.urandom(32))
    kms.schedule_key_deletion(KeyId=full)
    with refused("KMSInvalidStateException"):
        parameters(kms, full)
    with refused("KMSInvalidStateException"):
        kms.import_key_material(KeyId=full, ImportToken=found["ImportToken"], EncryptedKeyMaterial=blob, **FOREVER)


USES: dict[str, Callable[[Any, str], Any]] = {
    "Encrypt": lambda kms, key: kms.encrypt(KeyId=key, Plaintext=b"x"),
    "GenerateDataKey": lambda kms, key: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
    "GenerateDataKeyWithoutPlaintext": lambda kms, key: kms.generate_data_key_without_plaintext(
        KeyId=key, KeySpec="AES_256"
    ),
    "EnableKey": lambda kms, key: kms.enable_key(KeyId=key),
    "DisableKey": lambda kms, key: kms.disable_key(KeyId=key),
}


WORKS: dict[str, Callable[[Any, str], Any]] = {
    "DescribeKey": lambda kms, key: kms.describe_key(KeyId=key),
    "GetKeyPolicy": lambda kms, key: kms.get_key_policy(KeyId=key),
    "TagResource": lambda kms, key: kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}]),
    "UpdateKeyDescription": lambda kms, key: kms.update_key_description(KeyId=key, Description="d"),
    "CreateAlias": lambda kms, key: kms.create_alias(AliasName="alias/new", TargetKeyId=key),
    "ScheduleKeyDeletion": lambda kms, key: kms.schedule_key_deletion(KeyId=key),
    "GetParametersForImport": parameters,
    "DeleteImportedKeyMaterial": lambda kms, key: kms.delete_imported_key_material(KeyId=key),
}


@pytest.mark.parametrize("operation", USES)
def test_a_key_that_waits_for_material_refuses_its_use(kms: Any, empty: str, refused: Any, operation: str) -> None:
    arn = kms.describe_key(KeyId=empty)["KeyMetadata"]["Arn"]
    with refused("KMSInvalidStateException", f"{arn} is pending import."):
        USES[operation](kms, empty)


@pytest.mark.parametrize("operation", WORKS)
def test_a_key_that_waits_for_material_can_be_managed(kms: Any, empty: str, operation: str) -> None:
    WORKS[operation](kms, empty)


def test_a_key_that_waits_for_material_has_no_deletion_to_cancel(kms: Any, empty: str, refused: Any) -> None:
    arn = kms.describe_key(KeyId=empty)["KeyMetadata"]["Arn"]
    with refused("KMSInvalidStateException", f"{arn} is not pending deletion."):
        kms.cancel_key_deletion(KeyId=empty)


ACTS = st.lists(
    st.sampled_from(["import", "import for a day", "delete", "wait", "encrypt", "disable", "enable", "new", "drop"]),
    max_size=14,
)


@settings(max_examples=40)
@given(acts=ACTS)
def test_a_ciphertext_opens_exactly_while_its_material_is_there_and_the_key_is_enabled(acts: list[str]) -> None:
    """Against a model of two facts: is the material there, is the key switched on. An import switches it on."""
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
        key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
        material, there, switched_on, until, blobs = os.urandom(32), False, True, None, []
        put_before, pending = False, None
        for act in acts:
            if act.startswith("import"):
                until = lab.clock.now() + timedelta(days=1) if act.endswith("day") else None
                put(kms, key, material, **({} if until is None else {"ValidTo": until}))
                there = put_before = switched_on = True
            elif act == "delete":
                kms.delete_imported_key_material(KeyId=key)
                there, until = False, None
                switched_on = switched_on or put_before
            elif act == "wait":
                lab.clock.advance(days=1)
                if there and until is not None:
                    there, until, switched_on = False, None, True
            elif act == "encrypt" and there and switched_on:
                blobs.append(kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"])
            elif act in ("disable", "enable") and there:
                getattr(kms, f"{act}_key")(KeyId=key)
                switched_on = act == "enable"
            elif act == "new" and put_before and pending is None:
                pending = put(kms, key, os.urandom(32), **NEW)["KeyMaterialId"]
                switched_on = switched_on or there
            elif act == "drop" and pending is not None:
                kms.delete_imported_key_material(KeyId=key, KeyMaterialId=pending)
                pending = None
            for blob in blobs:
                assert _opens(kms, blob) is (there and switched_on)
            expected = "PendingImport" if not there else "Enabled" if switched_on else "Disabled"
            assert state(kms, key) == expected


def _opens(kms: Any, blob: bytes) -> bool:
    try:
        return bool(kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x")
    except (kms.exceptions.KMSInvalidStateException, kms.exceptions.DisabledException):
        return False
