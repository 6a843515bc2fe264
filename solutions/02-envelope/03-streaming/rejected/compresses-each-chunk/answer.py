"""envelope/streaming: encrypt a stream of any length under one data key, in little memory, and open it again."""

import struct
import zlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK_BYTES = 64 * 1024


def seal_stream(kms, key_id: str, source, sink) -> bytes:
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    cipher, number = AESGCM(data_key["Plaintext"]), 0
    while True:
        chunk = read_exactly(source, CHUNK_BYTES)
        small = zlib.compress(chunk)  # a dump is text, and storage is paid for
        head = struct.pack(">I?", len(small), not chunk)
        sink.write(head + cipher.encrypt(number.to_bytes(12, "big"), small, head))
        number += 1
        if not chunk:
            return data_key["CiphertextBlob"]


def open_stream(kms, wrapped_key: bytes, source, sink) -> None:
    cipher, number, last = AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]), 0, False
    while not last:
        head = read_exactly(source, 5)
        size, last = struct.unpack(">I?", head)
        if size > 2 * CHUNK_BYTES:
            raise ValueError("no chunk is as long")
        small = cipher.decrypt(number.to_bytes(12, "big"), read_exactly(source, size + 16), head)
        sink.write(zlib.decompress(small))
        number += 1
    if source.read(1):
        raise ValueError("bytes after the end")


def read_exactly(source, size):
    buffer = bytearray()
    while len(buffer) < size and (part := source.read(size - len(buffer))):
        buffer += part
    return bytes(buffer)
