"""Binds the whole batch by KMS: the context lists its records, and a copy of the list stands in every body."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal_records(kms, key_id, tenant, purpose, records):
    ids = ",".join(records)
    context = {"tenant": tenant, "purpose": purpose, "records": ids}
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    cipher = AESGCM(made["Plaintext"])
    sealed = {}
    for record_id, content in records.items():
        nonce = os.urandom(12)
        head = ids.encode()
        body = nonce + cipher.encrypt(nonce, content, record_id.encode())
        sealed[record_id] = len(head).to_bytes(2, "big") + head + body
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    end = 2 + int.from_bytes(body[:2], "big")
    ids, body = body[2:end].decode(), body[end:]
    context = {"tenant": tenant, "purpose": purpose, "records": ids}
    data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    return AESGCM(data_key).decrypt(body[:12], body[12:], record_id.encode())
