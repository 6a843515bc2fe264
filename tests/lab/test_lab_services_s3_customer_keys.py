"""SSE-C in the lab: blocked in a new bucket, and where it is unblocked only the key that wrote also reads."""

import secrets
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Refused
from s3_buckets import new_bucket

from kms_katas.lab import Lab


@pytest.fixture
def s3(lab: Lab) -> Any:
    return lab.home.admin.client("s3")


@pytest.fixture
def bucket(lab: Lab, s3: Any) -> str:
    """One that takes SSE-C."""
    name = new_bucket(lab)
    rule = {"BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    return name


def under(key: bytes) -> dict[str, Any]:
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}


@pytest.fixture
def key() -> bytes:
    return secrets.token_bytes(32)


def test_a_new_bucket_refuses_sse_c_and_says_so(lab: Lab, s3: Any, key: bytes, refused: Refused) -> None:
    name = new_bucket(lab)
    with refused("AccessDenied", "Access Denied"):
        s3.put_object(Bucket=name, Key="a", **under(key))
    rule = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}


def test_the_key_that_wrote_reads(lab: Lab, bucket: str, s3: Any, key: bytes) -> None:
    text = secrets.token_bytes(20)
    put = s3.put_object(Bucket=bucket, Key="a", Body=text, **under(key))
    got = s3.get_object(Bucket=bucket, Key="a", **under(key))
    assert got["Body"].read() == text
    assert put["SSECustomerKeyMD5"] == got["SSECustomerKeyMD5"]
    assert "ServerSideEncryption" not in got
    assert s3.head_object(Bucket=bucket, Key="a", **under(key))["ContentLength"] == len(text)


def test_no_key_and_another_key_read_nothing(bucket: str, s3: Any, key: bytes, refused: Refused) -> None:
    s3.put_object(Bucket=bucket, Key="a", **under(key))
    with refused("InvalidRequest"):
        s3.get_object(Bucket=bucket, Key="a")
    with refused("AccessDenied", "Access Denied"):
        s3.get_object(Bucket=bucket, Key="a", **under(secrets.token_bytes(32)))
    with refused("400"):
        s3.head_object(Bucket=bucket, Key="a")


def test_a_key_for_an_object_that_needs_none_is_refused(bucket: str, s3: Any, key: bytes, refused: Refused) -> None:
    s3.put_object(Bucket=bucket, Key="a")
    with refused("InvalidRequest"):
        s3.get_object(Bucket=bucket, Key="a", **under(key))


@pytest.mark.parametrize("size", [16, 31, 33])
def test_a_key_that_is_not_256_bits_long_writes_nothing(bucket: str, s3: Any, refused: Refused, size: int) -> None:
    with refused("InvalidArgument"):
        s3.put_object(Bucket=bucket, Key="a", **under(secrets.token_bytes(size)))
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_copy_leaves_sse_c_behind_when_it_brings_the_sources_key(
    bucket: str, s3: Any, key: bytes, refused: Refused
) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", **under(key))
    source = {"Bucket": bucket, "Key": "a"}
    with refused("InvalidRequest"):
        s3.copy_object(Bucket=bucket, Key="b", CopySource=source)
    brought = {"CopySourceSSECustomerAlgorithm": "AES256", "CopySourceSSECustomerKey": key}
    s3.copy_object(Bucket=bucket, Key="b", CopySource=source, **brought)
    assert s3.get_object(Bucket=bucket, Key="b")["Body"].read() == b"x"


def test_the_parts_of_an_upload_come_with_its_key(bucket: str, s3: Any, key: bytes) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="a", **under(key))["UploadId"]
    with pytest.raises(ClientError, match="InvalidRequest"):
        s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=b"x")
    part = s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=b"x", **under(key))
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="a", UploadId=upload, MultipartUpload=parts)
    assert s3.get_object(Bucket=bucket, Key="a", **under(key))["Body"].read() == b"x"
