"""Imported key material: how it gets in, when it goes, which state the key is in, and what opens meanwhile."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.lab import Lab
from kms_katas.lab.kms import rsa_pool, wrapping
from kms_katas.lab.kms.key_pairs import public_bytes
from kms_katas.lab.kms.specs import KEY_SPECS

SPECS = ("RSA_2048", "RSA_3072", "RSA_4096")
OAEP = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
KEY_WRAP = ("RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256")
ALGORITHMS = (*OAEP, *KEY_WRAP)
FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
NEW = {"ImportType": "NEW_KEY_MATERIAL"}


def wrap(public_key: bytes, algorithm: str, material: bytes) -> bytes:
    """What a caller of AWS does before ImportKeyMaterial, straight from the RFCs."""
    public: Any = serialization.load_der_public_key(public_key)
    digest = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    if algorithm.startswith("RSAES"):
        return bytes(public.encrypt(material, oaep))
    ephemeral = os.urandom(32)
    return bytes(public.encrypt(ephemeral, oaep)) + aes_key_wrap_with_padding(ephemeral, material)


def parameters(kms: Any, key: str, algorithm: str = "RSAES_OAEP_SHA_256", spec: str = "RSA_2048") -> Any:
    return kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec)


def put(kms: Any, key: str, material: bytes, algorithm: str = "RSAES_OAEP_SHA_256", **asked: Any) -> Any:
    """Imports `material`, never expiring unless told otherwise."""
    found = parameters(kms, key, algorithm)
    blob = wrap(found["PublicKey"], algorithm, material)
    asked = asked if "ValidTo" in asked else FOREVER | asked
    return kms.import_key_material(KeyId=key, ImportToken=found["ImportToken"], EncryptedKeyMaterial=blob, **asked)


def state(kms: Any, key: str) -> str:
    found: str = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    return found


@pytest.fixture
def empty(kms: Any) -> str:
    """The ID of a key that waits for its first material."""
    found: str = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    return found


@pytest.fixture
def material() -> bytes:
    return os.urandom(32)


@pytest.fixture
def full(kms: Any, empty: str, material: bytes) -> str:
    put(kms, empty, material)
    return empty


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


# Parameters for import


@pytest.mark.parametrize("spec", SPECS)
def test_the_wrapping_key_has_the_size_that_was_asked_for(kms: Any, empty: str, spec: str) -> None:
    public: Any = serialization.load_der_public_key(parameters(kms, empty, spec=spec)["PublicKey"])
    assert public.key_size == int(spec.removeprefix("RSA_"))
    assert public.public_numbers().e == 65537


def test_each_request_gets_another_wrapping_key_and_token(kms: Any, empty: str) -> None:
    found = [parameters(kms, empty) for _ in range(20)]
    assert len({one["PublicKey"] for one in found}) == len({one["ImportToken"] for one in found}) == 20


def test_parameters_are_still_given_when_the_pool_is_used_up(kms: Any, empty: str) -> None:
    found = {parameters(kms, empty)["PublicKey"] for _ in range(70)}
    assert len(found) == 66


def test_parameters_last_24_hours(lab: Lab, kms: Any, empty: str, material: bytes, refused: Any) -> None:
    found = parameters(kms, empty)
    assert found["ParametersValidTo"] - lab.clock.now() == timedelta(hours=24)
    asked: Any = {
        "KeyId": empty,
        "ImportToken": found["ImportToken"],
        "EncryptedKeyMaterial": wrap(found["PublicKey"], "RSAES_OAEP_SHA_256", material),
    } | FOREVER
    lab.clock.advance(hours=24)
    with refused("ExpiredImportTokenException"):
        kms.import_key_material(**asked)
    assert state(kms, empty) == "PendingImport"


def test_parameters_work_to_their_last_second(lab: Lab, kms: Any, empty: str, material: bytes) -> None:
    found = parameters(kms, empty)
    blob = wrap(found["PublicKey"], "RSAES_OAEP_SHA_256", material)
    lab.clock.advance(seconds=24 * 3600 - 1)
    kms.import_key_material(KeyId=empty, ImportToken=found["ImportToken"], EncryptedKeyMaterial=blob, **FOREVER)
    assert state(kms, empty) == "Enabled"


@pytest.mark.parametrize(
    ("algorithm", "spec"),
    [
        ("RSAES_PKCS1_V1_5", "RSA_2048"),
        ("SM2PKE", "SM2"),
        ("RSAES_OAEP_SHA_256", "SM2"),
        *((algorithm, spec) for algorithm in KEY_WRAP for spec in SPECS),
    ],
)
def test_wrapping_that_kms_does_not_offer_for_a_symmetric_key_is_refused(
    kms: Any, empty: str, refused: Any, algorithm: str, spec: str
) -> None:
    text = (
        f"Wrapping algorithm {algorithm} and wrapping key spec {spec} cannot be used to import a SYMMETRIC_DEFAULT key."
    )
    with refused("ValidationException", text):
        parameters(kms, empty, algorithm, spec)


def test_the_seed_repeats_wrapping_keys_and_tokens() -> None:
    def found(seed: int) -> tuple[bytes, bytes]:
        with Lab(seed=seed) as lab:
            kms = lab.home.admin.client("kms")
            answer = parameters(kms, kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"])
            return answer["PublicKey"], answer["ImportToken"]

    assert found(7) == found(7)
    assert found(7)[1] != found(8)[1]


# Wrapping


def _is_probably_prime(number: int, rounds: int = 20) -> bool:
    """Miller and Rabin's test."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(rounds):
        power = pow(int.from_bytes(os.urandom(64)) % (number - 3) + 2, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = pow(power, 2, number)
            if power == number - 1:
                break
        else:
            return False
    return True


@pytest.mark.parametrize("spec", SPECS)
def test_the_pool_holds_different_primes_that_make_keys_of_full_size(spec: str) -> None:
    bits = KEY_SPECS[spec].bits
    pool = rsa_pool.primes(bits // 2)
    assert len(set(pool)) == len(pool) == 12
    assert all((p * q).bit_length() == bits for p in pool for q in pool)
    assert all((prime - 1) % rsa_pool.PUBLIC_EXPONENT for prime in pool)
    assert all(_is_probably_prime(prime, rounds=5) for prime in pool)


@settings(max_examples=40)
@given(
    material=st.binary(max_size=60),
    algorithm=st.sampled_from(ALGORITHMS),
    spec=st.sampled_from(SPECS),
    seed=st.integers(0, 2**32),
)
def test_unwrapping_undoes_wrapping(material: bytes, algorithm: str, spec: str, seed: int) -> None:
    key = wrapping.new_wrapping_key(spec, (), wrapping.Randomness(seed))
    # AES key wrap with padding has no form for nothing at all (RFC 5649).
    material = material or b"x"
    assert wrapping.unwrap(algorithm, key, wrap(public_bytes(key), algorithm, material)) == material


@settings(max_examples=40)
@given(data=st.data(), algorithm=st.sampled_from(ALGORITHMS))
def test_altered_bytes_and_another_algorithm_do_not_unwrap(data: st.DataObject, algorithm: str) -> None:
    key = wrapping.new_wrapping_key("RSA_2048", (), wrapping.Randomness(1))
    blob = wrap(public_bytes(key), algorithm, os.urandom(32))
    place = data.draw(st.integers(0, len(blob) - 1))
    altered = blob[:place] + bytes([blob[place] ^ data.draw(st.integers(1, 255))]) + blob[place + 1 :]
    assert wrapping.unwrap(algorithm, key, altered) is None
    other = data.draw(st.sampled_from([one for one in ALGORITHMS if one != algorithm]))
    assert wrapping.unwrap(other, key, blob) is None


@pytest.mark.parametrize("algorithm", OAEP)
def test_material_comes_in_by_both_kinds_of_oaep(kms: Any, empty: str, material: bytes, algorithm: str) -> None:
    first = put(kms, empty, material, algorithm)
    assert put(kms, empty, material)["KeyMaterialId"] == first["KeyMaterialId"]


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


# New material for a rotation


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


# Deleting and expiring


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
