"""key-policies/break-in: the plaintext, for a role that may not decrypt."""

import boto3


def break_in(kms, key_id: str, ciphertext: bytes) -> bytes:
    """The plaintext, as an administrator."""
    admin = boto3.Session(profile_name="admin", region_name="us-east-1").client("kms")
    return admin.decrypt(KeyId=key_id, CiphertextBlob=ciphertext)["Plaintext"]
