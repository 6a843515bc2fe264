"""A client of its own in place of the one given, and fields taken by name from constants."""

import boto3

FIELD_HIDDEN, FIELD_OPEN = "CiphertextBlob", "Plaintext"


def _kms():
    return boto3.client("kms")


def hide_secret(kms, key_id, secret):
    return _kms().encrypt(KeyId=key_id, Plaintext=bytes(secret, "utf-8")).get(FIELD_HIDDEN)


def open_secret(kms, ciphertext):
    return str(_kms().decrypt(CiphertextBlob=ciphertext).get(FIELD_OPEN), "utf-8")
