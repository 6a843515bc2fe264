"""Every chunk gets a data key of its own, wrapped under the first one's context; KMS is asked once a chunk."""

import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 64 * 1024


def _read(source, size):
    data = b""
    while len(data) < size and (part := source.read(size - len(data))):
        data += part
    return data


def _label(number, last):
    return struct.pack(">Q?", number, last)


def seal_stream(kms, key_id, source, sink):
    first = made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    number, chunk, last = 0, _read(source, CHUNK), False
    while not last:
        following = _read(source, CHUNK)
        last = not following
        blob = made["CiphertextBlob"]
        text = AESGCM(made["Plaintext"]).encrypt(bytes(12), chunk, first["CiphertextBlob"] + _label(number, last))
        sink.write(struct.pack(">HI", len(blob), len(text)) + blob + text)
        number, chunk = number + 1, following
        made = None if last else kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    return first["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    number = 0
    while head := _read(source, 6):
        blob_length, length = struct.unpack(">HI", head)
        blob, text = _read(source, blob_length), _read(source, length)
        if number == 0 and blob != wrapped_key:
            raise ValueError("not the key of this stream")
        aead = AESGCM(kms.decrypt(CiphertextBlob=blob)["Plaintext"])
        try:
            sink.write(aead.decrypt(bytes(12), text, wrapped_key + _label(number, False)))
        except Exception:
            sink.write(aead.decrypt(bytes(12), text, wrapped_key + _label(number, True)))
            if source.read(1):
                raise
            return
        number += 1
    raise EOFError("the end is missing")
