"""key-policies/break-in: the plaintext, for a role that may not decrypt."""


def break_in(kms, key_id: str, ciphertext: bytes) -> bytes:
    """The plaintext, if the role can have it."""
    try:
        return kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"]
    except kms.exceptions.ClientError:
        return b""
