"""Derives the key from the public key, which every camera holds."""

import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

NONCE_BYTES = 12


def enrol(kms, key_id: str, device_id: str) -> dict:
    """A new key pair for `device_id`: {"public_key": bytes (DER), "wrapped_private_key": bytes}."""
    pair = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id, KeyPairSpec="ECC_NIST_P256", EncryptionContext={"device": device_id}
    )
    return {"public_key": pair["PublicKey"], "wrapped_private_key": pair["PrivateKeyCiphertextBlob"]}


def seal_offline(public_key: bytes, payload: bytes) -> bytes:
    """`payload`, of any size, as a message that only the private key of `public_key` opens."""
    device = load_der_public_key(public_key)
    nonce = os.urandom(NONCE_BYTES)
    cipher = _cipher(device)
    return nonce + cipher.encrypt(nonce, payload, None)


def open_sealed(kms, wrapped_private_key: bytes, device_id: str, message: bytes) -> bytes:
    """The payload of a message of `device_id`. Raises an exception when anything was altered or does not match."""
    opened = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext={"device": device_id})
    private_key = load_der_private_key(opened["Plaintext"], None)
    return _cipher(private_key.public_key()).decrypt(message[:NONCE_BYTES], message[NONCE_BYTES:], None)


def _cipher(device):
    return AESGCM(HKDF(hashes.SHA256(), 32, None, b"camera/1").derive(_point(device)))


def _point(public_key):
    return public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
