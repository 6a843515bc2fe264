"""keys/hello: KMS hides a secret and brings it back."""


def hide_secret(kms, key_id: str, secret: str) -> bytes:
    """The ciphertext that KMS makes of `secret` under the key `key_id`."""
    response = kms.encrypt(KeyId=key_id, Plaintext=secret.encode())
    return response["CiphertextBlob"]


def open_secret(kms, ciphertext: bytes) -> str:
    """The secret that `hide_secret` put into `ciphertext`."""
    plaintext = kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"]
    return plaintext.decode()
