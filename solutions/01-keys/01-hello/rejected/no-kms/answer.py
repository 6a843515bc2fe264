"""Leaves KMS out: the text only becomes bytes and text again."""


def hide_secret(kms, key_id, secret):
    return secret.encode()


def open_secret(kms, ciphertext):
    return ciphertext.decode()
