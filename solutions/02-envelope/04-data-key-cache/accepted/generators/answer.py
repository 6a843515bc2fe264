"""One generator for each KMS key and context, which hands out a key for every payload; AES-CTR, then HMAC."""

import hashlib
import hmac
import os
import time

import boto3
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

client = boto3.client("kms")


def data_keys(key_id, context, limits):
    """Send the length of the payload, get the plaintext and the wrapped data key for it."""
    size = yield
    while True:
        began = time.time()
        made = client.generate_data_key(KeyId=key_id, NumberOfBytes=64, EncryptionContext=context)
        room = limits["bytes"] - size
        size = yield made["Plaintext"], made["CiphertextBlob"]
        for _ in range(limits["messages"] - 1):
            if size > room or time.time() >= began + limits["seconds"]:
                break
            room -= size
            size = yield made["Plaintext"], made["CiphertextBlob"]


sources = {}
opened = {}


def seal(kms, key_id, context, payload, limits):
    which = repr((key_id, sorted(context.items())))
    if which not in sources:
        sources[which] = data_keys(key_id, dict(context), limits)
        next(sources[which])
    try:
        plaintext, wrapped = sources[which].send(len(payload))
    except Exception:
        del sources[which]  # a generator that raised is at its end
        raise
    start = os.urandom(16)
    cipher = Cipher(algorithms.AES(plaintext[:32]), modes.CTR(start)).encryptor()
    text = start + cipher.update(payload) + cipher.finalize()
    return {"wrapped_key": wrapped, "body": text + hmac.digest(plaintext[32:], text, "sha256")}


def open_sealed(kms, context, sealed, seconds):
    wrapped, body = sealed["wrapped_key"], sealed["body"]
    which = hashlib.sha256(repr((wrapped, sorted(context.items()))).encode()).hexdigest()
    plaintext, began = opened.get(which, (None, 0))
    if plaintext is None or time.time() - began >= seconds:
        began = time.time()
        plaintext = client.decrypt(CiphertextBlob=wrapped, EncryptionContext=context)["Plaintext"]
        opened[which] = plaintext, began
    text, tag = body[:-32], body[-32:]
    if not hmac.compare_digest(tag, hmac.digest(plaintext[32:], text, "sha256")):
        raise ValueError("altered")
    cipher = Cipher(algorithms.AES(plaintext[:32]), modes.CTR(text[:16])).decryptor()
    return cipher.update(text[16:]) + cipher.finalize()
