"""key-policies/break-in: the plaintext, for a role that may not decrypt."""


def break_in(kms, key_id: str, ciphertext: bytes) -> bytes:
    """The plaintext, by way of a key of the role's own."""
    mine = kms.create_key()["KeyMetadata"]["KeyId"]
    moved = kms.re_encrypt(CiphertextBlob=ciphertext, DestinationKeyId=mine)["CiphertextBlob"]
    return kms.decrypt(CiphertextBlob=moved)["Plaintext"]
