"""CTR over the payload and its HMAC, but the key of the HMAC is the wrapped key, which lies beside the body."""

import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

NONCE_BYTES, TAG_BYTES = 12, 32


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(NONCE_BYTES)
    tag = hmac.digest(made["CiphertextBlob"], payload, "sha256")
    return {"wrapped_key": made["CiphertextBlob"], "body": nonce + _ctr(made["Plaintext"], nonce, payload + tag)}


def open_sealed(kms, sealed):
    data_key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    nonce, text = sealed["body"][:NONCE_BYTES], sealed["body"][NONCE_BYTES:]
    plain = _ctr(data_key, nonce, text)
    payload, tag = plain[:-TAG_BYTES], plain[-TAG_BYTES:]
    if not hmac.compare_digest(tag, hmac.digest(sealed["wrapped_key"], payload, "sha256")):
        raise ValueError("altered")
    return payload


def _ctr(key, nonce, data):
    return Cipher(algorithms.AES(key), modes.CTR(nonce + bytes(4))).encryptor().update(data)
