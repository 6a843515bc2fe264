"""Cuts the payload in pieces and encrypts each under the same key and the same nonce."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE = 4096


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    cipher, nonce = AESGCM(made["Plaintext"]), os.urandom(12)
    pieces = [payload[start : start + PIECE] for start in range(0, len(payload), PIECE)]
    return {
        "wrapped_key": made["CiphertextBlob"],
        "body": nonce + b"".join(cipher.encrypt(nonce, piece, None) for piece in pieces),
    }


def open_sealed(kms, sealed):
    cipher = AESGCM(kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"])
    nonce, body = sealed["body"][:12], sealed["body"][12:]
    size = PIECE + 16
    return b"".join(cipher.decrypt(nonce, body[start : start + size], None) for start in range(0, len(body), size))
