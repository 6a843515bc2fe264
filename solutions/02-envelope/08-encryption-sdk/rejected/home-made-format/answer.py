"""envelope/encryption-sdk, in the format that has done well so far."""

import json
import os
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal(kms, key_arn: str, tenant: str, payload: bytes) -> bytes:
    context = {"tenant": tenant}
    made = kms.generate_data_key(KeyId=key_arn, KeySpec="AES_256", EncryptionContext=context)
    nonce = os.urandom(12)
    body = nonce + AESGCM(made["Plaintext"]).encrypt(nonce, payload, tenant.encode())
    parts = {"key": b64encode(made["CiphertextBlob"]).decode(), "body": b64encode(body).decode()}
    return json.dumps(parts).encode()


def open_message(kms, key_arn: str, tenant: str, message: bytes) -> bytes:
    return _open(message, tenant, lambda blob, context: kms.decrypt(CiphertextBlob=blob, KeyId=key_arn, **context))


def open_from(kms, account: str, tenant: str, message: bytes) -> bytes:
    def ask(blob, context):
        opened = kms.decrypt(CiphertextBlob=blob, **context)
        if opened["KeyId"].split(":")[4] != account:
            raise PermissionError("This message is of another account.")
        return opened

    return _open(message, tenant, ask)


def _open(message, tenant, ask):
    parts = json.loads(message)
    key = ask(b64decode(parts["key"]), {"EncryptionContext": {"tenant": tenant}})["Plaintext"]
    body = b64decode(parts["body"])
    return AESGCM(key).decrypt(body[:12], body[12:], tenant.encode())
