"""S3's events on their way to queues and topics: what S3 checks when they are set up, and what becomes of each event.

S3 acts as itself, s3.amazonaws.com, for the bucket: the policy of the queue or topic must let it in, and the policy of
its key must let S3 use that (S3 guide, "Granting permissions to publish event notification messages to a destination").
The AWS managed keys never do. Not for events to Lambda and EventBridge: those are moto's.
"""

import json
from collections.abc import Iterable
from typing import Any

from moto.s3 import notifications
from moto.s3.models import s3_backends

from kms_katas.lab import mount
from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Answer, Refused, ServiceCall, remember_denial
from kms_katas.lab.services.data_keys import key_of_owner, new_data_key, opened
from kms_katas.lab.services.service_sender import Destination, ServiceSender

_PUT = notifications.S3NotificationEvent.OBJECT_CREATED_PUT_EVENT
_motos_event, _motos_test_event = notifications.send_event, notifications.send_test_event


def put_notification_configuration(call: ServiceCall) -> Answer:
    """Checks every queue and topic by itself, and takes all or none (botocore op:PutBucketNotificationConfiguration).

    The check asks KMS anew each time, whatever data key the queue has in hand; what AWS does then is not documented.
    """
    asked = call.parameters
    account = s3_backends.bucket_accounts.get(asked["Bucket"], (None, call.caller.account))[1]
    bucket = s3_backends[account][PARTITION].buckets.get(asked["Bucket"])
    for arn in _destinations(asked.get("NotificationConfiguration") or {}):
        if not _well_formed(arn):
            raise Refused("InvalidArgument", "The ARN is not well formed")
        if bucket is not None and not asked.get("SkipDestinationValidation"):
            _check(call, bucket, arn)
    return call.forward({"x-moto-account-id": account} if account != call.caller.account else None)


def _destinations(configuration: dict[str, Any]) -> Iterable[str]:
    for kind, name in (("QueueConfigurations", "QueueArn"), ("TopicConfigurations", "TopicArn")):
        for one in configuration.get(kind) or ():
            yield one.get(name) or ""


def _check(call: ServiceCall, bucket: Any, arn: str) -> None:
    """Code and text as many reports of real errors have them; they do not tell what is missing, `Lab.explain` does.

    FIFO queues and topics are no destinations (S3 guide, "Supported event destinations"); that they get this text too
    is not known.
    """
    at, sender = _destination(arn), _sender(bucket)
    invalid = Refused("InvalidArgument", "Unable to validate the following destination configurations")
    if at.found is None or at.region != bucket.region_name or arn.endswith(".fifo"):
        raise invalid
    if (refusal := at.refusal(sender)) is not None:
        remember_denial(call, refusal)
        raise invalid
    if at.found.kms_master_key_id:
        ask, key = sender.asks(at.region, call), key_of_owner(at.found.kms_master_key_id, at.account, at.region)
        try:
            opened(ask, new_data_key(ask, key, at.context))
        except KMSError:
            raise invalid from None


def _sender(bucket: Any) -> ServiceSender:
    return ServiceSender("s3.amazonaws.com", f"arn:{PARTITION}:s3:::{bucket.name}", bucket.account_id)


def _destination(arn: str) -> Destination:
    from kms_katas.lab.services.queues import queue_of_arn  # here, for few buckets have events
    from kms_katas.lab.services.topics import topic_at

    return topic_at(arn) or queue_of_arn(arn)


def _well_formed(arn: str) -> bool:
    parts = arn.split(":")
    return len(parts) == 6 and parts[2] in ("sqs", "sns") and parts[5] != ""


def _send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
    """In place of moto's, which asks nobody and knows no queue of another account."""
    configuration = bucket.notification_configuration
    if configuration is None or not mount.mounted():
        _motos_event(account_id, event_name, bucket, key)
        return
    if event_name == _PUT and getattr(key, "multipart", None) is not None:
        return  # moto tells of an upload in parts twice; AWS tells of its completion alone
    to_queues, to_topics = configuration.queue, configuration.topic
    for one in (*to_queues, *to_topics):
        if one.matches(event_name, key.name):
            event = notifications._get_s3_event(event_name, bucket, key, one.id)
            _destination(one.arn).take(_sender(bucket), json.dumps(event))
    configuration.queue, configuration.topic = [], []
    try:
        _motos_event(account_id, event_name, bucket, key)
    finally:
        configuration.queue, configuration.topic = to_queues, to_topics


def _send_test_event(account_id: str, bucket: Any) -> None:
    if not mount.mounted():
        _motos_test_event(account_id, bucket)
        return
    configuration = bucket.notification_configuration
    for arn in dict.fromkeys(one.arn for one in (*configuration.queue, *configuration.topic)):
        _destination(arn).take(_sender(bucket), json.dumps(notifications._get_test_event(bucket.name)))


notifications.send_event, notifications.send_test_event = _send_event, _send_test_event
# They stay there, and are moto's own wherever the engine is not mounted.

FIDELITY = (
    (
        "Events to a queue or topic",
        "S3 sends as s3.amazonaws.com, with the bucket's ARN and account: PutBucketNotificationConfiguration fails "
        "where the queue policy, the topic policy or the key policy does not let it; an event that may not come in "
        "later is lost, and nobody is told. Each event arrives at once, and once. It has no userIdentity, and "
        "its eTag is the MD5 of the bytes under SSE-KMS too.",
    ),
)
"""What -> how the lab has it."""
