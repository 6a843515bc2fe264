"""One store for sealing and opening: whoever opens asks KMS again, and the old data key goes on sealing."""

import os
import time
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESSIV

AGE, PLAIN = 0, 1
store: dict = {}  # (wrapped key, context) -> (when KMS gave it, plaintext)
current: dict = {}  # (key_id, context) -> Use


class Use(NamedTuple):
    wrapped: bytes
    messages: int
    size: int


def context_of(context):
    return tuple((name, context[name]) for name in sorted(context))


def young(name, seconds):
    found = store.get(name)
    if found is not None and time.perf_counter() - found[AGE] >= seconds:
        found = store.pop(name) and None
    return found


def seal(kms, key_id, context, payload, limits):
    bound = context_of(context)
    use = current.get((key_id, bound))
    found = young((use.wrapped, bound), limits["seconds"]) if use else None
    if not found or use.messages == limits["messages"] or use.size + len(payload) > limits["bytes"]:
        before = time.perf_counter()
        made = kms.generate_data_key(KeyId=key_id, NumberOfBytes=32, EncryptionContext=context)
        found = store[made["CiphertextBlob"], bound] = before, made["Plaintext"]
        use = Use(made["CiphertextBlob"], 0, 0)
    current[key_id, bound] = Use(use.wrapped, use.messages + 1, use.size + len(payload))
    # AES-SIV alone would show equal payloads; a random part among what it binds hides them. It encrypts no empty text.
    salt = os.urandom(16)
    return {"wrapped_key": use.wrapped, "body": salt + AESSIV(found[PLAIN]).encrypt(b"." + payload, [salt])}


def open_sealed(kms, context, sealed, seconds):
    wrapped, bound, body = sealed["wrapped_key"], context_of(context), sealed["body"]
    found = young((wrapped, bound), seconds)
    if not found:
        before = time.perf_counter()
        plain = kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=context)["Plaintext"]
        found = store[wrapped, bound] = before, plain
    return AESSIV(found[PLAIN]).decrypt(body[16:], [body[:16]])[1:]
