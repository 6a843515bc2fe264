"""Chunks with a random nonce each, and at the end a MAC over all their tags: it is compared when all is written."""

import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 64 * 1024
SEALED = 12 + CHUNK + 16


def _read(source, size):
    data = b""
    while len(data) < size and (part := source.read(size - len(data))):
        data += part
    return data


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, NumberOfBytes=64)
    aead, mac = AESGCM(made["Plaintext"][:32]), hmac.new(made["Plaintext"][32:], digestmod="sha256")
    while chunk := _read(source, CHUNK):
        nonce = os.urandom(12)
        text = aead.encrypt(nonce, chunk, None)
        mac.update(text[-16:])
        sink.write(nonce + text)
    sink.write(mac.digest())
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    data_key = kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]
    aead, mac = AESGCM(data_key[:32]), hmac.new(data_key[32:], digestmod="sha256")
    ahead = _read(source, SEALED + 32)
    while len(ahead) > 32:
        sealed, ahead = ahead[:-32][:SEALED], ahead[min(SEALED, len(ahead) - 32) :]
        sink.write(aead.decrypt(sealed[:12], sealed[12:], None))
        mac.update(sealed[-16:])
        ahead += _read(source, SEALED + 32 - len(ahead))
    if not hmac.compare_digest(mac.digest(), ahead):
        raise ValueError("the chunks are not those that were sealed")
