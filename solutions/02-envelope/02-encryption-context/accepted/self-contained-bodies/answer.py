"""Every body tells the whole story in a long header of JSON, wrapped key included; the header is covered by the cipher.

Nothing in the header is believed: it is built again from the arguments. Contents are padded to hide their length.
"""

import base64
import json

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

BLOCK = 64


def _header(wrapped_key, tenant, purpose, record_id):
    story = {
        "format": "laboratory/results",
        "algorithm": "AES-256-CCM",
        "wrapped_key": base64.b85encode(wrapped_key).decode(),
        "encryption_context": {"tenant": tenant, "purpose": purpose},
        "record": record_id,
    }
    return json.dumps(story, indent=2).encode() + b"\n"


def _padded(content):
    return content + b"\x80" + bytes(-(len(content) + 1) % BLOCK)


def seal_records(kms, key_id, tenant, purpose, records):
    made = kms.generate_data_key(
        KeyId=key_id, KeySpec="AES_256", EncryptionContext={"tenant": tenant, "purpose": purpose}
    )
    cipher, wrapped_key = AESCCM(made["Plaintext"]), made["CiphertextBlob"]
    random = kms.generate_random(NumberOfBytes=12 * len(records))["Plaintext"]
    bodies = {}
    for number, (record_id, content) in enumerate(records.items()):
        header = _header(wrapped_key, tenant, purpose, record_id)
        nonce = random[12 * number : 12 * number + 12]
        bodies[record_id] = header + nonce + cipher.encrypt(nonce, _padded(content), header)
    return {"wrapped_key": wrapped_key, "records": bodies}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    header = _header(wrapped_key, tenant, purpose, record_id)
    if not body.startswith(header):
        raise LookupError("this body tells another story")
    opened = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext={"tenant": tenant, "purpose": purpose})
    rest = body[len(header) :]
    content = AESCCM(opened["Plaintext"]).decrypt(rest[:12], rest[12:], header)
    return content[: content.rindex(b"\x80")]
