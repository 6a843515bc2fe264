"""Keys expire by a heap of dates, before anything else is done; a closure for each key counts; AES-128-GCM."""

import datetime
import heapq
import os
from itertools import count

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

keys, ends, order = {}, [], count()


def now():
    return datetime.datetime.now()


def keep(place, value, since, seconds):
    token = next(order)
    keys[place] = token, value
    heapq.heappush(ends, (since + datetime.timedelta(seconds=seconds), token, place))


def drop_old():
    while ends and ends[0][0] <= now():
        _, token, place = heapq.heappop(ends)
        if place in keys and keys[place][0] == token:
            del keys[place]


def sealer(plaintext, wrapped, limits):
    cipher, payloads, room = AESGCM(plaintext), limits["messages"], limits["bytes"]

    def encrypt(payload, first):
        nonlocal payloads, room
        if not first and (payloads < 1 or len(payload) > room):
            return None
        payloads, room = payloads - 1, room - len(payload)
        nonce = os.urandom(12)
        return {"body": cipher.encrypt(nonce, payload, None) + nonce, "wrapped_key": wrapped}

    return encrypt


def seal(kms, key_id, context, payload, limits):
    drop_old()
    place = "seal", key_id, frozenset(context.items())
    sealed = keys[place][1](payload, False) if place in keys else None
    if sealed is None:
        since = now()
        made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_128", EncryptionContext=context)
        keep(place, sealer(made["Plaintext"], made["CiphertextBlob"], limits), since, limits["seconds"])
        sealed = keys[place][1](payload, True)
    return sealed


def open_sealed(kms, context, sealed, seconds):
    drop_old()
    place = "open", sealed["wrapped_key"], frozenset(context.items())
    if place not in keys:
        since = now()
        made = kms.decrypt(CiphertextBlob=sealed["wrapped_key"], EncryptionContext=context)
        keep(place, AESGCM(made["Plaintext"]), since, seconds)
    return keys[place][1].decrypt(sealed["body"][-12:], sealed["body"][:-12], None)
