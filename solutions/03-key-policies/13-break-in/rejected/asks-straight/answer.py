"""key-policies/break-in: the plaintext, for a role that may not decrypt."""


def break_in(kms, key_id: str, ciphertext: bytes) -> bytes:
    """The plaintext."""
    return kms.decrypt(KeyId=key_id, CiphertextBlob=ciphertext)["Plaintext"]
