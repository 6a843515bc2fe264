"""key-policies/break-in: the plaintext, for a role that may not decrypt."""

import boto3

RECORDS = "arn:aws:iam::111122223333:role/records"


def break_in(kms, key_id: str, ciphertext: bytes) -> bytes:
    """The plaintext, as the role records."""
    taken = boto3.client("sts").assume_role(RoleArn=RECORDS, RoleSessionName="me")["Credentials"]
    records = boto3.client(
        "kms",
        aws_access_key_id=taken["AccessKeyId"],
        aws_secret_access_key=taken["SecretAccessKey"],
        aws_session_token=taken["SessionToken"],
    )
    return records.decrypt(KeyId=key_id, CiphertextBlob=ciphertext)["Plaintext"]
