"""Pieces of 64 KiB, each with its number as nonce and a mark on the last, so that none can go, move or come twice."""

import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE, TAG = 65536, 16


def _nonce(number, last):
    return struct.pack(">?xxxQ", last, number)


def _pieces(data, size):
    for number, start in enumerate(range(0, len(data) or 1, size)):
        yield _nonce(number, start + size >= len(data)), data[start : start + size]


def seal(kms, key_id, payload):
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    cipher = AESGCM(data_key["Plaintext"])
    body = b"".join(cipher.encrypt(nonce, piece, None) for nonce, piece in _pieces(payload, PIECE))
    return {"wrapped_key": data_key["CiphertextBlob"], "body": body}


def open_sealed(kms, sealed):
    cipher = AESGCM(kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"])
    return b"".join(cipher.decrypt(nonce, piece, None) for nonce, piece in _pieces(sealed["body"], PIECE + TAG))
