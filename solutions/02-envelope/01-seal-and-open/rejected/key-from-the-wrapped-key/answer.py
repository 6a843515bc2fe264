"""Makes the key from the wrapped key, which anybody who finds the two fields can do as well."""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def _key(wrapped_key):
    return hashlib.sha256(wrapped_key).digest()


def seal(kms, key_id, payload):
    wrapped_key = kms.generate_data_key_without_plaintext(KeyId=key_id, KeySpec="AES_256")["CiphertextBlob"]
    nonce = os.urandom(12)
    return {"wrapped_key": wrapped_key, "body": nonce + AESGCM(_key(wrapped_key)).encrypt(nonce, payload, None)}


def open_sealed(kms, sealed):
    body = sealed["body"]
    return AESGCM(_key(sealed["wrapped_key"])).decrypt(body[:12], body[12:], None)
