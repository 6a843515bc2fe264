"""Frames of 4,096 bytes with a header each, which the tag covers; the key is derived anew for each message."""

import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FRAME = 4096
HEADER = struct.Struct(">?QI")


class Altered(Exception):
    pass


class Message:
    def __init__(self, data_key, message_id):
        key = HKDF(algorithm=SHA512(), length=32, salt=message_id, info=b"dump/1").derive(data_key)
        self.aead, self.message_id = AESGCM(key), message_id

    def _nonce(self, number):
        return number.to_bytes(12, "big")

    def frame(self, number, content, final):
        header = HEADER.pack(final, number, len(content))
        return header + self.aead.encrypt(self._nonce(number), content, self.message_id + header)

    def content(self, number, header, sealed):
        return self.aead.decrypt(self._nonce(number), sealed, self.message_id + header)


def _exactly(source, size):
    data = bytearray()
    while len(data) < size:
        part = source.read(size - len(data))
        if not part:
            break
        data.extend(part)
    return bytes(data)


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    message = Message(made["Plaintext"], os.urandom(16))
    sink.write(b"DUMP\x01" + message.message_id)
    number = 0
    while True:
        content = _exactly(source, FRAME)
        final = len(content) < FRAME
        sink.write(message.frame(number, content, final))
        if final:
            return made["CiphertextBlob"]
        number += 1


def open_stream(kms, wrapped_key, source, sink):
    start = _exactly(source, 21)
    if len(start) < 21 or start[:5] != b"DUMP\x01":
        raise Altered("this is no sealed dump")
    message = Message(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"], start[5:])
    expected = 0
    final = False
    while not final:
        header = _exactly(source, HEADER.size)
        if len(header) < HEADER.size:
            raise Altered("the end is missing")
        final, number, length = HEADER.unpack(header)
        if number != expected or length > FRAME:
            raise Altered("a frame out of place")
        sink.write(message.content(number, header, _exactly(source, length + 16)))
        expected += 1
    if source.read(1):
        raise Altered("something follows the final frame")
