"""SQS: who may, and the data keys that messages lie under. moto keeps queues and messages and calls no KMS.

Source: SQS guide, "Amazon SQS Key management" and "Overview of managing access". A message keeps the data key that it
was sent under: changing the queue's key changes nothing for messages that are there, and their way to a dead-letter
queue does not either.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import partial

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.key_policy_check import names_somebody_unknown
from kms_katas.lab.services.call import Answer, Permission, Refused, Service, ServiceCall
from kms_katas.lab.services.data_keys import asked_by, passed_on, requester, reused_of
from kms_katas.lab.services.queues import (
    QueueAt,
    data_key_to_send,
    lies_under,
    queue_at,
    reuse_period,
    sent_under,
)
from kms_katas.lab.services.required import with_required
from kms_katas.policy import Decision, PolicyError, denial_message, parse_document

_URL = re.compile(r".*/([0-9]{12})/([^/]+)/?")
_HERE_ALONE = frozenset(
    (
        *("AddPermission", "CreateQueue", "DeleteQueue", "ListQueueTags", "ListQueues", "RemovePermission"),
        *("SetQueueAttributes", "TagQueue", "UntagQueue"),
    )
)
"""Never across accounts, whatever the queue policy says (SQS guide, "Overview of managing access")."""

_ACTION = {
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "DeleteMessageBatch": "DeleteMessage",
    "SendMessageBatch": "SendMessage",
}
"""Where the permission does not have the name of the operation."""


def _queue(call: ServiceCall) -> QueueAt:
    asked = call.parameters
    url = _URL.fullmatch(asked.get("QueueUrl", ""))
    account = asked.get("QueueOwnerAWSAccountId") or (url[1] if url else call.caller.account)
    name = url[2] if url else asked.get("QueueName") or asked.get("QueueUrl", "").rsplit("/", 1)[-1]
    at = queue_at(account, call.region, name)
    if at.found is None and not setting.current.enforce:
        return queue_at(call.caller.account, call.region, name)  # moto looks at the name alone
    return at


def _forward(call: ServiceCall, at: QueueAt) -> Answer:
    """moto looks in the caller's account; the queue may be in another."""
    return call.forward({"x-moto-account-id": at.account} if at.account != call.caller.account else None)


def _needs(call: ServiceCall) -> Iterable[Permission]:
    operation = call.operation
    action = f"sqs:{_ACTION.get(operation, operation)}"
    if operation == "ListQueues":
        yield Permission(action, "*")
        return
    at = _queue(call)
    policy = None if operation in _HERE_ALONE and at.account != call.caller.account else at.policy
    tags = at.found.tags if at.found is not None else {}
    context: dict[str, str | tuple[str, ...]] = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    yield Permission(action, at.arn, at.account, policy, context)


def _plain(call: ServiceCall) -> Answer:
    return _forward(call, _queue(call))


def _send(call: ServiceCall) -> Answer:
    at = _queue(call)
    if at.found is None:
        return _forward(call, at)
    try:
        data_key = data_key_to_send(at, requester(call), asked_by(call))
    except KMSError as error:
        raise _of_kms(error) from None
    answer: Answer = sent_under(at, data_key, partial(_forward, call, at))
    return answer


class _NobodyCame(Exception):
    """A long poll that has nothing to wait for: no other request is served while one is."""


def _receive(call: ServiceCall) -> Answer:
    """What a consumer may not open stays in the queue as it was. Doubtful: whether such a try counts as a receive."""
    at = _queue(call)
    if at.found is None:
        return _forward(call, at)
    before = [(message, dict(vars(message)), [*message._old_receipt_handles]) for message in at.found._messages]
    pending = set(at.found._pending_messages)
    at.found.wait_for_messages = _nobody_comes
    try:
        answer = _forward(call, at)
    except _NobodyCame:
        return 200, {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": call.request_id}, "{}"
    finally:
        del at.found.wait_for_messages
    taken = {message["MessageId"] for message in json.loads(answer[2] or "{}").get("Messages", ())}
    try:
        for message, _, _ in before:
            if message.id in taken and (data_key := lies_under(message)) is not None:
                reused_of(at.found).to_decrypt(
                    requester(call), asked_by(call), data_key, setting.now(), reuse_period(at.found)
                )
    except KMSError as error:
        for message, state, handles in before:
            if message.id in taken:
                vars(message).update(state, _old_receipt_handles=handles)
        at.found._pending_messages = pending
        raise _of_kms(error) from None
    return answer


def _nobody_comes(timeout: int) -> None:
    raise _NobodyCame


def _with_attributes(call: ServiceCall) -> Answer:
    """One kind of encryption at a time: the one that is set last ends the other. KMS is not asked here. An attribute
    that is not named stays as it is; moto would take the policy away.
    """
    given = call.parameters.get("Attributes") or {}
    _check(given)
    queue = _queue(call).found
    policy = queue.policy if queue is not None else ""
    answer = _forward(call, _queue(call))
    at = _queue(call)
    if answer[0] < 300 and at.found is not None:
        if "Policy" not in given:
            at.found.policy = policy
        if given.get("KmsMasterKeyId"):
            at.found.sqs_managed_sse_enabled = False
        elif given.get("SqsManagedSseEnabled") == "true":
            at.found.kms_master_key_id = None
    return answer


def _check(given: Mapping[str, str]) -> None:
    """Code and text for two kinds at once: as two other simulators have them; no recording shows them."""
    if given.get("KmsMasterKeyId") and given.get("SqsManagedSseEnabled") == "true":
        sentence = "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or "
        raise Refused("InvalidAttributeName", f"{sentence}SQS SSE.", shape="InvalidAttributeName")
    for name in _NUMBERS & given.keys():
        if not (given[name].isascii() and given[name].isdigit()):
            raise _unreadable(name)
    if not 60 <= int(given.get("KmsDataKeyReusePeriodSeconds", "300")) <= 86400:
        raise _unreadable("KmsDataKeyReusePeriodSeconds")
    if given.get("Policy"):
        try:
            somebody_unknown = names_somebody_unknown(parse_document(given["Policy"]))
        except PolicyError:
            somebody_unknown = True
        if somebody_unknown:
            raise _unreadable("Policy")
    if given.get("RedrivePolicy"):
        try:
            json.loads(given["RedrivePolicy"])
        except ValueError:
            raise _unreadable("RedrivePolicy") from None


_NUMBERS = frozenset(
    (
        *("DelaySeconds", "KmsDataKeyReusePeriodSeconds", "MaximumMessageSize", "MessageRetentionPeriod"),
        *("ReceiveMessageWaitTimeSeconds", "VisibilityTimeout"),
    )
)


def _unreadable(name: str) -> Refused:
    text = f"Invalid value for the parameter {name}."
    return Refused("InvalidAttributeValue", text, shape="InvalidAttributeValue")


_KMS_ERRORS = {
    "AccessDeniedException": ("KMS.AccessDeniedException", "KmsAccessDenied"),
    "DisabledException": ("KMS.DisabledException", "KmsDisabled"),
    "InvalidKeyUsageException": ("KMS.InvalidKeyUsageException", "KmsInvalidKeyUsage"),
    "KMSInvalidStateException": ("KMS.InvalidStateException", "KmsInvalidState"),
    "NotFoundException": ("KMS.NotFoundException", "KmsNotFound"),
    "ThrottlingException": ("KMS.ThrottlingException", "KmsThrottled"),
}
"""KMS's code -> SQS's code and its name in botocore's model. The first is seen in reports of real errors, the other
codes follow it.
"""


def _of_kms(error: KMSError) -> Refused:
    code, shape = _KMS_ERRORS.get(error.code, (f"KMS.{error.code}", ""))
    return Refused(code, passed_on(error), shape=shape)


def _denied(decision: Decision) -> Refused:
    """SQS prints the action in lower case: seen in reports of real errors."""
    action = decision.request.action
    return Refused("AccessDenied", denial_message(decision).replace(action, action.lower()), 403)


FIDELITY = (
    (
        "Sending to a queue under SSE-KMS",
        "GenerateDataKey and Decrypt for the sender, with the queue's ARN as aws:sqs:arn. The data key is reused for "
        "KmsDataKeyReusePeriodSeconds by the lab's clock, for each principal on its own; until then a disabled key and "
        "a lost permission do not show.",
    ),
    (
        "Receiving",
        "Decrypt for the receiver, for each data key that a message lies under, reused for as long. AWS may ask for an "
        "empty queue too; the lab does not.",
    ),
    ("A key of the queue by its key ID or alias", "Looked up in the queue's account; AWS does not document it."),
    ("Permissions", "Queue policy and IAM count for every action. AddPermission and RemovePermission are moto's."),
    ("Long polling", "A receive ends at once: nobody can send while one request waits."),
    (
        "Messages of other services",
        "S3 and SNS as on AWS; what moto's other services send (EventBridge rules, for one) comes in unasked.",
    ),
)
"""What -> how the lab has it."""

_OPERATIONS = (
    *("AddPermission", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "CreateQueue", "DeleteMessage"),
    *("DeleteMessageBatch", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues"),
    *("ListQueueTags", "ListQueues", "PurgeQueue", "ReceiveMessage", "RemovePermission", "SendMessage"),
    *("SendMessageBatch", "SetQueueAttributes", "TagQueue", "UntagQueue"),
)

SERVICE = with_required(
    Service(
        permissions=dict.fromkeys(_OPERATIONS, _needs),
        answers={
            **dict.fromkeys(_OPERATIONS, _plain),
            "CreateQueue": _with_attributes,
            "ReceiveMessage": _receive,
            "SendMessage": _send,
            "SendMessageBatch": _send,
            "SetQueueAttributes": _with_attributes,
        },
        denied=_denied,
        reached_by_rcps=True,
    )
)
