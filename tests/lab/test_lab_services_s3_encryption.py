"""How objects of S3 are encrypted: by request and by default, with which context, and what a Bucket Key saves.

Not for buckets of other accounts (test_lab_services_s3_accounts.py), copies and uploads in parts
(test_lab_services_s3_copies.py).
"""

import base64
import hashlib
import json
import secrets
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Refused
from hypothesis import given, settings
from hypothesis import strategies as st
from s3_buckets import EVERYTHING_IN_S3, asked, encrypt_by_default, new_bucket

from kms_katas.lab import Lab
from kms_katas.lab.services.s3_encryption import BUCKET_KEY_LIFETIME


@pytest.fixture
def bucket(lab: Lab) -> str:
    return new_bucket(lab)


@pytest.fixture
def s3(lab: Lab) -> Any:
    return lab.home.admin.client("s3")


@pytest.fixture
def key_arn(lab: Lab) -> str:
    return lab.home.create_key()


def in_base64(pairs: Any) -> str:
    return base64.b64encode(json.dumps(pairs).encode()).decode()


def test_every_object_lies_under_sse_s3_when_nobody_asks_for_more(lab: Lab, bucket: str, s3: Any) -> None:
    put = s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    got, seen = s3.get_object(Bucket=bucket, Key="a"), s3.head_object(Bucket=bucket, Key="a")
    assert {answer["ServerSideEncryption"] for answer in (put, got, seen)} == {"AES256"}
    assert "SSEKMSKeyId" not in got
    assert asked(lab) == []
    assert not any("s3" in one["AliasName"] and "TargetKeyId" in one for one in aliases(lab))


def aliases(lab: Lab) -> Any:
    return lab.home.admin.client("kms").list_aliases()["Aliases"]


def test_sse_s3_has_an_etag_that_is_the_md5_and_sse_kms_has_not(bucket: str, s3: Any) -> None:
    text = secrets.token_bytes(30)
    md5 = f'"{hashlib.md5(text).hexdigest()}"'
    plain = s3.put_object(Bucket=bucket, Key="a", Body=text)
    under_kms = s3.put_object(Bucket=bucket, Key="b", Body=text, ServerSideEncryption="aws:kms")
    assert plain["ETag"] == md5
    assert under_kms["ETag"] != md5
    assert s3.get_object(Bucket=bucket, Key="b", IfMatch=under_kms["ETag"])["ETag"] == under_kms["ETag"]


@pytest.mark.parametrize("mode", ["aws:kms", "aws:kms:dsse"])
def test_no_key_named_means_the_aws_managed_key_even_where_the_bucket_has_another(
    lab: Lab, bucket: str, s3: Any, key_arn: str, mode: str
) -> None:
    encrypt_by_default(s3, bucket, key_arn)
    used = s3.put_object(Bucket=bucket, Key="a", ServerSideEncryption=mode)["SSEKMSKeyId"]
    assert used.rpartition("/")[2] in {
        one.get("TargetKeyId") for one in aliases(lab) if one["AliasName"] == "alias/aws/s3"
    }


@pytest.mark.parametrize("named", ["id", "arn", "alias", "alias arn"])
@pytest.mark.parametrize("mode", ["aws:kms", "aws:kms:dsse"])
def test_every_answer_tells_the_keys_arn_however_the_key_was_named(
    lab: Lab, bucket: str, s3: Any, key_arn: str, named: str, mode: str
) -> None:
    lab.home.admin.client("kms").create_alias(AliasName="alias/reports", TargetKeyId=key_arn)
    key_id = key_arn.rpartition("/")[2]
    name = {
        "id": key_id,
        "arn": key_arn,
        "alias": "alias/reports",
        "alias arn": key_arn.replace(f"key/{key_id}", "alias/reports"),
    }[named]
    put = s3.put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption=mode, SSEKMSKeyId=name)
    got, seen = s3.get_object(Bucket=bucket, Key="a"), s3.head_object(Bucket=bucket, Key="a")
    for answer in (put, got, seen):
        assert (answer["ServerSideEncryption"], answer["SSEKMSKeyId"]) == (mode, key_arn)
        assert "BucketKeyEnabled" not in answer


def test_the_buckets_default_holds_for_new_objects_alone(bucket: str, s3: Any, key_arn: str) -> None:
    s3.put_object(Bucket=bucket, Key="old")
    encrypt_by_default(s3, bucket, key_arn)
    s3.put_object(Bucket=bucket, Key="new")
    s3.put_object(Bucket=bucket, Key="other", ServerSideEncryption="AES256")
    modes = {one: s3.head_object(Bucket=bucket, Key=one)["ServerSideEncryption"] for one in ("old", "new", "other")}
    assert modes == {"old": "AES256", "new": "aws:kms", "other": "AES256"}


def test_dsse_kms_by_default_never_has_a_bucket_key(lab: Lab, bucket: str, s3: Any, key_arn: str) -> None:
    encrypt_by_default(s3, bucket, key_arn, "aws:kms:dsse", BucketKeyEnabled=True)
    for name in ("a", "b"):
        assert "BucketKeyEnabled" not in s3.put_object(Bucket=bucket, Key=name)
    assert [context["aws:s3:arn"] for _, context in asked(lab)] == [f"arn:aws:s3:::{bucket}/{one}" for one in "ab"]


def test_deleting_the_default_brings_sse_s3_back(bucket: str, s3: Any, key_arn: str) -> None:
    encrypt_by_default(s3, bucket, key_arn, BucketKeyEnabled=True)
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    default = rule["ApplyServerSideEncryptionByDefault"]
    assert (default, rule["BucketKeyEnabled"]) == ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}, True)

    s3.delete_bucket_encryption(Bucket=bucket)

    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    default = rule["ApplyServerSideEncryptionByDefault"]
    assert (default, rule["BucketKeyEnabled"]) == ({"SSEAlgorithm": "AES256"}, False)
    assert s3.put_object(Bucket=bucket, Key="a")["ServerSideEncryption"] == "AES256"


def test_a_default_key_that_is_nowhere_is_found_out_by_the_first_object(bucket: str, s3: Any, refused: Refused) -> None:
    encrypt_by_default(s3, bucket, "alias/nowhere")
    with refused("KMS.NotFoundException"):
        s3.put_object(Bucket=bucket, Key="a")


@pytest.mark.parametrize(
    "rule",
    [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "alias/a"}},
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "rot13"}},
        {"BlockedEncryptionTypes": {"EncryptionType": ["rot13"]}},
    ],
)
def test_a_default_that_cannot_be_is_refused_and_changes_nothing(bucket: str, s3: Any, rule: Any) -> None:
    before = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    with pytest.raises(ClientError, match=r"InvalidArgument|MalformedXML"):
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"] == before


@pytest.mark.parametrize(
    "asks",
    [
        {"SSEKMSKeyId": "alias/a"},
        {"SSEKMSKeyId": "alias/a", "ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "rot13"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSEncryptionContext": "team=blue"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSEncryptionContext": in_base64({"team": 1})},
        {"ServerSideEncryption": "aws:kms", "SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32},
    ],
)
def test_a_request_that_contradicts_itself_stores_nothing(
    bucket: str, s3: Any, refused: Refused, asks: dict[str, str]
) -> None:
    with refused("InvalidArgument"):
        s3.put_object(Bucket=bucket, Key="a", **asks)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


@settings(max_examples=15, deadline=None)
@given(
    key=st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20).filter(
        lambda name: name.strip("./") != ""
    ),
    text=st.binary(max_size=40),
    mode=st.sampled_from(["AES256", "aws:kms", "aws:kms:dsse"]),
    bucket_key=st.booleans(),
    given_context=st.dictionaries(st.text("abcd", min_size=1), st.text("efgh", min_size=1), max_size=3),
)
def test_what_was_put_comes_back_and_its_context_reached_kms(
    key: str, text: bytes, mode: str, bucket_key: bool, given_context: dict[str, str]
) -> None:
    with Lab() as lab:
        bucket, s3 = new_bucket(lab), lab.home.admin.client("s3")
        more = {} if mode == "AES256" else {"SSEKMSEncryptionContext": in_base64(given_context)}
        s3.put_object(Bucket=bucket, Key=key, Body=text, ServerSideEncryption=mode, BucketKeyEnabled=bucket_key, **more)
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == text
        under_bucket_key = bucket_key and mode == "aws:kms"
        arn = f"arn:aws:s3:::{bucket}" if under_bucket_key else f"arn:aws:s3:::{bucket}/{key}"
        context = given_context | {"aws:s3:arn": arn}
        operations = (
            [] if mode == "AES256" else ["GenerateDataKey"] if under_bucket_key else ["GenerateDataKey", "Decrypt"]
        )
        assert asked(lab) == [(operation, context) for operation in operations]


def test_under_a_bucket_key_kms_is_asked_once_for_many_objects(lab: Lab, bucket: str, s3: Any, key_arn: str) -> None:
    encrypt_by_default(s3, bucket, key_arn, BucketKeyEnabled=True)
    for number in range(5):
        assert s3.put_object(Bucket=bucket, Key=str(number), Body=b"x")["BucketKeyEnabled"] is True
        assert s3.get_object(Bucket=bucket, Key=str(number))["BucketKeyEnabled"] is True
    assert asked(lab) == [("GenerateDataKey", {"aws:s3:arn": f"arn:aws:s3:::{bucket}"})]


def test_a_bucket_key_is_asked_for_anew_after_its_time(lab: Lab, bucket: str, s3: Any, key_arn: str) -> None:
    encrypt_by_default(s3, bucket, key_arn, BucketKeyEnabled=True)
    s3.put_object(Bucket=bucket, Key="a")
    lab.clock.advance(seconds=BUCKET_KEY_LIFETIME.total_seconds())
    s3.get_object(Bucket=bucket, Key="a")
    s3.put_object(Bucket=bucket, Key="b")
    assert [operation for operation, _ in asked(lab)] == ["GenerateDataKey", "Decrypt", "GenerateDataKey"]


def test_a_bucket_key_outlives_the_disabling_of_its_kms_key_for_a_while(
    lab: Lab, bucket: str, s3: Any, key_arn: str, refused: Refused
) -> None:
    encrypt_by_default(s3, bucket, key_arn, BucketKeyEnabled=True)
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    lab.home.admin.client("kms").disable_key(KeyId=key_arn)
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
    lab.clock.advance(seconds=BUCKET_KEY_LIFETIME.total_seconds())
    with refused("KMS.DisabledException"):
        s3.get_object(Bucket=bucket, Key="a")


def test_a_bucket_key_lets_nobody_in_who_has_no_permission_of_his_own(
    lab: Lab, bucket: str, s3: Any, key_arn: str
) -> None:
    encrypt_by_default(s3, bucket, key_arn, BucketKeyEnabled=True)
    s3.put_object(Bucket=bucket, Key="a")
    reader = lab.home.user("reader", policies={"s3": EVERYTHING_IN_S3}).client("s3")
    with pytest.raises(ClientError, match="kms:Decrypt"):
        reader.get_object(Bucket=bucket, Key="a")


def test_an_alias_that_moves_takes_the_bucket_key_along(lab: Lab, bucket: str, s3: Any, key_arn: str) -> None:
    kms, other = lab.home.admin.client("kms"), lab.home.create_key()
    kms.create_alias(AliasName="alias/reports", TargetKeyId=key_arn)
    encrypt_by_default(s3, bucket, "alias/reports", BucketKeyEnabled=True)
    assert s3.put_object(Bucket=bucket, Key="a")["SSEKMSKeyId"] == key_arn
    kms.update_alias(AliasName="alias/reports", TargetKeyId=other)
    assert s3.put_object(Bucket=bucket, Key="a")["SSEKMSKeyId"] == other


def test_a_request_may_leave_the_buckets_bucket_key_out(lab: Lab, bucket: str, s3: Any, key_arn: str) -> None:
    encrypt_by_default(s3, bucket, key_arn, BucketKeyEnabled=True)
    assert "BucketKeyEnabled" not in s3.put_object(Bucket=bucket, Key="a", BucketKeyEnabled=False)
    assert asked(lab) == [("GenerateDataKey", {"aws:s3:arn": f"arn:aws:s3:::{bucket}/a"})]


def test_a_key_policy_can_insist_on_one_bucket_by_the_encryption_context(lab: Lab, s3: Any) -> None:
    mine, other = new_bucket(lab), new_bucket(lab)
    everybody = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{lab.home.id}:root"}, "Action": "kms:*"}
    only = {"StringLike": {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{mine}/*"}}
    policy = {"Version": "2012-10-17", "Statement": [everybody | {"Resource": "*", "Condition": only}]}
    key = lab.home.create_key(policy)
    s3.put_object(Bucket=mine, Key="a", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        s3.put_object(Bucket=other, Key="a", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        s3.put_object(Bucket=mine, Key="a", ServerSideEncryption="aws:kms", SSEKMSKeyId=key, BucketKeyEnabled=True)
