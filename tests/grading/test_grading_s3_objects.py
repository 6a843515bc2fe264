"""What the checks of S3 are told of an object, and an S3 whose lists come in short pages."""

import json
import secrets

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError

from kms_katas.grading.s3_objects import (
    Lies,
    all_of,
    how_it_lies,
    in_pages,
    lies_now,
    overheard,
    put_default,
    put_plainly,
    put_under,
    put_with,
)
from kms_katas.lab import Lab


@pytest.fixture
def lab():
    with Lab() as opened:
        yield opened


@pytest.fixture
def s3(lab):
    return lab.home.admin.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"b-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def sent():
    return []


@pytest.fixture
def paged(lab, bucket, sent):
    """A client to which S3 gives two entries at a time."""
    client = lab.home.admin.client("s3", source_ip="192.0.2.1")
    send = in_pages(lab.send, bucket, 2, sent)
    client.meta.events.register_first("before-send.s3", lambda request, **_: send(request))
    return client


@pytest.mark.parametrize(
    "operation, found",
    [("list_objects_v2", "Contents"), ("list_objects", "Contents"), ("list_object_versions", "Versions")],
)
def test_a_list_comes_in_short_pages_and_whole(s3, bucket, paged, operation, found):
    names = sorted(f"{secrets.token_hex(3)}/a b" for _ in range(5))
    for name in names:
        s3.put_object(Bucket=bucket, Key=name)
    pages = [[one["Key"] for one in page[found]] for page in paged.get_paginator(operation).paginate(Bucket=bucket)]
    assert max(map(len, pages)) <= 2
    assert [name for page in pages for name in page] == names


def test_who_asks_for_less_gets_less(s3, bucket, paged):
    for _ in range(3):
        s3.put_object(Bucket=bucket, Key=secrets.token_hex(4))
    assert paged.list_objects_v2(Bucket=bucket, MaxKeys=1)["KeyCount"] == 1


def test_requests_are_noted_by_the_name_of_their_object(bucket, paged, sent):
    paged.put_object(Bucket=bucket, Key="a b/c")
    paged.get_bucket_encryption(Bucket=bucket)
    assert sent == [("PUT", "a b/c"), ("GET", "")]


def test_it_is_told_how_an_object_lies(lab, s3, bucket):
    key = lab.home.create_key()
    admin = lab.home.admin
    put_default(admin, bucket, key)
    s3.put_object(Bucket=bucket, Key="a")
    s3.put_object(Bucket=bucket, Key="b", **put_under(key, "aws:kms:dsse"))
    s3.put_object(Bucket=bucket, Key="c", ServerSideEncryption="AES256")
    lies = [lies_now(admin, bucket, name) for name in "abc"]
    assert lies == [Lies("aws:kms", key, True), Lies("aws:kms:dsse", key), Lies("AES256")]
    assert lies_now(admin, bucket, "d").mode.startswith("not to be seen")


def test_what_is_put_plainly_lies_as_the_bucket_has_it(lab, s3, bucket):
    key, text = lab.home.create_key(), secrets.token_bytes(9)
    put_default(lab.home.admin, bucket, key)
    before = len(lab.calls)
    for name in "ab":
        put_plainly(lab.home.admin, bucket, name, text)
    assert [call.operation for call in lab.calls[before:]] == ["GenerateDataKey"]
    got = s3.get_object(Bucket=bucket, Key="b")
    assert (how_it_lies(got), got["Body"].read()) == (Lies("aws:kms", key, True), text)


def test_a_plain_put_is_refused_as_a_request_is(lab, s3, bucket):
    admin, key = lab.home.admin, lab.home.create_key()
    put_default(admin, bucket, key)
    admin.client("kms").disable_key(KeyId=key)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    for code, change in (
        ("KMS.DisabledException", lambda: None),
        ("AccessDenied", lambda: s3.put_bucket_policy(Bucket=bucket, Policy=policy)),
        ("NoSuchBucket", lambda: s3.delete_bucket(Bucket=bucket)),
    ):
        change()
        with pytest.raises(ClientError) as refused:
            put_plainly(admin, bucket, "a", b"")
        assert refused.value.response["Error"]["Code"] == code


def test_what_is_put_with_an_object_is_told_of_it(lab, bucket):
    parts = {
        "bytes": secrets.token_bytes(20),
        "metadata": {"by": secrets.token_hex(4)},
        "content type": "text/x-case",
        "tags": {"case no": secrets.token_hex(4)},
        "storage class": "STANDARD_IA",
    }
    put_with(lab.home.admin, bucket, "a", parts, {})
    assert all_of(lab.home.admin, bucket, "a") == parts
    assert set(all_of(lab.home.admin, bucket, "b")) == set(parts)


def test_tags_are_told_as_s3_has_them_now(lab, s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Tagging="old=1")
    assert all_of(lab.home.admin, bucket, "a")["tags"] == {"old": "1"}
    tags = {secrets.token_hex(3): secrets.token_hex(3) for _ in range(2)}
    s3.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]})
    assert all_of(lab.home.admin, bucket, "a")["tags"] == tags


@pytest.mark.parametrize("host", ["b.s3.amazonaws.com", "s3.us-east-1.amazonaws.com", "b.s3.us-east-1.amazonaws.com"])
def test_what_s3_is_given_is_heard_whole_and_nothing_else(host):
    given, text, note = [], secrets.token_bytes(50), secrets.token_hex(9)
    send = overheard(lambda request: request.method, given)
    to_s3 = AWSPreparedRequest("PUT", f"https://{host}/a%20name", {"x-amz-meta-note": note}, text, False)
    to_kms = AWSPreparedRequest("POST", "https://kms.us-east-1.amazonaws.com/", {}, b"{}", False)
    assert (send(to_s3), send(to_kms)) == ("PUT", "POST")
    ((method, heard),) = given
    assert method == "PUT"
    assert all(part in heard for part in (b"a name", text, note.encode()))
