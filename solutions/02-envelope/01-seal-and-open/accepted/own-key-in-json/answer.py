"""A random key of its own, wrapped with Encrypt; the body is JSON with base64 in it, sealed with AES-128-GCM-SIV."""

import base64
import json
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV


def _text(data):
    return base64.b64encode(data).decode("ascii")


def seal(kms, key_id, payload):
    data_key, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    wrapped = kms.encrypt(KeyId=key_id, Plaintext=data_key)["CiphertextBlob"]
    ciphertext = AESGCMSIV(data_key).encrypt(nonce, payload, b"scan/1")
    body = json.dumps({"format": "scan/1", "nonce": _text(nonce), "ciphertext": _text(ciphertext)})
    return {"wrapped_key": wrapped, "body": body.encode()}


def open_sealed(kms, sealed):
    body = json.loads(sealed["body"])
    data_key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    nonce, ciphertext = (base64.b64decode(body[name], validate=True) for name in ("nonce", "ciphertext"))
    return AESGCMSIV(data_key).decrypt(nonce, ciphertext, body["format"].encode())
