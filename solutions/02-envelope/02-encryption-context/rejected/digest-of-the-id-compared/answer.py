"""A fingerprint of tenant, purpose and record ID stands in front of each body and is compared."""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def _mark(*names):
    return hashlib.sha256("|".join(names).encode()).digest()


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    cipher = AESGCM(made["Plaintext"])
    sealed = {}
    for record_id, content in records.items():
        nonce = os.urandom(12)
        sealed[record_id] = _mark(tenant, purpose, record_id) + nonce + cipher.encrypt(nonce, content, None)
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    if body[:32] != _mark(tenant, purpose, record_id):
        raise ValueError("another patient's record")
    body = body[32:]
    context = {"tenant": tenant, "purpose": purpose}
    data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    return AESGCM(data_key).decrypt(body[:12], body[12:], None)
