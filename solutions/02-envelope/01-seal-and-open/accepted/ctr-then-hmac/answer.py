"""Encrypt, then MAC, from the standard parts: a data key of 64 bytes is cut in two, the tag comes first in the body."""

import hmac
import secrets
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR


class Altered(Exception):
    pass


class Envelope:
    def __init__(self, data_key: bytes, wrapped_key: bytes) -> None:
        self.cipher_key, self.mac_key = data_key[:32], data_key[32:]
        self.wrapped_key = wrapped_key

    def tag(self, start: bytes, text: bytes) -> bytes:
        return hmac.new(self.mac_key, self.wrapped_key + start + text, sha256).digest()

    def close(self, payload: bytes) -> bytes:
        start = secrets.token_bytes(16)
        text = Cipher(AES(self.cipher_key), CTR(start)).encryptor().update(payload)
        return self.tag(start, text) + start + text

    def open(self, body: bytes) -> bytes:
        tag, start, text = body[:32], body[32:48], body[48:]
        if len(start) < 16 or not hmac.compare_digest(tag, self.tag(start, text)):
            raise Altered("this body is not as it was sealed")
        return Cipher(AES(self.cipher_key), CTR(start)).decryptor().update(text)


def seal(kms, key_id: str, payload: bytes) -> dict:
    made = kms.generate_data_key(KeyId=key_id, NumberOfBytes=64)
    return {
        "wrapped_key": made["CiphertextBlob"],
        "body": Envelope(made["Plaintext"], made["CiphertextBlob"]).close(payload),
    }


def open_sealed(kms, sealed: dict) -> bytes:
    data_key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    return Envelope(data_key, sealed["wrapped_key"]).open(sealed["body"])
