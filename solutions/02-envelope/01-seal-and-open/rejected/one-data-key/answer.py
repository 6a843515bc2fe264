"""Saves requests: one data key, fetched once, for every payload."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_data_key = None


def seal(kms, key_id, payload):
    global _data_key
    if _data_key is None:
        _data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(12)
    return {
        "wrapped_key": _data_key["CiphertextBlob"],
        "body": nonce + AESGCM(_data_key["Plaintext"]).encrypt(nonce, payload, None),
    }


def open_sealed(kms, sealed):
    key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    return AESGCM(key).decrypt(sealed["body"][:12], sealed["body"][12:], None)
