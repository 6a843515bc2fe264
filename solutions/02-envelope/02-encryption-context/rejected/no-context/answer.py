"""Tenant, purpose and record ID are additional data of the cipher; KMS hears of none of them."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal_records(kms, key_id, tenant, purpose, records):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    cipher = AESGCM(made["Plaintext"])
    sealed = {}
    for record_id, content in records.items():
        nonce = os.urandom(12)
        sealed[record_id] = nonce + cipher.encrypt(nonce, content, f"{tenant}|{purpose}|{record_id}".encode())
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    data_key = kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]
    return AESGCM(data_key).decrypt(body[:12], body[12:], f"{tenant}|{purpose}|{record_id}".encode())
