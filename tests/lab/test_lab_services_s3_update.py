"""UpdateObjectEncryption: the key over an object changes, the object does not."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Refused
from s3_buckets import EVERYTHING_IN_S3, asked, encrypt_by_default, new_bucket

from kms_katas.lab import Lab

Update = Callable[..., Any]


@pytest.fixture
def s3(lab: Lab) -> Any:
    return lab.home.admin.client("s3")


@pytest.fixture
def bucket(lab: Lab) -> str:
    return new_bucket(lab)


@pytest.fixture
def update(s3: Any, bucket: str) -> Update:
    """`update(key)` puts the object "a" under this key, as the administrator or with another client."""

    def change(key: str, client: Any = None, *, bucket_key: bool = False, **more: Any) -> Any:
        wanted = {"SSEKMS": {"KMSKeyArn": key, "BucketKeyEnabled": bucket_key}}
        return (client or s3).update_object_encryption(Bucket=bucket, Key="a", ObjectEncryption=wanted, **more)

    return change


def under(key: str, **more: Any) -> dict[str, Any]:
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, **more}


@pytest.fixture(params=["SSE-S3", "SSE-KMS", "Bucket Key"])
def before(request: pytest.FixtureRequest, lab: Lab) -> dict[str, Any]:
    """How the object is put."""
    if request.param == "SSE-S3":
        return {"ServerSideEncryption": "AES256"}
    return under(lab.home.create_key(), BucketKeyEnabled=request.param == "Bucket Key")


@pytest.mark.parametrize("bucket_key", [True, False])
def test_only_the_key_over_the_object_changes(
    lab: Lab, s3: Any, bucket: str, update: Update, before: dict[str, Any], bucket_key: bool
) -> None:
    text, new = secrets.token_bytes(20), lab.home.create_key()
    s3.put_object(Bucket=bucket, Key="a", Body=text, Metadata={"team": "blue"}, ContentType="text/plain", **before)
    was = s3.head_object(Bucket=bucket, Key="a")
    lab.clock.advance(hours=1)

    update(new, bucket_key=bucket_key)

    now = s3.get_object(Bucket=bucket, Key="a")
    assert now["Body"].read() == text
    assert (now["ServerSideEncryption"], now["SSEKMSKeyId"]) == ("aws:kms", new)
    assert now.get("BucketKeyEnabled", False) is bucket_key
    same = ("ETag", "LastModified", "ContentLength", "ContentType", "Metadata")
    assert {name: now[name] for name in same} == {name: was[name] for name in same}


def test_the_old_key_is_no_longer_needed(lab: Lab, s3: Any, bucket: str, update: Update) -> None:
    old, new = lab.home.create_key(), lab.home.create_key()
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", **under(old))
    update(new)
    lab.home.admin.client("kms").disable_key(KeyId=old)
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
    lab.home.admin.client("kms").disable_key(KeyId=new)
    with pytest.raises(ClientError, match=r"KMS\.DisabledException"):
        s3.get_object(Bucket=bucket, Key="a")


def test_a_key_over_a_key_is_changed_by_kms_alone(lab: Lab, s3: Any, bucket: str, update: Update) -> None:
    s3.put_object(Bucket=bucket, Key="a", **under(lab.home.create_key()))
    update(lab.home.create_key())
    call, arn = lab.calls[-1], f"arn:aws:s3:::{bucket}/a"
    assert [operation for operation, _ in asked(lab)] == ["GenerateDataKey", "ReEncrypt"]
    assert call.parameters["SourceEncryptionContext"] == {"aws:s3:arn": arn}
    assert call.parameters["DestinationEncryptionContext"] == {"aws:s3:arn": arn}


def test_the_old_key_has_to_work_once_more(lab: Lab, s3: Any, bucket: str, update: Update, refused: Refused) -> None:
    old = lab.home.create_key()
    s3.put_object(Bucket=bucket, Key="a", **under(old))
    lab.home.admin.client("kms").disable_key(KeyId=old)
    with refused("KMS.DisabledException"):
        update(lab.home.create_key())
    assert s3.head_object(Bucket=bucket, Key="a")["SSEKMSKeyId"] == old


def test_it_makes_no_version_and_changes_the_one_that_it_names(lab: Lab, s3: Any, bucket: str, update: Update) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="a", Body=b"2")["VersionId"]
    key = lab.home.create_key()
    update(key, VersionId=first)
    assert {one["VersionId"] for one in s3.list_object_versions(Bucket=bucket)["Versions"]} == {first, second}
    assert s3.head_object(Bucket=bucket, Key="a", VersionId=first)["SSEKMSKeyId"] == key
    assert s3.head_object(Bucket=bucket, Key="a")["ServerSideEncryption"] == "AES256"


def test_what_the_writer_gave_for_the_context_stays(lab: Lab, s3: Any, bucket: str, update: Update) -> None:
    how = under(lab.home.create_key(), SSEKMSEncryptionContext="eyJ0ZWFtIjoiYmx1ZSJ9")
    s3.put_object(Bucket=bucket, Key="a", **how)
    update(lab.home.create_key())
    s3.get_object(Bucket=bucket, Key="a")
    assert asked(lab)[-1] == ("Decrypt", {"team": "blue", "aws:s3:arn": f"arn:aws:s3:::{bucket}/a"})


def test_it_has_a_permission_of_its_own(lab: Lab, s3: Any, bucket: str, update: Update) -> None:
    s3.put_object(Bucket=bucket, Key="a")
    statements = [
        {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject", "kms:*"], "Resource": "*"},
    ]
    writer = lab.home.user("writer", policies={"all": {"Version": "2012-10-17", "Statement": statements}})
    with pytest.raises(ClientError, match="s3:UpdateObjectEncryption"):
        update(lab.home.create_key(), writer.client("s3"))


@pytest.mark.parametrize("lacking", ["kms:ReEncryptFrom", "kms:ReEncryptTo"])
def test_it_needs_both_keys(lab: Lab, s3: Any, bucket: str, update: Update, lacking: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", **under(lab.home.create_key()))
    statements = [
        {"Effect": "Allow", "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Action": lacking, "Resource": "*"},
    ]
    kms = {"Version": "2012-10-17", "Statement": statements}
    writer = lab.home.user("writer", policies={"s3": EVERYTHING_IN_S3, "kms": kms})
    with pytest.raises(ClientError, match=lacking):
        update(lab.home.create_key(), writer.client("s3"))


def test_a_key_of_another_account_is_refused_even_where_its_policy_opens_it(
    lab: Lab, s3: Any, bucket: str, update: Update, statement: Callable[..., Any]
) -> None:
    s3.put_object(Bucket=bucket, Key="a")
    with pytest.raises(ClientError, match=r"AccessDenied.*must be owned by the same account as the bucket"):
        update(lab.account("444455556666").create_key(statement("kms:*", principal="*")))


@pytest.mark.parametrize("name", ["alias/reports", "arn:aws:kms:us-east-1:111122223333:alias/reports", "a" * 30])
def test_only_a_keys_arn_will_do(s3: Any, bucket: str, update: Update, refused: Refused, name: str) -> None:
    s3.put_object(Bucket=bucket, Key="a")
    with refused("InvalidRequest"):
        update(name.ljust(20, "s"))


def test_dsse_kms_stays_as_it_is(lab: Lab, s3: Any, bucket: str, update: Update, refused: Refused) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption="aws:kms:dsse")
    with refused("InvalidRequest"):
        update(lab.home.create_key())
    assert s3.get_object(Bucket=bucket, Key="a")["ServerSideEncryption"] == "aws:kms:dsse"


def test_what_is_not_there_is_told(lab: Lab, s3: Any, bucket: str, update: Update, refused: Refused) -> None:
    with refused("NoSuchKey"):
        update(lab.home.create_key())
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_an_object_under_object_lock_stays_as_it_is(lab: Lab, s3: Any, update: Update, refused: Refused) -> None:
    name = f"locked-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    until = datetime.now(UTC) + timedelta(days=9)
    s3.put_object(
        Bucket=name,
        Key="a",
        ChecksumAlgorithm="CRC32",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=until,
    )
    with refused("AccessDenied"):
        wanted = {"SSEKMS": {"KMSKeyArn": lab.home.create_key()}}
        s3.update_object_encryption(Bucket=name, Key="a", ObjectEncryption=wanted)


def test_a_default_that_changes_leaves_old_objects_for_it_to_change(
    lab: Lab, s3: Any, bucket: str, update: Update
) -> None:
    s3.put_object(Bucket=bucket, Key="a")
    key = lab.home.create_key()
    encrypt_by_default(s3, bucket, key, BucketKeyEnabled=True)
    assert s3.head_object(Bucket=bucket, Key="a")["ServerSideEncryption"] == "AES256"
    update(key, bucket_key=True)
    assert s3.head_object(Bucket=bucket, Key="a")["BucketKeyEnabled"] is True
