"""Spaces around an address are typing errors."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    cipher = AESGCM(made["Plaintext"])
    sealed = {}
    for record_id, content in records.items():
        nonce = os.urandom(12)
        sealed[record_id] = nonce + cipher.encrypt(nonce, content, record_id.strip().encode())
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"tenant": tenant, "purpose": purpose}
    data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    return AESGCM(data_key).decrypt(body[:12], body[12:], record_id.strip().encode())
