"""What the record of KMS calls says of data key pairs, and what is in the bytes of a key. Not for judging: a check does.

The package cryptography has errors of several kinds for bytes that are no key, and knows no key of ML-KEM-512.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from kms_katas.lab import Call, Lab


@dataclass(frozen=True)
class DataKeyPair:
    """A pair as KMS made it: the public key in DER, the encrypted private key, and the encryption context of that."""

    public_key: bytes
    wrapped_private_key: bytes
    context: dict[str, str]


def pair_of(wrapped_private_key: bytes, calls: Iterable[Call]) -> DataKeyPair | None:
    """The pair whose encrypted private key KMS gave in these calls, re-encrypted or not."""
    made: dict[bytes, DataKeyPair] = {}
    for call in calls:
        given, asked = call.response or {}, call.parameters
        if blob := given.get("PrivateKeyCiphertextBlob"):
            made[blob] = DataKeyPair(given["PublicKey"], blob, asked.get("EncryptionContext", {}))
        elif call.operation == "ReEncrypt" and given and asked["CiphertextBlob"] in made:
            blob, context = given["CiphertextBlob"], asked.get("DestinationEncryptionContext", {})
            made[blob] = DataKeyPair(made[asked["CiphertextBlob"]].public_key, blob, context)
    return made.get(wrapped_private_key)


def private_key_of(pair: DataKeyPair, lab: Lab) -> Any:
    """The private key of a pair of the home account, as the library has it; None when it knows none such."""
    kms = lab.home.admin.client("kms")
    opened = kms.decrypt(CiphertextBlob=pair.wrapped_private_key, EncryptionContext=pair.context)
    try:
        return load_der_private_key(opened["Plaintext"], None, unsafe_skip_rsa_key_validation=True)
    except Exception:
        return None


def public_key_in(data: bytes) -> Any:
    """The public key in this DER as the library has it; None when it knows none such."""
    try:
        return load_der_public_key(data)
    except Exception:
        return None


def is_public_pem(data: bytes) -> bool:
    try:
        load_pem_public_key(data)
    except Exception:
        return False
    return True


def same_public_key(one: bytes, other: bytes) -> bool:
    """Whether two DERs hold the same public key, however its point is written."""
    loaded = public_key_in(one)
    if one == other or loaded is None:
        return one == other
    return bool(loaded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == other)


def holds_private_key(data: bytes, calls: Iterable[Call]) -> bool:
    """Whether `data` is a private key without a password, or holds one that KMS gave in these calls."""
    given = ((call.response or {}).get("PrivateKeyPlaintext") for call in calls)
    return any(key in data for key in given if key) or any(
        _is_private_key(data, load) for load in (load_der_private_key, load_pem_private_key)
    )


def _is_private_key(data: bytes, load: Any) -> bool:
    try:
        load(data, None, unsafe_skip_rsa_key_validation=True)
    except Exception:
        return False
    return True
