"""No line of the dump is cut in two, so chunks differ in length: length, nonce, lines. An empty one is the end."""

import io
import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SIZE = 16 * 1024


def _chunk(aead, text):
    nonce = os.urandom(12)
    return struct.pack(">I", len(text)) + nonce + aead.encrypt(nonce, text, None)


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    aead, dump = AESGCM(made["Plaintext"]), io.BufferedReader(source, SIZE)
    while lines := dump.read(SIZE) + dump.readline(SIZE):
        sink.write(_chunk(aead, lines))
    sink.write(_chunk(aead, b""))
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    aead, stored = AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]), io.BufferedReader(source, SIZE)
    length = -1
    while length:
        (length,) = struct.unpack(">I", stored.read(4))
        nonce, text = stored.read(12), stored.read(min(length, 2 * SIZE) + 16)
        sink.write(aead.decrypt(nonce, text, None))
    if stored.read(1):
        raise ValueError("more after the end")
