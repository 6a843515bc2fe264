"""Wrong: the data key comes from `random`, which is made for games: who sees enough of it knows the rest."""

import random

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal(kms, key_id, payload):
    data_key, nonce = random.randbytes(32), random.randbytes(12)
    wrapped = kms.encrypt(KeyId=key_id, Plaintext=data_key)["CiphertextBlob"]
    return {"wrapped_key": wrapped, "body": nonce + AESGCM(data_key).encrypt(nonce, payload, None)}


def open_sealed(kms, sealed):
    data_key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    return AESGCM(data_key).decrypt(sealed["body"][:12], sealed["body"][12:], None)
