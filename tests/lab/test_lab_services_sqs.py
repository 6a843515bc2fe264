"""Queues in the lab: who may, which data key a message lies under, and for how long it is reused. Not for messages that
services send.
"""

import json
import secrets
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from kms_katas.lab import Lab, install, uninstall

PARTNER = "444455556666"


def allow(*actions: str, resource: str = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}


def refusal(call: Any, **parameters: Any) -> ClientError:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value


@pytest.fixture
def key(lab: Lab) -> str:
    arn: str = lab.home.admin.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture
def url(lab: Lab, key: str) -> str:
    return queue(lab, KmsMasterKeyId=key)


def queue(lab: Lab, **attributes: str) -> str:
    sqs = lab.home.admin.client("sqs")
    made: str = sqs.create_queue(QueueName=f"orders-{secrets.token_hex(4)}", Attributes=attributes)["QueueUrl"]
    return made


def arn_of(url: str) -> str:
    account, name = url.split("/")[-2:]
    return f"arn:aws:sqs:us-east-1:{account}:{name}"


def test_a_message_comes_back_as_it_was_sent(lab: Lab, url: str) -> None:
    sqs, text = lab.home.admin.client("sqs"), secrets.token_hex(8)
    sqs.send_message(QueueUrl=url, MessageBody=text)

    assert [one["Body"] for one in sqs.receive_message(QueueUrl=url)["Messages"]] == [text]


def test_a_sender_asks_for_a_data_key_and_opens_it_with_the_queue_in_the_context(lab: Lab, url: str) -> None:
    lab.home.admin.client("sqs").send_message(QueueUrl=url, MessageBody="x")

    asked = [(call.operation, call.parameters["EncryptionContext"]) for call in lab.calls[-2:]]
    assert asked == [(name, {"aws:sqs:arn": arn_of(url)}) for name in ("GenerateDataKey", "Decrypt")]
    assert lab.trail[-1]["userIdentity"]["invokedBy"] == "sqs.amazonaws.com"


def test_a_producer_without_decrypt_is_refused_by_kms_in_the_words_of_sqs(lab: Lab, url: str, key: str) -> None:
    producer = lab.home.user(
        "producer", policies={"q": allow("sqs:SendMessage"), "k": allow("kms:GenerateDataKey", resource=key)}
    )

    refused = refusal(producer.client("sqs").send_message, QueueUrl=url, MessageBody="x")

    assert refused.response["Error"]["Code"] == "KMS.AccessDeniedException"
    assert isinstance(refused, producer.client("sqs").exceptions.KmsAccessDenied)
    assert lab.explain(refused).request.action == "kms:Decrypt"
    assert "Messages" not in lab.home.admin.client("sqs").receive_message(QueueUrl=url)


def test_a_producer_needs_no_more_than_generate_data_key_and_decrypt_through_sqs(lab: Lab, url: str, key: str) -> None:
    via = {
        "StringEquals": {
            "kms:ViaService": "sqs.us-east-1.amazonaws.com",
            "kms:EncryptionContext:aws:sqs:arn": arn_of(url),
        }
    }
    producer = lab.home.user(
        "producer",
        policies={"q": allow("sqs:SendMessage"), "k": allow("kms:GenerateDataKey", "kms:Decrypt", resource=key, **via)},
    )

    producer.client("sqs").send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "x"}])


def test_a_consumer_without_decrypt_leaves_the_message_where_it_is(lab: Lab, url: str) -> None:
    admin = lab.home.admin.client("sqs")
    admin.send_message(QueueUrl=url, MessageBody="x")
    consumer = lab.home.user("consumer", policies={"q": allow("sqs:ReceiveMessage")})

    refused = refusal(consumer.client("sqs").receive_message, QueueUrl=url)

    assert refused.response["Error"]["Code"] == "KMS.AccessDeniedException"
    got = admin.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"])["Messages"]
    assert got[0]["Attributes"]["ApproximateReceiveCount"] == "1"


def test_the_data_key_works_on_after_a_disable_until_the_reuse_period_is_over(lab: Lab, key: str) -> None:
    admin = lab.home.admin
    url = queue(lab, KmsMasterKeyId=key, KmsDataKeyReusePeriodSeconds="60")
    admin.client("sqs").send_message(QueueUrl=url, MessageBody="a")
    admin.client("kms").disable_key(KeyId=key)

    lab.clock.advance(seconds=59)
    admin.client("sqs").send_message(QueueUrl=url, MessageBody="b")
    lab.clock.advance(seconds=1)

    refused = refusal(admin.client("sqs").send_message, QueueUrl=url, MessageBody="c")
    assert refused.response["Error"]["Code"] == "KMS.DisabledException"
    assert (
        refusal(admin.client("sqs").receive_message, QueueUrl=url).response["Error"]["Code"] == "KMS.DisabledException"
    )


def test_two_principals_do_not_share_a_data_key(lab: Lab, url: str) -> None:
    lab.home.admin.client("sqs").send_message(QueueUrl=url, MessageBody="a")
    other = lab.home.user("other", policies={"q": allow("sqs:SendMessage")})

    assert refusal(other.client("sqs").send_message, QueueUrl=url, MessageBody="b").response["Error"]["Code"] == (
        "KMS.AccessDeniedException"
    )


def test_two_sessions_of_one_role_share_a_data_key(lab: Lab, url: str) -> None:
    role = lab.home.role("worker", policies={"all": allow("sqs:*", "kms:*")})
    role.session("a").client("sqs").send_message(QueueUrl=url, MessageBody="a")
    before = len(lab.calls)

    role.session("b").client("sqs").send_message(QueueUrl=url, MessageBody="b")

    assert len(lab.calls) == before


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        ("disable_key", "KMS.DisabledException"),
        ("schedule_key_deletion", "KMS.InvalidStateException"),
    ],
)
def test_a_key_that_cannot_be_used_is_named_by_a_code_of_its_own(
    lab: Lab, url: str, key: str, prepare: str, code: str
) -> None:
    getattr(lab.home.admin.client("kms"), prepare)(KeyId=key)

    assert (
        refusal(lab.home.admin.client("sqs").send_message, QueueUrl=url, MessageBody="x").response["Error"]["Code"]
        == code
    )


def test_a_queue_may_name_its_key_by_id_or_alias_and_a_missing_one_shows_when_a_message_is_sent(
    lab: Lab, key: str
) -> None:
    admin = lab.home.admin
    admin.client("kms").create_alias(AliasName="alias/orders", TargetKeyId=key)
    for name in (key.split("/")[-1], "alias/orders", "alias/aws/sqs"):
        admin.client("sqs").send_message(QueueUrl=queue(lab, KmsMasterKeyId=name), MessageBody="x")

    refused = refusal(
        admin.client("sqs").send_message, QueueUrl=queue(lab, KmsMasterKeyId="alias/nowhere"), MessageBody="x"
    )
    assert refused.response["Error"]["Code"] == "KMS.NotFoundException"


def test_across_accounts_the_queue_policy_the_own_policy_and_the_key_must_all_allow(
    lab: Lab, url: str, key: str
) -> None:
    admin, partner = lab.home.admin, lab.account(PARTNER)
    sender = partner.user("sender")
    steps = [
        ("AccessDenied", lambda: sender.allow(allow("sqs:SendMessage", resource=arn_of(url)), "q")),
        ("AccessDenied", lambda: open_queue(admin, url, sender.arn, "sqs:SendMessage")),
        ("KMS.AccessDeniedException", lambda: open_key(admin, key, sender.arn)),
        ("KMS.AccessDeniedException", lambda: sender.allow(allow("kms:GenerateDataKey", "kms:Decrypt"), "k")),
    ]
    for code, step in steps:
        assert (
            refusal(sender.client("sqs").send_message, QueueUrl=url, MessageBody="x").response["Error"]["Code"] == code
        )
        step()

    sender.client("sqs").send_message(QueueUrl=url, MessageBody="from afar")
    assert admin.client("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"] == "from afar"


def test_nobody_of_another_account_sends_under_the_aws_managed_key(lab: Lab) -> None:
    url = queue(lab, KmsMasterKeyId="alias/aws/sqs")
    sender = lab.account(PARTNER).admin
    open_queue(lab.home.admin, url, sender.arn, "sqs:SendMessage")

    refused = refusal(sender.client("sqs").send_message, QueueUrl=url, MessageBody="x")

    assert refused.response["Error"]["Code"] == "KMS.AccessDeniedException"


def test_a_queue_policy_never_lets_another_account_change_the_queue(lab: Lab, url: str) -> None:
    stranger = lab.account(PARTNER).admin
    open_queue(lab.home.admin, url, stranger.arn, "sqs:*")

    refused = refusal(stranger.client("sqs").set_queue_attributes, QueueUrl=url, Attributes={"DelaySeconds": "1"})

    assert refused.response["Error"]["Code"] == "AccessDenied"
    assert stranger.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"] == {
        "QueueArn": arn_of(url)
    }


def test_inside_one_account_the_queue_policy_alone_is_enough(lab: Lab) -> None:
    url, user = queue(lab), lab.home.user("worker")
    assert (
        refusal(user.client("sqs").send_message, QueueUrl=url, MessageBody="x").response["Error"]["Code"]
        == "AccessDenied"
    )

    open_queue(lab.home.admin, url, user.arn, "SQS:SendMessage")

    user.client("sqs").send_message(QueueUrl=url, MessageBody="x")


def test_one_kind_of_encryption_ends_the_other(lab: Lab, url: str, key: str) -> None:
    sqs = lab.home.admin.client("sqs")
    names = ["KmsMasterKeyId", "SqsManagedSseEnabled"]

    def seen() -> dict[str, str]:
        found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return found

    assert seen() == {"KmsMasterKeyId": key, "SqsManagedSseEnabled": "false"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    assert seen() == {"SqsManagedSseEnabled": "true"}
    both = {"SqsManagedSseEnabled": "true", "KmsMasterKeyId": key}
    refused = refusal(sqs.set_queue_attributes, QueueUrl=url, Attributes=both)
    assert refused.response["Error"]["Code"] == "InvalidAttributeName"


@pytest.mark.parametrize("seconds", ["59", "86401", "-60", "soon"])
def test_a_reuse_period_out_of_bounds_is_refused(lab: Lab, url: str, seconds: str) -> None:
    refused = refusal(
        lab.home.admin.client("sqs").set_queue_attributes,
        QueueUrl=url,
        Attributes={"KmsDataKeyReusePeriodSeconds": seconds},
    )
    assert refused.response["Error"]["Code"] == "InvalidAttributeValue"


def test_a_message_in_the_dead_letter_queue_still_lies_under_the_key_of_the_source(lab: Lab, key: str) -> None:
    sqs = lab.home.admin.client("sqs")
    dead = queue(lab)
    redrive = json.dumps({"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 1})
    url = queue(lab, KmsMasterKeyId=key, RedrivePolicy=redrive, VisibilityTimeout="1")
    sqs.send_message(QueueUrl=url, MessageBody="x")
    for _ in range(2):
        sqs.receive_message(QueueUrl=url)
        lab.clock.advance(seconds=2)
    reader = lab.home.user("reader", policies={"q": allow("sqs:ReceiveMessage")})

    refused = refusal(reader.client("sqs").receive_message, QueueUrl=dead)

    assert refused.response["Error"]["Code"] == "KMS.AccessDeniedException"


def test_a_long_poll_of_an_empty_queue_ends(lab: Lab, url: str) -> None:
    assert "Messages" not in lab.home.admin.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)


def test_without_enforcement_code_that_knows_nothing_of_keys_works_and_a_disabled_key_still_stops_it() -> None:
    install()
    try:
        with mock_aws():
            session = boto3.Session("AKIA", "secret", region_name="eu-west-1")
            sqs, kms = session.client("sqs"), session.client("kms")
            plain = sqs.create_queue(QueueName="plain")["QueueUrl"]
            sqs.send_message(QueueUrl=plain, MessageBody="a")
            assert sqs.receive_message(QueueUrl=plain)["Messages"][0]["Body"] == "a"
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            url = sqs.create_queue(QueueName="sealed", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
            kms.disable_key(KeyId=key)
            assert refusal(sqs.send_message, QueueUrl=url, MessageBody="b").response["Error"]["Code"] == (
                "KMS.DisabledException"
            )
    finally:
        uninstall()


def open_queue(admin: Any, url: str, principal: str, action: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": arn_of(url)}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    admin.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def open_key(admin: Any, key: str, principal: str) -> None:
    kms = admin.client("kms")
    policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    use = ["kms:GenerateDataKey", "kms:Decrypt"]
    policy["Statement"].append({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": use, "Resource": "*"})
    kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))
