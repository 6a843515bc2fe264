"""A MAC over ID, nonce and ciphertext, one behind the other."""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    made = kms.generate_data_key(KeyId=key_id, NumberOfBytes=64, EncryptionContext=context)
    cipher_key, mac_key = made["Plaintext"][:32], made["Plaintext"][32:]
    sealed = {}
    for record_id, content in records.items():
        nonce = os.urandom(16)
        rest = nonce + Cipher(algorithms.AES(cipher_key), modes.CTR(nonce)).encryptor().update(content)
        sealed[record_id] = rest + hmac.digest(mac_key, record_id.encode() + rest, hashlib.sha256)
    return {"wrapped_key": made["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"tenant": tenant, "purpose": purpose}
    data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    rest, mac = body[:-32], body[-32:]
    if not hmac.compare_digest(mac, hmac.digest(data_key[32:], record_id.encode() + rest, hashlib.sha256)):
        raise ValueError("altered, or another record")
    return Cipher(algorithms.AES(data_key[:32]), modes.CTR(rest[:16])).decryptor().update(rest[16:])
