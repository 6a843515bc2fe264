"""A class with a lock; each message has a key of its own by HKDF, and ChaCha20-Poly1305 with a nonce of zeros."""

import os
import threading
import time
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@dataclass
class Limits:
    messages: int
    bytes: int
    seconds: int


@dataclass
class DataKey:
    plain: bytes = field(repr=False)
    wrapped: bytes = b""
    born: float = 0
    n: int = 0
    b: int = 0

    def takes(self, size, limits, now):
        return self.n + 1 <= limits.messages and self.b + size <= limits.bytes and now < self.born + limits.seconds


class Cache:
    def __init__(self):
        self._lock = threading.RLock()
        self._seal: dict[tuple, DataKey] = {}
        self._open = {}

    def for_sealing(self, kms, key_id, context, size, limits):
        with self._lock:
            now = time.time()
            place = (key_id, tuple(sorted(context.items())))
            e: DataKey | None = self._seal.get(place)
            if e is None or not e.takes(size, limits, now):
                r = kms.generate_data_key(KeyId=key_id, NumberOfBytes=32, EncryptionContext=context)
                e = DataKey(r["Plaintext"], r["CiphertextBlob"], now)
                if size <= limits.bytes:
                    self._seal[place] = e
            e.n += 1
            e.b += size
            return e

    def for_opening(self, kms, wrapped, context, seconds):
        with self._lock:
            now = time.time()
            place = (wrapped, tuple(sorted(context.items())))
            hit = self._open.get(place)
            if hit and now - hit[1] < seconds:
                return hit[0]
            self._open.pop(place, None)
            k = kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=context)["Plaintext"]
            self._open[place] = (k, now)
            return k


_cache = Cache()


def _derive(k, salt):
    return HKDF(hashes.SHA512(), 32, salt, b"archive/1").derive(k)


def seal(kms, key_id, context, payload, limits):
    e = _cache.for_sealing(kms, key_id, context, len(payload), Limits(**limits))
    salt = os.urandom(32)
    return {
        "wrapped_key": e.wrapped,
        "body": salt + ChaCha20Poly1305(_derive(e.plain, salt)).encrypt(bytes(12), payload, None),
    }


def open_sealed(kms, context, sealed, seconds):
    k = _cache.for_opening(kms, sealed["wrapped_key"], context, seconds)
    b = sealed["body"]
    return ChaCha20Poly1305(_derive(k, b[:32])).decrypt(bytes(12), b[32:], None)
