"""AES-CTR over the payload and its SHA-256: a digest without a key, so whoever knows the payload replaces both."""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def _apply(key, start, data):
    return Cipher(algorithms.AES(key), modes.CTR(start)).encryptor().update(data)


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    start = os.urandom(16)
    return {
        "wrapped_key": made["CiphertextBlob"],
        "body": start + _apply(made["Plaintext"], start, payload + hashlib.sha256(payload).digest()),
    }


def open_sealed(kms, sealed):
    key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    plain = _apply(key, sealed["body"][:16], sealed["body"][16:])
    payload, digest = plain[:-32], plain[-32:]
    if hashlib.sha256(payload).digest() != digest:
        raise ValueError("altered")
    return payload
