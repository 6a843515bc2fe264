"""ImportKeyMaterial: what it takes and refuses, the first time and again, and what log and policies see of it."""

import os
from datetime import timedelta
from typing import Any

import pytest
from importing import FOREVER, NEW, parameters, put, state, wrap

from kms_katas.lab import Lab

# Keys and their metadata


def test_a_key_of_origin_external_begins_without_material(kms: Any) -> None:
    made = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
    assert (made["KeyState"], made["Enabled"], made["Origin"]) == ("PendingImport", False, "EXTERNAL")
    assert not {"CurrentKeyMaterialId", "ValidTo", "ExpirationModel"} & set(made)


def test_the_first_import_enables_the_key(kms: Any, empty: str, material: bytes) -> None:
    answer = put(kms, empty, material)
    metadata = kms.describe_key(KeyId=empty)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == ("Enabled", True)
    assert metadata["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE" and "ValidTo" not in metadata
    assert answer["KeyId"] == metadata["Arn"]
    assert answer["KeyMaterialId"] == metadata["CurrentKeyMaterialId"]
    made = kms.generate_data_key(KeyId=empty, KeySpec="AES_256")
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"])
    assert opened["Plaintext"] == made["Plaintext"]
    assert made["KeyMaterialId"] == opened["KeyMaterialId"] == answer["KeyMaterialId"]


@pytest.mark.parametrize("state", ["Enabled", "Disabled", "PendingDeletion"])
@pytest.mark.parametrize("operation", ["get_parameters_for_import", "import_key_material"])
def test_a_key_that_kms_made_takes_no_import_in_any_state(
    kms: Any, key: Any, refused: Any, operation: str, state: str
) -> None:
    if state == "Disabled":
        kms.disable_key(KeyId=key["KeyId"])
    elif state == "PendingDeletion":
        kms.schedule_key_deletion(KeyId=key["KeyId"])
    with refused(
        "UnsupportedOperationException",
        f"{key['Arn']} origin is AWS_KMS which is not valid for this operation.",
    ):
        if operation == "import_key_material":
            kms.import_key_material(KeyId=key["KeyId"], ImportToken=b"x", EncryptedKeyMaterial=b"x")
        else:
            parameters(kms, key["KeyId"])


# What ImportKeyMaterial refuses


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_material_has_256_bits(kms: Any, empty: str, refused: Any, length: int) -> None:
    with refused("InvalidCiphertextException", ""):
        put(kms, empty, os.urandom(length))
    assert state(kms, empty) == "PendingImport"


def test_bytes_that_were_not_wrapped_are_refused(kms: Any, empty: str, material: bytes, refused: Any) -> None:
    token = parameters(kms, empty)["ImportToken"]
    with refused("InvalidCiphertextException", ""):
        kms.import_key_material(KeyId=empty, ImportToken=token, EncryptedKeyMaterial=material, **FOREVER)


def test_public_key_and_token_belong_together(kms: Any, empty: str, material: bytes, refused: Any) -> None:
    first, second = parameters(kms, empty), parameters(kms, empty)
    blob = wrap(first["PublicKey"], "RSAES_OAEP_SHA_256", material)
    with refused("InvalidCiphertextException"):
        kms.import_key_material(KeyId=empty, ImportToken=second["ImportToken"], EncryptedKeyMaterial=blob, **FOREVER)


def test_a_token_is_for_one_key(kms: Any, empty: str, material: bytes, refused: Any) -> None:
    other = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    found = parameters(kms, other)
    blob = wrap(found["PublicKey"], "RSAES_OAEP_SHA_256", material)
    with refused("InvalidImportTokenException"):
        kms.import_key_material(KeyId=empty, ImportToken=found["ImportToken"], EncryptedKeyMaterial=blob, **FOREVER)


def test_an_invented_token_is_refused(kms: Any, empty: str, refused: Any) -> None:
    with refused("InvalidImportTokenException"):
        kms.import_key_material(
            KeyId=empty, ImportToken=os.urandom(256), EncryptedKeyMaterial=os.urandom(256), **FOREVER
        )


def test_material_expires_unless_it_is_said_that_it_does_not(
    kms: Any, empty: str, material: bytes, refused: Any
) -> None:
    found = parameters(kms, empty)
    blob = wrap(found["PublicKey"], "RSAES_OAEP_SHA_256", material)
    for asked in ({}, {"ExpirationModel": "KEY_MATERIAL_EXPIRES"}):
        with refused(
            "ValidationException", "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
        ):
            kms.import_key_material(KeyId=empty, ImportToken=found["ImportToken"], EncryptedKeyMaterial=blob, **asked)


@pytest.mark.parametrize("seconds", [-1, 0, 365 * 86400 + 1])
def test_the_expiry_lies_within_365_days_from_now(
    lab: Lab, kms: Any, empty: str, material: bytes, refused: Any, seconds: int
) -> None:
    with refused("ValidationException"):
        put(kms, empty, material, ValidTo=lab.clock.now() + timedelta(seconds=seconds))
    put(kms, empty, material, ValidTo=lab.clock.now() + timedelta(days=365))


def test_material_that_never_expires_has_no_date(lab: Lab, kms: Any, empty: str, material: bytes, refused: Any) -> None:
    with refused("ValidationException"):
        put(kms, empty, material, ValidTo=lab.clock.now() + timedelta(days=1), **FOREVER)


@pytest.mark.parametrize("given_time", ["2030-01-01T00:00:00Z", True, 1e300, {}])
def test_an_expiry_that_is_no_number_is_no_request(raw: Any, empty: str, given_time: Any) -> None:
    body = {"KeyId": empty, "ImportToken": "eA==", "EncryptedKeyMaterial": "eA==", "ValidTo": given_time}
    status, answer = raw("ImportKeyMaterial", body)
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_the_texts_of_refused_imports_are_those_of_aws(
    lab: Lab, kms: Any, full: str, material: bytes, refused: Any
) -> None:
    metadata = kms.describe_key(KeyId=full)["KeyMetadata"]
    arn, known = metadata["Arn"], metadata["CurrentKeyMaterialId"]
    unexpected = "Imported key material does not have the expected identifier ({})."
    with refused("IncorrectKeyMaterialException", unexpected.format(known)):
        put(kms, full, os.urandom(32))
    with refused("IncorrectKeyMaterialException", unexpected.format("0" * 64)):
        put(kms, full, material, KeyMaterialId="0" * 64)
    associated = (
        f"Key material (id: {known}) being imported as NEW_KEY_MATERIAL is already associated with KMS key {arn}."
    )
    with refused("IncorrectKeyMaterialException", associated):
        put(kms, full, material, **NEW)
    with refused(
        "ValidationException", "Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType."
    ):
        put(kms, full, material, KeyMaterialId=known, **NEW)
    with refused("ValidationException", "ValidTo must be in the future"):
        put(kms, full, material, ValidTo=lab.clock.now())
    with refused("ValidationException", "ValidTo must be less than 365 days in the future"):
        put(kms, full, material, ValidTo=lab.clock.now() + timedelta(days=366))


# Importing again


def test_the_same_material_has_the_same_id_again_and_another_id_in_another_key(
    kms: Any, full: str, material: bytes
) -> None:
    other = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    known = kms.describe_key(KeyId=full)["KeyMetadata"]["CurrentKeyMaterialId"]
    kms.delete_imported_key_material(KeyId=full)
    assert put(kms, full, material)["KeyMaterialId"] == known
    assert put(kms, other, material)["KeyMaterialId"] != known


def test_other_bytes_are_refused_when_material_is_imported_again(
    kms: Any, full: str, material: bytes, refused: Any
) -> None:
    with refused("IncorrectKeyMaterialException"):
        put(kms, full, os.urandom(32))
    kms.delete_imported_key_material(KeyId=full)
    with refused("IncorrectKeyMaterialException"):
        put(kms, full, os.urandom(32))
    assert state(kms, full) == "PendingImport"
    put(kms, full, material)
    assert state(kms, full) == "Enabled"


def test_another_key_with_the_same_bytes_opens_nothing_of_the_first(
    kms: Any, full: str, material: bytes, refused: Any
) -> None:
    other = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    put(kms, other, material)
    blob = kms.encrypt(KeyId=full, Plaintext=b"x")["CiphertextBlob"]
    with refused("IncorrectKeyException"):
        kms.decrypt(KeyId=other, CiphertextBlob=blob)


def test_importing_again_sets_and_lifts_the_expiry(lab: Lab, kms: Any, full: str, material: bytes) -> None:
    until = lab.clock.now() + timedelta(days=3)
    put(kms, full, material, ValidTo=until)
    metadata = kms.describe_key(KeyId=full)["KeyMetadata"]
    assert (metadata["ExpirationModel"], metadata["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", until)
    put(kms, full, material)
    lab.clock.advance(days=4)
    assert state(kms, full) == "Enabled"


def test_a_key_material_id_names_the_material_that_comes_back(
    kms: Any, full: str, material: bytes, refused: Any
) -> None:
    known = kms.describe_key(KeyId=full)["KeyMetadata"]["CurrentKeyMaterialId"]
    put(kms, full, material, KeyMaterialId=known)
    with refused("IncorrectKeyMaterialException"):
        put(kms, full, material, KeyMaterialId="ab" * 32)
    with refused("ValidationException"):
        put(kms, full, os.urandom(32), KeyMaterialId=known, **NEW)


# What the log and the policies see


def test_no_event_holds_material_token_or_public_key(lab: Lab, kms: Any, empty: str, material: bytes) -> None:
    put(kms, empty, material, ValidTo=lab.clock.now() + timedelta(days=1))
    asked, done = [event for event in lab.trail if "Import" in event["eventName"]]
    assert set(asked["requestParameters"]) == {"keyId", "wrappingAlgorithm", "wrappingKeySpec"}
    assert asked["responseElements"] is None and asked["readOnly"]
    assert set(done["requestParameters"]) == {"keyId", "validTo"} and not done["readOnly"]
    assert set(done["responseElements"]) == {"keyId", "keyMaterialId"} and "additionalEventData" not in done


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"kms:WrappingAlgorithm": "RSAES_OAEP_SHA_1"}},
        {"StringNotEquals": {"kms:WrappingKeySpec": "RSA_4096"}, "Null": {"kms:WrappingKeySpec": "false"}},
        {"StringEquals": {"kms:ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}},
        {"DateGreaterThan": {"kms:ValidTo": "2000-01-01T00:00:00Z"}},
        {"StringEquals": {"kms:KeyOrigin": "EXTERNAL"}},
    ],
)
def test_policies_see_how_material_is_imported(
    lab: Lab, empty: str, material: bytes, refused: Any, condition: Any
) -> None:
    """Each import here is of RSA_2048 and SHA-1, and expires or not, so each condition meets one of its requests."""
    everything = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "kms:*", "Resource": "*", "Condition": condition}
    document = {"Version": "2012-10-17", "Statement": [everything, deny]}
    kms = lab.home.user("importer", policies={"all-but": document}).client("kms")
    expiring = "kms:ValidTo" in str(condition)
    asked = {"ValidTo": lab.clock.now() + timedelta(days=1)} if expiring else {}
    with refused("AccessDeniedException"):
        put(kms, empty, material, "RSAES_OAEP_SHA_1", **asked)


def test_the_default_of_the_expiration_model_counts_for_policies(
    lab: Lab, empty: str, material: bytes, refused: Any
) -> None:
    only = {"StringEquals": {"kms:ExpirationModel": "KEY_MATERIAL_EXPIRES"}}
    begin = {"Effect": "Allow", "Action": "kms:GetParametersForImport", "Resource": "*"}
    end = {"Effect": "Allow", "Action": "kms:ImportKeyMaterial", "Resource": "*", "Condition": only}
    document = {"Version": "2012-10-17", "Statement": [begin, end]}
    kms = lab.home.user("importer", policies={"import": document}).client("kms")
    with refused("AccessDeniedException"):
        put(kms, empty, material)
    put(kms, empty, material, ValidTo=lab.clock.now() + timedelta(days=1))
