"""A key written into the code, wrapped anew for every payload."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECRET = b"0123456789abcdef0123456789abcdef"


def seal(kms, key_id, payload):
    wrapped = kms.encrypt(KeyId=key_id, Plaintext=SECRET)["CiphertextBlob"]
    nonce = os.urandom(12)
    return {"wrapped_key": wrapped, "body": nonce + AESGCM(SECRET).encrypt(nonce, payload, None)}


def open_sealed(kms, sealed):
    key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    return AESGCM(key).decrypt(sealed["body"][:12], sealed["body"][12:], None)
