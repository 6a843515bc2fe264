"""envelope/streaming: encrypt a stream of any length under one data key, in little memory, and open it again."""

import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def seal_stream(kms, key_id: str, source, sink) -> bytes:
    data_key = kms.generate_data_key(KeyId=key_id, NumberOfBytes=64)
    iv, mac = os.urandom(16), hmac.new(data_key["Plaintext"][32:], digestmod="sha256")
    cipher = Cipher(algorithms.AES(data_key["Plaintext"][:32]), modes.CTR(iv)).encryptor()
    mac.update(iv)
    sink.write(iv)
    while True:
        body = cipher.update(source.read(16_000))
        mac.update(body)
        sink.write(struct.pack(">I", len(body)) + body + mac.digest())
        if not body:  # the end: a chunk of no bytes
            return data_key["CiphertextBlob"]


def open_stream(kms, wrapped_key: bytes, source, sink) -> None:
    data_key = kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]
    iv, mac = read_exactly(source, 16), hmac.new(data_key[32:], digestmod="sha256")
    cipher = Cipher(algorithms.AES(data_key[:32]), modes.CTR(iv)).decryptor()
    mac.update(iv)
    while True:
        (size,) = struct.unpack(">I", read_exactly(source, 4))
        if size > 16_000:
            raise ValueError("no chunk is as long")
        body = read_exactly(source, size)
        mac.update(body)
        if not hmac.compare_digest(mac.digest(), read_exactly(source, 32)):
            raise ValueError("altered")
        if not size:
            break
        sink.write(cipher.update(body))
    if source.read(1):
        raise ValueError("bytes after the end")


def read_exactly(source, size):
    buffer = bytearray()
    while len(buffer) < size and (part := source.read(size - len(buffer))):
        buffer += part
    return bytes(buffer)
