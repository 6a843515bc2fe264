"""AES-CTR with an HMAC for each chunk. The number of the chunk is the counter's start, so the key streams overlap."""

import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

CHUNK = 64 * 1024


def _read(source, size):
    data = b""
    while len(data) < size and (part := source.read(size - len(data))):
        data += part
    return data


def _ctr(key, number, data):
    return Cipher(algorithms.AES(key[:32]), modes.CTR(number.to_bytes(16, "big"))).encryptor().update(data)


def _tag(key, number, last, text):
    return hmac.digest(key[32:], number.to_bytes(8, "big") + bytes([last]) + text, "sha256")


def _chunks(source, size):
    number, chunk = 0, _read(source, size)
    while following := _read(source, size):
        yield number, False, chunk
        number, chunk = number + 1, following
    yield number, True, chunk


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, NumberOfBytes=64)
    for number, last, chunk in _chunks(source, CHUNK):
        text = _ctr(made["Plaintext"], number, chunk)
        sink.write(text + _tag(made["Plaintext"], number, last, text))
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    key = kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]
    for number, last, sealed in _chunks(source, CHUNK + 32):
        text, tag = sealed[:-32], sealed[-32:]
        if not hmac.compare_digest(tag, _tag(key, number, last, text)):
            raise ValueError("altered")
        sink.write(_ctr(key, number, text))
