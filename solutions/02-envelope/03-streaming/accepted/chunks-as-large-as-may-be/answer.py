"""Chunks of 192 KiB with their tag: what is shorter is the last, and there is always such a one."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEALED = 192 * 1024
PLAIN = SEALED - 16


def _full(source, size):
    parts = []
    while size and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _through(crypt, source, size, sink):
    number, last = 0, False
    while not last:
        chunk = _full(source, size)
        last = len(chunk) < size
        sink.write(crypt(number.to_bytes(12, "big"), chunk, b"last" if last else b"more"))
        number += 1


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    _through(AESGCM(made["Plaintext"]).encrypt, source, PLAIN, sink)
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    _through(AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]).decrypt, source, SEALED, sink)
