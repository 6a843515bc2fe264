"""Copies and uploads in parts: reading asks the one key, writing the other, and each part asks once more."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Refused
from s3_buckets import EVERYTHING_IN_S3, asked, encrypt_by_default, new_bucket

from kms_katas.lab import Lab


@pytest.fixture
def s3(lab: Lab) -> Any:
    return lab.home.admin.client("s3")


@pytest.fixture
def bucket(lab: Lab) -> str:
    return new_bucket(lab)


@pytest.fixture
def writer(lab: Lab) -> Callable[..., Any]:
    """`writer("kms:Decrypt")` is an S3 client of who may do everything in S3 and this in KMS."""

    def make(*actions: str) -> Any:
        policies: dict[str, Any] = {"s3": EVERYTHING_IN_S3}
        if actions:
            allow = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            policies["kms"] = {"Version": "2012-10-17", "Statement": [allow]}
        return lab.home.user(f"writer-{secrets.token_hex(4)}", policies=policies).client("s3")

    return make


def under(key: str) -> dict[str, str]:
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}


def test_a_copy_opens_the_source_and_locks_the_copy(lab: Lab, s3: Any, bucket: str) -> None:
    old, new, text = lab.home.create_key(), lab.home.create_key(), secrets.token_bytes(12)
    s3.put_object(Bucket=bucket, Key="a", Body=text, **under(old))
    copied = s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"}, **under(new))
    got = s3.get_object(Bucket=bucket, Key="b")
    assert (copied["SSEKMSKeyId"], got["SSEKMSKeyId"], got["Body"].read()) == (new, new, text)
    assert copied["CopyObjectResult"]["ETag"] == got["ETag"]
    arn = f"arn:aws:s3:::{bucket}"
    assert asked(lab)[1:3] == [
        ("Decrypt", {"aws:s3:arn": f"{arn}/a"}),
        ("GenerateDataKey", {"aws:s3:arn": f"{arn}/b"}),
    ]


@pytest.mark.parametrize("lacking", ["kms:Decrypt", "kms:GenerateDataKey"])
def test_a_copy_needs_both_permissions(
    lab: Lab, s3: Any, bucket: str, writer: Callable[..., Any], lacking: str
) -> None:
    key = lab.home.create_key()
    s3.put_object(Bucket=bucket, Key="a", **under(key))
    (other,) = {"kms:Decrypt", "kms:GenerateDataKey"} - {lacking}
    with pytest.raises(ClientError, match=lacking):
        writer(other).copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"}, **under(key))


def test_a_copy_that_names_no_encryption_takes_the_default_of_where_it_goes(lab: Lab, s3: Any, bucket: str) -> None:
    archive, old, new = new_bucket(lab), lab.home.create_key(), lab.home.create_key()
    encrypt_by_default(s3, archive, new, BucketKeyEnabled=True)
    s3.put_object(Bucket=bucket, Key="a", **under(old))
    source = {"Bucket": bucket, "Key": "a"}
    assert s3.copy_object(Bucket=bucket, Key="b", CopySource=source)["ServerSideEncryption"] == "AES256"
    copied = s3.copy_object(Bucket=archive, Key="b", CopySource=source)
    assert (copied["SSEKMSKeyId"], copied["BucketKeyEnabled"]) == (new, True)


def test_the_writers_part_of_the_context_is_not_copied(lab: Lab, s3: Any, bucket: str) -> None:
    key = lab.home.create_key()
    s3.put_object(Bucket=bucket, Key="a", SSEKMSEncryptionContext="eyJ0ZWFtIjoiYmx1ZSJ9", **under(key))
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"}, **under(key))
    contexts = [context for _, context in asked(lab)]
    assert ["team" in context for context in contexts] == [True, True, False]


def test_a_copy_onto_itself_that_changes_nothing_is_refused_and_leaves_it_readable(
    s3: Any, bucket: str, refused: Refused
) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    with refused("InvalidRequest"):
        s3.copy_object(Bucket=bucket, Key="a", CopySource={"Bucket": bucket, "Key": "a"})
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


def test_a_version_is_copied_under_its_own_key(lab: Lab, s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old, new = lab.home.create_key(), lab.home.create_key()
    first = s3.put_object(Bucket=bucket, Key="a", Body=b"1", **under(old))["VersionId"]
    s3.put_object(Bucket=bucket, Key="a", Body=b"2", **under(new))
    lab.home.admin.client("kms").disable_key(KeyId=new)
    source = {"Bucket": bucket, "Key": "a", "VersionId": first}
    s3.copy_object(Bucket=bucket, Key="b", CopySource=source)
    assert s3.get_object(Bucket=bucket, Key="b")["Body"].read() == b"1"
    assert s3.get_object(Bucket=bucket, Key="a", VersionId=first)["SSEKMSKeyId"] == old
    with pytest.raises(ClientError, match=r"KMS\.DisabledException"):
        s3.get_object(Bucket=bucket, Key="a")


def upload(s3: Any, bucket: str, key: str, bodies: list[bytes], checksum: bool = False, **how: Any) -> Any:
    more = {"ChecksumAlgorithm": "CRC32"} if checksum else {}
    begun = s3.create_multipart_upload(Bucket=bucket, Key=key, **more, **how)
    place = {"Bucket": bucket, "Key": key, "UploadId": begun["UploadId"]}
    answers = [s3.upload_part(Body=body, PartNumber=number, **place) for number, body in enumerate(bodies, 1)]
    parts = [{"PartNumber": number, "ETag": answer["ETag"]} for number, answer in enumerate(answers, 1)]
    done = s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **place)
    return begun, *answers, done


@pytest.mark.parametrize("by_default", [True, False])
def test_an_upload_in_parts_lies_under_the_key_that_it_began_with(
    lab: Lab, s3: Any, bucket: str, by_default: bool
) -> None:
    key, bodies = lab.home.create_key(), [secrets.token_bytes(5 << 20), b"end"]
    if by_default:
        encrypt_by_default(s3, bucket, key)
    answers = upload(s3, bucket, "a", bodies, **({} if by_default else under(key)))
    got = s3.get_object(Bucket=bucket, Key="a")
    assert [answer["SSEKMSKeyId"] for answer in (*answers, got)] == [key] * 5
    assert got["Body"].read() == b"".join(bodies)
    operations = [operation for operation, _ in asked(lab)]
    assert operations == ["GenerateDataKey", "Decrypt", "Decrypt", "Decrypt"]


def test_an_upload_with_a_checksum_asks_the_key_at_its_end_too(lab: Lab, s3: Any, bucket: str) -> None:
    upload(s3, bucket, "a", [b"x"], checksum=True, **under(lab.home.create_key()))
    assert [operation for operation, _ in asked(lab)] == ["GenerateDataKey", "Decrypt", "Decrypt"]


def test_who_may_only_generate_data_keys_begins_an_upload_and_cannot_go_on(
    lab: Lab, bucket: str, writer: Callable[..., Any]
) -> None:
    client, key = writer("kms:GenerateDataKey"), lab.home.create_key()
    client.put_object(Bucket=bucket, Key="small", **under(key))
    with pytest.raises(ClientError, match="kms:Decrypt") as denied:
        upload(client, bucket, "large", [b"x"], **under(key))
    assert denied.value.operation_name == "UploadPart"


def test_parts_ask_once_under_a_bucket_key(lab: Lab, s3: Any, bucket: str) -> None:
    encrypt_by_default(s3, bucket, lab.home.create_key(), BucketKeyEnabled=True)
    answers = upload(s3, bucket, "a", [b"x"])
    assert all(answer["BucketKeyEnabled"] for answer in answers)
    assert [operation for operation, _ in asked(lab)] == ["GenerateDataKey"]


def test_a_part_copied_from_an_object_asks_the_objects_key(
    lab: Lab, s3: Any, bucket: str, writer: Callable[..., Any]
) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", **under(lab.home.create_key()))
    begun = s3.create_multipart_upload(Bucket=bucket, Key="b")["UploadId"]
    source = {"Bucket": bucket, "Key": "a"}
    place = {"Bucket": bucket, "Key": "b", "UploadId": begun, "PartNumber": 1, "CopySource": source}
    with pytest.raises(ClientError, match="kms:Decrypt"):
        writer().upload_part_copy(**place)
    s3.upload_part_copy(**place)


def test_an_upload_that_is_not_there_is_told(s3: Any, bucket: str, refused: Refused) -> None:
    with refused("NoSuchUpload"):
        s3.upload_part(Bucket=bucket, Key="a", UploadId=secrets.token_hex(8), PartNumber=1, Body=b"x")
    with refused("NoSuchUpload"):
        parts = {"Parts": [{"PartNumber": 1, "ETag": "x"}]}
        s3.complete_multipart_upload(Bucket=bucket, Key="a", UploadId=secrets.token_hex(8), MultipartUpload=parts)


def test_an_upload_that_was_broken_off_is_not_there_any_more(lab: Lab, s3: Any, bucket: str, refused: Refused) -> None:
    begun = s3.create_multipart_upload(Bucket=bucket, Key="a", **under(lab.home.create_key()))["UploadId"]
    s3.abort_multipart_upload(Bucket=bucket, Key="a", UploadId=begun)
    with refused("NoSuchUpload"):
        s3.upload_part(Bucket=bucket, Key="a", UploadId=begun, PartNumber=1, Body=b"x")
