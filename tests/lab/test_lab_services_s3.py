"""S3 in the lab: who may, which key an object lies under, and what KMS has to say. Not for what moto does by itself."""

import secrets

import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Lab

READS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


@pytest.fixture
def bucket(lab: Lab) -> str:
    name = f"reports-{secrets.token_hex(4)}"
    lab.home.admin.client("s3").create_bucket(Bucket=name)
    return name


def test_who_may_read_the_object_but_not_use_its_key_is_told_that_kms_refused(lab: Lab, bucket: str) -> None:
    admin, text = lab.home.admin, secrets.token_bytes(20)
    key = admin.client("kms").create_key()["KeyMetadata"]["Arn"]
    admin.client("s3").put_object(Bucket=bucket, Key="a", Body=text, ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    reader = lab.home.user("reader", policies={"reads": READS})

    with pytest.raises(ClientError) as denied:
        reader.client("s3").get_object(Bucket=bucket, Key="a")

    assert denied.value.response["Error"]["Code"] == "AccessDenied"
    assert "kms:Decrypt" in denied.value.response["Error"]["Message"]
    assert lab.explain(denied.value).request.action == "kms:Decrypt"
    assert admin.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == text


def test_who_may_not_read_the_object_never_reaches_its_key(lab: Lab, bucket: str) -> None:
    admin = lab.home.admin
    admin.client("s3").put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption="aws:kms")
    before = len(lab.trail)

    with pytest.raises(ClientError) as denied:
        lab.home.user("eve").client("s3").get_object(Bucket=bucket, Key="a")

    assert lab.explain(denied.value).request.action == "s3:GetObject"
    assert len(lab.trail) == before
