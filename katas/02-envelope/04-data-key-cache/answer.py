"""envelope/data-key-cache: use a data key for several payloads, within limits of number, bytes and age."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal(kms, key_id: str, context: dict, payload: bytes, limits: dict) -> dict:
    """Seal `payload` under the KMS key `key_id` for `context`: {"wrapped_key": bytes, "body": bytes}."""
    # TODO 1: this asks KMS each time; use a data key again for as long as `limits` allow
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    nonce = os.urandom(12)
    body = nonce + AESGCM(data_key["Plaintext"]).encrypt(nonce, payload, None)
    return {"wrapped_key": data_key["CiphertextBlob"], "body": body}


def open_sealed(kms, context: dict, sealed: dict, seconds: int) -> bytes:
    """The payload that `seal` sealed for `context`. Raises an exception when anything was altered."""
    # TODO 2: this asks KMS each time; keep what KMS opened, for less than `seconds` seconds
    data_key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"], EncryptionContext=context)["Plaintext"]
    return AESGCM(data_key).decrypt(sealed["body"][:12], sealed["body"][12:], None)
