"""The katas key-policies/event-to-queue and key-policies/confused-deputy as a learner lives them: S3 as itself sends to
a queue under KMS. What the right key policy does, and what each of the wrong ones does.
"""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Lab
from kms_katas.lab.accounts import Account
from kms_katas.policy import explain

STRANGERS = "444455556666"
S3 = {"Service": "s3.amazonaws.com"}
BOTH = ["kms:GenerateDataKey", "kms:Decrypt"]
Policy = dict[str, Any]


def statement(principal: Any, actions: list[str], condition: Policy | None = None, resource: str = "*") -> Policy:
    one = {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": resource}
    return one | ({"Condition": condition} if condition else {})


def key_with(lab: Lab, *statements: Policy) -> str:
    owner = statement({"AWS": f"arn:aws:iam::{lab.home.id}:root"}, ["kms:*"])
    return lab.home.create_key({"Version": "2012-10-17", "Statement": [owner, *statements]})


def bucket_of(account: Account) -> str:
    name = f"uploads-{secrets.token_hex(4)}"
    account.admin.client("s3").create_bucket(Bucket=name)
    return name


def queue_under(lab: Lab, key: str, condition: Policy | None = None) -> str:
    """URL of a queue of the home account that lets S3 send, under this key."""
    sqs, name = lab.home.admin.client("sqs"), f"in-{secrets.token_hex(4)}"
    arn = f"arn:aws:sqs:us-east-1:{lab.home.id}:{name}"
    policy = {"Version": "2012-10-17", "Statement": [statement(S3, ["sqs:SendMessage"], condition, arn)]}
    attributes = {"KmsMasterKeyId": key, "Policy": json.dumps(policy)}
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def notify(account: Account, bucket: str, url: str) -> None:
    arn = "arn:aws:sqs:us-east-1:" + ":".join(url.split("/")[-2:])
    one = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    account.admin.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [one]}
    )


def arrived(lab: Lab, url: str) -> list[str]:
    found = lab.home.admin.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    bodies = [json.loads(one["Body"]) for one in found]
    return [record["s3"]["object"]["key"] for body in bodies for record in body.get("Records", [])]


def refused(call: Callable[..., Any], *given: Any) -> ClientError:
    with pytest.raises(ClientError) as error:
        call(*given)
    assert error.value.response["Error"]["Code"] == "InvalidArgument"
    assert "Unable to validate the following destination configurations" in str(error.value)
    return error.value


def test_s3_with_both_rights_for_one_bucket_sends(lab: Lab) -> None:
    bucket = bucket_of(lab.home)
    only = {
        "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
        "StringEquals": {"aws:SourceAccount": lab.home.id},
    }
    url = queue_under(lab, key_with(lab, statement(S3, BOTH, only)), only)

    notify(lab.home, bucket, url)
    lab.home.admin.client("s3").put_object(Bucket=bucket, Key="report", Body=b"x")

    assert arrived(lab, url) == ["report"]


def test_under_the_aws_managed_key_no_event_can_ever_come(lab: Lab) -> None:
    bucket, url = bucket_of(lab.home), queue_under(lab, "alias/aws/sqs")

    error = refused(notify, lab.home, bucket, url)

    assert lab.explain(error).request.principal.arn == "s3.amazonaws.com"
    assert lab.explain(error).layer == "key-policy"


@pytest.mark.parametrize("given", BOTH)
def test_one_of_the_two_rights_is_not_enough_and_the_missing_one_is_named(lab: Lab, given: str) -> None:
    bucket, url = bucket_of(lab.home), queue_under(lab, key_with(lab, statement(S3, [given])))

    error = refused(notify, lab.home, bucket, url)

    (missing,) = set(BOTH) - {given}
    assert lab.explain(error).request.action == missing
    assert f"allows {missing} to s3.amazonaws.com" in " ".join(explain(lab.explain(error)))


def test_rights_for_the_queues_readers_are_none_for_s3(lab: Lab) -> None:
    reader = lab.home.role("reader")
    bucket, url = bucket_of(lab.home), queue_under(lab, key_with(lab, statement({"AWS": reader.arn}, BOTH)))

    told = " ".join(explain(lab.explain(refused(notify, lab.home, bucket, url))))

    assert "s3.amazonaws.com asked for kms:GenerateDataKey" in told


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
        {"StringEquals": {"aws:PrincipalOrgID": "ORGANIZATION"}},
    ],
    ids=["kms:ViaService", "aws:PrincipalOrgID"],
)
def test_keys_of_a_forwarded_caller_never_fit_a_service_that_acts_as_itself(lab: Lab, condition: Policy) -> None:
    organization = lab.organization()
    organization.add(lab.home)
    condition = json.loads(json.dumps(condition).replace("ORGANIZATION", organization.organization_id))
    bucket, url = bucket_of(lab.home), queue_under(lab, key_with(lab, statement(S3, BOTH, condition)))

    told = " ".join(explain(lab.explain(refused(notify, lab.home, bucket, url))))

    assert "Near miss" in told and next(iter(condition["StringEquals"])) in told


@pytest.mark.parametrize("where", ["the key policy", "the queue policy"])
def test_the_organization_of_the_source_keeps_the_buckets_of_others_out(lab: Lab, where: str) -> None:
    stranger, organization = lab.account(STRANGERS), lab.organization()
    organization.add(lab.home)
    ours = {"StringEquals": {"aws:SourceOrgID": organization.organization_id}}
    key = key_with(lab, statement(S3, BOTH, ours if where == "the key policy" else None))
    url = queue_under(lab, key, ours if where == "the queue policy" else None)

    refused(notify, stranger, bucket_of(stranger), url)

    notify(lab.home, bucket_of(lab.home), url)


def test_addresses_are_no_way_to_let_a_service_in_that_acts_as_itself(lab: Lab) -> None:
    anywhere = {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}

    refused(notify, lab.home, bucket_of(lab.home), queue_under(lab, key_with(lab, statement(S3, BOTH, anywhere))))


def test_a_service_that_acts_as_itself_has_its_name_among_its_names_and_nobody_else_has_any(lab: Lab) -> None:
    named = {"ForAnyValue:StringEquals": {"aws:PrincipalServiceNamesList": "s3.amazonaws.com"}}
    notify(lab.home, bucket_of(lab.home), queue_under(lab, key_with(lab, statement(S3, BOTH, named))))

    bob = lab.home.user("bob", policies={})
    key = key_with(lab, statement({"AWS": bob.arn}, BOTH, {"Null": {"aws:PrincipalServiceNamesList": "true"}}))
    bob.client("kms").generate_data_key(KeyId=key, KeySpec="AES_256")


def test_without_a_source_a_strangers_bucket_uses_queue_and_key(lab: Lab) -> None:
    stranger = lab.account(STRANGERS)
    bucket, url = bucket_of(stranger), queue_under(lab, key_with(lab, statement(S3, BOTH)))

    notify(stranger, bucket, url)
    stranger.admin.client("s3").put_object(Bucket=bucket, Key="planted", Body=b"x")

    assert arrived(lab, url) == ["planted"]


@pytest.mark.parametrize("where", ["the key policy", "the queue policy"])
def test_the_account_of_the_source_in_either_policy_keeps_strangers_out(lab: Lab, where: str) -> None:
    stranger, mine = lab.account(STRANGERS), {"StringEquals": {"aws:SourceAccount": lab.home.id}}
    key = key_with(lab, statement(S3, BOTH, mine if where == "the key policy" else None))
    url = queue_under(lab, key, mine if where == "the queue policy" else None)

    told = " ".join(explain(lab.explain(refused(notify, stranger, bucket_of(stranger), url))))

    assert STRANGERS in told and lab.home.id in told
    notify(lab.home, bucket_of(lab.home), url)


def test_a_source_of_any_account_is_no_limit(lab: Lab) -> None:
    stranger = lab.account(STRANGERS)
    anyone = statement(S3, BOTH, {"StringLike": {"aws:SourceAccount": "*"}})

    notify(stranger, bucket_of(stranger), queue_under(lab, key_with(lab, anyone)))


def test_an_upload_in_parts_is_one_event(lab: Lab) -> None:
    bucket, url = bucket_of(lab.home), queue_under(lab, key_with(lab, statement(S3, BOTH)))
    notify(lab.home, bucket, url)
    s3 = lab.home.admin.client("s3")
    begun = s3.create_multipart_upload(Bucket=bucket, Key="big")
    upload = {"Bucket": bucket, "Key": "big", "UploadId": begun["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"x")

    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})

    assert arrived(lab, url) == ["big"]
