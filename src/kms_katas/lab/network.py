"""By which way a request came: from which address, through which VPC endpoint, or made by an AWS service.

Not part of a request's text: who sends a request cannot choose it, the lab says it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from botocore.awsrequest import AWSPreparedRequest

from kms_katas.policy import NamedPolicy

SOURCE_ADDRESS = "192.0.2.10"
"""Whence the lab's requests seem to come: an address set aside for documentation (RFC 5737)."""

PRIVATE_ADDRESS = "10.0.0.10"
"""Whence they come through a VPC endpoint."""

_PLACE = "kms_katas_route"


@dataclass(frozen=True, slots=True)
class VpcEndpoint:
    """An interface endpoint of KMS in a VPC. `policy` is its endpoint policy."""

    id: str
    vpc: str
    account: str
    policy: NamedPolicy = field(repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """`via_service` is the service that makes the request for the caller, as kms:ViaService has it:
    "s3.us-east-1.amazonaws.com"; empty for a request of the caller's own. `source_arn` and `source_account` are the
    resource for which a service calls as itself, and its account: aws:SourceArn and aws:SourceAccount.
    """

    source_ip: str = SOURCE_ADDRESS
    endpoint: VpcEndpoint | None = None
    via_service: str = ""
    source_arn: str = ""
    source_account: str = ""


DIRECT = Route()

in_force: ContextVar[Route] = ContextVar("in_force", default=DIRECT)
"""The way of the request that is being served."""


def route(source_ip: str | None, endpoint: VpcEndpoint | None, via_service: str | None, region: str) -> Route:
    """A way from what a person says of it. Raises ValueError for what is no address, and for no name of a service."""
    address = source_ip if source_ip is not None else SOURCE_ADDRESS if endpoint is None else PRIVATE_ADDRESS
    try:
        ip_address(address)
    except ValueError:
        raise ValueError(f"{address!r} is no IP address. Give one such as '203.0.113.7'.") from None
    service = via_service or ""
    if service and "." not in service:
        service = f"{service}.{region}.amazonaws.com"
    if service and not service.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        raise ValueError(f"{via_service!r} is no AWS service. Give its name as kms:ViaService has it, such as 's3'.")
    return Route(address, endpoint, service)


def send_by(client: Any, way: Route) -> None:
    """Makes every request of this boto3 client come this way."""

    client.meta.events.register_first("before-send", lambda request, **_: mark(request, way))


def mark(request: AWSPreparedRequest, way: Route) -> None:
    """Makes this one request come this way."""
    setattr(request, _PLACE, way)


@contextmanager
def on_its_way(request: AWSPreparedRequest) -> Iterator[None]:
    """Inside, the way of this request is in force."""
    token = in_force.set(getattr(request, _PLACE, DIRECT))
    try:
        yield
    finally:
        in_force.reset(token)
