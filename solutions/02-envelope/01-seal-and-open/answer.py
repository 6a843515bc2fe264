"""envelope/seal-and-open: a new data key from KMS for each payload, AES-256-GCM here, the wrapped key beside the body.

The body is a nonce of 12 bytes, then the ciphertext, then its tag of 16 bytes.
"""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


def seal(kms, key_id: str, payload: bytes) -> dict:
    """Seal `payload` under the KMS key `key_id`: {"wrapped_key": bytes, "body": bytes}."""
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(NONCE_BYTES)
    body = nonce + AESGCM(data_key["Plaintext"]).encrypt(nonce, payload, None)
    return {"wrapped_key": data_key["CiphertextBlob"], "body": body}


def open_sealed(kms, sealed: dict) -> bytes:
    """The payload that `seal` sealed. Raises an exception when `wrapped_key` or `body` was altered."""
    data_key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    nonce, ciphertext = sealed["body"][:NONCE_BYTES], sealed["body"][NONCE_BYTES:]
    return AESGCM(data_key).decrypt(nonce, ciphertext, None)
