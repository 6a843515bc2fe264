"""One request to a service other than KMS, and what a service says about it. Decides nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kms_katas.lab.callers import Caller
from kms_katas.lab.kms import setting
from kms_katas.lab.network import Route
from kms_katas.lab.request_keys import Context
from kms_katas.policy import Decision, NamedPolicy

Answer = tuple[int, Mapping[str, Any], str | bytes]
"""Status, headers and body, as moto's handlers return them."""


@dataclass(slots=True)
class ServiceCall:
    """`service` is boto3's name of it, "s3"; `parameters` are those of the boto3 call, but for streams, which are bytes
    as they came over the wire. `forward` hands the request to moto as it came, or as `headers` would have it.
    """

    service: str
    operation: str
    parameters: dict[str, Any]
    caller: Caller
    region: str
    user_agent: str
    request_id: str
    now: datetime
    route: Route
    forward: Callable[..., Answer] = field(repr=False)
    signature: str = "AWS4-HMAC-SHA256"
    """How it is signed, as s3:signatureversion has it; "AWS" is the old way, which S3 alone still takes."""


def remember_denial(call: ServiceCall, decision: Decision | None) -> None:
    """What `Lab.explain` tells of the error that this call ends with: the service's own refusal, or that of KMS."""
    if setting.current.denied is not None and decision is not None:
        setting.current.denied(call.request_id, decision)


def store_of(backends: Any, account: str, region: str) -> Any:
    """moto's store of a service; None where there is no such Region, or where that is no account."""
    if not (len(account) == 12 and account.isascii() and account.isdigit()):
        return None
    try:
        return backends[account][region]
    except KeyError:
        return None


@dataclass(frozen=True, slots=True)
class Permission:
    """What a request needs: an action on the ARN of a resource that `owner` owns, empty for nothing that is owned.

    `policy` is the resource's own policy. `context` are the condition keys of this service.
    """

    action: str
    resource: str
    owner: str = ""
    policy: NamedPolicy | None = None
    context: Context = field(default_factory=dict)


class Refused(Exception):
    """A service's answer that is an error: AWS's code, text and HTTP status. `shape` is the error's name in botocore's
    model, where the service tells that apart from the code for clients of its older protocol (SQS).
    """

    def __init__(self, code: str, message: str, status: int = 400, shape: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.shape = code, message, status, shape


@dataclass(frozen=True)
class Service:
    """What a service does that moto does not.

    `permissions` tells for an operation which permissions a request needs; an operation that is not there is not
    refused. `answers` takes the place of moto's answer. `denied` makes AWS's error of a decision.
    """

    permissions: Mapping[str, Callable[[ServiceCall], Iterable[Permission]]]
    answers: Mapping[str, Callable[[ServiceCall], Answer]]
    denied: Callable[[Decision], Refused]
    reached_by_rcps: bool = False
