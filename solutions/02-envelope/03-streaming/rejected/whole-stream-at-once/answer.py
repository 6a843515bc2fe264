"""One read, one AES-GCM call, one write: right, as long as the dump fits into memory."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(12)
    sink.write(nonce)
    sink.write(AESGCM(made["Plaintext"]).encrypt(nonce, source.read(), None))
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    data_key = kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]
    body = source.read()
    sink.write(AESGCM(data_key).decrypt(body[:12], body[12:], None))
