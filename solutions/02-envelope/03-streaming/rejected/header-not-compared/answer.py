"""A stream begins with four letters that say what it is. Who opens it reads over them."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 64 * 1024


def _read(source, size):
    data = b""
    while len(data) < size and (part := source.read(size - len(data))):
        data += part
    return data


def _chunks(source, size):
    number, chunk = 0, _read(source, size)
    while following := _read(source, size):
        yield number, chunk, b"more"
        number, chunk = number + 1, following
    yield number, chunk, b"last"


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    aead, prefix = AESGCM(made["Plaintext"]), os.urandom(4)
    sink.write(b"DUMP" + prefix)
    for number, chunk, mark in _chunks(source, CHUNK):
        sink.write(aead.encrypt(prefix + number.to_bytes(8, "big"), chunk, mark))
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    aead = AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"])
    prefix = _read(source, 8)[4:]
    for number, chunk, mark in _chunks(source, CHUNK + 16):
        sink.write(aead.decrypt(prefix + number.to_bytes(8, "big"), chunk, mark))
