import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal(kms, key_id, payload):
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(12)
    body = AESGCM(data_key["Plaintext"]).encrypt(nonce, payload, None)
    return {"wrapped_key": data_key["CiphertextBlob"], "nonce": nonce, "body": body}


def open_sealed(kms, sealed):
    data_key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    return AESGCM(data_key).decrypt(sealed["nonce"], sealed["body"], None)
