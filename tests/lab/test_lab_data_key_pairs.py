"""GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext."""

import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

PAIRS: dict[str, type] = {
    **dict.fromkeys(("RSA_2048", "RSA_3072", "RSA_4096"), rsa.RSAPrivateKey),
    **dict.fromkeys(("ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"), ec.EllipticCurvePrivateKey),
    "ECC_NIST_EDWARDS25519": ed25519.Ed25519PrivateKey,
    "ML_KEM_768": mlkem.MLKEM768PrivateKey,
    "ML_KEM_1024": mlkem.MLKEM1024PrivateKey,
}


def public_of(private: bytes) -> bytes:
    key: Any = load_der_private_key(private, None)
    return bytes(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize("spec", PAIRS)
def test_the_private_key_is_the_public_ones_and_decrypt_gives_it_back(kms: Any, key: Any, spec: str) -> None:
    context = {"purpose": os.urandom(4).hex()}
    made = kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec=spec, EncryptionContext=context)
    assert (made["KeyId"], made["KeyPairSpec"]) == (key["Arn"], spec)
    assert made["KeyMaterialId"] == key["CurrentKeyMaterialId"] and "CiphertextForRecipient" not in made
    assert isinstance(load_der_private_key(made["PrivateKeyPlaintext"], None), PAIRS[spec])
    assert public_of(made["PrivateKeyPlaintext"]) == made["PublicKey"]
    opened = kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"], EncryptionContext=context)
    assert opened["Plaintext"] == made["PrivateKeyPlaintext"]


@pytest.mark.parametrize("spec", PAIRS)
def test_without_plaintext_the_private_key_is_in_the_ciphertext_only(kms: Any, key: Any, spec: str) -> None:
    made = kms.generate_data_key_pair_without_plaintext(KeyId=key["KeyId"], KeyPairSpec=spec)
    assert set(made) - {"ResponseMetadata"} == {
        "PrivateKeyCiphertextBlob",
        "PublicKey",
        "KeyId",
        "KeyPairSpec",
        "KeyMaterialId",
    }
    load_der_public_key(made["PublicKey"])
    assert public_of(kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])["Plaintext"]) == made["PublicKey"]


def test_a_private_key_is_as_long_as_awss(kms: Any, key: Any) -> None:
    """Recorded from AWS by the project stackd on 2026-09-12 (testdata/aws/kms/ecc.json)."""
    lengths = {"ECC_NIST_P256": 150, "ECC_NIST_P521": 250, "ECC_SECG_P256K1": 144, "ECC_NIST_EDWARDS25519": 48}
    for spec, length in lengths.items():
        made = kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec=spec)
        assert len(made["PrivateKeyPlaintext"]) == length


def test_the_ciphertext_wants_its_encryption_context(kms: Any, key: Any, refused: Any) -> None:
    made = kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec="ECC_NIST_P256", EncryptionContext={"a": "b"})
    with refused("InvalidCiphertextException", ""):
        kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256"])
def test_no_two_pairs_are_the_same(kms: Any, key: Any, spec: str) -> None:
    made = [kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec=spec)["PublicKey"] for _ in range(30)]
    assert len(set(made)) == 30


def test_when_the_pool_is_empty_an_rsa_key_is_made_afresh(kms: Any, key: Any) -> None:
    made = [kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec="RSA_2048")["PublicKey"] for _ in range(68)]
    assert len(set(made)) == 68


@pytest.mark.parametrize("operation", ["generate_data_key_pair", "generate_data_key_pair_without_plaintext"])
def test_what_is_refused_is_refused_in_a_dry_run_too(kms: Any, key: Any, refused: Any, operation: str) -> None:
    run = getattr(kms, operation)
    with refused("UnsupportedOperationException"):
        run(KeyId=key["KeyId"], KeyPairSpec="SM2", DryRun=True)
    with refused("UnsupportedOperationException"):
        run(KeyId=key["KeyId"], KeyPairSpec="SM2")
    rsa_key = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    for dry in (False, True):
        with refused("InvalidKeyUsageException", "You cannot generate a data key pair with an asymmetric CMK"):
            run(KeyId=rsa_key, KeyPairSpec="ECC_NIST_P256", DryRun=dry)
    with refused("DryRunOperationException"):
        run(KeyId=key["KeyId"], KeyPairSpec="RSA_4096", DryRun=True)


def test_recipient_is_refused_by_the_lab(kms: Any, key: Any, refused: Any) -> None:
    recipient = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"x"}
    with refused("UnsupportedOperationException"):
        kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec="ECC_NIST_P256", Recipient=recipient)
