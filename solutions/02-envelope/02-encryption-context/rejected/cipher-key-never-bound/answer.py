"""A data key with the context for the auditors, and one without for the records, wrapped in every body."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    inner = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    cipher, wrapped = AESGCM(inner["Plaintext"]), inner["CiphertextBlob"]
    sealed = {}
    for record_id, content in records.items():
        nonce = os.urandom(12)
        sealed[record_id] = (
            len(wrapped).to_bytes(2, "big") + wrapped + nonce + cipher.encrypt(nonce, content, record_id.encode())
        )
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"tenant": tenant, "purpose": purpose}
    kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)
    end = 2 + int.from_bytes(body[:2], "big")
    data_key = kms.decrypt(CiphertextBlob=body[2:end])["Plaintext"]
    body = body[end:]
    return AESGCM(data_key).decrypt(body[:12], body[12:], record_id.encode())
