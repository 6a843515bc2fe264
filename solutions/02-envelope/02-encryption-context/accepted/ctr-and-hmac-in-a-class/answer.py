"""AES-CTR and HMAC by hand, in a class; the MAC covers all that the record belongs to, each part with its length."""

import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


class Box:
    def __init__(self, key64, *scope):
        self._cipher_key, self._mac_key = key64[:32], key64[32:]
        self._scope = [part.encode() for part in scope]

    def _keystream(self, iv):
        return Cipher(algorithms.AES(self._cipher_key), modes.CTR(iv)).encryptor()

    def _mac(self, *parts):
        text = b"".join(struct.pack(">Q", len(part)) + part for part in (*self._scope, *parts))
        return hmac.digest(self._mac_key, text, "sha256")

    def seal(self, name, content):
        iv = secrets.token_bytes(16)
        text = self._keystream(iv).update(content)
        return self._mac(name.encode(), iv, text) + iv + text

    def open(self, name, body):
        tag, iv, text = body[:32], body[32:48], body[48:]
        if len(iv) != 16 or not hmac.compare_digest(tag, self._mac(name.encode(), iv, text)):
            raise ValueError("not the record that was asked for")
        return self._keystream(iv).update(text)


def seal_records(kms, key_id, tenant, purpose, records):
    made = kms.generate_data_key(
        KeyId=key_id, NumberOfBytes=64, EncryptionContext={"tenant": tenant, "purpose": purpose}
    )
    box = Box(made["Plaintext"], tenant, purpose)
    bodies = {name: box.seal(name, records[name]) for name in records}
    return {"wrapped_key": made["CiphertextBlob"], "records": bodies}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    opened = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext={"tenant": tenant, "purpose": purpose})
    return Box(opened["Plaintext"], tenant, purpose).open(record_id, body)
