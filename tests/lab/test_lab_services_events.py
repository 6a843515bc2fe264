"""Messages that services send: S3's events to a queue and a topic, and a topic's messages to its queues. They act as
themselves, and a message that may not come in is lost.
"""

import json
import secrets
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from kms_katas.lab import Lab, install, uninstall

S3, SNS = "s3.amazonaws.com", "sns.amazonaws.com"
USE = ("kms:GenerateDataKey*", "kms:Decrypt")


@pytest.fixture
def key(lab: Lab) -> str:
    arn: str = lab.home.admin.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture
def bucket(lab: Lab) -> str:
    name = f"uploads-{secrets.token_hex(4)}"
    lab.home.admin.client("s3").create_bucket(Bucket=name)
    return name


def queue(lab: Lab, service: str = "", account: str = "", condition: Any = None, **attributes: str) -> str:
    """URL of a queue that lets this service send."""
    owner = lab.account(account) if account else lab.home
    sqs = owner.admin.client("sqs")
    url: str = sqs.create_queue(QueueName=f"in-{secrets.token_hex(4)}", Attributes=attributes)["QueueUrl"]
    if service:
        policy = json.dumps(statement(service, ("sqs:SendMessage",), arn_of(url), condition))
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url


def statement(service: str, actions: tuple[str, ...], resource: str = "*", condition: Any = None) -> dict[str, Any]:
    one = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [one | ({"Condition": condition} if condition else {})]}


def open_key(lab: Lab, key: str, service: str, *actions: str, condition: Any = None) -> None:
    kms = lab.home.admin.client("kms")
    policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    policy["Statement"] = policy["Statement"][:1] + statement(service, actions, "*", condition)["Statement"]
    kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))


def arn_of(url: str) -> str:
    account, name = url.split("/")[-2:]
    return f"arn:aws:sqs:us-east-1:{account}:{name}"


def notify(lab: Lab, bucket: str, arn: str, **parameters: Any) -> None:
    kind = "Queue" if ":sqs:" in arn else "Topic"
    configuration = {f"{kind}Configurations": [{f"{kind}Arn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    lab.home.admin.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=configuration, **parameters
    )


def bodies(lab: Lab, url: str) -> list[dict[str, Any]]:
    owner = lab.account(url.split("/")[-2])
    found = owner.admin.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(one["Body"]) for one in found]


def put(lab: Lab, bucket: str) -> str:
    name = secrets.token_hex(4)
    lab.home.admin.client("s3").put_object(Bucket=bucket, Key=name, Body=b"x")
    return name


def uploads(lab: Lab, url: str) -> list[str]:
    return [one["Records"][0]["s3"]["object"]["key"] for one in bodies(lab, url) if "Records" in one]


def test_events_reach_a_queue_under_kms_when_its_key_lets_s3_generate_and_decrypt(
    lab: Lab, bucket: str, key: str
) -> None:
    url = queue(lab, S3, KmsMasterKeyId=key)
    narrow = {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
        "StringEquals": {"aws:SourceAccount": lab.home.id},
    }
    open_key(lab, key, S3, *USE, condition=narrow)

    notify(lab, bucket, arn_of(url))
    names = {put(lab, bucket) for _ in range(3)}

    assert set(uploads(lab, url)) == names


@pytest.mark.parametrize(
    "actions",
    [("kms:GenerateDataKey",), ("kms:Decrypt",), ("kms:Encrypt", "kms:DescribeKey")],
    ids=["no Decrypt", "no GenerateDataKey", "neither"],
)
def test_a_key_policy_that_gives_s3_half_of_it_is_refused_when_the_events_are_set_up(
    lab: Lab, bucket: str, key: str, actions: tuple[str, ...]
) -> None:
    url = queue(lab, S3, KmsMasterKeyId=key)
    open_key(lab, key, S3, *actions)

    with pytest.raises(ClientError) as refused:
        notify(lab, bucket, arn_of(url))

    assert refused.value.response["Error"]["Code"] == "InvalidArgument"
    assert lab.explain(refused.value).request.principal.arn == S3
    assert lab.home.admin.client("s3").get_bucket_notification_configuration(Bucket=bucket).keys() <= {
        "ResponseMetadata"
    }


def test_rights_for_the_readers_of_the_queue_do_not_help_s3(lab: Lab, bucket: str, key: str) -> None:
    reader = lab.home.user("reader")
    url = queue(lab, S3, KmsMasterKeyId=key)
    kms = lab.home.admin.client("kms")
    policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    policy["Statement"].append({"Effect": "Allow", "Principal": {"AWS": reader.arn}, "Action": USE, "Resource": "*"})
    kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))

    with pytest.raises(ClientError, match="Unable to validate"):
        notify(lab, bucket, arn_of(url))


def test_the_aws_managed_key_never_takes_events(lab: Lab, bucket: str) -> None:
    url = queue(lab, S3, KmsMasterKeyId="alias/aws/sqs")

    with pytest.raises(ClientError, match="Unable to validate"):
        notify(lab, bucket, arn_of(url))


def test_the_queue_policy_must_let_s3_in_too(lab: Lab, bucket: str) -> None:
    for url in (queue(lab), queue(lab, S3, condition={"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::another"}})):
        with pytest.raises(ClientError, match="Unable to validate") as refused:
            notify(lab, bucket, arn_of(url))
        assert lab.explain(refused.value).request.action == "sqs:SendMessage"


def test_an_event_is_lost_when_the_key_policy_no_longer_lets_s3_in_and_the_data_key_is_used_up(
    lab: Lab, bucket: str, key: str
) -> None:
    url = queue(lab, S3, KmsMasterKeyId=key, KmsDataKeyReusePeriodSeconds="60")
    open_key(lab, key, S3, *USE)
    notify(lab, bucket, arn_of(url))
    open_key(lab, key, SNS, *USE)

    kept = put(lab, bucket)
    lab.clock.advance(seconds=60)
    put(lab, bucket)

    assert uploads(lab, url) == [kept]


def test_skipped_validation_lets_a_configuration_in_whose_events_are_lost(lab: Lab, bucket: str, key: str) -> None:
    url = queue(lab, S3, KmsMasterKeyId=key)
    notify(lab, bucket, arn_of(url), SkipDestinationValidation=True)

    put(lab, bucket)

    assert bodies(lab, url) == []


def test_events_reach_a_queue_of_another_account(lab: Lab, bucket: str) -> None:
    url = queue(lab, S3, account="444455556666", condition={"StringEquals": {"aws:SourceAccount": lab.home.id}})
    notify(lab, bucket, arn_of(url))

    assert uploads(lab, url) == [] and put(lab, bucket) in uploads(lab, url)


def test_who_the_bucket_policy_lets_set_up_events_may_be_of_another_account(lab: Lab, bucket: str) -> None:
    partner, url = lab.account("444455556666").admin, queue(lab, S3)
    one = {"QueueArn": arn_of(url), "Events": ["s3:ObjectCreated:*"]}

    def set_up() -> None:
        partner.client("s3").put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [one]}
        )

    with pytest.raises(ClientError, match="AccessDenied"):
        set_up()
    policy = statement("", ("s3:PutBucketNotification",), f"arn:aws:s3:::{bucket}")
    policy["Statement"][0]["Principal"] = {"AWS": partner.arn}
    lab.home.admin.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    set_up()

    assert put(lab, bucket) in uploads(lab, url)


def topic(lab: Lab, **attributes: str) -> str:
    sns = lab.home.admin.client("sns")
    arn: str = sns.create_topic(Name=f"news-{secrets.token_hex(4)}", Attributes=attributes)["TopicArn"]
    return arn


def subscribed(lab: Lab, arn: str, url: str) -> None:
    lab.home.admin.client("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=arn_of(url))


def test_events_reach_a_topic_under_kms_and_its_queues_as_long_as_the_key_lets_s3_in(
    lab: Lab, bucket: str, key: str
) -> None:
    arn, url = topic(lab, KmsMasterKeyId=key), queue(lab, SNS)
    subscribed(lab, arn, url)
    with pytest.raises(ClientError, match="Unable to validate") as refused:
        notify(lab, bucket, arn)
    assert lab.explain(refused.value).request.action == "SNS:Publish"
    policy = json.dumps(statement(S3, ("sns:Publish",), arn))
    lab.home.admin.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    with pytest.raises(ClientError, match="Unable to validate"):
        notify(lab, bucket, arn)
    open_key(lab, key, S3, *USE)
    notify(lab, bucket, arn)

    name = put(lab, bucket)

    open_key(lab, key, SNS, *USE)
    lab.clock.advance(minutes=5)
    put(lab, bucket)  # lost: S3 has no data key any more

    records = [json.loads(one["Message"]) for one in bodies(lab, url)]
    assert [one["Records"][0]["s3"]["object"]["key"] for one in records if "Records" in one] == [name]


def test_a_topic_reaches_a_queue_under_kms_only_when_the_key_lets_sns_in(lab: Lab, key: str) -> None:
    arn, url = topic(lab), queue(lab, SNS, KmsMasterKeyId=key)
    subscribed(lab, arn, url)
    sns = lab.home.admin.client("sns")

    sns.publish(TopicArn=arn, Message="lost")  # and the publisher is not told
    open_key(lab, key, SNS, *USE, condition={"ArnEquals": {"aws:SourceArn": arn}})
    sns.publish(TopicArn=arn, Message="there")

    assert [one["Message"] for one in bodies(lab, url)] == ["there"]


def test_a_queue_policy_for_another_topic_keeps_the_message_out(lab: Lab) -> None:
    arn, other = topic(lab), topic(lab)
    url = queue(lab, SNS, condition={"ArnEquals": {"aws:SourceArn": other}})
    for one in (arn, other):
        subscribed(lab, one, url)
        lab.home.admin.client("sns").publish(TopicArn=one, Message=one)

    assert [one["Message"] for one in bodies(lab, url)] == [other]


def test_a_topic_reaches_a_queue_of_another_account(lab: Lab) -> None:
    arn, url = topic(lab), queue(lab, SNS, account="444455556666")
    subscribed(lab, arn, url)

    lab.home.admin.client("sns").publish(TopicArn=arn, Message="over there")

    assert [one["Message"] for one in bodies(lab, url)] == ["over there"]


def test_a_lab_sends_nothing_to_the_internet(lab: Lab) -> None:
    arn = topic(lab)
    sns = lab.home.admin.client("sns")
    sns.subscribe(TopicArn=arn, Protocol="https", Endpoint="https://example.invalid/hook")

    assert sns.publish(TopicArn=arn, Message="x")["MessageId"]


def test_without_enforcement_events_and_messages_arrive_with_no_policy_at_all() -> None:
    install()
    try:
        with mock_aws():
            session = boto3.Session("AKIA", "secret", region_name="us-east-1")
            s3, sqs, sns = session.client("s3"), session.client("sqs"), session.client("sns")
            url = sqs.create_queue(QueueName="in", Attributes={"KmsMasterKeyId": "alias/aws/sqs"})["QueueUrl"]
            arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            s3.create_bucket(Bucket="the-bucket")
            one = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
            s3.put_bucket_notification_configuration(
                Bucket="the-bucket", NotificationConfiguration={"QueueConfigurations": [one]}
            )
            s3.put_object(Bucket="the-bucket", Key="k", Body=b"")
            news = sns.create_topic(Name="news")["TopicArn"]
            sns.subscribe(TopicArn=news, Protocol="sqs", Endpoint=arn)
            sns.publish(TopicArn=news, Message="hello")
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
            assert len(found) == 3  # S3's test event is the first
    finally:
        uninstall()
