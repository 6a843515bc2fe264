"""keys/hello: bring a secret back. `hide_secret` is done; `open_secret` lacks one line."""


def hide_secret(kms, key_id: str, secret: str) -> bytes:
    """The ciphertext that KMS makes of `secret` under the key `key_id`."""
    response = kms.encrypt(KeyId=key_id, Plaintext=secret.encode())
    return response["CiphertextBlob"]


def open_secret(kms, ciphertext: bytes) -> str:
    """The secret that `hide_secret` put into `ciphertext`."""
    plaintext = b""  # TODO 1: ask KMS for the plaintext of `ciphertext`
    return plaintext.decode()
