"""Secrets that two parties share: DeriveSharedSecret (ECDH), Encapsulate and Decapsulate (ML-KEM).

What DeriveSharedSecret answers is recorded (project stackd, 2026-09-12, testdata/aws/kms/ecc.json). Of ML-KEM no answer
of AWS is recorded; source: botocore op:Encapsulate and op:Decapsulate.
"""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.key_pairs import MLKEMPrivateKey, PrivateKey
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.operations.crypto import refuse_recipient
from kms_katas.lab.kms.specs import require_usage
from kms_katas.lab.kms.work import Work


def derive_shared_secret(work: Work) -> dict[str, Any]:
    """The x coordinate of the common point, as long as the curve's numbers.

    Raises ValidationException without a text for what is no public key in DER and for a key on another curve.
    """
    refuse_recipient(work)
    key = _private_key(work)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    try:
        peer = load_der_public_key(work.parameters["PublicKey"])
        if not isinstance(peer, ec.EllipticCurvePublicKey):
            raise ValueError("not a key of an elliptic curve")
        secret = key.exchange(ec.ECDH(), peer)
    except Exception:
        # The library has errors of several kinds for bytes that a stranger made; AWS has one.
        raise KMSError("ValidationException") from None
    return {
        "KeyId": work.key.arn,
        "SharedSecret": secret,
        "KeyAgreementAlgorithm": work.parameters["KeyAgreementAlgorithm"],
        "KeyOrigin": work.key.origin,
    }


def encapsulate(work: Work) -> dict[str, Any]:
    key = _private_key(work)
    assert isinstance(key, MLKEMPrivateKey)
    secret, blob = key.public_key().encapsulate()
    return {
        "KeyId": work.key.arn,
        "SharedSecret": secret,
        "SharedSecretCiphertextBlob": blob,
        "EncapsulationAlgorithm": work.parameters["EncapsulationAlgorithm"],
    }


def decapsulate(work: Work) -> dict[str, Any]:
    """Altered bytes and those of another key give another secret, not an error (implicit rejection).

    Raises InvalidCiphertextException for bytes of another length; that it has no text is taken from other operations.
    """
    key = _private_key(work)
    assert isinstance(key, MLKEMPrivateKey)
    try:
        secret = key.decapsulate(work.parameters["SharedSecretCiphertextBlob"])
    except ValueError:
        raise KMSError("InvalidCiphertextException") from None
    return {
        "KeyId": work.key.arn,
        "SharedSecret": secret,
        "EncapsulationAlgorithm": work.parameters["EncapsulationAlgorithm"],
    }


def _private_key(work: Work) -> PrivateKey:
    require_usage(work.operation, work.key.arn, work.key.usage)
    return store_of(work.key.account, work.key.region, work.now).private_key(work.key)
