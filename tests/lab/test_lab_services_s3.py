"""S3 in the lab: reading needs S3's permission and the key's, each told apart; KMS's refusals in S3's words.

Not for the modes of encryption (test_lab_services_s3_encryption.py) and not for the permissions of S3 alone
(test_lab_services_s3_permissions.py).
"""

import secrets
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError
from conftest import Refused
from s3_buckets import EVERYTHING_IN_S3, new_bucket

from kms_katas.lab import Lab, Principal, Quotas


@pytest.fixture
def bucket(lab: Lab) -> str:
    return new_bucket(lab)


@pytest.fixture
def s3(lab: Lab) -> Any:
    return lab.home.admin.client("s3")


@pytest.fixture
def locked_key(lab: Lab, bucket: str, s3: Any) -> str:
    """The ARN of the key over the object "a"."""
    arn = lab.home.create_key()
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn)
    return arn


@pytest.fixture
def reader(lab: Lab) -> Principal:
    """Who may do everything in S3 and nothing in KMS."""
    return lab.home.user("reader", policies={"s3": EVERYTHING_IN_S3})


def test_who_may_read_the_object_but_not_use_its_key_is_told_that_kms_refused(
    lab: Lab, bucket: str, s3: Any, locked_key: str, reader: Principal
) -> None:
    with pytest.raises(ClientError) as denied:
        reader.client("s3").get_object(Bucket=bucket, Key="a")

    assert denied.value.response["Error"]["Code"] == "AccessDenied"
    assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert f"kms:Decrypt on resource: {locked_key}" in denied.value.response["Error"]["Message"]
    assert lab.explain(denied.value).request.action == "kms:Decrypt"
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


def test_a_part_of_an_object_needs_the_key_too(bucket: str, locked_key: str, reader: Principal) -> None:
    with pytest.raises(ClientError, match="kms:Decrypt"):
        reader.client("s3").get_object(Bucket=bucket, Key="a", Range="bytes=0-0")


def test_who_may_not_read_the_object_never_reaches_its_key(lab: Lab, bucket: str, locked_key: str) -> None:
    before = len(lab.trail)

    with pytest.raises(ClientError) as denied:
        lab.home.user("eve").client("s3").get_object(Bucket=bucket, Key="a")

    assert lab.explain(denied.value).request.action == "s3:GetObject"
    assert len(lab.trail) == before


def test_the_objects_metadata_need_no_key(bucket: str, locked_key: str, reader: Principal) -> None:
    found = reader.client("s3").head_object(Bucket=bucket, Key="a")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", locked_key)


def test_the_metadata_with_the_checksum_need_the_key_and_a_head_request_tells_no_more_than_403(
    lab: Lab, bucket: str, locked_key: str, reader: Principal
) -> None:
    with pytest.raises(ClientError) as denied:
        reader.client("s3").head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert denied.value.response["Error"] == {"Code": "403", "Message": "Forbidden"}
    assert lab.explain(denied.value).request.action == "kms:Decrypt"


def test_deleting_listing_and_tagging_need_no_key(lab: Lab, bucket: str, locked_key: str, reader: Principal) -> None:
    lab.home.admin.client("kms").disable_key(KeyId=locked_key)
    client = reader.client("s3")
    client.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": "team", "Value": "blue"}]})
    assert [one["Key"] for one in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["a"]
    client.delete_object(Bucket=bucket, Key="a")
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_grant_on_the_key_lets_a_reader_in_for_the_objects_that_it_names(
    lab: Lab, bucket: str, s3: Any, locked_key: str, reader: Principal
) -> None:
    s3.put_object(Bucket=bucket, Key="b", ServerSideEncryption="aws:kms", SSEKMSKeyId=locked_key)
    only = {"EncryptionContextSubset": {"aws:s3:arn": f"arn:aws:s3:::{bucket}/a"}}
    lab.home.admin.client("kms").create_grant(
        KeyId=locked_key, GranteePrincipal=reader.arn, Operations=["Decrypt"], Constraints=only
    )
    reader.client("s3").get_object(Bucket=bucket, Key="a")
    with pytest.raises(ClientError, match="kms:Decrypt"):
        reader.client("s3").get_object(Bucket=bucket, Key="b")


def test_a_disabled_key_opens_nothing_and_locks_nothing(
    lab: Lab, bucket: str, s3: Any, locked_key: str, refused: Refused
) -> None:
    lab.home.admin.client("kms").disable_key(KeyId=locked_key)
    with refused("KMS.DisabledException", f"{locked_key} is disabled."):
        s3.get_object(Bucket=bucket, Key="a")
    with refused("KMS.DisabledException"):
        s3.put_object(Bucket=bucket, Key="b", ServerSideEncryption="aws:kms", SSEKMSKeyId=locked_key)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["a"]


def test_a_key_that_waits_for_its_deletion_opens_nothing(
    lab: Lab, bucket: str, s3: Any, locked_key: str, refused: Refused
) -> None:
    lab.home.admin.client("kms").schedule_key_deletion(KeyId=locked_key)
    with refused("KMS.KMSInvalidStateException", f"{locked_key} is pending deletion."):
        s3.get_object(Bucket=bucket, Key="a")


def test_a_deleted_key_opens_nothing(lab: Lab, bucket: str, s3: Any, locked_key: str) -> None:
    lab.home.admin.client("kms").schedule_key_deletion(KeyId=locked_key, PendingWindowInDays=7)
    lab.clock.advance(days=8)
    with pytest.raises(ClientError) as gone:
        s3.get_object(Bucket=bucket, Key="a")
    assert gone.value.response["Error"]["Code"] == "AccessDenied"


def test_a_key_of_another_region_is_not_found(lab: Lab, bucket: str, s3: Any, refused: Refused) -> None:
    with refused("KMS.NotFoundException", "Invalid arn eu-west-1"):
        s3.put_object(
            Bucket=bucket, Key="a", ServerSideEncryption="aws:kms", SSEKMSKeyId=lab.home.create_key(region="eu-west-1")
        )


def test_a_key_of_the_wrong_kind_locks_nothing(lab: Lab, bucket: str, s3: Any, refused: Refused) -> None:
    made = lab.home.admin.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    with refused("KMS.InvalidKeyUsageException"):
        s3.put_object(Bucket=bucket, Key="a", ServerSideEncryption="aws:kms", SSEKMSKeyId=made["KeyMetadata"]["KeyId"])


def test_where_kms_throttles_s3_asks_to_slow_down(lab: Lab, bucket: str, s3: Any, locked_key: str) -> None:
    lab.quotas = Quotas({"symmetric": 1})
    s3.get_object(Bucket=bucket, Key="a")
    with pytest.raises(ClientError) as slow:
        s3.get_object(Bucket=bucket, Key="a")
    assert slow.value.response["Error"]["Code"] == "SlowDown"
    assert slow.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_the_trail_has_kms_called_by_s3_for_the_reader(lab: Lab, bucket: str, s3: Any, locked_key: str) -> None:
    s3.get_object(Bucket=bucket, Key="a")
    event = lab.trail[-1]
    assert (event["eventName"], event["userIdentity"]["invokedBy"]) == ("Decrypt", "s3.amazonaws.com")
    assert event["userIdentity"]["arn"] == lab.home.admin.arn
    assert event["requestParameters"]["encryptionContext"] == {"aws:s3:arn": f"arn:aws:s3:::{bucket}/a"}


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_presigned_url_opens_what_its_maker_may_open(lab: Lab, region: str) -> None:
    name, text = new_bucket(lab, None if region == "us-east-1" else region), secrets.token_bytes(9)
    lab.home.admin.client("s3", region=region).put_object(
        Bucket=name, Key="a", Body=text, ServerSideEncryption="aws:kms"
    )

    def get(who: Principal, version: str) -> tuple[int, bytes]:
        client = boto3.client(
            "s3",
            region,
            aws_access_key_id=who.access_key_id,
            aws_secret_access_key=who.secret_access_key,
            config=Config(signature_version=version),
        )
        url = client.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "a"})
        answer = lab.send(AWSRequest("GET", url).prepare())
        return answer.status_code, answer.content

    assert get(lab.home.admin, "s3v4") == (200, text)
    assert get(lab.home.user("eve"), "s3v4")[0] == 403
    status, body = get(lab.home.admin, "s3")
    assert status == 400 and b"require AWS Signature Version 4" in body


@pytest.mark.parametrize("versioning", [None, "Enabled", "Suspended"])
def test_what_was_put_without_versions_is_the_version_null(s3: Any, bucket: str, versioning: str | None) -> None:
    text = secrets.token_bytes(9)
    s3.put_object(Bucket=bucket, Key="a", Body=text)
    if versioning is not None:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": versioning})

    assert s3.head_object(Bucket=bucket, Key="a", VersionId="null")["ContentLength"] == 9
    assert s3.get_object(Bucket=bucket, Key="a", VersionId="null")["Body"].read() == text
    assert s3.get_bucket_versioning(Bucket=bucket).get("Status") == versioning
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=bucket, Key="b", VersionId="null")


def test_the_older_list_tells_a_next_marker_only_with_a_delimiter(s3: Any, bucket: str) -> None:
    for name in "abc":
        s3.put_object(Bucket=bucket, Key=name)

    assert "NextMarker" not in s3.list_objects(Bucket=bucket, MaxKeys=1)
    assert "NextMarker" in s3.list_objects(Bucket=bucket, MaxKeys=1, Delimiter="/")
    rest = s3.list_objects(Bucket=bucket, MaxKeys=2, Marker="a")
    assert [one["Key"] for one in rest["Contents"]] == ["b", "c"]
    pages = s3.get_paginator("list_objects").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    assert [one["Key"] for page in pages for one in page["Contents"]] == ["a", "b", "c"]
