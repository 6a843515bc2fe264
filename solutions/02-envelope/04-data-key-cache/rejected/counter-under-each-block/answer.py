"""AES-CTR that begins at the number of the payload, then HMAC."""

import hmac
import time

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

cache = {}
opened = {}


def stream(key, start, data):
    return Cipher(algorithms.AES(key[:32]), modes.CTR(start)).encryptor().update(data)


def encrypt(key, number, payload):
    start = number.to_bytes(16, "big")
    text = start + stream(key, start, payload)
    return text + hmac.digest(key[32:], text, "sha256")


def decrypt(key, body):
    if not hmac.compare_digest(body[-32:], hmac.digest(key[32:], body[:-32], "sha256")):
        raise ValueError("altered")
    return stream(key, body[:16], body[16:-32])


def seal(kms, key_id, context, payload, limits):
    place = (key_id, frozenset(context.items()))
    entry = cache.get(place)
    if (
        entry is None
        or entry["messages"] >= limits["messages"]
        or entry["bytes"] + len(payload) > limits["bytes"]
        or time.time() - entry["time"] >= limits["seconds"]
    ):
        made = kms.generate_data_key(KeyId=key_id, NumberOfBytes=64, EncryptionContext=context)
        entry = cache[place] = {"key": made, "messages": 0, "bytes": 0, "time": time.time()}
    entry["messages"] += 1
    entry["bytes"] += len(payload)
    body = encrypt(entry["key"]["Plaintext"], entry["messages"], payload)
    return {"wrapped_key": entry["key"]["CiphertextBlob"], "body": body}


def open_sealed(kms, context, sealed, seconds):
    wrapped, body = sealed["wrapped_key"], sealed["body"]
    place = (wrapped, frozenset(context.items()))
    if place not in opened or time.time() - opened[place][1] >= seconds:
        data_key = kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=context)["Plaintext"]
        opened[place] = (data_key, time.time())
    return decrypt(opened[place][0], body)
