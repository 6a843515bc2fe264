"""Wrong: an ID may hold a colon, so the record of "ann:x" opens under the ID "ann"."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    cipher = AESGCM(data_key["Plaintext"])
    sealed = {}
    for record_id, content in records.items():
        nonce = os.urandom(12)
        sealed[record_id] = nonce + cipher.encrypt(nonce, f"{record_id}:".encode() + content, None)
    return {"wrapped_key": data_key["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"tenant": tenant, "purpose": purpose}
    data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    text = AESGCM(data_key).decrypt(body[:12], body[12:], None)
    mark = f"{record_id}:".encode()
    if not text.startswith(mark):
        raise ValueError("the record of somebody else")
    return text.removeprefix(mark)
