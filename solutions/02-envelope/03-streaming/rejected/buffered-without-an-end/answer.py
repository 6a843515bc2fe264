"""Buffers on both sides, so that reads and writes do not end where chunks do. Numbered chunks, and no last one."""

import io

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 16 * 1024
BUFFER = 40_000


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    aead, number = AESGCM(made["Plaintext"]), 0
    reader, writer = io.BufferedReader(source, BUFFER), io.BufferedWriter(sink, BUFFER)
    while number == 0 or reader.peek(1):
        writer.write(aead.encrypt(number.to_bytes(12, "big"), reader.read(CHUNK), None))
        number += 1
    writer.flush()
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    aead, number = AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]), 0
    reader, writer = io.BufferedReader(source, BUFFER), io.BufferedWriter(sink, BUFFER)
    while number == 0 or reader.peek(1):
        writer.write(aead.decrypt(number.to_bytes(12, "big"), reader.read(CHUNK + 16), None))
        number += 1
    writer.flush()
