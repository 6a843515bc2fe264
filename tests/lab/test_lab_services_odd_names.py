"""Names that are none, and parameters that are none: each service answers with an error of its own, and never with a
fault of the lab.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from kms_katas.lab import Lab

# Its clients are for one test, and here some are changed.
from kms_katas.lab.plugin import lab as lab

ODD = (
    *("", "x", "::", "a:b:c", "arn:", "arn:aws:ssm", "http://", "\u00e9\u00e9", "a" * 300, "{}", "[]", "-1"),
    *("arn:aws:sns:mars-1:1:x", "arn:aws:sns:us-east-1:abc:x", "arn:aws:sns:us-east-1:111122223333:"),
    *("arn:aws:sqs:mars-1:111122223333:q", "arn:aws:sqs:us-east-1::q", "arn:aws:sqs:us-east-1:111122223333:q:z"),
    *("arn:aws:secretsmanager:mars-1:zzz:secret:q", "arn:aws:ssm:us-east-1:444455556666:parameter/x"),
    *("https://sqs.us-east-1.amazonaws.com/999/q", "https://sqs.us-east-1.amazonaws.com/111122223333/"),
    *("/aws/reference/secretsmanager/", "/aws/reference/secretsmanager/nope", "arn:aws:kms:us-east-1:1:key/x"),
)


def with_name(lab: Lab) -> dict[str, Callable[[str], Any]]:
    """What can be asked with a name, by service and operation."""
    sqs, sns, store = (lab.home.admin.client(name) for name in ("sqs", "sns", "ssm"))
    secrets, s3 = lab.home.admin.client("secretsmanager"), lab.home.admin.client("s3")
    url, topic = sqs.create_queue(QueueName="q")["QueueUrl"], sns.create_topic(Name="t")["TopicArn"]
    s3.create_bucket(Bucket="odd-uploads")

    def set_queue(attribute: str, value: str) -> Any:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={attribute: value})
        return sqs.send_message(QueueUrl=url, MessageBody="x")

    def set_topic(attribute: str, value: str) -> Any:
        sns.set_topic_attributes(TopicArn=topic, AttributeName=attribute, AttributeValue=value)
        return sns.publish(TopicArn=topic, Message="x")

    def events(kind: str, arn: str, skip: bool) -> Any:
        one = {f"{kind}Arn": arn, "Events": ["s3:ObjectCreated:*"]}
        s3.put_bucket_notification_configuration(
            Bucket="odd-uploads",
            NotificationConfiguration={f"{kind}Configurations": [one]},
            SkipDestinationValidation=skip,
        )
        return s3.put_object(Bucket="odd-uploads", Key="k", Body=b"")

    return {
        "sqs send": lambda odd: sqs.send_message(QueueUrl=odd, MessageBody="x"),
        "sqs receive": lambda odd: sqs.receive_message(QueueUrl=odd),
        "sqs create": lambda odd: sqs.create_queue(QueueName=odd),
        "sqs owner": lambda odd: sqs.get_queue_url(QueueName="q", QueueOwnerAWSAccountId=odd),
        "sqs key": lambda odd: set_queue("KmsMasterKeyId", odd),
        "sqs policy": lambda odd: set_queue("Policy", odd),
        "sns publish": lambda odd: sns.publish(TopicArn=odd, Message="x"),
        "sns target": lambda odd: sns.publish(TargetArn=odd, Message="x"),
        "sns subscribe": lambda odd: sns.subscribe(TopicArn=odd, Protocol="sqs", Endpoint=odd),
        "sns endpoint": lambda odd: sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=odd),
        "sns unsubscribe": lambda odd: sns.unsubscribe(SubscriptionArn=odd),
        "sns key": lambda odd: set_topic("KmsMasterKeyId", odd),
        "sns policy": lambda odd: set_topic("Policy", odd),
        "secrets get": lambda odd: secrets.get_secret_value(SecretId=odd),
        "secrets put": lambda odd: secrets.put_secret_value(SecretId=odd, SecretString="x"),
        "secrets create": lambda odd: secrets.create_secret(Name=odd, SecretString="x"),
        "secrets key": lambda odd: secrets.create_secret(Name=f"s{ODD.index(odd)}", SecretString="x", KmsKeyId=odd),
        "secrets policy": lambda odd: secrets.put_resource_policy(SecretId="nope", ResourcePolicy=odd),
        "secrets batch": lambda odd: secrets.batch_get_secret_value(SecretIdList=[odd]),
        "ssm get": lambda odd: store.get_parameter(Name=odd, WithDecryption=True),
        "ssm several": lambda odd: store.get_parameters(Names=[odd], WithDecryption=True),
        "ssm path": lambda odd: store.get_parameters_by_path(Path=odd, WithDecryption=True),
        "ssm history": lambda odd: store.get_parameter_history(Name=odd),
        "ssm put": lambda odd: store.put_parameter(Name=odd, Value="x", Type="SecureString"),
        "ssm key": lambda odd: store.put_parameter(Name="p", Value="x", Type="SecureString", KeyId=odd),
        "s3 queue": lambda odd: events("Queue", odd, skip=False),
        "s3 topic": lambda odd: events("Topic", odd, skip=False),
        "s3 unchecked queue": lambda odd: events("Queue", odd, skip=True),
        "s3 unchecked topic": lambda odd: events("Topic", odd, skip=True),
    }


@pytest.mark.parametrize("service", ["sqs", "sns", "secrets", "ssm", "s3"])
def test_no_name_is_a_fault_of_the_lab(lab: Lab, service: str) -> None:
    faults = []
    for asked, call in with_name(lab).items():
        for odd in ODD if asked.split()[0] == service else ():
            try:
                call(odd)
            except ParamValidationError:  # boto3's own: it never left
                pass
            except ClientError as error:
                if error.response["Error"]["Code"] in ("InternalFailure", "InternalError"):
                    faults.append(json.dumps([asked, odd, str(error)]))
    assert faults == []


def code_of_body(lab: Lab, service: str, operation: str, parameters: dict[str, str], body: dict[str, Any]) -> str:
    """The error's code, where this body goes over the wire in the place of boto3's."""
    client = lab.home.admin.client(service)
    client.meta.events.register("before-sign", lambda request, **_: setattr(request, "data", json.dumps(body).encode()))
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**parameters)
    code: str = refused.value.response["Error"]["Code"]
    return code


ONE_NAME = pytest.mark.parametrize(
    ("service", "operation", "name", "missing"),
    [
        ("sqs", "get_queue_attributes", "QueueUrl", "MissingParameter"),
        ("secretsmanager", "get_secret_value", "SecretId", "ValidationException"),
        ("ssm", "get_parameter", "Name", "ValidationException"),
    ],
)


@ONE_NAME
@pytest.mark.parametrize("value", [5, [], {}, True])
def test_a_parameter_of_another_type_is_no_request(
    lab: Lab, service: str, operation: str, name: str, missing: str, value: Any
) -> None:
    assert code_of_body(lab, service, operation, {name: "x"}, {name: value}) == "SerializationException"


@ONE_NAME
@pytest.mark.parametrize("null", [True, False])
def test_a_parameter_that_is_not_there_is_named_as_missing(
    lab: Lab, service: str, operation: str, name: str, missing: str, null: bool
) -> None:
    assert code_of_body(lab, service, operation, {name: "x"}, {name: None} if null else {}) == missing


def test_a_topic_that_is_not_named_is_an_invalid_parameter(lab: Lab) -> None:
    client = lab.home.admin.client("sns")
    client.meta.events.register("before-call", lambda params, **_: params["body"].__delitem__("TopicArn"))
    with pytest.raises(ClientError, match=r"InvalidParameter.*TopicArn"):
        client.get_topic_attributes(TopicArn="x")
