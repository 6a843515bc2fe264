"""The additional data stand in front of the body, for the cipher checks them anyway."""

import json
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    cipher = AESGCM(made["Plaintext"])
    sealed = {}
    for record_id, content in records.items():
        nonce, bound = os.urandom(12), json.dumps([tenant, purpose, record_id]).encode()
        sealed[record_id] = bytes([len(bound)]) + bound + nonce + cipher.encrypt(nonce, content, bound)
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"tenant": tenant, "purpose": purpose}
    data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    end = 1 + body[0]
    bound, body = body[1:end], body[end:]
    return AESGCM(data_key).decrypt(body[:12], body[12:], bound)
