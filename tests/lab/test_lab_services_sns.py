"""Topics in the lab: who may publish, and the key that a topic has. Not for what becomes of a message (events)."""

import json
import secrets
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Lab

PARTNER = "444455556666"


def allow(*actions: str, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}


def code_of(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    code: str = refused.value.response["Error"]["Code"]
    return code


@pytest.fixture
def key(lab: Lab) -> str:
    arn: str = lab.home.admin.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture
def topic(lab: Lab, key: str) -> str:
    return new_topic(lab, key)


def new_topic(lab: Lab, key: str = "") -> str:
    attributes = {"KmsMasterKeyId": key} if key else {}
    sns = lab.home.admin.client("sns")
    arn: str = sns.create_topic(Name=f"news-{secrets.token_hex(4)}", Attributes=attributes)["TopicArn"]
    return arn


def open_topic(lab: Lab, topic: str, principal: str, *actions: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions), "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.home.admin.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)


def test_a_publisher_needs_generate_data_key_and_decrypt_with_the_topic_in_the_context(lab: Lab, topic: str) -> None:
    publisher = lab.home.user("publisher", policies={"p": allow("sns:Publish")})
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        with pytest.raises(ClientError) as refused:
            publisher.client("sns").publish(TopicArn=topic, Message="x")
        assert refused.value.response["Error"]["Code"] == "KMSAccessDenied"
        assert isinstance(refused.value, publisher.client("sns").exceptions.KMSAccessDeniedException)
        assert lab.explain(refused.value).request.action == action
        via = {"kms:EncryptionContext:aws:sns:topicArn": topic, "kms:ViaService": "sns.us-east-1.amazonaws.com"}
        publisher.allow(allow(action, StringEquals=via), action.split(":")[1])

    assert publisher.client("sns").publish(TopicArn=topic, Message="x")["MessageId"]


def test_the_data_key_of_a_publisher_is_reused_for_five_minutes(lab: Lab, topic: str, key: str) -> None:
    admin = lab.home.admin
    admin.client("sns").publish(TopicArn=topic, Message="x")
    admin.client("kms").disable_key(KeyId=key)

    lab.clock.advance(seconds=299)
    admin.client("sns").publish(TopicArn=topic, Message="y")
    lab.clock.advance(seconds=1)

    assert code_of(admin.client("sns").publish, TopicArn=topic, Message="z") == "KMSDisabled"


def test_a_batch_asks_kms_once(lab: Lab, topic: str) -> None:
    before = len(lab.calls)
    entries = [{"Id": str(number), "Message": "x"} for number in range(5)]

    answer = lab.home.admin.client("sns").publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)

    assert len(answer["Successful"]) == 5
    assert [call.operation for call in lab.calls[before:]] == ["GenerateDataKey", "Decrypt"]


@pytest.mark.parametrize("name", ["alias/aws/sns", "id", "alias"])
def test_a_topic_names_its_key_as_it_likes(lab: Lab, key: str, name: str) -> None:
    if name == "alias":
        name = f"alias/{secrets.token_hex(4)}"
        lab.home.admin.client("kms").create_alias(AliasName=name, TargetKeyId=key)
    topic = new_topic(lab, key.split("/")[-1] if name == "id" else name)

    assert lab.home.admin.client("sns").publish(TopicArn=topic, Message="x")["MessageId"]


def test_a_key_that_is_not_there_or_waits_for_its_deletion_has_a_code_of_its_own(
    lab: Lab, topic: str, key: str
) -> None:
    admin = lab.home.admin
    assert code_of(admin.client("sns").publish, TopicArn=new_topic(lab, "alias/nowhere"), Message="x") == "KMSNotFound"

    admin.client("kms").schedule_key_deletion(KeyId=key)

    assert code_of(admin.client("sns").publish, TopicArn=topic, Message="x") == "KMSInvalidState"


def test_inside_one_account_the_topic_policy_or_the_own_policy_is_enough(lab: Lab) -> None:
    topic, by_policy, by_topic = new_topic(lab), lab.home.user("a"), lab.home.user("b")
    for user in (by_policy, by_topic):
        assert code_of(user.client("sns").publish, TopicArn=topic, Message="x") == "AuthorizationError"

    by_policy.allow(allow("sns:Publish"))
    open_topic(lab, topic, by_topic.arn, "SNS:Publish")

    for user in (by_policy, by_topic):
        user.client("sns").publish(TopicArn=topic, Message="x")


def test_across_accounts_both_sides_must_allow(lab: Lab) -> None:
    topic, user = new_topic(lab), lab.account(PARTNER).user("publisher")
    user.allow(allow("sns:Publish"))
    assert code_of(user.client("sns").publish, TopicArn=topic, Message="x") == "AuthorizationError"

    open_topic(lab, topic, user.arn, "sns:Publish")

    user.client("sns").publish(TopicArn=topic, Message="x")


def test_a_subscription_by_another_account_gets_the_messages(lab: Lab) -> None:
    topic, partner = new_topic(lab), lab.account(PARTNER).admin
    open_topic(lab, topic, partner.arn, "sns:Subscribe")
    sqs = partner.client("sqs")
    url = sqs.create_queue(QueueName="in")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{PARTNER}:in"
    sender = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": queue}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [sender]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    partner.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    lab.home.admin.client("sns").publish(TopicArn=topic, Message="for you")

    assert json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])["Message"] == "for you"


def test_the_protocol_of_a_subscription_can_be_a_condition(lab: Lab) -> None:
    topic = new_topic(lab)
    user = lab.home.user("dev", policies={"s": allow("sns:Subscribe", StringEquals={"sns:Protocol": "sqs"})})
    queue = "arn:aws:sqs:us-east-1:111122223333:q"

    user.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    assert code_of(user.client("sns").subscribe, TopicArn=topic, Protocol="email", Endpoint="a@b.example") == (
        "AuthorizationError"
    )


def test_an_unknown_topic_and_a_phone_number_are_motos_matter(lab: Lab) -> None:
    sns = lab.home.admin.client("sns")

    assert code_of(sns.publish, TopicArn="arn:aws:sns:us-east-1:111122223333:nowhere", Message="x") == "NotFound"
    assert sns.publish(PhoneNumber="+15555550100", Message="x")["MessageId"]
