"""Topics as a publisher sees them: the policy, the key, and how a message goes on to the queues.

moto keeps topics and subscriptions. Not for requests to SNS (sns.py).
"""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from moto.sns.models import sns_backends

from kms_katas.lab import mount
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Permission, ServiceCall, store_of
from kms_katas.lab.services.data_keys import Ask, Reused, key_of_owner
from kms_katas.lab.services.queues import delivered as delivered_to_queue
from kms_katas.lab.services.queues import queue_of_arn
from kms_katas.lab.services.service_sender import ServiceSender
from kms_katas.lab.stored_policies import named_policy
from kms_katas.policy import Decision, NamedPolicy

_REUSED = "_kms_katas_reused"
_SNS = "sns.amazonaws.com"
_REUSE_PERIOD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TopicAt:
    """`topic` is moto's, None where there is none of this ARN."""

    arn: str
    account: str
    region: str
    topic: Any

    @property
    def policy(self) -> NamedPolicy | None:
        return named_policy(f"topic policy of {self.topic.name}", self.topic.policy) if self.topic is not None else None


def topic_at(arn: str) -> TopicAt | None:
    """None for what is no ARN of a topic."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sns" or not parts[5]:
        return None
    region, account = parts[3], parts[4]
    store = store_of(sns_backends, account, region)
    return TopicAt(arn, account, region, store.topics.get(arn) if store is not None else None)


def take_data_key(at: TopicAt, who: Hashable, ask: Ask) -> None:
    """What SNS does before it takes a message for a topic under SSE-KMS. It reuses a data key for five minutes (SNS
    guide, "Key management"). Raises KMSError.
    """
    name = at.topic.kms_master_key_id
    if not name:
        return
    if not hasattr(at.topic, _REUSED):
        setattr(at.topic, _REUSED, Reused())
    reused: Reused = getattr(at.topic, _REUSED)
    key = key_of_owner(name, at.account, at.region)
    reused.to_encrypt(who, ask, key, context_of(at), setting.now(), _REUSE_PERIOD)


def context_of(at: TopicAt) -> dict[str, str]:
    """As policies in public repositories have it; the SNS guide does not say."""
    return {"aws:sns:topicArn": at.arn}


def watch_subscriptions(at: TopicAt) -> None:
    """Puts the way to a queue under the rules that hold for SNS as a sender; to be called before a message is sent."""
    for subscription in at.topic.sns_backend._get_topic_subscriptions(at.topic):
        subscription.publish = partial(_send_on, subscription)


def _send_on(subscription: Any, *message: Any, **parts: Any) -> None:
    """In place of moto's Subscription.publish. In a lab nothing goes to the internet, and nothing runs.

    SNS needs nothing of the topic's own key for this: the guide asks for no such permission.
    """
    send = partial(type(subscription).publish, subscription, *message, **parts)
    if not mount.mounted():
        send()
    elif subscription.protocol == "sqs":
        at = queue_of_arn(subscription.endpoint)
        subscription.account_id = at.account  # where moto looks for the queue
        topic = subscription.topic
        delivered_to_queue(at, ServiceSender(_SNS, topic.arn, topic.account_id), send)
    elif setting.current.record is None:
        send()


def may_publish(at: TopicAt, sender: ServiceSender) -> Decision | None:
    """The decision that keeps a service out; None where it may publish, or nothing is enforced."""
    if not setting.current.enforce:
        return None
    permission = Permission("SNS:Publish", at.arn, at.account, at.policy)
    decision = sender.decision(permission, at.region, reached_by_rcps=False)
    return None if decision.allowed else decision


def published(at: TopicAt, sender: ServiceSender, message: str, call: ServiceCall | None = None) -> bool:
    """Whether a service's message came into the topic. Nobody is told when it did not."""
    if at.topic is None or may_publish(at, sender) is not None:
        return False
    try:
        take_data_key(at, sender.who, sender.asks(at.region, call))
    except KMSError:
        return False
    watch_subscriptions(at)
    at.topic.publish(message)
    return True
