"""functools.lru_cache for what KMS opened."""

import functools
import os
import time

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

cache = {}


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


@functools.lru_cache(maxsize=1000)
def unwrap(kms, wrapped, context):
    return kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=dict(context))["Plaintext"]


def open_sealed(kms, context, sealed, seconds):
    wrapped, body = sealed["wrapped_key"], sealed["body"]
    return AESGCM(unwrap(kms, wrapped, frozenset(context.items()))).decrypt(body[:12], body[12:], None)
