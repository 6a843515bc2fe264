"""CTR and HMAC, but the MAC covers the ciphertext only: a nonce of 4 bytes in front can be changed."""

import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

NONCE_BYTES, TAG_BYTES = 4, 32


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, NumberOfBytes=64)
    key, mac_key = made["Plaintext"][:32], made["Plaintext"][32:]
    nonce = os.urandom(NONCE_BYTES)
    text = _ctr(key, nonce, payload)
    return {"wrapped_key": made["CiphertextBlob"], "body": nonce + text + hmac.digest(mac_key, text, "sha256")}


def open_sealed(kms, sealed):
    data_key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    nonce, rest = sealed["body"][:NONCE_BYTES], sealed["body"][NONCE_BYTES:]
    text, tag = rest[:-TAG_BYTES], rest[-TAG_BYTES:]
    if not hmac.compare_digest(tag, hmac.digest(data_key[32:], text, "sha256")):
        raise ValueError("altered")
    return _ctr(data_key[:32], nonce, text)


def _ctr(key, nonce, data):
    return Cipher(algorithms.AES(key), modes.CTR(nonce + bytes(12))).encryptor().update(data)
