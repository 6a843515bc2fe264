"""Sends the payload itself to KMS."""


def seal(kms, key_id, payload):
    made = kms.encrypt(KeyId=key_id, Plaintext=payload)
    return {"wrapped_key": made["CiphertextBlob"], "body": b""}


def open_sealed(kms, sealed):
    return kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
