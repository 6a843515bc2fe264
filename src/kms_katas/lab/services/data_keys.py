"""The data keys that services keep with what they protect: how they get one, open it, and reuse it for a while; and how
they pass on what KMS says.

Asks KMS and decides nothing. Which key, which encryption context and when: that is with each service.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms.aws_managed import PREDEFINED
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import ServiceCall
from kms_katas.lab.services.keys_for_services import ask_kms, default_key

Ask = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""Takes an operation of KMS and its parameters, for somebody: a caller or a service principal. Raises KMSError."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key as it is kept: encrypted, under which KMS key, and with which encryption context."""

    key_arn: str
    blob: bytes
    context: Mapping[str, str]


def asked_by(call: ServiceCall) -> Ask:
    """For who calls the service."""
    return lambda operation, parameters: ask_kms(call, operation, parameters)


def new_data_key(ask: Ask, key: str, context: Mapping[str, str]) -> DataKey:
    parameters = {"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": dict(context)}
    made = ask("GenerateDataKey", parameters)
    return DataKey(made["KeyId"], made["CiphertextBlob"], dict(context))


def opened(ask: Ask, data_key: DataKey) -> bytes:
    answer = ask("Decrypt", {"CiphertextBlob": data_key.blob, "EncryptionContext": dict(data_key.context)})
    plaintext: bytes = answer["Plaintext"]
    return plaintext


def key_of_owner(name: str, account: str, region: str) -> str:
    """The ARN of what a queue or topic has as its key: key ID, alias name or ARN. The AWS managed key is made when it
    is first needed.

    Not documented is in whose account a plain name is looked up when somebody of another account sends. Here it is the
    owner's, so that the AWS managed key, whose policy knows its own account alone, stays out of reach for all others.
    """
    if name.startswith("arn:"):
        return name
    if name in PREDEFINED:
        return default_key(account, region, name)
    return f"arn:{PARTITION}:kms:{region}:{account}:{name if name.startswith('alias/') else f'key/{name}'}"


def requester(call: ServiceCall) -> Hashable:
    """Who shares data keys. Sessions of one role with the same session policies do, whatever their names (SQS guide,
    "Amazon SQS Key management"; S3 guide, "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys").
    """
    terms = call.caller.session
    limits = (terms.policy, terms.policy_arns) if terms is not None else ()
    return call.caller.role_arn or call.caller.arn, limits


@dataclass
class Reused:
    """The data keys that a queue or topic has in hand, for each requester on its own, and for encryption and decryption
    apart (SQS guide, "Understanding the data key reuse period").
    """

    sealing: dict[Hashable, tuple[DataKey, datetime]] = field(default_factory=dict)
    opening: dict[Hashable, datetime] = field(default_factory=dict)

    def to_encrypt(
        self, who: Hashable, ask: Ask, key: str, context: Mapping[str, str], now: datetime, period: timedelta
    ) -> DataKey:
        """A new one is opened once to see that it is whole: so a sender needs kms:Decrypt too. Raises KMSError."""
        known = self.sealing.get((who, key))
        if known is not None and now - known[1] < period:
            return known[0]
        data_key = new_data_key(ask, key, context)
        opened(ask, data_key)
        self.sealing[who, key] = data_key, now
        return data_key

    def to_decrypt(self, who: Hashable, ask: Ask, data_key: DataKey, now: datetime, period: timedelta) -> None:
        """Raises KMSError."""
        since = self.opening.get((who, data_key.blob))
        if since is None or now - since >= period:
            opened(ask, data_key)
            self.opening[who, data_key.blob] = now


_REUSED = "_kms_katas_reused"


def reused_of(holder: Any) -> Reused:
    """Those of moto's queue or topic."""
    if not hasattr(holder, _REUSED):
        setattr(holder, _REUSED, Reused())
    found: Reused = getattr(holder, _REUSED)
    return found


def passed_on(error: KMSError) -> str:
    """KMS's text as SQS, SNS, Parameter Store and Secrets Manager print it: seen in reports of real errors of all four,
    in a few of them without the Proxy.
    """
    about = f"Status Code: {int(error.status)}; Error Code: {error.code}; Request ID: {error.request_id}; Proxy: null"
    return f"{error.message} (Service: AWSKMS; {about})"
