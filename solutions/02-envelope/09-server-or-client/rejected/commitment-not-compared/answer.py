"""Writes the commitment by hand, and never looks at it."""

import base64
import json
import os

import boto3
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SUITE = b"\x00\x73"
NONCE = b"\x01" * 12


def set_default(s3, bucket, key_arn):
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def rekey(s3, bucket, key_arn):
    wanted = {"SSEKMS": {"KMSKeyArn": key_arn, "BucketKeyEnabled": True}}
    changed, left = [], []
    for page in s3.get_paginator("list_objects").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            name = entry["Key"]
            try:
                told = s3.get_object(Bucket=bucket, Key=name, Range="bytes=0-0")
                right = told["ServerSideEncryption"] == "aws:kms" and told["SSEKMSKeyId"] == key_arn
                if right and told.get("BucketKeyEnabled"):
                    continue
                s3.update_object_encryption(Bucket=bucket, Key=name, ObjectEncryption=wanted)
            except ClientError as error:
                if error.response["Error"]["Code"] != "InvalidRequest":
                    raise
                left.append(name)
            else:
                changed.append(name)
    return {"changed": changed, "left": left}


def _keys(data_key, message_id):
    def derived(label, length):
        return HKDF(hashes.SHA512(), length, message_id, SUITE + label).derive(data_key)

    return derived(b"DERIVEKEY", 32), derived(b"COMMITKEY", 28)


def put_sealed(bucket, name, key_arn, payload):
    context = {"aws:x-amz-cek-alg": "115"}
    made = boto3.client("kms").generate_data_key(KeyId=key_arn, KeySpec="AES_256", EncryptionContext=context)
    message_id = os.urandom(28)
    key, commitment = _keys(made["Plaintext"], message_id)
    notes = {"x-amz-c": "115", "x-amz-w": "12", "x-amz-t": json.dumps(context)}
    for field, value in (("3", made["CiphertextBlob"]), ("d", commitment), ("i", message_id)):
        notes[f"x-amz-{field}"] = base64.b64encode(value).decode()
    body = AESGCM(key).encrypt(NONCE, payload, SUITE)
    boto3.client("s3").put_object(Bucket=bucket, Key=name, Body=body, Metadata=notes)


def get_sealed(bucket, name, key_arn):
    got = boto3.client("s3").get_object(Bucket=bucket, Key=name)
    notes = got["Metadata"]
    if (notes["x-amz-c"], notes["x-amz-w"]) != ("115", "12"):
        raise ValueError("not sealed in the way that is agreed")
    wrapped, message_id = (base64.b64decode(notes[f"x-amz-{field}"]) for field in "3i")
    opened = boto3.client("kms").decrypt(
        CiphertextBlob=wrapped, KeyId=key_arn, EncryptionContext=json.loads(notes["x-amz-t"])
    )
    key, _ = _keys(opened["Plaintext"], message_id)
    return AESGCM(key).decrypt(NONCE, got["Body"].read(), SUITE)
