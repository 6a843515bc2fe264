"""AES in ECB mode, with a MAC over it: nothing can be altered, but equal blocks show."""

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, NumberOfBytes=64)
    padder = PKCS7(128).padder()
    padded = padder.update(payload) + padder.finalize()
    text = Cipher(algorithms.AES(made["Plaintext"][:32]), modes.ECB()).encryptor().update(padded)
    return {"wrapped_key": made["CiphertextBlob"], "body": text + hmac.digest(made["Plaintext"][32:], text, "sha256")}


def open_sealed(kms, sealed):
    key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    text, tag = sealed["body"][:-32], sealed["body"][-32:]
    if not hmac.compare_digest(tag, hmac.new(key[32:], text, hashlib.sha256).digest()):
        raise ValueError("altered")
    padded = Cipher(algorithms.AES(key[:32]), modes.ECB()).decryptor().update(text)
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()
