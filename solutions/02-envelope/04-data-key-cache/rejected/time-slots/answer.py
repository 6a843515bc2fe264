"""functools.cache with the number of the time slot among its arguments."""

import functools
import os
import time

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class DataKey:
    def __init__(self, made):
        self.plaintext, self.wrapped = made["Plaintext"], made["CiphertextBlob"]
        self.messages = self.bytes = 0


@functools.cache
def data_key(kms, key_id, context, slot, number):
    return DataKey(kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=dict(context)))


@functools.cache
def opened_key(kms, wrapped, context, slot):
    return kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=dict(context))["Plaintext"]


numbers = {}


def seal(kms, key_id, context, payload, limits):
    slot = int(time.time() // limits["seconds"])
    place = (key_id, frozenset(context.items()))
    key = data_key(kms, *place, slot, numbers.setdefault(place, 0))
    if key.messages == limits["messages"] or (key.messages and key.bytes + len(payload) > limits["bytes"]):
        numbers[place] += 1
        key = data_key(kms, *place, slot, numbers[place])
    key.messages += 1
    key.bytes += len(payload)
    nonce = os.urandom(12)
    return {"wrapped_key": key.wrapped, "body": nonce + AESGCM(key.plaintext).encrypt(nonce, payload, None)}


def open_sealed(kms, context, sealed, seconds):
    key = opened_key(kms, sealed["wrapped_key"], frozenset(context.items()), int(time.time() // seconds))
    return AESGCM(key).decrypt(sealed["body"][:12], sealed["body"][12:], None)
