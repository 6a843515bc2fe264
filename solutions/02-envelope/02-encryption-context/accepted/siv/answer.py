"""AES-SIV without any nonce: the record ID is associated data, so equal contents of two records come out unlike."""

from cryptography.hazmat.primitives.ciphers.aead import AESSIV


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    made = kms.generate_data_key(KeyId=key_id, NumberOfBytes=64, EncryptionContext=context)
    siv = AESSIV(made["Plaintext"])
    # AESSIV takes no empty text
    bodies = {name: siv.encrypt(b"\0" + content, [name.encode()]) for name, content in records.items()}
    return {"wrapped_key": made["CiphertextBlob"], "records": bodies}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"tenant": tenant, "purpose": purpose}
    siv = AESSIV(kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"])
    return siv.decrypt(body, [record_id.encode()])[1:]
