"""Sign, Verify, GetPublicKey, for every signing key: RSA, ECDSA, Ed25519, Ed25519ph, ML-DSA.

Codes and texts are recorded from AWS (project stackd, 2026-09-12, testdata/aws/kms/{rsa,ecc,mldsa}.json). RSASSA-PSS
has a salt as long as its digest, and Ed25519ph hashes the digest once more: the signatures recorded there show both. A
lab's seed repeats the signatures of PKCS #1 v1.5, ECDSA and Ed25519; the salt of PSS and the chance of ML-DSA are the
library's own.
"""

import hashlib
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa, utils

from kms_katas.lab.kms import ed25519ph, ml_dsa_mu, setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.key_pairs import MLDSAPrivateKey, PrivateKey, public_bytes
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.specs import DIGEST_BITS, KEY_SPECS, require_algorithm, require_usage
from kms_katas.lab.kms.work import Work

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA_256": hashes.SHA256(),
    "SHA_384": hashes.SHA384(),
    "SHA_512": hashes.SHA512(),
}
_MU_BYTES = 64
_ONLY_TYPE = {"ED25519_SHA_512": "RAW", "ED25519_PH_SHA_512": "DIGEST"}
"""Signing algorithm -> the one message type that it takes (botocore shape SignRequest)."""


def sign(work: Work) -> dict[str, Any]:
    algorithm, message_type, message = _request(work)
    return {
        "KeyId": work.key.arn,
        "Signature": _signature(work, algorithm, message_type, message),
        "SigningAlgorithm": algorithm,
    }


def verify(work: Work) -> dict[str, Any]:
    """Raises KMSInvalidSignatureException without a text, in a dry run too: an answer with SignatureValid false there
    is none.
    """
    algorithm, message_type, message = _request(work)
    if not _holds(work, algorithm, message_type, message, work.parameters["Signature"]):
        raise KMSError("KMSInvalidSignatureException")
    return {"KeyId": work.key.arn, "SignatureValid": True, "SigningAlgorithm": algorithm}


def get_public_key(work: Work) -> dict[str, Any]:
    key = work.key
    if not KEY_SPECS[key.spec].has_public_key:
        raise KMSError("UnsupportedOperationException")
    return {
        "KeyId": key.arn,
        "PublicKey": public_bytes(_private_key(work)),
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "KeyUsage": key.usage,
        **key.algorithms,
    }


def _request(work: Work) -> tuple[str, str, bytes]:
    """Signing algorithm, message type and message, where the key and each other allow them.

    Raises InvalidKeyUsageException and ValidationException.
    """
    key, asked = work.key, work.parameters
    algorithm, message_type = asked["SigningAlgorithm"], asked.get("MessageType", "RAW")
    message: bytes = asked["Message"]
    require_usage(work.operation, key.arn, key.usage)
    require_algorithm(key.spec, key.usage, algorithm)
    is_ml_dsa = KEY_SPECS[key.spec].family == "ML_DSA"
    if message_type == ("DIGEST" if is_ml_dsa else "EXTERNAL_MU"):
        raise KMSError("ValidationException", f"Message type {message_type} is incompatible with key spec {key.spec}.")
    if message_type != _ONLY_TYPE.get(algorithm, message_type):
        raise KMSError(
            "ValidationException", f"Message type {message_type} is incompatible with algorithm {algorithm}."
        )
    if message_type == "DIGEST" and len(message) * 8 != DIGEST_BITS[algorithm[-7:]]:
        raise KMSError("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")
    if message_type == "EXTERNAL_MU" and len(message) != _MU_BYTES:
        raise KMSError("ValidationException", f"External Mu is invalid length for algorithm {algorithm}.")
    return algorithm, message_type, message


def _private_key(work: Work) -> PrivateKey:
    return store_of(work.key.account, work.key.region, work.now).private_key(work.key)


def _signature(work: Work, algorithm: str, message_type: str, message: bytes) -> bytes:
    key = _private_key(work)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(_digest(algorithm, message_type, message), _padding(algorithm), _prehashed(algorithm))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        # AWS signs one message twice with two signatures (recorded); a seed asks for one.
        ecdsa = ec.ECDSA(_prehashed(algorithm), deterministic_signing=setting.current.randomness.repeats)
        return key.sign(_digest(algorithm, message_type, message), ecdsa)
    if algorithm == "ED25519_PH_SHA_512":
        assert isinstance(key, ed25519.Ed25519PrivateKey)
        return ed25519ph.sign(key.private_bytes_raw(), message)
    assert isinstance(key, ed25519.Ed25519PrivateKey | MLDSAPrivateKey)
    if message_type == "EXTERNAL_MU":
        chance = setting.current.randomness.bytes(32)
        return ml_dsa_mu.sign(KEY_SPECS[work.key.spec].bits, key.private_bytes_raw(), message, chance)
    return key.sign(message)


def _holds(work: Work, algorithm: str, message_type: str, message: bytes, signature: bytes) -> bool:
    public = _private_key(work).public_key()
    try:
        if isinstance(public, rsa.RSAPublicKey):
            digest = _digest(algorithm, message_type, message)
            public.verify(signature, digest, _padding(algorithm), _prehashed(algorithm))
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, _digest(algorithm, message_type, message), ec.ECDSA(_prehashed(algorithm)))
        elif algorithm == "ED25519_PH_SHA_512":
            assert isinstance(public, ed25519.Ed25519PublicKey)
            return ed25519ph.verify(public.public_bytes_raw(), message, signature)
        else:
            assert isinstance(
                public,
                ed25519.Ed25519PublicKey | mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey,
            )
            if message_type == "EXTERNAL_MU":
                bits = KEY_SPECS[work.key.spec].bits
                return ml_dsa_mu.verify(bits, public.public_bytes_raw(), message, signature)
            public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _digest(algorithm: str, message_type: str, message: bytes) -> bytes:
    return message if message_type == "DIGEST" else hashlib.new(algorithm[-7:].replace("_", ""), message).digest()


def _prehashed(algorithm: str) -> utils.Prehashed:
    return utils.Prehashed(_HASHES[algorithm[-7:]])


def _padding(algorithm: str) -> padding.AsymmetricPadding:
    if "PKCS1" in algorithm:
        return padding.PKCS1v15()
    digest = _HASHES[algorithm[-7:]]
    return padding.PSS(padding.MGF1(digest), digest.digest_size)
