"""What holds for the key of a queue, a topic, a secret and a parameter alike. Not for what each service does alone."""

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.lab import Lab, Principal
from kms_katas.lab.services.data_keys import Reused

USE = ["Encrypt", "Decrypt", "GenerateDataKey"]
Write = Callable[[Lab, Principal, str], Callable[[], Any]]


def to_queue(lab: Lab, who: Principal, key: str) -> Callable[[], Any]:
    made = lab.home.admin.client("sqs").create_queue(QueueName=secrets.token_hex(4), Attributes={"KmsMasterKeyId": key})
    return lambda: who.client("sqs").send_message(QueueUrl=made["QueueUrl"], MessageBody="x")


def to_topic(lab: Lab, who: Principal, key: str) -> Callable[[], Any]:
    made = lab.home.admin.client("sns").create_topic(Name=secrets.token_hex(4), Attributes={"KmsMasterKeyId": key})
    return lambda: who.client("sns").publish(TopicArn=made["TopicArn"], Message="x")


def to_secret(lab: Lab, who: Principal, key: str) -> Callable[[], Any]:
    name = secrets.token_hex(4)
    return lambda: who.client("secretsmanager").create_secret(Name=name, SecretString="x", KmsKeyId=key)


def to_parameter(lab: Lab, who: Principal, key: str) -> Callable[[], Any]:
    name = secrets.token_hex(4)
    put = who.client("ssm").put_parameter
    return lambda: put(Name=name, Value="x", Type="SecureString", KeyId=key)


EACH = pytest.mark.parametrize(
    ("service", "write"),
    [("sqs", to_queue), ("sns", to_topic), ("secretsmanager", to_secret), ("ssm", to_parameter)],
)


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    code: str = refused.value.response["Error"]["Code"]
    return code


def writer(lab: Lab, service: str) -> Principal:
    statement = {"Effect": "Allow", "Action": f"{service}:*", "Resource": "*"}
    return lab.home.user("writer", policies={"w": {"Version": "2012-10-17", "Statement": [statement]}})


def new_key(lab: Lab, region: str | None = None, **parameters: Any) -> str:
    arn: str = lab.home.admin.client("kms", region).create_key(**parameters)["KeyMetadata"]["Arn"]
    return arn


@EACH
def test_a_key_that_cannot_encrypt_data_keys_is_refused(lab: Lab, service: str, write: Write) -> None:
    key = new_key(lab, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")

    assert (
        code_of(write(lab, lab.home.admin, key))
        == {
            "sqs": "KMS.InvalidKeyUsageException",
            "sns": "KMSInvalidState",
            "secretsmanager": "EncryptionFailure",
            "ssm": "InvalidKeyId",
        }[service]
    )


@EACH
def test_a_key_of_another_region_is_not_found(lab: Lab, service: str, write: Write) -> None:
    key = new_key(lab, "eu-west-1")

    assert (
        code_of(write(lab, lab.home.admin, key))
        == {
            "sqs": "KMS.NotFoundException",
            "sns": "KMSNotFound",
            "secretsmanager": "EncryptionFailure",
            "ssm": "InvalidKeyId",
        }[service]
    )


@EACH
def test_a_grant_lets_its_grantee_use_the_key_through_the_service(lab: Lab, service: str, write: Write) -> None:
    key, who = new_key(lab), writer(lab, service)
    call = write(lab, who, key)
    code_of(call)

    lab.home.admin.client("kms").create_grant(KeyId=key, GranteePrincipal=who.arn, Operations=USE)

    call()


@EACH
def test_a_key_policy_may_let_the_account_in_through_one_service_alone(lab: Lab, service: str, write: Write) -> None:
    def use_through(name: str) -> str:
        via = {"kms:ViaService": f"{name}.us-east-1.amazonaws.com", "kms:CallerAccount": lab.home.id}
        statements = [
            {"Effect": "Allow", "Principal": {"AWS": lab.home.admin.arn}, "Action": "kms:*", "Resource": "*"},
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [f"kms:{name}" for name in USE],
                "Resource": "*",
                "Condition": {"StringEquals": via},
            },
        ]
        return new_key(lab, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))

    who = writer(lab, service)
    write(lab, who, use_through(service))()

    code_of(write(lab, who, use_through("s3")))


@EACH
def test_the_trail_names_the_caller_and_the_service_that_called_for_it(lab: Lab, service: str, write: Write) -> None:
    write(lab, lab.home.admin, new_key(lab))()

    event = [record for record in lab.trail if record["eventSource"] == "kms.amazonaws.com"][-1]
    assert event["userIdentity"]["arn"] == lab.home.admin.arn
    assert event["userIdentity"]["invokedBy"] == f"{service}.amazonaws.com"
    assert event["requestParameters"]["encryptionContext"]


@EACH
def test_every_refusal_of_kms_names_its_request_or_keeps_its_reason(lab: Lab, service: str, write: Write) -> None:
    with pytest.raises(ClientError) as refused:
        write(lab, writer(lab, service), new_key(lab))()

    assert lab.explain(refused.value).request.action.startswith("kms:")
    if service != "secretsmanager":  # which says no more than that KMS said no
        assert lab.calls[-1].request_id in str(refused.value)


START = datetime(2026, 1, 1, tzinfo=UTC)


@given(
    steps=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 50)), max_size=40),
    period=st.integers(1, 60),
)
def test_no_data_key_is_used_past_its_period_nor_by_two_nor_replaced_before(
    steps: list[tuple[str, int]], period: int
) -> None:
    asked: list[str] = []

    def ask(operation: str, parameters: Any) -> dict[str, Any]:
        asked.append(operation)
        return {"KeyId": "key", "CiphertextBlob": str(len(asked)).encode(), "Plaintext": b""}

    reused, now = Reused(), START
    made: dict[str, tuple[bytes, datetime]] = {}
    for who, seconds in steps:
        now += timedelta(seconds=seconds)
        before = len(asked)
        data_key = reused.to_encrypt(who, ask, "key", {}, now, timedelta(seconds=period))
        if who in made and now - made[who][1] < timedelta(seconds=period):
            assert (data_key.blob, len(asked)) == (made[who][0], before)
        else:
            assert asked[before:] == ["GenerateDataKey", "Decrypt"]
            made[who] = data_key.blob, now
    assert len({blob for blob, _ in made.values()}) == len(made)


@pytest.mark.parametrize(
    ("service", "write", "refused"),
    [
        ("sqs", to_queue, "AccessDenied"),
        ("secretsmanager", to_secret, "AccessDeniedException"),
        ("sns", to_topic, ""),
        ("ssm", to_parameter, ""),
    ],
)
def test_resource_control_policies_reach_queues_and_secrets_alone(
    lab: Lab, service: str, write: Write, refused: str
) -> None:
    call = write(lab, lab.home.admin, new_key(lab))
    deny = {"Effect": "Deny", "Principal": "*", "Action": f"{service}:*", "Resource": "*"}
    lab.organization().add(lab.home).attach_rcp({"Version": "2012-10-17", "Statement": [deny]})

    if refused:
        assert code_of(call) == refused
    else:
        call()


@EACH
def test_a_session_without_its_token_is_nobody(lab: Lab, service: str, write: Write) -> None:
    session = lab.home.role("writer").session("s1")
    object.__setattr__(session, "session_token", "of somebody else")

    assert code_of(write(lab, session, new_key(lab))) in ("UnrecognizedClientException", "InvalidClientTokenId")


def test_the_endpoint_policy_of_the_caller_has_no_say_in_what_the_service_asks(lab: Lab) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}
    endpoint = lab.vpc_endpoint({"Version": "2012-10-17", "Statement": [statement]})

    client = lab.home.admin.client("secretsmanager", vpc_endpoint=endpoint)
    client.create_secret(Name="s", SecretString="x", KmsKeyId=new_key(lab))
