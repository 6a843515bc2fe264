"""Topics as a publisher sees them: the policy, the key, and how a message goes on to the queues.

moto keeps topics and subscriptions. Not for requests to SNS (sns.py).
"""

from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from moto.sns.models import sns_backends

from kms_katas.lab import mount
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Permission, store_of
from kms_katas.lab.services.data_keys import Ask, key_of_owner, reused_of
from kms_katas.lab.services.queues import delivered, queue_of_arn
from kms_katas.lab.services.service_sender import ServiceSender
from kms_katas.lab.stored_policies import named_policy
from kms_katas.policy import Decision, NamedPolicy

_SNS = "sns.amazonaws.com"
_REUSE_PERIOD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TopicAt:
    """`found` is moto's, None where there is none of this ARN."""

    arn: str
    account: str
    region: str
    found: Any

    @property
    def policy(self) -> NamedPolicy | None:
        return named_policy(f"topic policy of {self.found.name}", self.found.policy) if self.found is not None else None

    @property
    def context(self) -> dict[str, str]:
        """As policies in public repositories have it; the SNS guide does not say."""
        return {"aws:sns:topicArn": self.arn}

    def refusal(self, sender: ServiceSender) -> Decision | None:
        if not setting.current.enforce:
            return None
        permission = Permission("SNS:Publish", self.arn, self.account, self.policy)
        decision = sender.decision(permission, self.region, reached_by_rcps=False)
        return None if decision.allowed else decision

    def take(self, sender: ServiceSender, text: str) -> None:
        if self.found is None or self.refusal(sender) is not None:
            return
        with suppress(KMSError):
            take_data_key(self, sender.who, sender.asks(self.region))
            watch_subscriptions(self)
            self.found.publish(text)


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
    name = at.found.kms_master_key_id
    if not name:
        return
    key = key_of_owner(name, at.account, at.region)
    reused_of(at.found).to_encrypt(who, ask, key, at.context, setting.now(), _REUSE_PERIOD)


def watch_subscriptions(at: TopicAt) -> None:
    """Puts the way to a queue under the rules that hold for SNS as a sender; to be called before a message is sent."""
    for subscription in at.found.sns_backend._get_topic_subscriptions(at.found):
        subscription.publish = partial(_send_on, subscription)


def _send_on(subscription: Any, *message: Any, **parts: Any) -> None:
    """In place of moto's Subscription.publish. In a lab nothing goes to the internet, and nothing runs.

    SNS needs nothing of the topic's own key for this: the guide asks for no such permission. What a FIFO topic sends
    has a deduplication ID, which the queue takes over (SNS guide, "Message deduplication for FIFO topics").
    """
    if parts.get("group_id") and not parts.get("deduplication_id"):
        parts["deduplication_id"] = sha256(message[0].encode()).hexdigest()
    send = partial(type(subscription).publish, subscription, *message, **parts)
    filter_policy = subscription._filter_policy_matcher
    if filter_policy is not None and not filter_policy.matches(parts.get("message_attributes"), message[0]):
        return
    if not mount.mounted():
        send()
    elif subscription.protocol == "sqs":
        at = queue_of_arn(subscription.endpoint)
        subscription.account_id = at.account  # where moto looks for the queue
        topic = subscription.topic
        delivered(at, ServiceSender(_SNS, topic.arn, topic.account_id), send)
    elif setting.current.record is None:
        send()
