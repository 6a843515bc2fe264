"""AES-CTR over the whole stream, and after each block of 32 KiB the HMAC of all so far; an empty block is the end."""

import hmac
import io
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32 * 1024


def _parts(data_key, start):
    cipher = Cipher(algorithms.AES(data_key[:32]), modes.CTR(start))
    return cipher, hmac.new(data_key[32:], b"running" + start, "sha256")


def _tag(mac, text, end):
    mac.update(len(text).to_bytes(4, "big") + bytes([end]) + text)
    return mac.copy().digest()


def seal_stream(kms, key_id, source, sink):
    data_key = kms.generate_data_key(KeyId=key_id, NumberOfBytes=64)
    start = os.urandom(16)
    cipher, mac = _parts(data_key["Plaintext"], start)
    encryptor = cipher.encryptor()
    sink.write(start)
    reader = io.BufferedReader(source, BLOCK)
    while text := encryptor.update(reader.read(BLOCK)):
        sink.write(len(text).to_bytes(4, "big") + text + _tag(mac, text, end=False))
    sink.write(bytes(4) + _tag(mac, b"", end=True))
    return data_key["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    reader = io.BufferedReader(source, BLOCK)
    start = reader.read(16)
    cipher, mac = _parts(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"], start)
    decryptor = cipher.decryptor()
    while True:
        size = int.from_bytes(reader.read(4), "big")
        if size > BLOCK:
            raise ValueError("no block is that long")
        text, tag = reader.read(size), reader.read(32)
        if not hmac.compare_digest(tag, _tag(mac, text, end=not size)):
            raise ValueError("altered, or cut off")
        if not size:
            break
        sink.write(decryptor.update(text))
    if reader.read(1):
        raise ValueError("more than was sealed")
