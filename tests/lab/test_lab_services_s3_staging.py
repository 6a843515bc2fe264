"""Set-up of S3 without requests: it leaves what the requests would, asks KMS as they do, and is refused as they are."""

import json
import secrets

import pytest
from moto.s3.models import s3_backends

from kms_katas.lab import Lab
from kms_katas.lab.services.call import Refused
from kms_katas.lab.services.s3_staging import (
    may_refuse,
    names_in,
    new_bucket,
    new_object,
    set_default_encryption,
    stored_object,
)

ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
OF_ITS_OWN = {
    "lock",
    "acl",
    "_value_buffer",
    "_time_progressed",
    "bucket_name",
    "name",
    "last_modified",
    "_last_modified",
}
"""What no two objects of moto's have alike, though they hold the same."""
SENT = "x-amz-content-sha256"
"""A header of the request that moto takes for metadata; S3 does not."""


@pytest.fixture
def lab():
    with Lab() as opened:
        yield opened


@pytest.fixture
def key(lab):
    return lab.home.create_key()


@pytest.fixture
def app(lab):
    return lab.home.user("app", policies={"all": ALL})


@pytest.fixture
def buckets(lab, key):
    """Two, each with the default that checks set: one by requests, one as set-up."""
    names = [f"b-{secrets.token_hex(6)}" for _ in range(2)]
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        "BucketKeyEnabled": True,
        "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]},
    }
    s3 = lab.home.admin.client("s3")
    s3.create_bucket(Bucket=names[0])
    s3.put_bucket_encryption(Bucket=names[0], ServerSideEncryptionConfiguration={"Rules": [rule]})
    new_bucket(lab.home, names[1])
    set_default_encryption(lab.home.admin, names[1], rule)
    return names


def kept(thing):
    return {name: value for name, value in vars(thing).items() if name not in OF_ITS_OWN}


def test_a_bucket_is_as_one_that_was_asked_for(lab, buckets):
    one, other = (s3_backends[lab.home.id]["aws"].buckets[name] for name in buckets)
    assert kept(one) == kept(other)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "aws:kms", "BucketKeyEnabled": True},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "KEY", "BucketKeyEnabled": False},
        {"ServerSideEncryption": "aws:kms:dsse", "SSEKMSKeyId": "KEY", "BucketKeyEnabled": False},
        {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"a key that only its owner knows!"},
    ],
)
@pytest.mark.parametrize("plain", [True, False])
def test_an_object_is_as_one_that_was_put(lab, app, key, buckets, how, plain):
    name, body, note = f"{secrets.token_hex(3)}/a ü+1%.txt", secrets.token_bytes(30), secrets.token_hex(4)
    how = {key_: key if value == "KEY" else value for key_, value in how.items()}
    more = {} if plain else {"Metadata": {"By": note}, "ContentType": "text/x", "StorageClass": "STANDARD_IA"}
    tagging = {} if plain else {"Tagging": f"case={note}+b"}
    staged = {} if plain else {"metadata": {"By": note}, "content_type": "text/x", "storage_class": "STANDARD_IA"}
    staged |= {} if plain else {"tags": {"case": f"{note} b"}}
    app.client("s3").put_object(Bucket=buckets[0], Key=name, Body=body, **more, **tagging, **how)
    asked = [call.operation for call in lab.calls]
    new_object(app, buckets[1], name, body, how=how, **staged)
    assert [call.operation for call in lab.calls] == asked * 2
    (one, lies), (other, lies_too) = (stored_object(bucket, name) for bucket in buckets)
    one.metadata.pop(SENT, None)
    left, right = kept(one), kept(other)
    for vary in (left, right):
        vary.pop("_kms_katas_locked"), vary.pop("_etag")  # the data key in it, or what follows from it, is random
    assert left == right
    assert one.value == other.value == body
    assert (lies.mode, lies.key_arn, lies.bucket_key) == (lies_too.mode, lies_too.key_arn, lies_too.bucket_key)
    assert lies.customer_key_md5 == lies_too.customer_key_md5
    assert dict(lies.context) == {k: v.replace(buckets[1], buckets[0]) for k, v in lies_too.context.items()}
    s3, asked = app.client("s3"), {part: value for part, value in how.items() if part.startswith("SSECustomer")}
    got = [s3.get_object(Bucket=bucket, Key=name, ChecksumMode="ENABLED", **asked) for bucket in buckets]
    for answer in got:
        assert answer["Body"].read() == body
        for vary in ("Body", "ResponseMetadata", "ETag", "LastModified"):
            del answer[vary]
    assert got[0] == got[1]
    tags = [s3.get_object_tagging(Bucket=bucket, Key=name)["TagSet"] for bucket in buckets]
    assert tags[0] == tags[1]


def test_what_kms_refuses_is_refused_and_nothing_is_there(lab, app, key, buckets):
    lab.home.admin.client("kms").disable_key(KeyId=key)
    with pytest.raises(Refused) as refused:
        new_object(app, buckets[1], "a")
    assert refused.value.code == "KMS.DisabledException"
    assert names_in(buckets[1]) == []


def test_a_name_is_listed_once_and_as_long_as_it_is_there(app, buckets):
    for name in ("b", "a", "b"):
        new_object(app, buckets[1], name)
    assert names_in(buckets[1]) == ["a", "b"]
    app.client("s3").delete_object(Bucket=buckets[1], Key="a")
    assert names_in(buckets[1]) == ["b"]


def test_it_is_told_whether_a_bucket_has_a_policy_or_is_gone(lab, buckets):
    assert not may_refuse(buckets[1])
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{buckets[1]}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    lab.home.admin.client("s3").put_bucket_policy(Bucket=buckets[1], Policy=json.dumps(policy))
    assert may_refuse(buckets[1])
    lab.home.admin.client("s3").delete_bucket(Bucket=buckets[1])
    assert may_refuse(buckets[1])
