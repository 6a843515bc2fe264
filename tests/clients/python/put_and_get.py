"""Puts an object with the S3 Encryption Client for Python and gets it: bucket, object, the key's ARN, text as base64.

Run in an environment of its own, by test_clients_s3_encryption.py.
"""

import base64
import json
import sys

import boto3
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.materials.kms_keyring import KmsKeyring

bucket, name, key, given = sys.argv[1:]
plain = boto3.client("s3")
plain.create_bucket(Bucket=bucket)
client = S3EncryptionClient(boto3.client("s3"), S3EncryptionClientConfig(keyring=KmsKeyring(boto3.client("kms"), key)))
client.put_object(Bucket=bucket, Key=name, Body=base64.b64decode(given))
opened = client.get_object(Bucket=bucket, Key=name)["Body"].read()
stored = plain.get_object(Bucket=bucket, Key=name)
seen = {"opened": opened, "stored": stored["Body"].read()}
print(
    json.dumps({what: base64.b64encode(text).decode() for what, text in seen.items()} | {"notes": stored["Metadata"]})
)
