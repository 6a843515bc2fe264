"""Wrong: a digest of the wrapped key and the ciphertext is no MAC. Both are stored, so anybody makes it anew."""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def _ctr(key, iv, data):
    return Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor().update(data)


def seal(kms, key_id, payload):
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    wrapped, iv = data_key["CiphertextBlob"], os.urandom(16)
    text = iv + _ctr(data_key["Plaintext"], iv, payload)
    return {"wrapped_key": wrapped, "body": text + hashlib.sha256(wrapped + text).digest()}


def open_sealed(kms, sealed):
    wrapped, text, digest = sealed["wrapped_key"], sealed["body"][:-32], sealed["body"][-32:]
    if hashlib.sha256(wrapped + text).digest() != digest:
        raise ValueError("the scan was altered")
    return _ctr(kms.decrypt(CiphertextBlob=wrapped)["Plaintext"], text[:16], text[16:])
