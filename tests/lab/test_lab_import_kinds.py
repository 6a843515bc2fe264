"""Imported material of keys that are not symmetric encryption keys: HMAC, RSA, EC, Ed25519. Recorded by the project
stackd from AWS on 2026-09-12 (testdata/aws/kms/imports_families.json).
"""

import hmac
import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from importing import FOREVER, ready

AES_WRAP = "RSA_AES_KEY_WRAP_SHA_256"
PAIRS: dict[str, Any] = {
    "RSA_2048": lambda: rsa.generate_private_key(65537, 2048),
    "ECC_NIST_P256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECC_NIST_P521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ECC_SECG_P256K1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "ECC_NIST_EDWARDS25519": ed25519.Ed25519PrivateKey.generate,
}


def put(kms: Any, key: str, material: bytes, algorithm: str = AES_WRAP, **more: Any) -> Any:
    return kms.import_key_material(**ready(kms, key, material, algorithm, spec="RSA_3072"), **FOREVER, **more)


def empty(kms: Any, spec: str, usage: str) -> str:
    made = kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    assert made["KeyState"] == "PendingImport"
    arn: str = made["Arn"]
    return arn


def pkcs8(pair: Any) -> bytes:
    return bytes(pair.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_an_imported_hmac_key_macs_as_python_does(kms: Any, refused: Any, bits: int) -> None:
    key, secret = empty(kms, f"HMAC_{bits}", "GENERATE_VERIFY_MAC"), os.urandom(bits // 8)
    for wrong in (secret[:-1], secret + b"x"):
        with refused("InvalidCiphertextException", ""):
            put(kms, key, wrong, "RSAES_OAEP_SHA_256")
    answer = put(kms, key, secret, "RSAES_OAEP_SHA_256")
    assert set(answer) - {"ResponseMetadata"} == {"KeyId"}
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["ExpirationModel"]) == ("Enabled", "KEY_MATERIAL_DOES_NOT_EXPIRE")
    assert "CurrentKeyMaterialId" not in metadata
    mac = kms.generate_mac(KeyId=key, Message=b"imported", MacAlgorithm=f"HMAC_SHA_{bits}")["Mac"]
    assert mac == hmac.digest(secret, b"imported", f"sha{bits}")


@pytest.mark.parametrize("spec", PAIRS)
def test_an_imported_pair_is_the_one_that_was_made_outside(kms: Any, refused: Any, spec: str) -> None:
    key, pair = empty(kms, spec, "SIGN_VERIFY"), PAIRS[spec]()
    with refused("KMSInvalidStateException", f"{key} is pending import."):
        kms.get_public_key(KeyId=key)
    put(kms, key, pkcs8(pair))
    answer = kms.get_public_key(KeyId=key)
    public = pair.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert answer["PublicKey"] == public
    algorithm = answer["SigningAlgorithms"][-1]
    signature = kms.sign(KeyId=key, Message=b"x", SigningAlgorithm=algorithm)["Signature"]
    assert kms.verify(KeyId=key, Message=b"x", Signature=signature, SigningAlgorithm=algorithm)["SignatureValid"]


@pytest.mark.parametrize("spec", PAIRS)
def test_a_pair_goes_and_only_the_same_comes_back(kms: Any, refused: Any, spec: str) -> None:
    key, pair = empty(kms, spec, "SIGN_VERIFY"), PAIRS[spec]()
    put(kms, key, pkcs8(pair))
    before = kms.get_public_key(KeyId=key)["PublicKey"]
    assert set(kms.delete_imported_key_material(KeyId=key)) == {"KeyId", "ResponseMetadata"}
    with refused("KMSInvalidStateException", f"{key} is pending import."):
        kms.get_public_key(KeyId=key)
    with refused("IncorrectKeyMaterialException"):
        put(kms, key, pkcs8(PAIRS[spec]()))
    put(kms, key, pkcs8(pair))
    assert kms.get_public_key(KeyId=key)["PublicKey"] == before


@pytest.mark.parametrize("spec", PAIRS)
def test_a_private_key_of_another_spec_or_none_at_all_is_refused(kms: Any, refused: Any, spec: str) -> None:
    key = empty(kms, spec, "SIGN_VERIFY")
    others = [pkcs8(make()) for name, make in PAIRS.items() if name != spec]
    for wrong in (*others, os.urandom(48), pkcs8(PAIRS[spec]())[:-1]):
        with refused("InvalidCiphertextException", ""):
            put(kms, key, wrong)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingImport"


@pytest.mark.parametrize(
    ("member", "value", "parameter"),
    [
        ("ImportType", "EXISTING_KEY_MATERIAL", "importType"),
        ("KeyMaterialId", "0" * 64, "keyMaterialId"),
        ("KeyMaterialDescription", "words", "keyMaterialDescription"),
    ],
)
def test_what_only_symmetric_keys_have_is_refused(
    kms: Any, refused: Any, member: str, value: str, parameter: str
) -> None:
    key = empty(kms, "HMAC_256", "GENERATE_VERIFY_MAC")
    with refused("ValidationException", f"Input parameter {parameter} cannot be used with HMAC_256 imported keys."):
        put(kms, key, os.urandom(32), **{member: value})


@pytest.mark.parametrize(("spec", "wrapping"), [("RSA_4096", "RSA_2048"), ("ECC_NIST_P521", "RSA_2048")])
def test_what_is_too_large_for_rsa_alone_needs_an_aes_key_between(
    kms: Any, refused: Any, spec: str, wrapping: str
) -> None:
    key = empty(kms, spec, "SIGN_VERIFY")
    with refused(
        "ValidationException",
        f"Wrapping algorithm RSAES_OAEP_SHA_256 and wrapping key spec {wrapping} cannot be used to import a {spec} "
        "key.",
    ):
        kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec=wrapping)
    kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=AES_WRAP, WrappingKeySpec=wrapping)


@pytest.mark.parametrize("bits", ["44", "65", "87"])
def test_a_post_quantum_key_has_no_imported_material(kms: Any, refused: Any, bits: str) -> None:
    with refused("ValidationException", f"KeySpec ML_DSA_{bits} is not supported for Origin EXTERNAL"):
        empty(kms, f"ML_DSA_{bits}", "SIGN_VERIFY")
    with refused("ValidationException"):
        empty(kms, "ML_KEM_768", "ENCAPSULATE_DECAPSULATE")
    assert kms.list_keys()["Keys"] == []
