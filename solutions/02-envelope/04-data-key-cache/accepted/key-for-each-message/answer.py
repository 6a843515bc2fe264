"""As the AWS Encryption SDK does it: a kept data key, and for each message a key derived from it with a random salt."""

import json
import os
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class DataKeyCache:
    def __init__(self):
        self._entries = {}

    def take(self, place, size, limits):
        """A key that may seal `size` bytes more, or None; whatever exceeds a limit is dropped."""
        entry = self._entries.get(place)
        if entry is None:
            return None
        too_old = datetime.now(UTC) - entry["since"] >= timedelta(seconds=limits["seconds"])
        if too_old or entry["count"] + 1 > limits["messages"] or entry["size"] + size > limits["bytes"]:
            del self._entries[place]
            return None
        return entry

    def put(self, place, plaintext, wrapped):
        entry = {"plaintext": plaintext, "wrapped": wrapped, "since": datetime.now(UTC), "count": 0, "size": 0}
        self._entries[place] = entry
        return entry


cache, opened = DataKeyCache(), DataKeyCache()
FOR_EVER = {"messages": float("inf"), "bytes": float("inf")}


def canonical(context):
    return json.dumps(context, sort_keys=True)


def cipher(data_key, salt):
    return AESGCM(HKDF(algorithm=SHA512(), length=32, salt=salt, info=b"message").derive(data_key))


def seal(kms, key_id, context, payload, limits):
    place = key_id, canonical(context)
    entry = None
    if len(payload) <= limits["bytes"]:
        entry = cache.take(place, len(payload), limits)
    if entry is None:
        answer = kms.generate_data_key(KeyId=key_id, NumberOfBytes=64, EncryptionContext=context)
        if len(payload) > limits["bytes"]:  # past the cache, as for a message of unknown length
            entry = {"plaintext": answer["Plaintext"], "wrapped": answer["CiphertextBlob"], "count": 0, "size": 0}
        else:
            entry = cache.put(place, answer["Plaintext"], answer["CiphertextBlob"])
    entry["count"] += 1
    entry["size"] += len(payload)
    salt = os.urandom(32)
    text = cipher(entry["plaintext"], salt).encrypt(bytes(12), payload, canonical(context).encode())
    return {"wrapped_key": entry["wrapped"], "body": b"\x02" + salt + text}


def open_sealed(kms, context, sealed, seconds):
    version, salt, text = sealed["body"][:1], sealed["body"][1:33], sealed["body"][33:]
    if version != b"\x02":
        raise ValueError("unknown format")
    place = sealed["wrapped_key"], canonical(context)
    entry = opened.take(place, 0, FOR_EVER | {"seconds": seconds})
    if entry is None:
        answer = kms.decrypt(CiphertextBlob=sealed["wrapped_key"], EncryptionContext=context)
        entry = opened.put(place, answer["Plaintext"], sealed["wrapped_key"])
    return cipher(entry["plaintext"], salt).decrypt(bytes(12), text, canonical(context).encode())
