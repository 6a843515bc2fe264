"""Tries the change first where it can, and learns from S3's refusal what must stay; the old data under a class."""

import boto3
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.instruction_file_config import InstructionFileConfig
from s3_encryption.materials.kms_keyring import KmsKeyring


class Bucket:
    def __init__(self, s3, name):
        self.s3, self.name = s3, name

    def objects(self):
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=self.name):
            yield from (version["Key"] for version in page.get("Versions", []) if version["IsLatest"])

    def is_right(self, key, key_arn):
        try:
            head = self.s3.head_object(Bucket=self.name, Key=key, VersionId="null")
        except self.s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 400:
                return False  # perhaps SSE-C: the update tells
            raise
        return (
            head["ServerSideEncryption"] == "aws:kms"
            and head["SSEKMSKeyId"] == key_arn
            and head.get("BucketKeyEnabled") is True
        )

    def update(self, key, key_arn):
        encryption = {"SSEKMS": {"KMSKeyArn": key_arn, "BucketKeyEnabled": True}}
        try:
            self.s3.update_object_encryption(Bucket=self.name, Key=key, VersionId="null", ObjectEncryption=encryption)
        except self.s3.exceptions.InvalidRequest:
            return "left"
        return "changed"


def set_default(s3, bucket, key_arn):
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    rule = {"ApplyServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}
    rule["BlockedEncryptionTypes"] = {"EncryptionType": ["SSE-C"]}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def rekey(s3, bucket, key_arn):
    report = {"left": [], "changed": []}
    it = Bucket(s3, bucket)
    for key in it.objects():
        if not it.is_right(key, key_arn):
            report[it.update(key, key_arn)].append(key)
    return report


class Vault(S3EncryptionClient):
    def __init__(self, key_arn):
        config = S3EncryptionClientConfig(
            KmsKeyring(kms_client=boto3.client("kms"), kms_key_id=key_arn),
            instruction_file_config=InstructionFileConfig(disable_get_object=True),
        )
        super().__init__(boto3.client("s3"), config)


def put_sealed(bucket, name, key_arn, payload):
    Vault(key_arn).put_object(Bucket=bucket, Key=name, Body=payload, ServerSideEncryption="AES256")


def get_sealed(bucket, name, key_arn):
    body, pieces = Vault(key_arn).get_object(Bucket=bucket, Key=name)["Body"], []
    while piece := body.read(1024):
        pieces.append(piece)
    return b"".join(pieces)
