"""What the tests of S3 share: a bucket, its default encryption, its policy, and which KMS calls were made. It tests
nothing.
"""

import json
import secrets
from typing import Any

from kms_katas.lab import Lab

EVERYTHING_IN_S3 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


def new_bucket(lab: Lab, region: str | None = None) -> str:
    """The name of a new bucket of the home account."""
    name, where = f"reports-{secrets.token_hex(6)}", {}
    if region is not None:
        where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    lab.home.admin.client("s3", region=region).create_bucket(Bucket=name, **where)
    return name


def encrypt_by_default(s3: Any, bucket: str, key: str | None = None, mode: str = "aws:kms", **more: Any) -> None:
    default = {"SSEAlgorithm": mode} | ({"KMSMasterKeyID": key} if key else {})
    rule = {"ApplyServerSideEncryptionByDefault": default} | more
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def open_to(s3: Any, bucket: str, principal: str, *actions: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": actions or "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


def asked(lab: Lab) -> list[tuple[str, Any]]:
    """The cryptographic KMS calls so far: operation and encryption context."""
    return [
        (call.operation, call.parameters.get("EncryptionContext"))
        for call in lab.calls
        if call.operation in ("GenerateDataKey", "Decrypt", "Encrypt", "ReEncrypt")
    ]
