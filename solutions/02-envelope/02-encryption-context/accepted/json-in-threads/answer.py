"""Bodies as JSON, sealed in threads, AES-128; the context is also in the header, which the cipher covers and checks."""

import json
from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def _header(tenant, purpose, record_id, number):
    parts = {"v": 1, "tenant": tenant, "purpose": purpose, "record": record_id, "number": number}
    return json.dumps(parts, sort_keys=True, ensure_ascii=False)


def seal_records(kms, key_id, tenant, purpose, records):
    key = kms.generate_data_key(
        KeyId=key_id, KeySpec="AES_128", EncryptionContext={"tenant": tenant, "purpose": purpose}
    )
    cipher = AESGCM(key["Plaintext"])

    def seal(number, record_id):
        header = _header(tenant, purpose, record_id, number)
        text = cipher.encrypt(number.to_bytes(12, "big"), records[record_id], header.encode())
        return json.dumps({"header": header, "text": b64encode(text).decode()}).encode()

    with ThreadPoolExecutor(2) as pool:
        bodies = list(pool.map(seal, count(), records))
    return {"wrapped_key": key["CiphertextBlob"], "records": dict(zip(records, bodies, strict=True))}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext={"tenant": tenant, "purpose": purpose})
    stored = json.loads(body)
    number = json.loads(stored["header"])["number"]
    header = _header(tenant, purpose, record_id, number)
    text = b64decode(stored["text"], validate=True)
    return AESGCM(key["Plaintext"]).decrypt(number.to_bytes(12, "big"), text, header.encode())
