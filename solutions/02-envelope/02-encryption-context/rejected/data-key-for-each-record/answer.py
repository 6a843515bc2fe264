"""Every record has a data key of its own, in front of its body."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    sealed = {}
    for record_id, content in records.items():
        made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
        cipher, wrapped_key = AESGCM(made["Plaintext"]), made["CiphertextBlob"]
        nonce = os.urandom(12)
        sealed[record_id] = (
            len(wrapped_key).to_bytes(2, "big")
            + wrapped_key
            + nonce
            + cipher.encrypt(nonce, content, record_id.encode())
        )
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    end = 2 + int.from_bytes(body[:2], "big")
    wrapped_key, body = body[2:end], body[end:]
    context = {"tenant": tenant, "purpose": purpose}
    data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    return AESGCM(data_key).decrypt(body[:12], body[12:], record_id.encode())
