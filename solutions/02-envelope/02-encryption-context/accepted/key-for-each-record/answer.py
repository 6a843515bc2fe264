"""A key for each record, derived from the data key and the record ID: a wrong ID is a wrong key, a nonce is not needed.

The data key comes in its encrypted form only, and is opened like any other.
"""

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = bytes(12)


def _cipher(data_key, record_id):
    info = b"results/1 " + record_id.encode("utf-8")
    return ChaCha20Poly1305(HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(data_key))


def _data_key(kms, wrapped_key, tenant, purpose):
    context = {"purpose": purpose, "tenant": tenant}
    return kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]


def seal_records(kms, key_id, tenant, purpose, records):
    wrapped_key = kms.generate_data_key_without_plaintext(
        KeyId=key_id, NumberOfBytes=32, EncryptionContext={"tenant": tenant, "purpose": purpose}
    )["CiphertextBlob"]
    data_key = _data_key(kms, wrapped_key, tenant, purpose)
    return {
        "wrapped_key": wrapped_key,
        "records": {name: _cipher(data_key, name).encrypt(NONCE, content, None) for name, content in records.items()},
    }


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    data_key = _data_key(kms, wrapped_key, tenant, purpose)
    return _cipher(data_key, record_id).decrypt(NONCE, body, None)
