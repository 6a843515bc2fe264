"""Encrypt, Decrypt and ReEncrypt with RSA keys: what OpenSSL encrypts opens here, and what is refused."""

import json
import os
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key

SIZES = {
    ("RSA_2048", "RSAES_OAEP_SHA_1"): 214,
    ("RSA_2048", "RSAES_OAEP_SHA_256"): 190,
    ("RSA_3072", "RSAES_OAEP_SHA_1"): 342,
    ("RSA_3072", "RSAES_OAEP_SHA_256"): 318,
    ("RSA_4096", "RSAES_OAEP_SHA_1"): 470,
    ("RSA_4096", "RSAES_OAEP_SHA_256"): 446,
}
ALGORITHMS = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
CONTEXT = {"EncryptionContext": {"purpose": "test"}}
NO_CONTEXT = "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs."


def rsa_key(kms: Any, spec: str = "RSA_2048") -> str:
    arn: str = kms.create_key(KeySpec=spec, KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    return arn


def encrypted_outside(kms: Any, key: str, algorithm: str, plaintext: bytes) -> bytes:
    public: Any = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    digest = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()
    return bytes(public.encrypt(plaintext, padding.OAEP(padding.MGF1(digest), digest, None)))


@pytest.mark.parametrize(("spec", "algorithm"), SIZES)
def test_decrypt_opens_what_kms_and_what_others_encrypted(kms: Any, spec: str, algorithm: str) -> None:
    key, plaintext = rsa_key(kms, spec), os.urandom(SIZES[spec, algorithm])
    answer = kms.encrypt(KeyId=key, Plaintext=plaintext, EncryptionAlgorithm=algorithm)
    assert (answer["KeyId"], answer["EncryptionAlgorithm"]) == (key, algorithm)
    assert len(answer["CiphertextBlob"]) == int(spec[-4:]) // 8
    for blob in (answer["CiphertextBlob"], encrypted_outside(kms, key, algorithm, plaintext)):
        opened = kms.decrypt(KeyId=key, CiphertextBlob=blob, EncryptionAlgorithm=algorithm)
        assert (opened["Plaintext"], opened["KeyId"], opened["EncryptionAlgorithm"]) == (plaintext, key, algorithm)
        assert "KeyMaterialId" not in opened


@pytest.mark.parametrize(("spec", "algorithm"), SIZES)
def test_one_byte_too_many_is_refused(kms: Any, refused: Any, spec: str, algorithm: str) -> None:
    most = SIZES[spec, algorithm]
    text = f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {most} bytes."
    key = rsa_key(kms, spec)
    for dry in (False, True):
        with refused("ValidationException", text):
            kms.encrypt(KeyId=key, Plaintext=bytes(most + 1), EncryptionAlgorithm=algorithm, DryRun=dry)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_altered_bytes_another_key_and_another_algorithm_do_not_open(kms: Any, refused: Any, algorithm: str) -> None:
    key = rsa_key(kms)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionAlgorithm=algorithm)["CiphertextBlob"]
    place = secrets.randbelow(255) + 1
    altered = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
    asked = {"KeyId": key, "EncryptionAlgorithm": algorithm}
    other_algorithm = next(one for one in ALGORITHMS if one != algorithm)
    for bad, how in [
        (altered, asked),
        (blob[:-1], asked),
        (blob + b"\0", asked),
        (b"x", asked),
        (blob, asked | {"KeyId": rsa_key(kms)}),
        (blob, asked | {"EncryptionAlgorithm": other_algorithm}),
        (blob, {"KeyId": key}),
    ]:
        for dry in (False, True):
            with refused("InvalidCiphertextException", ""):
                kms.decrypt(CiphertextBlob=bad, DryRun=dry, **how)


def test_decrypt_needs_the_key_where_the_ciphertext_does_not_name_it(kms: Any, refused: Any) -> None:
    key = rsa_key(kms)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionAlgorithm="RSAES_OAEP_SHA_256")["CiphertextBlob"]
    with refused("ValidationException", "KeyId must not be null"):
        kms.decrypt(CiphertextBlob=blob, EncryptionAlgorithm="RSAES_OAEP_SHA_256")


def test_the_default_algorithm_is_the_symmetric_one(kms: Any, refused: Any) -> None:
    with refused("InvalidKeyUsageException", "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048."):
        kms.encrypt(KeyId=rsa_key(kms), Plaintext=b"x")


@pytest.mark.parametrize("operation", ["generate_data_key", "generate_data_key_without_plaintext"])
def test_an_rsa_key_seals_no_data_keys(kms: Any, refused: Any, operation: str) -> None:
    key = rsa_key(kms)
    for dry in (False, True):
        with refused("InvalidKeyUsageException", "You cannot generate a data key with an asymmetric CMK"):
            getattr(kms, operation)(KeyId=key, KeySpec="AES_256", DryRun=dry)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_rsa_takes_no_encryption_context(kms: Any, refused: Any, algorithm: str) -> None:
    key = rsa_key(kms)
    asked = {"KeyId": key, "EncryptionAlgorithm": algorithm}
    blob = kms.encrypt(Plaintext=b"x", **asked)["CiphertextBlob"]
    with refused("ValidationException", NO_CONTEXT):
        kms.encrypt(Plaintext=b"x", **asked, **CONTEXT)
    with refused("ValidationException", NO_CONTEXT):
        kms.decrypt(CiphertextBlob=blob, **asked, **CONTEXT)


def test_a_symmetric_ciphertext_wants_its_own_key_whatever_key_is_named(kms: Any, key: Any, refused: Any) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    signer = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    for named in (signer, rsa_key(kms)):
        with refused(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ):
            kms.decrypt(KeyId=named, CiphertextBlob=blob)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_reencrypt_goes_from_rsa_to_symmetric_and_back(kms: Any, key: Any, algorithm: str) -> None:
    rsa, plaintext = rsa_key(kms), os.urandom(32)
    blob = kms.encrypt(KeyId=rsa, Plaintext=plaintext, EncryptionAlgorithm=algorithm)["CiphertextBlob"]
    there = kms.re_encrypt(
        CiphertextBlob=blob,
        SourceKeyId=rsa,
        SourceEncryptionAlgorithm=algorithm,
        DestinationKeyId=key["KeyId"],
        DestinationEncryptionContext={"a": "b"},
    )
    assert (there["SourceKeyId"], there["KeyId"]) == (rsa, key["Arn"])
    assert there["SourceEncryptionAlgorithm"] == algorithm
    assert there["DestinationEncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    assert there["DestinationKeyMaterialId"] == key["CurrentKeyMaterialId"] and "SourceKeyMaterialId" not in there
    opened = kms.decrypt(CiphertextBlob=there["CiphertextBlob"], EncryptionContext={"a": "b"})
    assert opened["Plaintext"] == plaintext
    back = kms.re_encrypt(
        CiphertextBlob=there["CiphertextBlob"],
        SourceEncryptionContext={"a": "b"},
        DestinationKeyId=rsa,
        DestinationEncryptionAlgorithm=algorithm,
    )
    assert back["SourceKeyMaterialId"] == key["CurrentKeyMaterialId"] and "DestinationKeyMaterialId" not in back
    asked = {"KeyId": rsa, "EncryptionAlgorithm": algorithm}
    assert kms.decrypt(CiphertextBlob=back["CiphertextBlob"], **asked)["Plaintext"] == plaintext


def test_reencrypt_from_rsa_needs_the_source_key(kms: Any, key: Any, refused: Any) -> None:
    blob = kms.encrypt(KeyId=rsa_key(kms), Plaintext=b"x", EncryptionAlgorithm="RSAES_OAEP_SHA_1")["CiphertextBlob"]
    with refused("ValidationException"):
        kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionAlgorithm="RSAES_OAEP_SHA_1", DestinationKeyId=key["KeyId"])


def test_another_account_uses_an_rsa_key_that_lets_it(lab: Any, kms: Any) -> None:
    stranger = lab.account("444455556666").admin.client("kms")
    key = rsa_key(kms)
    document = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    other = {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "kms:Encrypt", "Resource": "*"}
    document["Statement"].append(other)
    kms.put_key_policy(KeyId=key, Policy=json.dumps(document))
    asked = {"KeyId": key, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    blob = stranger.encrypt(Plaintext=b"from outside", **asked)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, **asked)["Plaintext"] == b"from outside"
