"""Each object is copied onto itself; the sealing client is made once for each key."""

from functools import cache

import boto3
import botocore.exceptions
import s3_encryption
import s3_encryption.materials.kms_keyring


def set_default(s3, bucket, key_arn):
    configuration = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    rule = configuration["Rules"][0]
    rule["ApplyServerSideEncryptionByDefault"] = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn.split("/")[1]}
    rule["BucketKeyEnabled"] = True
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=configuration)


def _names(s3, bucket):
    token = {}
    while True:
        page = s3.list_objects_v2(Bucket=bucket, MaxKeys=500, **token)
        yield from (one["Key"] for one in page.get("Contents", ()))
        if not page["IsTruncated"]:
            return
        token = {"ContinuationToken": page["NextContinuationToken"]}


def rekey(s3, bucket, key_arn):
    result = {"changed": [], "left": []}
    for name in list(_names(s3, bucket)):
        try:
            head = s3.head_object(Bucket=bucket, Key=name)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "400":
                raise
            result["left"].append(name)
            continue
        mode = head["ServerSideEncryption"]
        if mode == "aws:kms:dsse":
            result["left"].append(name)
        elif mode == "AES256" or head["SSEKMSKeyId"] != key_arn or not head.get("BucketKeyEnabled"):
            s3.copy_object(
                Bucket=bucket,
                Key=name,
                CopySource={"Bucket": bucket, "Key": name},
                CopySourceIfMatch=head["ETag"],
                StorageClass=head.get("StorageClass", "STANDARD"),
                ServerSideEncryption="aws:kms",
                SSEKMSKeyId=key_arn,
                BucketKeyEnabled=True,
            )
            result["changed"].append(name)
    return result


@cache
def _client(key_arn):
    keyring = s3_encryption.materials.kms_keyring.KmsKeyring(boto3.client("kms"), key_arn)
    config = s3_encryption.S3EncryptionClientConfig(keyring=keyring)
    return s3_encryption.S3EncryptionClient(boto3.client("s3"), config)


def put_sealed(bucket, name, key_arn, payload):
    return _client(key_arn).put_object(Bucket=bucket, Key=name, Body=payload, ContentType="application/x-sealed")[
        "ETag"
    ]


def get_sealed(bucket, name, key_arn):
    return _client(key_arn).get_object(Bucket=bucket, Key=name)["Body"].read()
