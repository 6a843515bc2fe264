"""Wrong: compresses the payload first, so the length of the body tells what kind of payload it is."""

import os
import zlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal(kms, key_id, payload):
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(12)
    body = nonce + AESGCM(data_key["Plaintext"]).encrypt(nonce, zlib.compress(payload), None)
    return {"wrapped_key": data_key["CiphertextBlob"], "body": body}


def open_sealed(kms, sealed):
    key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    body = sealed["body"]
    return zlib.decompress(AESGCM(key).decrypt(body[:12], body[12:], None))
