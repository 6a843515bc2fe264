"""CTR over a digest and the payload behind it: who knows the payload turns both into others that fit."""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

NONCE_BYTES, DIGEST_BYTES = 12, 32


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(NONCE_BYTES)
    body = nonce + _ctr(made["Plaintext"], nonce, hashlib.sha256(payload).digest() + payload)
    return {"wrapped_key": made["CiphertextBlob"], "body": body}


def open_sealed(kms, sealed):
    data_key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    nonce, text = sealed["body"][:NONCE_BYTES], sealed["body"][NONCE_BYTES:]
    plain = _ctr(data_key, nonce, text)
    digest, payload = plain[:DIGEST_BYTES], plain[DIGEST_BYTES:]
    if not hmac.compare_digest(digest, hashlib.sha256(payload).digest()):
        raise ValueError("altered")
    return payload


def _ctr(key, nonce, data):
    return Cipher(algorithms.AES(key), modes.CTR(nonce + bytes(4))).encryptor().update(data)
