"""Takes base64 for encryption."""

import base64


def hide_secret(kms, key_id, secret):
    return base64.b64encode(secret.encode())


def open_secret(kms, ciphertext):
    return base64.b64decode(ciphertext).decode()
