"""A lab behind an address, called by boto3 or by hand. For the tests of lab/endpoint.py; it tests nothing."""

from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from kms_katas.lab import Lab, Principal
from kms_katas.lab.endpoint import Endpoint

LIST_KEYS = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1"}


@dataclass(frozen=True)
class Answered:
    """What came back over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Served:
    lab: Lab
    endpoint: Endpoint

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.endpoint.port}"

    def client(self, service: str, principal: Principal | None = None, **config: Any) -> Any:
        """A boto3 client that reaches the lab over the wire, by default the administrator's."""
        who = principal or self.lab.home.admin
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=self.endpoint.url,
            aws_access_key_id=who.access_key_id,
            aws_secret_access_key=who.secret_access_key,
            aws_session_token=who.session_token,
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def ask(
        self, method: str, target: str, headers: dict[str, str], body: Any = b"", chunked: bool = False
    ) -> Answered:
        """Sends just this, and the Host header unless one is given."""
        connection = HTTPConnection("127.0.0.1", self.endpoint.port, timeout=30)
        try:
            connection.request(method, target, body, headers, encode_chunked=chunked)
            response = connection.getresponse()
            return Answered(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def signed(
        self,
        service: str = "kms",
        method: str = "POST",
        target: str = "/",
        body: bytes | None = b"{}",
        principal: Principal | None = None,
        region: str = "us-east-1",
        **headers: str,
    ) -> dict[str, str]:
        """The headers of a request that this principal signed. `body` None: it comes in AWS's chunks, unsigned."""
        who = principal or self.lab.home.admin
        named = {"Host": self.host} | {name.replace("_", "-"): value for name, value in headers.items()}
        if service == "kms":
            named |= LIST_KEYS
        request = AWSRequest(method, f"http://{named['Host']}{target}", named, body)
        if body is None:
            request.context["checksum"] = {"request_algorithm": {"in": "trailer"}}
        credentials = Credentials(who.access_key_id, who.secret_access_key, who.session_token)
        (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, region).add_auth(request)
        return dict(request.headers.items())
