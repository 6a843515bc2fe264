"""The other half of a key is outside: what somebody signs, opens and agrees on with an imported private key, KMS
verifies, sealed and agrees on too. It does not test the import itself. ML-DSA and ML-KEM keys cannot be imported.
"""

import hashlib
import os
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from importing import put

HASHES: dict[str, Any] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES: dict[str, Any] = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}
MADE: dict[str, Callable[[], Any]] = {
    "RSA_2048": partial(rsa.generate_private_key, 65537, 2048),
    "RSA_3072": partial(rsa.generate_private_key, 65537, 3072),
    **{spec: partial(ec.generate_private_key, curve) for spec, curve in CURVES.items()},
    "ECC_NIST_EDWARDS25519": ed25519.Ed25519PrivateKey.generate,
}
RSA_ALGORITHMS = [f"RSASSA_{kind}_SHA_{bits}" for kind in ("PKCS1_V1_5", "PSS") for bits in HASHES]
SIGNING = (
    [("RSA_2048", algorithm) for algorithm in RSA_ALGORITHMS]
    + [("RSA_3072", "RSASSA_PSS_SHA_384")]
    + [(f"ECC_NIST_P{curve}", f"ECDSA_SHA_{bits}") for curve, bits in ((256, 256), (384, 384), (521, 512))]
    + [("ECC_SECG_P256K1", "ECDSA_SHA_256"), ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512")]
)


def imported(kms: Any, spec: str, usage: str) -> tuple[str, Any]:
    """The ARN of a KMS key, and its private key."""
    key: str = kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]
    private = MADE[spec]()
    material = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    put(kms, key, material, "RSA_AES_KEY_WRAP_SHA_256")
    return key, private


def signed_outside(private: Any, algorithm: str, message: bytes) -> bytes:
    digest = HASHES.get(algorithm[-3:])
    if isinstance(private, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        return private.sign(message, pss if "PSS" in algorithm else padding.PKCS1v15(), digest)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return private.sign(message, ec.ECDSA(digest))
    return bytes(private.sign(message))


@pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
def test_kms_verifies_what_was_signed_outside(kms: Any, refused: Any, spec: str, algorithm: str) -> None:
    key, private = imported(kms, spec, "SIGN_VERIFY")
    message = os.urandom(secrets.randbelow(4096) + 1)
    asked = {"KeyId": key, "SigningAlgorithm": algorithm, "Signature": signed_outside(private, algorithm, message)}
    assert kms.verify(Message=message, **asked)["SignatureValid"] is True
    with refused("KMSInvalidSignatureException", ""):
        kms.verify(Message=message[:-1] + bytes([message[-1] ^ 1]), **asked)
    if not algorithm.startswith("ED25519"):
        digest = hashlib.new(f"sha{algorithm[-3:]}", message).digest()
        assert kms.verify(Message=digest, MessageType="DIGEST", **asked)["SignatureValid"] is True


def test_a_signature_made_outside_of_a_digest_is_one_of_the_message(kms: Any) -> None:
    key, private = imported(kms, "ECC_NIST_P384", "SIGN_VERIFY")
    digest = hashlib.sha384(b"a file too large to send").digest()
    signature = private.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA384())))
    asked = {"KeyId": key, "SigningAlgorithm": "ECDSA_SHA_384", "Signature": signature}
    kms.verify(Message=b"a file too large to send", **asked)
    kms.verify(Message=digest, MessageType="DIGEST", **asked)


@pytest.mark.parametrize("bits", [1, 256])
@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072"])
def test_what_kms_encrypts_opens_outside(kms: Any, spec: str, bits: int) -> None:
    key, private = imported(kms, spec, "ENCRYPT_DECRYPT")
    plaintext, digest = os.urandom(secrets.randbelow(190) + 1), hashes.SHA1() if bits == 1 else hashes.SHA256()
    sealed = kms.encrypt(KeyId=key, Plaintext=plaintext, EncryptionAlgorithm=f"RSAES_OAEP_SHA_{bits}")["CiphertextBlob"]
    assert private.decrypt(sealed, padding.OAEP(padding.MGF1(digest), digest, None)) == plaintext


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"])
def test_an_imported_key_agrees_as_it_does_outside(kms: Any, spec: str) -> None:
    key, private = imported(kms, spec, "KEY_AGREEMENT")
    peer = ec.generate_private_key(CURVES[spec]).public_key()
    answer = kms.derive_shared_secret(
        KeyId=key,
        KeyAgreementAlgorithm="ECDH",
        PublicKey=peer.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )
    assert answer["SharedSecret"] == private.exchange(ec.ECDH(), peer)
    assert answer["KeyOrigin"] == "EXTERNAL"
