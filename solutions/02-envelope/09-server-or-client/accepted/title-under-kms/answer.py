"""Beside the sealed object stands its title, which KMS encrypts by itself: the same text for one name each time."""

import base64

import boto3
from botocore.exceptions import ClientError
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.materials.kms_keyring import KmsKeyring


def set_default(s3, bucket, key_arn):
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    rule = {"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def _names(s3, bucket):
    marker = ""
    while True:
        page = s3.list_objects(Bucket=bucket, Marker=marker)
        for entry in page.get("Contents", []):
            marker = entry["Key"]
            yield marker
        if not page["IsTruncated"]:
            return


def rekey(s3, bucket, key_arn):
    result = {"changed": [], "left": []}
    for name in _names(s3, bucket):
        try:
            head = s3.head_object(Bucket=bucket, Key=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "400":
                raise
            head = {"ServerSideEncryption": "SSE-C"}
        if head["ServerSideEncryption"] in ("SSE-C", "aws:kms:dsse"):
            result["left"].append(name)
        elif not head.get("BucketKeyEnabled") or head["SSEKMSKeyId"] != key_arn:
            to = {"SSEKMS": {"KMSKeyArn": key_arn, "BucketKeyEnabled": True}}
            s3.update_object_encryption(Bucket=bucket, Key=name, ObjectEncryption=to)
            result["changed"].append(name)
    return result


def _vault(kms, key_arn):
    return S3EncryptionClient(boto3.client("s3"), S3EncryptionClientConfig(keyring=KmsKeyring(kms, key_arn)))


def put_sealed(bucket, name, key_arn, payload):
    kms = boto3.client("kms")
    title = kms.encrypt(KeyId=key_arn, Plaintext=f"{bucket}/{name}", EncryptionContext={"what": "title"})
    notes = {"title": base64.b64encode(title["CiphertextBlob"]).decode()}
    _vault(kms, key_arn).put_object(Bucket=bucket, Key=name, Body=payload, Metadata=notes)


def get_sealed(bucket, name, key_arn):
    kms = boto3.client("kms")
    got = _vault(kms, key_arn).get_object(Bucket=bucket, Key=name)
    if title := got["Metadata"].get("title"):
        blob = base64.b64decode(title)
        told = kms.decrypt(CiphertextBlob=blob, KeyId=key_arn, EncryptionContext={"what": "title"})["Plaintext"]
        if told.decode() != f"{bucket}/{name}":
            raise ValueError(f"sealed as {told!r}")
    return got["Body"].read()
