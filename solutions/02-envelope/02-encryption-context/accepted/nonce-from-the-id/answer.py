"""The nonce is an HMAC of the record ID and is not stored: under another ID it is another, and the tag does not fit."""

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def _parts(data_key, record_id):
    mac_key = hashlib.blake2b(data_key, person=b"results-nonce").digest()
    return AESGCM(data_key), hmac.new(mac_key, record_id.encode(), hashlib.sha256).digest()


def _sealed(data_key, records):
    for record_id, content in records.items():
        cipher, nonce = _parts(data_key, record_id)
        yield record_id, cipher.encrypt(nonce, content, b"")


def seal_records(kms, key_id, tenant, purpose, records):
    made = kms.generate_data_key(
        KeyId=key_id, KeySpec="AES_256", EncryptionContext={"tenant": tenant, "purpose": purpose}
    )
    return {"wrapped_key": made["CiphertextBlob"], "records": dict(_sealed(made["Plaintext"], records))}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"tenant": tenant, "purpose": purpose}
    cipher, nonce = _parts(kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"], record_id)
    return cipher.decrypt(nonce, body, b"")
