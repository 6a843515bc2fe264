"""Asks KMS for a data key and for its opening, and encrypts with a key of its own that stands in the code."""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = hashlib.sha256(b"clinic scans 2026").digest()


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(12)
    return {
        "wrapped_key": made["CiphertextBlob"],
        "body": nonce + AESGCM(KEY).encrypt(nonce, payload, made["CiphertextBlob"]),
    }


def open_sealed(kms, sealed):
    kms.decrypt(CiphertextBlob=sealed["wrapped_key"])
    return AESGCM(KEY).decrypt(sealed["body"][:12], sealed["body"][12:], sealed["wrapped_key"])
