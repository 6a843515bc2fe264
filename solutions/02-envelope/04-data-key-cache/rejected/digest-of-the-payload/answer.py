"""A SHA-256 of the payload goes in front, so that a reader can compare."""

import os
import time
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

sealing = {}
opened = {}


def seal(kms, key_id, context, payload, limits):
    place = key_id, frozenset(context.items())
    now = time.monotonic()
    kept = sealing.get(place)
    if (
        kept is None
        or kept["messages"] >= limits["messages"]
        or kept["bytes"] + len(payload) > limits["bytes"]
        or now - kept["born"] >= limits["seconds"]
    ):
        made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
        kept = sealing[place] = {"key": made["Plaintext"], "wrapped": made["CiphertextBlob"], "born": now}
        kept |= {"messages": 0, "bytes": 0}
    kept["messages"] += 1
    kept["bytes"] += len(payload)
    nonce = os.urandom(12)
    body = nonce + AESGCM(kept["key"]).encrypt(nonce, payload, None) + sha256(payload).digest()
    return {"wrapped_key": kept["wrapped"], "body": body}


def open_sealed(kms, context, sealed, seconds):
    wrapped, body = sealed["wrapped_key"], sealed["body"]
    place = wrapped, frozenset(context.items())
    now = time.monotonic()
    if place not in opened or now - opened[place][1] >= seconds:
        opened[place] = kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=context)["Plaintext"], now
    payload = AESGCM(opened[place][0]).decrypt(body[:12], body[12:-32], None)
    if sha256(payload).digest() != body[-32:]:
        raise ValueError("another payload")
    return payload
