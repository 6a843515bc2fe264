"""envelope/encryption-context: one data key for a batch, for one tenant and purpose; every record for one patient."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal_records(kms, key_id: str, tenant: str, purpose: str, records: dict[str, bytes]) -> dict:
    """Seal all records under one data key: {"wrapped_key": bytes, "records": {record ID: bytes}}."""
    # TODO 1: bind the data key to tenant and purpose, and every record to its ID
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    cipher = AESGCM(data_key["Plaintext"])
    sealed = {}
    for record_id, content in records.items():
        nonce = os.urandom(12)
        sealed[record_id] = nonce + cipher.encrypt(nonce, content, None)
    return {"wrapped_key": data_key["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key: bytes, tenant: str, purpose: str, record_id: str, body: bytes) -> bytes:
    """The content of one record. Raises an exception when it is another's, or was altered."""
    # TODO 2: open it for this tenant, this purpose and this record ID only
    data_key = kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]
    return AESGCM(data_key).decrypt(body[:12], body[12:], None)
