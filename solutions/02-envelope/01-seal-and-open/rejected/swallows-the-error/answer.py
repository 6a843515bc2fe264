"""Right but for the end: an altered body gives None."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(12)
    return {
        "wrapped_key": made["CiphertextBlob"],
        "body": nonce + AESGCM(made["Plaintext"]).encrypt(nonce, payload, None),
    }


def open_sealed(kms, sealed):
    key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    try:
        return AESGCM(key).decrypt(sealed["body"][:12], sealed["body"][12:], None)
    except (InvalidTag, ValueError):
        return None
