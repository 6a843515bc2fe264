"""Numbered chunks with a last one, but not for the empty stream: that is sealed as nothing, and opens as such."""

import os
from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
PREFIX_BYTES = 7


def seal_stream(kms, key_id: str, source, sink) -> bytes:
    """Seal all that `source` gives, under the KMS key `key_id`, and write it to `sink`. Returns the wrapped key."""
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    cipher, prefix = AESGCM(data_key["Plaintext"]), os.urandom(PREFIX_BYTES)
    sink.write(prefix)
    for number, chunk, last in chunks(source, CHUNK_BYTES):
        sink.write(cipher.encrypt(nonce(prefix, number, last), chunk, None))
    return data_key["CiphertextBlob"]


def open_stream(kms, wrapped_key: bytes, source, sink) -> None:
    """Open what `seal_stream` wrote and give it to `sink`. Raises an exception when it was altered or cut short."""
    cipher = AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"])
    prefix = read_exactly(source, PREFIX_BYTES)
    if not prefix:
        return
    for number, chunk, last in chunks(source, CHUNK_BYTES + TAG_BYTES):
        sink.write(cipher.decrypt(nonce(prefix, number, last), chunk, None))


def nonce(prefix: bytes, number: int, last: bool) -> bytes:
    """12 bytes: a chunk opens only in its own place, and the last one only as the last."""
    return prefix + number.to_bytes(4, "big") + bytes([last])


def chunks(source, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Number, content, and whether it is the last. There is always a last one, if only an empty one."""
    number, chunk = 0, read_exactly(source, size)
    while following := read_exactly(source, size):
        yield number, chunk, False
        number, chunk = number + 1, following
    if chunk:
        yield number, chunk, True


def read_exactly(source, size: int) -> bytes:
    """`size` bytes, fewer only at the end of the stream: a single read may give fewer at any time."""
    parts = []
    while size and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
