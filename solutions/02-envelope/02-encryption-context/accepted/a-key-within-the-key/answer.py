"""Each record has a key of its own, sealed for its ID under the data key of the batch."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    cipher = AESGCM(made["Plaintext"])
    sealed = {}
    for record_id, content in records.items():
        key, nonce, second = os.urandom(32), os.urandom(12), os.urandom(12)
        lid = cipher.encrypt(nonce, key, record_id.encode())
        sealed[record_id] = nonce + lid + second + AESGCM(key).encrypt(second, content, None)
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"tenant": tenant, "purpose": purpose}
    data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    key = AESGCM(data_key).decrypt(body[:12], body[12:60], record_id.encode())
    return AESGCM(key).decrypt(body[60:72], body[72:], None)
