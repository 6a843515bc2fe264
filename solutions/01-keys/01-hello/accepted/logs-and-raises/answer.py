"""Watches for the error of KMS, prints it, and lets it through."""

from botocore.exceptions import ClientError


def hide_secret(kms, key_id: str, secret: str) -> bytes:
    return kms.encrypt(Plaintext=secret.encode(), KeyId=key_id)["CiphertextBlob"]


def open_secret(kms, ciphertext: bytes) -> str:
    try:
        response = kms.decrypt(CiphertextBlob=ciphertext, EncryptionAlgorithm="SYMMETRIC_DEFAULT")
    except ClientError as error:
        print("KMS refused:", error.response["Error"]["Code"])
        raise
    return response["Plaintext"].decode("utf-8")
