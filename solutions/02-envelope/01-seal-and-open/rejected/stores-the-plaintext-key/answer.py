"""Keeps the plaintext data key in the body, "to save the Decrypt call when it is there"."""

import base64
import json
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(12)
    ciphertext = AESGCM(made["Plaintext"]).encrypt(nonce, payload, None)
    body = {"key": made["Plaintext"], "nonce": nonce, "ciphertext": ciphertext}
    text = json.dumps({name: base64.b64encode(value).decode() for name, value in body.items()})
    return {"wrapped_key": made["CiphertextBlob"], "body": text.encode()}


def open_sealed(kms, sealed):
    body = {name: base64.b64decode(value) for name, value in json.loads(sealed["body"]).items()}
    key = body.get("key") or kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    return AESGCM(key).decrypt(body["nonce"], body["ciphertext"], None)
