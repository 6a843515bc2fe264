"""Forgets that the plaintext comes as bytes."""


def hide_secret(kms, key_id, secret):
    return kms.encrypt(KeyId=key_id, Plaintext=secret.encode())["CiphertextBlob"]


def open_secret(kms, ciphertext):
    return kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"]
