"""Every record has a key that follows from its names; KMS sees to the log."""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def _key(*names):
    return hashlib.sha256("/".join(names).encode()).digest()


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    sealed = {}
    for record_id, content in records.items():
        nonce = os.urandom(12)
        sealed[record_id] = nonce + AESGCM(_key(tenant, purpose, record_id)).encrypt(nonce, content, record_id.encode())
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"tenant": tenant, "purpose": purpose}
    kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)
    return AESGCM(_key(tenant, purpose, record_id)).decrypt(body[:12], body[12:], record_id.encode())
