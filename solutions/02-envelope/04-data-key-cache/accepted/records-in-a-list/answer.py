"""Old habits: records in lists, whole seconds, a data key that is made without plaintext; AES-CBC, then HMAC."""

import base64
import hashlib
import hmac
import os
import time

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

LIST = []  # every record is [key_id, context, wrapped, plain, stamp, count, octets]
OPENED = []


def seal(kms, key_id, context, payload, limits):
    global LIST
    now = int(time.time())
    LIST = [
        r for r in LIST if now - r[4] < limits["seconds"] and r[5] < limits["messages"] and r[6] < limits["bytes"] + 1
    ]
    rec = None
    for r in LIST:
        if r[0] == key_id and r[1] == context and r[6] + len(payload) <= limits["bytes"]:
            rec = r
    if rec is None:
        w = kms.generate_data_key_without_plaintext(KeyId=key_id, NumberOfBytes=64, EncryptionContext=context)[
            "CiphertextBlob"
        ]
        p = kms.decrypt(CiphertextBlob=w, EncryptionContext=context, KeyId=key_id)["Plaintext"]
        rec = [key_id, dict(context), w, p, now, 0, 0]
        LIST.append(rec)
    rec[5] = rec[5] + 1
    rec[6] = rec[6] + len(payload)
    ek, mk = rec[3][:32], rec[3][32:]
    iv = os.urandom(16)
    pad = padding.PKCS7(128).padder()
    enc = Cipher(algorithms.AES(ek), modes.CBC(iv)).encryptor()
    ct = iv + enc.update(pad.update(payload) + pad.finalize()) + enc.finalize()
    tag = hmac.new(mk, ct, hashlib.sha256).digest()
    return {"wrapped_key": rec[2], "body": base64.b64encode(ct + tag)}


def open_sealed(kms, context, sealed, seconds):
    raw = base64.b64decode(sealed["body"], validate=True)
    if base64.b64encode(raw) != sealed["body"]:
        raise ValueError("not canonical")
    ct, tag = raw[:-32], raw[-32:]
    now = int(time.time())
    p = None
    for r in OPENED[:]:
        if now - r[3] >= seconds:
            OPENED.remove(r)
        elif r[0] == sealed["wrapped_key"] and r[1] == context:
            p = r[2]
    if p is None:
        p = kms.decrypt(CiphertextBlob=sealed["wrapped_key"], EncryptionContext=context)["Plaintext"]
        OPENED.append((sealed["wrapped_key"], dict(context), p, now))
    if not hmac.compare_digest(tag, hmac.new(p[32:], ct, hashlib.sha256).digest()):
        raise ValueError("altered")
    dec = Cipher(algorithms.AES(p[:32]), modes.CBC(ct[:16])).decryptor()
    un = padding.PKCS7(128).unpadder()
    return un.update(dec.update(ct[16:]) + dec.finalize()) + un.finalize()
