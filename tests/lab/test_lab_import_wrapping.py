"""The wrapping key and the token that an import begins with, and what comes out of the wrapping."""

import os
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st
from importing import FOREVER, parameters, put, state, wrap

from kms_katas.lab import Lab
from kms_katas.lab.kms import rsa_pool, wrapping
from kms_katas.lab.kms.key_pairs import public_bytes
from kms_katas.lab.kms.specs import KEY_SPECS

SPECS = ("RSA_2048", "RSA_3072", "RSA_4096")
OAEP = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
KEY_WRAP = ("RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256")
ALGORITHMS = (*OAEP, *KEY_WRAP)


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
