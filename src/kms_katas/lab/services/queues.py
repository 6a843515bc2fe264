"""Queues as a sender sees them: the policy, the key, and what a service has to pass to put a message in.

moto keeps queues and messages. Not for requests to SQS (sqs.py).
"""

from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from moto.core.exceptions import ServiceException
from moto.sqs.models import sqs_backends

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Permission, store_of
from kms_katas.lab.services.data_keys import Ask, DataKey, key_of_owner, reused_of
from kms_katas.lab.services.service_sender import ServiceSender
from kms_katas.lab.stored_policies import named_policy
from kms_katas.policy import Decision, NamedPolicy

_UNDER = "_kms_katas_data_key"


@dataclass(frozen=True, slots=True)
class QueueAt:
    """Where a queue is, or would be: `found` is moto's, None where there is none of this name."""

    account: str
    region: str
    name: str
    found: Any

    @property
    def arn(self) -> str:
        return f"arn:{PARTITION}:sqs:{self.region}:{self.account}:{self.name}"

    @property
    def policy(self) -> NamedPolicy | None:
        text = self.found.policy if self.found is not None else None
        return named_policy(f"queue policy of {self.name}", text) if text else None

    @property
    def context(self) -> dict[str, str]:
        """From memory of AWS's records, and as policies in public repositories have it; the SQS guide does not say."""
        return {"aws:sqs:arn": self.arn}

    def refusal(self, sender: ServiceSender) -> Decision | None:
        if not setting.current.enforce:
            return None
        permission = Permission("sqs:SendMessage", self.arn, self.account, self.policy)
        decision = sender.decision(permission, self.region, reached_by_rcps=True)
        return None if decision.allowed else decision

    def take(self, sender: ServiceSender, text: str) -> None:
        store = store_of(sqs_backends, self.account, self.region)
        delivered(self, sender, lambda: store.send_message(self.name, text))


def queue_at(account: str, region: str, name: str) -> QueueAt:
    store = store_of(sqs_backends, account, region)
    return QueueAt(account, region, name, store.queues.get(name) if store is not None else None)


def queue_of_arn(arn: str) -> QueueAt:
    region, account, name = arn.split(":", 5)[3:]
    return queue_at(account, region, name)


def data_key_to_send(at: QueueAt, who: Hashable, ask: Ask) -> DataKey | None:
    """What a message is to lie under; None for a queue without SSE-KMS. Raises KMSError."""
    name = at.found.kms_master_key_id
    if not name:
        return None
    key = key_of_owner(name, at.account, at.region)
    return reused_of(at.found).to_encrypt(who, ask, key, at.context, setting.now(), reuse_period(at.found))


def reuse_period(queue: Any) -> timedelta:
    return timedelta(seconds=int(queue.kms_data_key_reuse_period_seconds))


def sent_under(at: QueueAt, data_key: DataKey | None, send: Callable[[], Any]) -> Any:
    """Sends, and marks what is new in the queue with the data key that it lies under."""
    before = len(at.found._messages)
    answer = send()
    for message in at.found._messages[before:]:
        setattr(message, _UNDER, data_key)
    return answer


def lies_under(message: Any) -> DataKey | None:
    found: DataKey | None = getattr(message, _UNDER, None)
    return found


def delivered(at: QueueAt, sender: ServiceSender, send: Callable[[], Any]) -> None:
    """Sends a service's message, if that may come in. Nobody is told when it may not."""
    if at.found is None or at.refusal(sender) is not None:
        return
    with suppress(KMSError, ServiceException):  # moto's: too long for this queue, or not fit for a FIFO queue
        sent_under(at, data_key_to_send(at, sender.who, sender.asks(at.region)), send)
