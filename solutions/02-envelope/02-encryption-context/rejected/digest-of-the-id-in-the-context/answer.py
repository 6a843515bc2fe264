"""The context holds a fingerprint of the first record instead of its ID, and every body brings it along."""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal_records(kms, key_id, tenant, purpose, records):
    mark = hashlib.sha256(next(iter(records)).encode()).hexdigest()
    context = {"tenant": tenant, "purpose": purpose, "batch": mark}
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    cipher = AESGCM(made["Plaintext"])
    sealed = {}
    for record_id, content in records.items():
        nonce = os.urandom(12)
        sealed[record_id] = mark.encode() + nonce + cipher.encrypt(nonce, content, record_id.encode())
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    mark, body = body[:64].decode(), body[64:]
    context = {"tenant": tenant, "purpose": purpose, "batch": mark}
    data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    return AESGCM(data_key).decrypt(body[:12], body[12:], record_id.encode())
