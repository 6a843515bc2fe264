"""A random key of its own, wrapped with Encrypt; buffers on both sides; AES-GCM-SIV with number and end as AAD."""

import io
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

SIZE = 16_384


def _labelled(reader, size):
    """Chunks with their labels; one byte more is looked at to know whether a chunk is the last."""
    number = 0
    while True:
        chunk = reader.read(size)
        last = not reader.peek(1)
        yield chunk, b"%d of dump, %s" % (number, b"last" if last else b"not last")
        if last:
            return
        number += 1


def seal_stream(kms, key_id, source, sink):
    key = secrets.token_bytes(32)
    wrapped_key = kms.encrypt(KeyId=key_id, Plaintext=key)["CiphertextBlob"]
    with_buffer = io.BufferedWriter(sink, 50_000)
    for chunk, label in _labelled(io.BufferedReader(source, 50_000), SIZE):
        nonce = secrets.token_bytes(12)
        with_buffer.write(nonce + AESGCMSIV(key).encrypt(nonce, chunk, label))
    with_buffer.flush()
    return wrapped_key


def open_stream(kms, wrapped_key, source, sink):
    key = kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]
    for sealed, label in _labelled(io.BufferedReader(source, 50_000), SIZE + 28):
        sink.write(AESGCMSIV(key).decrypt(sealed[:12], sealed[12:], label))
