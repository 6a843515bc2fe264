"""Objects in threads; the library's parts are asked for an object, and plain boto3 moves it."""

from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.exceptions import ClientError
from s3_encryption.materials.crypto_materials_manager import DefaultCryptoMaterialsManager
from s3_encryption.materials.kms_keyring import KmsKeyring
from s3_encryption.materials.materials import AlgorithmSuite, CommitmentPolicy
from s3_encryption.pipelines import GetEncryptedObjectPipeline, PutEncryptedObjectPipeline


def set_default(s3, bucket, key_arn):
    s3.delete_bucket_encryption(Bucket=bucket)
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "BucketKeyEnabled": True,
                    "ApplyServerSideEncryptionByDefault": {"KMSMasterKeyID": key_arn, "SSEAlgorithm": "aws:kms"},
                }
            ]
        },
    )


def _one(s3, bucket, name, key_arn):
    try:
        head = s3.head_object(Bucket=bucket, Key=name)
    except ClientError as error:
        if error.response["Error"].get("Code") == "400":
            return "left"
        raise
    match head:
        case {"ServerSideEncryption": "aws:kms:dsse"}:
            return "left"
        case {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": under, "BucketKeyEnabled": True} if under == key_arn:
            return None
    to = {"SSEKMS": {"KMSKeyArn": key_arn, "BucketKeyEnabled": True}}
    s3.update_object_encryption(Bucket=bucket, Key=name, ObjectEncryption=to)
    return "changed"


def rekey(s3, bucket, key_arn):
    names, start = [], ""
    while page := s3.list_objects_v2(Bucket=bucket, StartAfter=start).get("Contents"):
        names += [one["Key"] for one in page]
        start = names[-1]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda name: _one(s3, bucket, name, key_arn), names))
    return {
        what: tuple(name for name, was in zip(names, done, strict=True) if was == what) for what in ("changed", "left")
    }


def put_sealed(bucket, name, key_arn, payload):
    materials = DefaultCryptoMaterialsManager(KmsKeyring(boto3.client("kms"), key_arn))
    suite = AlgorithmSuite.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY
    body, notes = PutEncryptedObjectPipeline(materials, suite).encrypt(payload)
    boto3.resource("s3").Object(bucket, name).put(Body=body, Metadata=notes)


def get_sealed(bucket, name, key_arn):
    materials = DefaultCryptoMaterialsManager(KmsKeyring(boto3.client("kms"), key_arn))
    got = boto3.resource("s3").Object(bucket, name).get()
    if "x-amz-3" not in got["Metadata"]:
        raise ValueError(f"{name} is not sealed")
    pipeline = GetEncryptedObjectPipeline(materials, CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    return pipeline.decrypt(got, "", False, bucket=bucket, key=name).read()
