"""Numbered chunks, and at the end their count in 8 bytes, so that a missing end shows. No tag covers the count."""

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
    while chunk := _read(source, CHUNK):
        sink.write(aead.encrypt(number.to_bytes(12, "big"), chunk, None))
        number += 1
    sink.write(number.to_bytes(8, "big"))
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    aead, number = AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]), 0
    ahead = _read(source, CHUNK + 24)
    while len(ahead) > 8:
        take = min(CHUNK + 16, len(ahead) - 8)
        sink.write(aead.decrypt(number.to_bytes(12, "big"), ahead[:take], None))
        number += 1
        ahead = ahead[take:] + _read(source, CHUNK + 24 - (len(ahead) - take))
    if ahead != number.to_bytes(8, "big"):
        raise ValueError("chunks are missing")
