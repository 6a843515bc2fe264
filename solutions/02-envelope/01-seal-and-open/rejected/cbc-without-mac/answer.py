"""AES-CBC, and nothing that would notice a change."""

import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    iv, padder = os.urandom(16), PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(made["Plaintext"]), modes.CBC(iv)).encryptor()
    return {
        "wrapped_key": made["CiphertextBlob"],
        "body": iv + encryptor.update(padder.update(payload) + padder.finalize()),
    }


def open_sealed(kms, sealed):
    key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    decryptor, unpadder = Cipher(algorithms.AES(key), modes.CBC(sealed["body"][:16])).decryptor(), PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(sealed["body"][16:]) + decryptor.finalize()) + unpadder.finalize()
