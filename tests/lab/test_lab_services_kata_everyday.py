"""Everyday steps on the way through a kata that moto alone would take wrongly: they change what was asked and nothing
else, reach who they should, and wrong input is told as AWS tells it.
"""

import json
import secrets
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from kms_katas.lab import Lab


@pytest.fixture
def sqs(lab: Lab) -> Any:
    return lab.home.admin.client("sqs")


@pytest.fixture
def sns(lab: Lab) -> Any:
    return lab.home.admin.client("sns")


def open_to(service: str) -> str:
    one = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [one]})


def new_queue(sqs: Any, suffix: str = "", **attributes: str) -> tuple[str, str]:
    """URL and ARN."""
    url = sqs.create_queue(QueueName=secrets.token_hex(4) + suffix, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def bodies(sqs: Any, url: str) -> list[str]:
    return [one["Body"] for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]


def error_of(call: Any, **parameters: Any) -> dict[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error: dict[str, str] = refused.value.response["Error"]
    return error


@pytest.mark.parametrize("change", [{"KmsMasterKeyId": "alias/aws/sqs"}, {"VisibilityTimeout": "5"}])
def test_a_queue_that_gets_a_key_keeps_its_policy(sqs: Any, change: dict[str, str]) -> None:
    url, _ = new_queue(sqs, Policy=open_to("s3.amazonaws.com"))

    sqs.set_queue_attributes(QueueUrl=url, Attributes=change)

    kept = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    assert json.loads(kept) == json.loads(open_to("s3.amazonaws.com"))


def test_an_empty_policy_takes_the_queues_policy_away(sqs: Any) -> None:
    url, _ = new_queue(sqs, Policy=open_to("s3.amazonaws.com"))

    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})

    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])


@pytest.mark.parametrize(
    ("attribute", "value"), [("VisibilityTimeout", "soon"), ("DelaySeconds", "-"), ("RedrivePolicy", "{")]
)
def test_an_attribute_of_a_queue_that_cannot_be_read_is_the_senders_fault(sqs: Any, attribute: str, value: str) -> None:
    url, _ = new_queue(sqs)

    error = error_of(sqs.set_queue_attributes, QueueUrl=url, Attributes={attribute: value})

    assert (error["Code"], attribute in error["Message"]) == ("InvalidAttributeValue", True)


def test_s3_sends_no_events_to_a_fifo_queue(lab: Lab, sqs: Any) -> None:
    _, arn = new_queue(sqs, ".fifo", FifoQueue="true", Policy=open_to("s3.amazonaws.com"))
    s3, bucket = lab.home.admin.client("s3"), f"uploads-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=bucket)
    one = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}

    error = error_of(
        s3.put_bucket_notification_configuration,
        Bucket=bucket,
        NotificationConfiguration={"QueueConfigurations": [one]},
    )

    assert error["Code"] == "InvalidArgument"


def test_a_fifo_topic_brings_its_deduplication_along(lab: Lab, sqs: Any, sns: Any) -> None:
    key = lab.home.create_key()
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true", "KmsMasterKeyId": key}
    topic = sns.create_topic(Name=f"{secrets.token_hex(4)}.fifo", Attributes=attributes)["TopicArn"]
    url, arn = new_queue(sqs, ".fifo", FifoQueue="true", Policy=open_to("sns.amazonaws.com"))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

    for text in ("one", "two", "one"):
        sns.publish(TopicArn=topic, Message=text, MessageGroupId="g")

    assert bodies(sqs, url) == ["one", "two"]


def test_what_a_filter_keeps_back_asks_for_no_key_of_the_queue(lab: Lab, sqs: Any, sns: Any) -> None:
    url, arn = new_queue(sqs, KmsMasterKeyId=lab.home.create_key(), Policy=open_to("sns.amazonaws.com"))
    topic = sns.create_topic(Name=secrets.token_hex(4))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": '{"kind": ["order"]}'})
    before = len(lab.calls)

    sns.publish(TopicArn=topic, Message="x")

    assert (len(lab.calls) - before, bodies(sqs, url)) == (0, [])


@pytest.mark.parametrize("at", ["subscribe", "later"])
def test_a_filter_policy_that_is_no_json_is_the_subscribers_fault(sqs: Any, sns: Any, at: str) -> None:
    topic, (_, arn) = sns.create_topic(Name=secrets.token_hex(4))["TopicArn"], new_queue(sqs)
    given: dict[str, Any] = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn}
    if at == "subscribe":
        error = error_of(sns.subscribe, **given, Attributes={"FilterPolicy": "kind = order"})
    else:
        name = sns.subscribe(**given)["SubscriptionArn"]
        later = {"AttributeName": "FilterPolicy", "AttributeValue": "kind = order"}
        error = error_of(sns.set_subscription_attributes, SubscriptionArn=name, **later)

    assert (error["Code"], "FilterPolicy" in error["Message"]) == ("InvalidParameter", True)


def test_the_current_value_of_a_secret_follows_the_label(lab: Lab) -> None:
    store = lab.home.admin.client("secretsmanager")
    arn = store.create_secret(Name=secrets.token_hex(4), SecretString="old", KmsKeyId=lab.home.create_key())["ARN"]
    old = store.get_secret_value(SecretId=arn)["VersionId"]
    new = store.put_secret_value(SecretId=arn, SecretString="new", VersionStages=["AWSPENDING"])["VersionId"]
    assert store.get_secret_value(SecretId=arn)["SecretString"] == "old"

    move = {"VersionStage": "AWSCURRENT", "MoveToVersionId": new, "RemoveFromVersionId": old}
    store.update_secret_version_stage(SecretId=arn, **move)

    assert store.get_secret_value(SecretId=arn)["SecretString"] == "new"
    assert store.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")["SecretString"] == "old"
    assert store.batch_get_secret_value(SecretIdList=[arn])["SecretValues"][0]["SecretString"] == "new"


@pytest.fixture
def bucket(lab: Lab) -> str:
    name = f"uploads-{secrets.token_hex(4)}"
    lab.home.admin.client("s3").create_bucket(Bucket=name)
    return name


@pytest.mark.parametrize("asked", ["bytes=soon", "lines=1-2", "bytes=0-1,3-4"])
def test_a_range_that_is_none_brings_the_whole_object(lab: Lab, bucket: str, asked: str) -> None:
    s3, body = lab.home.admin.client("s3"), secrets.token_bytes(9)
    s3.put_object(Bucket=bucket, Key="a", Body=body, ServerSideEncryption="aws:kms")

    assert s3.get_object(Bucket=bucket, Key="a", Range=asked)["Body"].read() == body


def test_an_empty_set_of_tags_takes_the_tags_away(lab: Lab, bucket: str) -> None:
    s3 = lab.home.admin.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Tagging="kind=order")

    s3.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": []})

    assert s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == []


@pytest.mark.parametrize("operation", ["complete_multipart_upload", "restore_object"])
def test_a_body_that_is_missing_is_no_fault_of_the_lab(lab: Lab, bucket: str, operation: str) -> None:
    s3 = lab.home.admin.client("s3")
    s3.put_object(Bucket=bucket, Key="a", StorageClass="GLACIER")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    more = {"UploadId": upload} if "upload" in operation else {}

    assert error_of(getattr(s3, operation), Bucket=bucket, Key="a", **more)["Code"] == "MalformedXML"


@pytest.mark.parametrize("service", ["s3", "sqs", "sns", "secretsmanager"])
def test_a_policy_for_a_role_that_is_not_there_is_refused_where_it_is_put(
    lab: Lab, sqs: Any, sns: Any, bucket: str, service: str
) -> None:
    name = secrets.token_hex(4)
    one = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{lab.home.id}:role/{name}"}, "Action": "*"}
    s3, store = lab.home.admin.client("s3"), lab.home.admin.client("secretsmanager")
    resource = f"arn:aws:s3:::{bucket}" if service == "s3" else "*"
    policy = json.dumps({"Version": "2012-10-17", "Statement": [one | {"Resource": resource}]})
    topic, (url, _) = sns.create_topic(Name=name)["TopicArn"], new_queue(sqs)
    arn = store.create_secret(Name=name, SecretString="x")["ARN"]

    def put() -> Any:
        if service == "s3":
            return s3.put_bucket_policy(Bucket=bucket, Policy=policy)
        if service == "sqs":
            return sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        if service == "sns":
            return sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
        return store.put_resource_policy(SecretId=arn, ResourcePolicy=policy)

    assert (
        error_of(put)["Code"]
        == {
            "s3": "MalformedPolicy",
            "sqs": "InvalidAttributeValue",
            "sns": "InvalidParameter",
            "secretsmanager": "MalformedPolicyDocumentException",
        }[service]
    )
    lab.home.role(name)
    put()


def test_s3_of_a_region_that_is_down_is_down_too(lab: Lab, bucket: str) -> None:
    here, west = lab.home.admin.client("s3"), lab.home.admin.client("s3", region="us-west-2")
    there = {"CreateBucketConfiguration": {"LocationConstraint": "us-west-2"}}
    west.create_bucket(Bucket=f"{bucket}-west", **there)

    lab.regions_down = {"us-east-1"}

    assert error_of(here.put_object, Bucket=bucket, Key="a")["Code"] == "ServiceUnavailable"
    west.put_object(Bucket=f"{bucket}-west", Key="a")
    lab.regions_down = ()
    here.put_object(Bucket=bucket, Key="a")


def test_who_signs_nothing_or_sends_another_token_is_told_so(lab: Lab, bucket: str) -> None:
    session = lab.home.role("app").session("one")
    keys = {"aws_access_key_id": session.access_key_id, "aws_secret_access_key": session.secret_access_key}
    made = boto3.Session(region_name="us-east-1")
    nobody = made.client("s3", config=Config(signature_version=UNSIGNED))
    without = made.client("s3", **keys, aws_session_token="no such token")

    assert error_of(nobody.get_object, Bucket=bucket, Key="a") == {"Code": "AccessDenied", "Message": "Access Denied"}
    assert error_of(without.get_object, Bucket=bucket, Key="a")["Code"] == "InvalidToken"


def test_a_continuation_token_that_s3_did_not_make_is_the_senders_fault(lab: Lab, bucket: str) -> None:
    s3 = lab.home.admin.client("s3")
    s3.put_object(Bucket=bucket, Key="a")

    assert (
        error_of(s3.list_objects_v2, Bucket=bucket, ContinuationToken=secrets.token_hex(8))["Code"] == "InvalidArgument"
    )
