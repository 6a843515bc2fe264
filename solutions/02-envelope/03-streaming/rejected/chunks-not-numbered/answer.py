"""Chunks with a random nonce each. Every one of them is genuine; nothing says where it belongs."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 64 * 1024


def _read(source, size):
    data = b""
    while len(data) < size and (part := source.read(size - len(data))):
        data += part
    return data


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    aead = AESGCM(made["Plaintext"])
    while chunk := _read(source, CHUNK):
        nonce = os.urandom(12)
        sink.write(nonce + aead.encrypt(nonce, chunk, None))
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    aead = AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"])
    while sealed := _read(source, CHUNK + 28):
        sink.write(aead.decrypt(sealed[:12], sealed[12:], None))
