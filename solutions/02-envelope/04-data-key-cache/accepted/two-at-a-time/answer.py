"""Fetches two data keys at a time, and uses the second when the first may take no more."""

import os
import time

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

store = {}
opened = {}


def fits(key, payload, limits):
    young = time.time() - key["t"] < limits["seconds"]
    return young and key["n"] < limits["messages"] and key["b"] + len(payload) <= limits["bytes"]


def seal(kms, key_id, context, payload, limits):
    line = store.setdefault((key_id, frozenset(context.items())), [])
    while line and not fits(line[0], payload, limits):
        line.pop(0)
    if not line:
        for _ in range(2):
            made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
            line.append(dict(zip("pwnbt", (made["Plaintext"], made["CiphertextBlob"], 0, 0, time.time()), strict=True)))
    key, nonce = line[0], os.urandom(12)
    key["n"] += 1
    key["b"] += len(payload)
    return {"wrapped_key": key["w"], "body": nonce + AESGCM(key["p"]).encrypt(nonce, payload, None)}


def open_sealed(kms, context, sealed, seconds):
    place = (sealed["wrapped_key"], frozenset(context.items()))
    if place not in opened or time.time() >= opened[place][1]:
        end = time.time() + seconds
        opened[place] = kms.decrypt(CiphertextBlob=place[0], EncryptionContext=context)["Plaintext"], end
    return AESGCM(opened[place][0]).decrypt(sealed["body"][:12], sealed["body"][12:], None)
