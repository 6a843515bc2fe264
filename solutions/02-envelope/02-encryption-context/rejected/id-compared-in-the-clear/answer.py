"""Stores the record ID in front of the body and compares it."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    cipher = AESGCM(made["Plaintext"])
    sealed = {}
    for record_id, content in records.items():
        nonce = os.urandom(12)
        sealed[record_id] = record_id.encode() + b"\0" + nonce + cipher.encrypt(nonce, content, None)
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    stored_id, _, body = body.partition(b"\0")
    if stored_id != record_id.encode():
        raise ValueError("another patient's record")
    context = {"tenant": tenant, "purpose": purpose}
    data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    return AESGCM(data_key).decrypt(body[:12], body[12:], None)
