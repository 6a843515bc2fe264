"""Compresses the payload before it seals it."""

import os
import time
import zlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


@dataclass
class DataKey:
    plaintext: bytes
    wrapped: bytes
    born: float
    messages: int = 0
    volume: int = 0

    def may_take(self, payload: bytes, limits: dict) -> bool:
        return (
            self.messages < limits["messages"]
            and self.volume + len(payload) <= limits["bytes"]
            and time.monotonic() - self.born < limits["seconds"]
        )


sealing: dict[tuple, DataKey] = {}
opened: dict[tuple, DataKey] = {}


def seal(kms, key_id: str, context: dict, payload: bytes, limits: dict) -> dict:
    """Seal `payload` under the KMS key `key_id` for `context`: {"wrapped_key": bytes, "body": bytes}."""
    place = (key_id, pairs(context))
    key = sealing.get(place)
    if key is None or not key.may_take(payload, limits):
        sealing.pop(place, None)
        born = time.monotonic()
        made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
        key = sealing[place] = DataKey(made["Plaintext"], made["CiphertextBlob"], born)
    key.messages += 1
    key.volume += len(payload)
    nonce = os.urandom(NONCE_BYTES)
    return {
        "wrapped_key": key.wrapped,
        "body": nonce + AESGCM(key.plaintext).encrypt(nonce, zlib.compress(payload), None),
    }


def open_sealed(kms, context: dict, sealed: dict, seconds: int) -> bytes:
    """The payload that `seal` sealed for `context`. Raises an exception when anything was altered."""
    forget_old(seconds)
    place = (sealed["wrapped_key"], pairs(context))
    if place not in opened:
        born = time.monotonic()
        answer = kms.decrypt(CiphertextBlob=sealed["wrapped_key"], EncryptionContext=context)
        opened[place] = DataKey(answer["Plaintext"], sealed["wrapped_key"], born)
    nonce, ciphertext = sealed["body"][:NONCE_BYTES], sealed["body"][NONCE_BYTES:]
    return zlib.decompress(AESGCM(opened[place].plaintext).decrypt(nonce, ciphertext, None))


def forget_old(seconds: int) -> None:
    """The age counts from the answer of KMS, not from the last use: a busy key has to be asked for again too."""
    for place in [place for place, key in opened.items() if time.monotonic() - key.born >= seconds]:
        del opened[place]


def pairs(context: dict) -> tuple:
    return tuple(sorted(context.items()))
