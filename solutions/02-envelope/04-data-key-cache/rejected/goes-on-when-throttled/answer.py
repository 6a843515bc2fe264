"""Where KMS throttles, the data key that is there has to do a little longer."""

import os
import time

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

sealing = {}
opened = {}


def seal(kms, key_id, context, payload, limits):
    place = key_id, frozenset(context.items())
    now = time.monotonic()
    kept = sealing.get(place)
    if (
        kept is None
        or kept["messages"] >= limits["messages"]
        or kept["bytes"] + len(payload) > limits["bytes"]
        or now - kept["born"] >= limits["seconds"]
    ):
        try:
            made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
        except ClientError as error:
            if kept is None or error.response["Error"]["Code"] != "ThrottlingException":
                raise
        else:
            kept = sealing[place] = {"key": made["Plaintext"], "wrapped": made["CiphertextBlob"], "born": now}
            kept |= {"messages": 0, "bytes": 0}
    kept["messages"] += 1
    kept["bytes"] += len(payload)
    nonce = os.urandom(12)
    body = nonce + AESGCM(kept["key"]).encrypt(nonce, payload, None)
    return {"wrapped_key": kept["wrapped"], "body": body}


def open_sealed(kms, context, sealed, seconds):
    wrapped, body = sealed["wrapped_key"], sealed["body"]
    place = wrapped, frozenset(context.items())
    now = time.monotonic()
    if place not in opened or now - opened[place][1] >= seconds:
        opened[place] = kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=context)["Plaintext"], now
    return AESGCM(opened[place][0]).decrypt(body[:12], body[12:], None)
