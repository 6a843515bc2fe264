"""Encapsulate and Decapsulate: what others encapsulate opens here, implicit rejection, and what is refused."""

import os
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import mlkem
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.lab.kms.key_pairs import public_bytes
from kms_katas.lab.kms.ml_kem_512 import MLKEM512PrivateKey, MLKEM512PublicKey

SIZES = {"ML_KEM_512": 768, "ML_KEM_768": 1088, "ML_KEM_1024": 1568}


def kem_key(kms: Any, spec: str) -> str:
    arn: str = kms.create_key(KeySpec=spec, KeyUsage="ENCAPSULATE_DECAPSULATE")["KeyMetadata"]["Arn"]
    return arn


def decapsulate(kms: Any, key: str, blob: bytes, **more: Any) -> Any:
    return kms.decapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM", SharedSecretCiphertextBlob=blob, **more)


@pytest.mark.parametrize("spec", SIZES)
def test_both_sides_come_to_the_same_secret(kms: Any, spec: str) -> None:
    key = kem_key(kms, spec)
    sent = kms.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM")
    assert (sent["KeyId"], sent["EncapsulationAlgorithm"]) == (key, "ML_KEM")
    assert (len(sent["SharedSecret"]), len(sent["SharedSecretCiphertextBlob"])) == (32, SIZES[spec])
    got = decapsulate(kms, key, sent["SharedSecretCiphertextBlob"])
    assert (got["SharedSecret"], got["KeyId"], got["EncapsulationAlgorithm"]) == (sent["SharedSecret"], key, "ML_KEM")
    again = kms.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM")
    assert again["SharedSecret"] != sent["SharedSecret"]


@pytest.mark.parametrize("spec", SIZES)
def test_what_another_encapsulates_with_the_public_key_opens(kms: Any, spec: str) -> None:
    key = kem_key(kms, spec)
    answer = kms.get_public_key(KeyId=key)
    assert answer["EncapsulationAlgorithms"] == ["ML_KEM"]
    if spec == "ML_KEM_512":  # the library cannot read it
        secret, blob = MLKEM512PublicKey(answer["PublicKey"][-800:]).encapsulate()
    else:
        public: Any = load_der_public_key(answer["PublicKey"])
        secret, blob = public.encapsulate()
    assert decapsulate(kms, key, blob)["SharedSecret"] == secret


@pytest.mark.parametrize("spec", SIZES)
def test_altered_bytes_and_another_key_give_another_secret_and_no_error(kms: Any, spec: str) -> None:
    key = kem_key(kms, spec)
    sent = kms.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM")
    blob = sent["SharedSecretCiphertextBlob"]
    place = secrets.randbelow(len(blob))
    altered = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
    wrong = [
        decapsulate(kms, key, altered)["SharedSecret"],
        decapsulate(kms, key, os.urandom(len(blob)))["SharedSecret"],
        decapsulate(kms, kem_key(kms, spec), blob)["SharedSecret"],
    ]
    assert len({sent["SharedSecret"], *wrong}) == 4 and {len(secret) for secret in wrong} == {32}
    assert decapsulate(kms, key, altered)["SharedSecret"] == wrong[0]


@pytest.mark.parametrize("spec", SIZES)
def test_bytes_of_another_length_are_refused(kms: Any, refused: Any, spec: str) -> None:
    key = kem_key(kms, spec)
    for size in (1, SIZES[spec] - 1, SIZES[spec] + 1, 1000):
        for dry in (False, True):
            with refused("InvalidCiphertextException"):
                decapsulate(kms, key, os.urandom(size), DryRun=dry)
    with refused("DryRunOperationException"):
        decapsulate(kms, key, os.urandom(SIZES[spec]), DryRun=True)
    with refused("DryRunOperationException"):
        kms.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM", DryRun=True)


@settings(max_examples=15, deadline=None)
@given(number=st.sampled_from([768, 1024]), seed=st.binary(min_size=64, max_size=64), data=st.data())
def test_the_code_for_the_smallest_set_does_the_two_others_as_the_library_does(
    number: int, seed: bytes, data: st.DataObject
) -> None:
    theirs = getattr(mlkem, f"MLKEM{number}PrivateKey").from_seed_bytes(seed)
    ours = MLKEM512PrivateKey(seed, number)
    assert ours.public_key().public_bytes_raw() == theirs.public_key().public_bytes_raw()
    secret, blob = ours.public_key().encapsulate()
    assert theirs.decapsulate(blob) == secret
    secret, blob = theirs.public_key().encapsulate()
    assert ours.decapsulate(blob) == secret
    place = data.draw(st.integers(0, len(blob) - 1))
    altered = blob[:place] + bytes([blob[place] ^ data.draw(st.integers(1, 255))]) + blob[place + 1 :]
    assert ours.decapsulate(altered) == theirs.decapsulate(altered) != secret


def test_the_smallest_set_has_the_forms_of_the_others(kms: Any, key: Any) -> None:
    made = kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec="ML_KEM_512")
    assert public_bytes(MLKEM512PrivateKey(made["PrivateKeyPlaintext"][-64:])) == made["PublicKey"]
    larger = kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec="ML_KEM_768")
    head = len(made["PrivateKeyPlaintext"]) - 64
    theirs = bytearray(larger["PrivateKeyPlaintext"][:head])
    theirs[theirs.index(bytes.fromhex("0304")) + 3] = 1  # the last part of the object identifier
    assert made["PrivateKeyPlaintext"][:head] == bytes(theirs)
    assert len(made["PublicKey"]) == 800 + len(larger["PublicKey"]) - 1184
