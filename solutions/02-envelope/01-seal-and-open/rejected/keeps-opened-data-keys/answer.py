"""Keeps the data keys that it opened, and opens with them after KMS has stopped agreeing."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12

_opened = {}


def seal(kms, key_id: str, payload: bytes) -> dict:
    """Seal `payload` under the KMS key `key_id`: {"wrapped_key": bytes, "body": bytes}."""
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(NONCE_BYTES)
    body = nonce + AESGCM(data_key["Plaintext"]).encrypt(nonce, payload, None)
    return {"wrapped_key": data_key["CiphertextBlob"], "body": body}


def open_sealed(kms, sealed: dict) -> bytes:
    """The payload that `seal` sealed. Raises an exception when `wrapped_key` or `body` was altered."""
    if sealed["wrapped_key"] not in _opened:
        _opened[sealed["wrapped_key"]] = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    data_key = _opened[sealed["wrapped_key"]]
    nonce, ciphertext = sealed["body"][:NONCE_BYTES], sealed["body"][NONCE_BYTES:]
    return AESGCM(data_key).decrypt(nonce, ciphertext, None)
