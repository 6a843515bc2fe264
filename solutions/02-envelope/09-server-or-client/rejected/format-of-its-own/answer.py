"""AES-GCM under a data key, as in seal-and-open."""

import base64
import os

import boto3
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


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


def put_sealed(bucket, name, key_arn, payload):
    data_key = boto3.client("kms").generate_data_key(KeyId=key_arn, KeySpec="AES_256")
    nonce = os.urandom(12)
    body = nonce + AESGCM(data_key["Plaintext"]).encrypt(nonce, payload, None)
    wrapped = base64.b64encode(data_key["CiphertextBlob"]).decode()
    boto3.client("s3").put_object(Bucket=bucket, Key=name, Body=body, Metadata={"wrapped-key": wrapped})


def get_sealed(bucket, name, key_arn):
    got = boto3.client("s3").get_object(Bucket=bucket, Key=name)
    wrapped = base64.b64decode(got["Metadata"]["wrapped-key"])
    data_key = boto3.client("kms").decrypt(CiphertextBlob=wrapped, KeyId=key_arn)["Plaintext"]
    body = got["Body"].read()
    return AESGCM(data_key).decrypt(body[:12], body[12:], None)
