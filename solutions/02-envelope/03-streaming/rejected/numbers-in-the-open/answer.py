"""Each chunk has a header with its number and whether it is the last. The opener looks at it, and no tag covers it."""

import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 64 * 1024
HEADER = struct.Struct(">I?I12s")


def _read(source, size):
    data = b""
    while len(data) < size and (part := source.read(size - len(data))):
        data += part
    return data


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    aead, number, chunk = AESGCM(made["Plaintext"]), 0, _read(source, CHUNK)
    last = False
    while not last:
        following = _read(source, CHUNK)
        last = not following
        nonce = os.urandom(12)
        text = aead.encrypt(nonce, chunk, None)
        sink.write(HEADER.pack(number, last, len(text), nonce) + text)
        number, chunk = number + 1, following
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    aead, expected, last = AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]), 0, False
    while not last:
        number, last, length, nonce = HEADER.unpack(_read(source, HEADER.size))
        if number != expected:
            raise ValueError("chunks out of order")
        sink.write(aead.decrypt(nonce, _read(source, length), None))
        expected += 1
    if source.read(1):
        raise ValueError("something follows the last chunk")
