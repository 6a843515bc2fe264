"""A header of 1,024 bytes with a field of its own for everything, each filled up with zero bytes; the cipher covers it.

Nothing in it is believed: it is made again from the arguments, and has to be the same.
"""

import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HEADER = struct.Struct(">8s 88s 88s H 254s 584s")


def _header(wrapped_key, tenant, purpose, record_id):
    name = record_id.encode()
    if len(name) > 254:
        raise ValueError("no room for this record ID")
    return HEADER.pack(b"RESULT/1", tenant.encode(), purpose.encode(), len(name), name, wrapped_key.hex().encode())


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"tenant": tenant, "purpose": purpose}
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    cipher, bodies = AESGCM(made["Plaintext"]), {}
    for record_id, content in records.items():
        header, nonce = _header(made["CiphertextBlob"], tenant, purpose, record_id), os.urandom(12)
        bodies[record_id] = header + nonce + cipher.encrypt(nonce, content, header)
    return {"wrapped_key": made["CiphertextBlob"], "records": bodies}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    header, rest = body[: HEADER.size], body[HEADER.size :]
    if header != _header(wrapped_key, tenant, purpose, record_id):
        raise LookupError("another record's body")
    opened = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext={"tenant": tenant, "purpose": purpose})
    return AESGCM(opened["Plaintext"]).decrypt(rest[:12], rest[12:], header)
