"""CBC and HMAC, but the MAC covers the ciphertext only: the IV can be changed, and with it the first block."""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, NumberOfBytes=64)
    key, mac_key = made["Plaintext"][:32], made["Plaintext"][32:]
    iv, padder = os.urandom(16), PKCS7(128).padder()
    text = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor().update(padder.update(payload) + padder.finalize())
    return {"wrapped_key": made["CiphertextBlob"], "body": iv + text + hmac.digest(mac_key, text, "sha256")}


def open_sealed(kms, sealed):
    data_key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    iv, text, tag = sealed["body"][:16], sealed["body"][16:-32], sealed["body"][-32:]
    if not hmac.compare_digest(tag, hmac.new(data_key[32:], text, hashlib.sha256).digest()):
        raise ValueError("altered")
    unpadder = PKCS7(128).unpadder()
    return (
        unpadder.update(Cipher(algorithms.AES(data_key[:32]), modes.CBC(iv)).decryptor().update(text))
        + unpadder.finalize()
    )
