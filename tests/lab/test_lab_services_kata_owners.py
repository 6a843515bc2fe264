"""The katas keys/who-owns-it, keys/which-owner and envelope/server-or-client as a learner lives them: whose key it is,
what that lets one do, and what encryption at the server changes for readers.
"""

import json
import secrets
from typing import Any

import pytest
from botocore.exceptions import ClientError
from s3_buckets import encrypt_by_default, new_bucket

from kms_katas.lab import Lab


@pytest.fixture
def kms(lab: Lab) -> Any:
    return lab.home.admin.client("kms")


@pytest.fixture
def s3(lab: Lab) -> Any:
    return lab.home.admin.client("s3")


def code_of(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    code: str = refused.value.response["Error"]["Code"]
    return code


def managers(kms: Any) -> dict[str, str]:
    """Key ID -> who manages it."""
    keys = [key["KeyId"] for page in kms.get_paginator("list_keys").paginate() for key in page["Keys"]]
    return {key: kms.describe_key(KeyId=key)["KeyMetadata"]["KeyManager"] for key in keys}


def of_kms(lab: Lab) -> list[Any]:
    return [event for event in lab.trail if event["eventSource"] == "kms.amazonaws.com"]


def test_sse_s3_makes_no_key_and_no_event_of_kms(lab: Lab, kms: Any, s3: Any) -> None:
    bucket = new_bucket(lab)
    before = len(of_kms(lab))

    answer = s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    s3.get_object(Bucket=bucket, Key="a")

    assert (answer["ServerSideEncryption"], "SSEKMSKeyId" in answer) == ("AES256", False)
    assert len(of_kms(lab)) == before
    assert managers(kms) == {}


def test_sse_sqs_makes_no_key_and_no_event_of_kms_either(lab: Lab, kms: Any) -> None:
    sqs = lab.home.admin.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"SqsManagedSseEnabled": "true"})["QueueUrl"]

    sqs.send_message(QueueUrl=url, MessageBody="x")

    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "x"
    assert (of_kms(lab), managers(kms)) == ([], {})


def test_the_aws_managed_key_appears_with_the_first_object_that_needs_it_and_its_alias_was_there_before(
    lab: Lab, kms: Any, s3: Any
) -> None:
    aliases = {one["AliasName"]: one.get("TargetKeyId") for one in kms.list_aliases()["Aliases"]}
    assert aliases["alias/aws/s3"] is None

    made = s3.put_object(Bucket=new_bucket(lab), Key="a", ServerSideEncryption="aws:kms")["SSEKMSKeyId"]

    assert managers(kms) == {made.split("/")[-1]: "AWS"}
    aliases = {one["AliasName"]: one.get("TargetKeyId") for one in kms.list_aliases()["Aliases"]}
    assert aliases["alias/aws/s3"] == made.split("/")[-1]
    assert aliases["alias/aws/sqs"] is None


def test_of_an_account_with_more_than_a_page_of_keys_each_is_told_apart(lab: Lab, kms: Any, s3: Any) -> None:
    own = [lab.home.create_key().split("/")[-1] for _ in range(120)]
    kms.schedule_key_deletion(KeyId=own[3])
    kms.create_alias(AliasName="alias/awssome", TargetKeyId=own[4])  # no AWS managed key for its name
    s3.put_object(Bucket=new_bucket(lab), Key="a", ServerSideEncryption="aws:kms")

    assert len(kms.list_keys()["Keys"]) == 100
    found = managers(kms)
    assert sorted(found.values()) == ["AWS", *["CUSTOMER"] * 120]
    assert kms.describe_key(KeyId=own[3])["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_an_aws_managed_key_is_neither_shared_nor_revoked_nor_deleted(lab: Lab, kms: Any, s3: Any) -> None:
    key = s3.put_object(Bucket=new_bucket(lab), Key="a", ServerSideEncryption="aws:kms")["SSEKMSKeyId"]
    policy = kms.get_key_policy(KeyId=key)["Policy"]

    wider = json.dumps(json.loads(policy) | {"Id": "mine"})
    refused = [
        code_of(kms.put_key_policy, KeyId=key, Policy=wider),
        code_of(kms.disable_key, KeyId=key),
        code_of(kms.schedule_key_deletion, KeyId=key),
        code_of(kms.encrypt, KeyId=key, Plaintext=b"x"),
    ]

    assert set(refused) <= {"AccessDeniedException", "UnsupportedOperationException", "KMSInvalidStateException"}
    assert kms.get_key_policy(KeyId=key)["Policy"] == policy
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_customer_managed_key_can_be_revoked_and_its_use_shows_with_the_service_that_asked(
    lab: Lab, kms: Any, s3: Any
) -> None:
    bucket, key = new_bucket(lab), lab.home.create_key()
    encrypt_by_default(s3, bucket, key)
    s3.put_object(Bucket=bucket, Key="a")

    kms.disable_key(KeyId=key)

    assert code_of(s3.get_object, Bucket=bucket, Key="a") == "KMS.DisabledException"
    assert code_of(s3.put_object, Bucket=bucket, Key="b") == "KMS.DisabledException"
    used = [event for event in of_kms(lab) if event["eventName"] == "GenerateDataKey"]
    assert used[0]["userIdentity"]["invokedBy"] == "s3.amazonaws.com"
    assert used[0]["resources"][0]["ARN"] == key


def test_a_default_changes_new_objects_alone_and_readers_see_no_ciphertext(lab: Lab, s3: Any) -> None:
    bucket, key, body = new_bucket(lab), lab.home.create_key(), secrets.token_bytes(40)
    s3.put_object(Bucket=bucket, Key="old", Body=body)
    encrypt_by_default(s3, bucket, key, BucketKeyEnabled=True)

    s3.put_object(Bucket=bucket, Key="new", Body=body)

    old, new = (s3.get_object(Bucket=bucket, Key=name) for name in ("old", "new"))
    assert (old["ServerSideEncryption"], new["ServerSideEncryption"]) == ("AES256", "aws:kms")
    assert new["BucketKeyEnabled"] and new["SSEKMSKeyId"] == key
    assert old["Body"].read() == new["Body"].read() == body


def test_a_header_on_one_object_is_no_default_and_does_not_take_the_buckets_bucket_key_off(lab: Lab, s3: Any) -> None:
    bucket, key = new_bucket(lab), lab.home.create_key()

    s3.put_object(Bucket=bucket, Key="one", ServerSideEncryption="aws:kms", SSEKMSKeyId=key, BucketKeyEnabled=True)
    s3.put_object(Bucket=bucket, Key="next")

    heads = {name: s3.head_object(Bucket=bucket, Key=name) for name in ("one", "next")}
    assert (heads["one"]["ServerSideEncryption"], heads["next"]["ServerSideEncryption"]) == ("aws:kms", "AES256")
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_an_old_object_gets_its_key_in_place_with_the_same_bytes_version_and_date(lab: Lab, s3: Any) -> None:
    bucket, key, body = new_bucket(lab), lab.home.create_key(), secrets.token_bytes(40)
    s3.put_object(Bucket=bucket, Key="old", Body=body)
    before = s3.head_object(Bucket=bucket, Key="old")

    encryption = {"SSEKMS": {"KMSKeyArn": key, "BucketKeyEnabled": True}}
    s3.update_object_encryption(Bucket=bucket, Key="old", ObjectEncryption=encryption)

    after = s3.get_object(Bucket=bucket, Key="old")
    assert (after["SSEKMSKeyId"], after["BucketKeyEnabled"], after["Body"].read()) == (key, True, body)
    assert after["LastModified"] == before["LastModified"]


def test_what_a_client_sealed_stays_sealed_for_who_may_only_read_the_object(lab: Lab, s3: Any, kms: Any) -> None:
    """As the S3 Encryption Client stores it: ciphertext in the body, the wrapped data key in the metadata."""
    bucket, key = new_bucket(lab), lab.home.create_key()
    context = {"aws:x-amz-cek-alg": "AES/GCM/NoPadding"}
    wrapped = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context)["CiphertextBlob"]
    sealed, before = secrets.token_bytes(40), len(lab.calls)
    metadata = {"x-amz-key-v2": wrapped.hex(), "x-amz-wrap-alg": "kms"}
    s3.put_object(Bucket=bucket, Key="a", Body=sealed, Metadata=metadata)

    answer = s3.get_object(Bucket=bucket, Key="a")

    assert answer["Body"].read() == sealed
    assert answer["Metadata"] == metadata
    assert len(lab.calls) == before
