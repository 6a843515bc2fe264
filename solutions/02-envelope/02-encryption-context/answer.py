"""envelope/encryption-context: KMS binds the data key to tenant and purpose; the cipher binds each record to its ID.

A body is a nonce of 12 bytes, then the ciphertext, then its tag of 16 bytes.
"""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


def seal_records(kms, key_id: str, tenant: str, purpose: str, records: dict[str, bytes]) -> dict:
    """Seal all records under one data key: {"wrapped_key": bytes, "records": {record ID: bytes}}."""
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=_context(tenant, purpose))
    cipher = AESGCM(data_key["Plaintext"])
    sealed = {}
    for record_id, content in records.items():
        nonce = os.urandom(NONCE_BYTES)
        sealed[record_id] = nonce + cipher.encrypt(nonce, content, record_id.encode())
    return {"wrapped_key": data_key["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key: bytes, tenant: str, purpose: str, record_id: str, body: bytes) -> bytes:
    """The content of one record. Raises an exception when it is another's, or was altered."""
    data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=_context(tenant, purpose))["Plaintext"]
    return AESGCM(data_key).decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], record_id.encode())


def _context(tenant, purpose):
    """What KMS binds the data key to. It stands in the log, so nothing of a patient is in it."""
    return {"tenant": tenant, "purpose": purpose}
