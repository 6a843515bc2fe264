"""Fernet under a key derived from the data key: AES-128-CBC with HMAC-SHA-256, the token is text."""

import base64

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def _fernet(data_key):
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"scans, version 1").derive(data_key)
    return Fernet(base64.urlsafe_b64encode(derived))


def seal(kms, key_id, payload):
    answer = kms.generate_data_key(KeyId=key_id, NumberOfBytes=32)
    return {"wrapped_key": answer["CiphertextBlob"], "body": _fernet(answer["Plaintext"]).encrypt(payload)}


def open_sealed(kms, sealed):
    answer = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])
    return _fernet(answer["Plaintext"]).decrypt(sealed["body"])
