"""Takes an inventory first; seals by the library's file interface, in parts."""

import io
from collections import defaultdict

import boto3
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.materials.kms_keyring import KmsKeyring

_vaults = {}


def set_default(s3, bucket, key_arn):
    how = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": how, "BucketKeyEnabled": True}]
        },
    )


def _inventory(s3, bucket):
    found = defaultdict(list)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 100}):
        for name in (entry["Key"] for entry in page.get("Contents", [])):
            try:
                head = s3.head_object(Bucket=bucket, Key=name)
                how = head["ServerSideEncryption"], head.get("SSEKMSKeyId"), bool(head.get("BucketKeyEnabled"))
            except s3.exceptions.ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 400:
                    raise
                how = "SSE-C", None, False
            found[how].append(name)
    return found


def rekey(s3, bucket, key_arn):
    changed, left = [], []
    for (mode, under, bucket_key), names in _inventory(s3, bucket).items():
        if mode in ("SSE-C", "aws:kms:dsse"):
            left += names
        elif (mode, under, bucket_key) != ("aws:kms", key_arn, True):
            for name in names:
                s3.update_object_encryption(
                    Bucket=bucket,
                    Key=name,
                    ObjectEncryption={"SSEKMS": {"KMSKeyArn": key_arn, "BucketKeyEnabled": True}},
                )
            changed += names
    return {"changed": sorted(changed), "left": sorted(left)}


def _vault(key_arn):
    if key_arn not in _vaults:
        keyring = KmsKeyring(boto3.client("kms"), key_arn)
        _vaults[key_arn] = S3EncryptionClient(boto3.client("s3"), S3EncryptionClientConfig(keyring))
    return _vaults[key_arn]


def put_sealed(bucket, name, key_arn, payload):
    vault = _vault(key_arn)
    if payload:
        vault.upload_fileobj(io.BytesIO(payload), bucket, name)
    else:
        vault.put_object(Bucket=bucket, Key=name)


def get_sealed(bucket, name, key_arn):
    return bytes(_vault(key_arn).get_object(Bucket=bucket, Key=name)["Body"].read())
