"""AES-CTR over the payload and its SHA-256, so that changes show."""

import hashlib
import os
import time

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

cache = {}
opened = {}


def ctr(key, start, data):
    return Cipher(algorithms.AES(key), modes.CTR(start)).encryptor().update(data)


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
    start = os.urandom(16)
    body = start + ctr(entry["key"]["Plaintext"], start, payload + hashlib.sha256(payload).digest())
    return {"wrapped_key": entry["key"]["CiphertextBlob"], "body": body}


def open_sealed(kms, context, sealed, seconds):
    wrapped, body = sealed["wrapped_key"], sealed["body"]
    place = (wrapped, frozenset(context.items()))
    if place not in opened or time.time() - opened[place][1] >= seconds:
        data_key = kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=context)["Plaintext"]
        opened[place] = (data_key, time.time())
    plain = ctr(opened[place][0], body[:16], body[16:])
    if hashlib.sha256(plain[:-32]).digest() != plain[-32:]:
        raise ValueError("altered")
    return plain[:-32]
