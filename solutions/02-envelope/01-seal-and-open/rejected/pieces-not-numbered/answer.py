"""Pieces sealed one by one with fresh nonces, but nothing says which comes where, or which is the last."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE = 64 * 1024


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    cipher, body = AESGCM(made["Plaintext"]), b""
    for start in range(0, max(len(payload), 1), PIECE):
        nonce = os.urandom(12)
        body += nonce + cipher.encrypt(nonce, payload[start : start + PIECE], None)
    return {"wrapped_key": made["CiphertextBlob"], "body": body}


def open_sealed(kms, sealed):
    cipher = AESGCM(kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"])
    body, payload = sealed["body"], b""
    if not body:
        raise ValueError("no body")
    while body:
        nonce, piece, body = body[:12], body[12 : PIECE + 28], body[PIECE + 28 :]
        payload += cipher.decrypt(nonce, piece, None)
    return payload
