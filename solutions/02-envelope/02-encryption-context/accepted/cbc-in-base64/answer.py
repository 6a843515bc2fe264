"""AES-CBC, then HMAC-SHA-512 over the length of the ID, the ID and the rest, all in base64.."""

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def _mac(data_key, record_id, blob):
    name = record_id.encode("utf8")
    return hmac.new(data_key[32:], b"%d:" % len(name) + name + blob, hashlib.sha512).digest()


def seal_records(kms, key_id, tenant, purpose, records):
    made = kms.generate_data_key(
        KeyId=key_id, NumberOfBytes=96, EncryptionContext={"tenant": tenant, "purpose": purpose}
    )
    result = {"records": {}, "wrapped_key": made["CiphertextBlob"]}
    for record_id in sorted(records):
        iv, padder = os.urandom(16), padding.PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES(made["Plaintext"][:32]), modes.CBC(iv)).encryptor()
        padded = padder.update(records[record_id]) + padder.finalize()
        blob = iv + encryptor.update(padded) + encryptor.finalize()
        result["records"][record_id] = base64.b64encode(blob + _mac(made["Plaintext"], record_id, blob))
    return result


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"tenant": tenant, "purpose": purpose}
    data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    raw = base64.b64decode(body, validate=True)
    blob, tag = raw[:-64], raw[-64:]
    if not hmac.compare_digest(tag, _mac(data_key, record_id, blob)):
        raise ValueError("bad record")
    decryptor = Cipher(algorithms.AES(data_key[:32]), modes.CBC(blob[:16])).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(blob[16:]) + decryptor.finalize()) + unpadder.finalize()
