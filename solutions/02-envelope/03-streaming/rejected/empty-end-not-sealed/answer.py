"""Length, then chunk, numbered in the nonce; a length of zero is the end. Anybody can write four zero bytes."""

import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 64 * 1024


def _read(source, size):
    data = b""
    while len(data) < size and (part := source.read(size - len(data))):
        data += part
    return data


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    aead, number = AESGCM(made["Plaintext"]), 0
    while chunk := source.read(CHUNK):
        text = aead.encrypt(number.to_bytes(12, "big"), chunk, None)
        sink.write(struct.pack(">I", len(text)))
        sink.write(text)
        number += 1
    sink.write(struct.pack(">I", 0))
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    aead, number = AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]), 0
    while True:
        (length,) = struct.unpack(">I", _read(source, 4))
        if length == 0:
            break
        sink.write(aead.decrypt(number.to_bytes(12, "big"), _read(source, length), None))
        number += 1
    if source.read(1):
        raise ValueError("bytes after the end")
