"""Lets an empty payload come under any data key, also under that of a payload longer than the limit."""

import os
import time

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_sealing = {}
_opened = {}


def _place(context):
    return frozenset(context.items())


def seal(kms, key_id, context, payload, limits):
    place = (key_id, _place(context))
    entry = _sealing.get(place)
    if (
        entry is None
        or entry["messages"] >= limits["messages"]
        or (len(payload) and entry["bytes"] + len(payload) > limits["bytes"])
        or time.time() - entry["born"] >= limits["seconds"]
    ):
        new = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
        entry = {
            "key": new["Plaintext"],
            "wrapped": new["CiphertextBlob"],
            "born": time.time(),
            "messages": 0,
            "bytes": 0,
        }
        _sealing[place] = entry
    entry["messages"] += 1
    entry["bytes"] += len(payload)
    nonce = os.urandom(12)
    return {"wrapped_key": entry["wrapped"], "body": nonce + AESGCM(entry["key"]).encrypt(nonce, payload, None)}


def open_sealed(kms, context, sealed, seconds):
    place = (sealed["wrapped_key"], _place(context))
    if place not in _opened or time.time() - _opened[place][1] >= seconds:
        now = time.time()
        _opened[place] = kms.decrypt(CiphertextBlob=sealed["wrapped_key"], EncryptionContext=context)["Plaintext"], now
    return AESGCM(_opened[place][0]).decrypt(sealed["body"][:12], sealed["body"][12:], None)
