"""A key of its own, wrapped with Encrypt, under a lock and in a cache of bounded size; Fernet, and a body in JSON."""

import base64
import collections
import json
import secrets
import threading
import time

from cryptography.fernet import Fernet

CAPACITY = 1000
lock = threading.RLock()
kept = collections.OrderedDict()


def remember(place, value):
    kept[place] = value
    kept.move_to_end(place)
    while len(kept) > CAPACITY:
        kept.popitem(last=False)


def seal(kms, key_id, context, payload, limits):
    with lock:
        place = ("seal", key_id, *sorted(context.items()))
        entry = kept.get(place)
        fits = (
            entry is not None
            and entry["n"] < limits["messages"]
            and limits["bytes"] - entry["b"] >= len(payload)
            and time.monotonic_ns() < entry["until"]
        )
        if not fits:
            kept.pop(place, None)
            own = secrets.token_bytes(32)
            until = time.monotonic_ns() + limits["seconds"] * 1_000_000_000
            wrapped = kms.encrypt(KeyId=key_id, Plaintext=own, EncryptionContext=context)["CiphertextBlob"]
            entry = {
                "fernet": Fernet(base64.urlsafe_b64encode(own)),
                "wrapped": wrapped,
                "until": until,
                "n": 0,
                "b": 0,
            }
            remember(place, entry)
        entry["n"] += 1
        entry["b"] += len(payload)
        body = json.dumps({"v": 1, "context": context, "token": entry["fernet"].encrypt(payload).decode()}).encode()
        return {"wrapped_key": entry["wrapped"], "body": body}


def open_sealed(kms, context, sealed, seconds):
    body = json.loads(sealed["body"])
    if body.keys() != {"v", "context", "token"} or body["v"] != 1 or body["context"] != context:
        raise ValueError("this was not sealed for that context")
    with lock:
        place = ("open", sealed["wrapped_key"], *sorted(context.items()))
        if place not in kept or time.monotonic_ns() - kept[place][1] >= seconds * 1_000_000_000:
            kept.pop(place, None)
            asked = time.monotonic_ns()
            own = kms.decrypt(CiphertextBlob=sealed["wrapped_key"], EncryptionContext=context)["Plaintext"]
            remember(place, (Fernet(base64.urlsafe_b64encode(own)), asked))
        return kept[place][0].decrypt(body["token"].encode())
