"""Encapsulate and Decapsulate: what others encapsulate opens here, implicit rejection, and what is refused."""

import os
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

SIZES = {"ML_KEM_768": 1088, "ML_KEM_1024": 1568}


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
    for size in (1, SIZES[spec] - 1, SIZES[spec] + 1, 768):
        for dry in (False, True):
            with refused("InvalidCiphertextException"):
                decapsulate(kms, key, os.urandom(size), DryRun=dry)
    with refused("DryRunOperationException"):
        decapsulate(kms, key, os.urandom(SIZES[spec]), DryRun=True)
    with refused("DryRunOperationException"):
        kms.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM", DryRun=True)


def test_the_lab_says_that_it_cannot_use_the_smallest_set(kms: Any, refused: Any) -> None:
    key = kem_key(kms, "ML_KEM_512")
    with refused("UnsupportedOperationException") as caught:
        kms.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM")
    assert "the lab does not have it yet" in caught.value.response["Error"]["Message"]
