"""SNS: who may, and which key a topic's messages lie under. moto keeps topics and subscriptions and calls no KMS.

Source: SNS guide, "Key management" and "Cases for Amazon SNS access control".
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from moto.sqs.models import sqs_backends

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.key_policy_check import names_somebody_unknown
from kms_katas.lab.services.call import Answer, Permission, Refused, Service, ServiceCall, store_of
from kms_katas.lab.services.data_keys import asked_by, passed_on, requester
from kms_katas.lab.services.required import with_required
from kms_katas.lab.services.topics import TopicAt, take_data_key, topic_at, watch_subscriptions
from kms_katas.policy import Decision, PolicyError, denial_message, parse_document

_ON_THE_ACCOUNT = frozenset(["ListSubscriptions", "ListTopics"])


def _topic(call: ServiceCall) -> TopicAt | None:
    """The topic that a request is about; that of a subscription by its ARN. None for a phone and an endpoint."""
    asked = call.parameters
    if call.operation == "CreateTopic":
        return topic_at(f"arn:{PARTITION}:sns:{call.region}:{call.caller.account}:{asked.get('Name', '')}")
    if "SubscriptionArn" in asked:
        return topic_at(asked["SubscriptionArn"].rpartition(":")[0])
    return topic_at(asked.get("TopicArn") or asked.get("TargetArn") or asked.get("ResourceArn") or "")


def _needs(call: ServiceCall) -> Iterable[Permission]:
    action = f"SNS:{'Publish' if call.operation == 'PublishBatch' else call.operation}"
    at = _topic(call)
    if call.operation in _ON_THE_ACCOUNT or at is None:
        yield Permission(action, call.parameters.get("PhoneNumber") or call.parameters.get("TargetArn") or "*")
        return
    tags = at.found._tags if at.found is not None else {}
    context: dict[str, str | tuple[str, ...]] = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    for name in ("Endpoint", "Protocol"):
        if name in call.parameters:
            context[f"sns:{name}"] = call.parameters[name]
    yield Permission(action, at.arn, at.account, at.policy, context)


def _forward(call: ServiceCall) -> Answer:
    """moto keeps a subscription where it is asked; here it lies with its topic, so that messages find it."""
    _check(call.parameters)
    at = _topic(call)
    away = at is not None and at.account != call.caller.account
    return call.forward({"x-moto-account-id": at.account} if at is not None and away else None)


def _check(asked: Mapping[str, Any]) -> None:
    """The texts for an ARN and for a principal that is not there are seen in reports of real errors."""
    arn = asked.get("TopicArn")
    if arn is not None and topic_at(arn) is None:
        reason = f"An ARN must have at least 6 elements, not {len(arn.split(':'))}"
        why = f" Reason: {reason}" if len(arn.split(":")) < 6 else ""
        raise Refused("InvalidParameter", f"Invalid parameter: TopicArn{why}")
    if asked.get("Protocol") == "sqs" and not _is_arn_of_a_queue(asked.get("Endpoint", "")):
        raise Refused("InvalidParameter", "Invalid parameter: SQS endpoint ARN")
    attributes = dict(asked.get("Attributes") or {}) | {asked.get("AttributeName"): asked.get("AttributeValue")}
    if "Policy" in attributes:
        try:
            document = parse_document(attributes["Policy"] or "")
        except PolicyError as error:
            raise Refused("InvalidParameter", f"Invalid parameter: Policy Error: {error}") from None
        if names_somebody_unknown(document):
            raise Refused("InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound")
    if attributes.get("FilterPolicy"):
        try:
            json.loads(attributes["FilterPolicy"])
        except ValueError:
            raise Refused("InvalidParameter", "Invalid parameter: FilterPolicy: failed to parse JSON.") from None


def _is_arn_of_a_queue(endpoint: str) -> bool:
    """Whether there is a queue of that name does not matter: AWS takes the subscription."""
    parts = endpoint.split(":")
    return len(parts) == 6 and parts[2] == "sqs" and store_of(sqs_backends, parts[4], parts[3]) is not None


def _publish(call: ServiceCall) -> Answer:
    at = _topic(call)
    if at is None or at.found is None:
        return _forward(call)
    try:
        take_data_key(at, requester(call), asked_by(call))
    except KMSError as error:
        raise _of_kms(error) from None
    watch_subscriptions(at)
    return _forward(call)


_KMS_ERRORS = {
    "AccessDeniedException": "KMSAccessDenied",
    "DisabledException": "KMSDisabled",
    "KMSInvalidStateException": "KMSInvalidState",
    "NotFoundException": "KMSNotFound",
    "ThrottlingException": "KMSThrottling",
}
"""KMS's code -> SNS's, in botocore's model of SNS. What SNS says of a key of the wrong kind is not known: here it is
InvalidState.
"""


def _of_kms(error: KMSError) -> Refused:
    return Refused(_KMS_ERRORS.get(error.code, "KMSInvalidState"), passed_on(error), 400)


def _denied(decision: Decision) -> Refused:
    return Refused("AuthorizationError", denial_message(decision), 403)


FIDELITY = (
    (
        "Publishing to a topic under SSE-KMS",
        "GenerateDataKey and Decrypt for the publisher, with the topic's ARN as aws:sns:topicArn. The data key is "
        "reused for five minutes, for each principal on its own.",
    ),
    (
        "Delivery to a queue",
        "By SNS as itself (sns.amazonaws.com, with aws:SourceArn and aws:SourceAccount of the topic): the queue policy "
        "must let it send, the key policy use the queue's key. Where one does not, the message is lost and nobody is "
        "told. AWS tries again before it gives a message up, and keeps it for the dead-letter queue of the "
        "subscription; the lab does neither.",
    ),
    ("Delivery to HTTP, e-mail, phones, Lambda", "None in a lab."),
    ("Subscribing", "Confirmed at once; a subscription to a queue of another account is not asked about."),
    ("A key of the topic by its key ID or alias", "Looked up in the topic's account; AWS does not document it."),
)
"""What -> how the lab has it."""

_OPERATIONS = (
    *("AddPermission", "ConfirmSubscription", "CreateTopic", "DeleteTopic", "GetSubscriptionAttributes"),
    *("GetTopicAttributes", "ListSubscriptions", "ListSubscriptionsByTopic", "ListTagsForResource", "ListTopics"),
    *("Publish", "PublishBatch", "RemovePermission", "SetSubscriptionAttributes", "SetTopicAttributes", "Subscribe"),
    *("TagResource", "Unsubscribe", "UntagResource"),
)

SERVICE = with_required(
    Service(
        permissions=dict.fromkeys(_OPERATIONS, _needs),
        answers={
            **dict.fromkeys(_OPERATIONS, _forward),
            "Publish": _publish,
            "PublishBatch": _publish,
        },
        denied=_denied,
    )
)
