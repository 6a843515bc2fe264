"""Keeps every data key that still has room, and takes the first that fits; the nonce is a counter under each key."""

import itertools
from time import time

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

pools, opened = {}, {}


def _pick(pool, size, limits):
    pool[:] = [
        each for each in pool if time() - each["at"] < limits["seconds"] and each["left"] > 0 and each["room"] > 0
    ]
    return next((each for each in pool if size <= each["room"]), None)


def seal(kms, key_id, context, payload, limits):
    pool = pools.setdefault((key_id, frozenset(context.items())), [])
    key = _pick(pool, len(payload), limits)
    if not key:
        at = time()
        wrapped = kms.generate_data_key_without_plaintext(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)[
            "CiphertextBlob"
        ]
        plain = kms.decrypt(CiphertextBlob=wrapped, KeyId=key_id, EncryptionContext=context)["Plaintext"]
        key = {
            "cipher": ChaCha20Poly1305(plain),
            "wrapped": wrapped,
            "at": at,
            "left": limits["messages"],
            "room": limits["bytes"],
            "nonces": itertools.count(1),
        }
        pool.append(key)
    key["left"] -= 1
    key["room"] -= len(payload)
    nonce = next(key["nonces"]).to_bytes(12, "little")
    return {"wrapped_key": key["wrapped"], "body": nonce + key["cipher"].encrypt(nonce, payload, key["wrapped"])}


def open_sealed(kms, context, sealed, seconds):
    wrapped, body = sealed["wrapped_key"], sealed["body"]
    at, cipher = opened.get((wrapped, frozenset(context.items())), (0, None))
    if cipher is None or at + seconds <= time():
        at = time()
        cipher = ChaCha20Poly1305(kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=context)["Plaintext"])
        opened[wrapped, frozenset(context.items())] = at, cipher
    return cipher.decrypt(body[:12], body[12:], wrapped)
