"""Switches the library's older formats on, for objects that may be there from before."""

import boto3
from botocore.exceptions import ClientError
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.materials.kms_keyring import KmsKeyring
from s3_encryption.materials.materials import CommitmentPolicy


def set_default(s3, bucket: str, key_arn: str) -> None:
    """From now on a plain put into `bucket` lies under the KMS key `key_arn`, with a Bucket Key."""
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn},
        "BucketKeyEnabled": True,
    }
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def rekey(s3, bucket: str, key_arn: str) -> dict:
    """Bring the objects that are there under `key_arn`: {"changed": list[str], "left": list[str]}."""
    wanted = {"SSEKMS": {"KMSKeyArn": key_arn, "BucketKeyEnabled": True}}
    changed, left = [], []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for name in (found["Key"] for found in page.get("Contents", [])):
            how = _encryption(s3, bucket, name)
            if how in ("SSE-C", "aws:kms:dsse"):
                left.append(name)
            elif how != ("aws:kms", key_arn, True):
                s3.update_object_encryption(Bucket=bucket, Key=name, ObjectEncryption=wanted)
                changed.append(name)
    return {"changed": changed, "left": left}


def _encryption(s3, bucket, name):
    try:
        head = s3.head_object(Bucket=bucket, Key=name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 400:
            return "SSE-C"  # S3 tells nothing of such an object to whoever does not send its key
        raise
    if head["ServerSideEncryption"] == "aws:kms:dsse":
        return "aws:kms:dsse"
    return head["ServerSideEncryption"], head.get("SSEKMSKeyId"), head.get("BucketKeyEnabled", False)


def put_sealed(bucket: str, name: str, key_arn: str, payload: bytes) -> None:
    """Put `payload` so that S3 never holds it in the clear, and the S3 Encryption Client opens it."""
    _sealing(key_arn).put_object(Bucket=bucket, Key=name, Body=payload)


def get_sealed(bucket: str, name: str, key_arn: str) -> bytes:
    """What `put_sealed` put. Raises an exception for an object that was altered or is not sealed."""
    return _sealing(key_arn).get_object(Bucket=bucket, Key=name)["Body"].read()


def _sealing(key_arn):
    """Around a client that nobody else has: it encrypts and decrypts from now on, whoever calls it."""
    keyring = KmsKeyring(boto3.client("kms"), key_arn)
    config = S3EncryptionClientConfig(
        keyring=keyring,
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT,
        enable_legacy_unauthenticated_modes=True,
    )
    return S3EncryptionClient(boto3.client("s3"), config)
