"""The lab behind an address of this machine: what AWS's own clients send there is answered by the same `Lab`.

Every request must be signed by a principal of the lab. Not for the screen of `kata lab serve`: cli/lab.py.
"""

import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, SHUT_WR
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from moto.core.models import responses_mock

from kms_katas.lab.error_answers import error_answer, family
from kms_katas.lab.kms.setting import one_at_a_time
from kms_katas.lab.lab import Lab
from kms_katas.lab.network import Route, mark
from kms_katas.lab.presigned import (
    is_presigned,
    require_present_signature,
    require_presigned,
    signature_headers,
    without_signature,
)
from kms_katas.lab.signature import AwsRefused, Signed, require_signature, who_signed

SERVICES = {"iam", "kms", "sts"} | {"cloudtrail", "events", "logs", "organizations", "tagging"}
SERVICES |= {"dynamodb", "ebs", "ec2", "s3", "secretsmanager", "sns", "sqs", "ssm"}
"""By their signing names. Left out is what moto answers by running code, such as Lambda."""
MAX_BODY = 128 * 1024 * 1024
"""Bytes of one request. AWS takes more; the lab keeps everything in memory."""
IDLE_SECONDS = 60
"""How long a connection may be silent."""

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_FORWARDED_NOT = {"host", "connection", "expect", "transfer-encoding", "content-length"}
_BACK_NOT = {"connection", "transfer-encoding", "content-length", "date", "server", "keep-alive"}
_LINE = 65536
_TOO_LONG = f"The lab takes requests of at most {MAX_BODY // 1024**2} MiB."
_DRAINED, _DRAIN_SECONDS = 1024 * 1024, 2
"""How much is read of a body that nobody wants: bytes, and seconds of silence."""

Answer = tuple[int, Mapping[str, str], bytes]
"""HTTP status, headers, body."""


class Endpoint:
    """Listens from when it is made. `url` is its address, `http://HOST:PORT`; `port` 0 takes any that is free.

    The lab must be open, and its clock follows the real one from here on. Raises OSError where the address cannot be
    had, and ValueError for a host that is no IP address.
    """

    def __init__(self, lab: Lab, host: str = "127.0.0.1", port: int = 0) -> None:
        self.lab = lab
        self._seen = datetime.now(UTC)
        self._server = _Server(host, port, self)
        # What moto would send to an address, such as EventBridge's API destinations, goes from here to nowhere: callers
        # may be strangers. SNS has a stop of its own (services/topics.py).
        self._passed, responses_mock.passthru_prefixes = responses_mock.passthru_prefixes, ()
        self.port: int = self._server.server_address[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def serve(self) -> None:
        """Answers until `close` is called in another thread, or until Ctrl-C."""
        self._server.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        responses_mock.passthru_prefixes = self._passed

    @contextmanager
    def in_background(self) -> Iterator["Endpoint"]:
        """Answers in a thread of its own, for as long as the body takes."""
        threading.Thread(target=self.serve, daemon=True).start()
        try:
            yield self
        finally:
            self.close()

    @one_at_a_time
    def who(self, headers: dict[str, str]) -> Signed:
        """Who signed, told by the headers alone: nobody's body is read. Raises AwsRefused."""
        self._follow_real_time()
        return who_signed(headers, self.lab.clock.now())

    @one_at_a_time
    def answer(
        self, signed: Signed, method: str, target: str, headers: dict[str, str], body: bytes, peer: str
    ) -> Answer:
        """The lab's answer to one request. `target` is path and query as they were sent, `peer` the sender's address.

        Raises AwsRefused where the signature is not that of who seems to have signed.
        """
        self._follow_real_time()
        service, region, host = signed.service, signed.region, headers.get("host", "")
        if is_presigned(target):
            require_presigned(signed, method, host, target, headers, self.lab.clock.now())
            target = without_signature(target)
        else:
            require_signature(signed, service, region, method, f"http://{host}{target}", headers, body)
        if service not in SERVICES or not _REGION.fullmatch(region):
            there = ", ".join(sorted(SERVICES))
            text = f"The lab does not serve {service} in {region}. It has {there}, in the Regions of AWS."
            raise AwsRefused("UnknownEndpoint", text, 400, family(service, headers.get("content-type", "")))
        kept = {name: value for name, value in headers.items() if name not in _FORWARDED_NOT}
        kept = {name: value for name, value in kept.items() if not name.startswith("x-moto-")}
        kept["content-length"] = str(len(body))
        url = aws_url(service, region, host, target)
        request = AWSPreparedRequest(method, url, HeadersDict(kept), body, stream_output=False)
        mark(request, Route(peer.partition("%")[0]))
        response = self.lab.send(request)
        content: bytes = response.content
        if service == "sqs" and b"MD5Of" not in content:  # that would be a message, which is nobody's to change
            content = content.replace(aws_url(service, region, "", "/").encode(), f"http://{host}/".encode())
        return response.status_code, response.headers, content

    def _follow_real_time(self) -> None:
        """By whole seconds, as the lab's clock goes. A real clock that was put back does not move it."""
        passed = int((datetime.now(UTC) - self._seen).total_seconds())
        if passed > 0:
            self.lab.clock.advance(seconds=passed)
            self._seen = datetime.now(UTC)


def aws_url(service: str, region: str, host: str, target: str) -> str:
    """Where a request would go on AWS. S3 takes the bucket from the path, or from a host BUCKET.localhost."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    place = service if service == "iam" else f"{service}.{region}"  # as AWS has it: it goes down with no Region
    bucket = _host_name(host).removesuffix(".localhost").removesuffix(".s3")
    if service == "s3" and _host_name(host).endswith(".localhost") and _BUCKET.fullmatch(bucket):
        place = f"{bucket}.{place}"
    return f"https://{place}.{suffix}{target}"


def is_own_host(host: str) -> bool:
    """Whether a Host header names this machine in a way that no other site can: an IP address, or localhost.

    A name of somebody's domain may be made to lead here (DNS rebinding), so that a page of theirs speaks to the lab.
    """
    if not _HOST.fullmatch(host):
        return False
    name = _host_name(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    with suppress(ValueError):
        return bool(ip_address(name.strip("[]")))
    return False


def _host_name(host: str) -> str:
    """Without the port, in small letters."""
    return re.sub(r":[0-9]+$", "", host).lower()


class _BodyRefused(Exception):
    """The body is not one that the lab takes."""


class _Server(ThreadingMixIn, TCPServer):
    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # there it would let two servers have one port
    request_queue_size = 64

    def __init__(self, host: str, port: int, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.address_family = AF_INET6 if ip_address(host).version == 6 else AF_INET
        super().__init__((host, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _answer(self) -> None:
        headers = self._named_headers()
        self._unread = True
        try:
            status, answer_headers, body = self._answer_to(headers)
        except AwsRefused as error:
            answer_headers, text = error_answer(error.family, error.code, error.message)
            status, body = error.status, text.encode()
        except _BodyRefused as error:
            status, answer_headers, body = 400, {"Content-Type": "text/plain; charset=utf-8"}, str(error).encode()
        except Exception as fault:
            text = f"The lab failed on this request ({type(fault).__name__}). This is a fault of the lab, not yours."
            answer_headers, text = error_answer("json", "InternalFailure", text)
            status, body = 500, text.encode()
        self.close_connection |= self._unread
        self._send(status, answer_headers, body)
        if self._unread:
            self._drain()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = _answer

    def _drain(self) -> None:
        """Closed before it has read what is there, a connection may lose the answer on its way."""
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(SHUT_WR)
            self.connection.settimeout(_DRAIN_SECONDS)
            self.rfile.read(_DRAINED)

    def _answer_to(self, headers: dict[str, str]) -> Answer:
        target = self.requestline.split()[1]
        refused = _no_client_of_aws(headers, target)
        if refused:
            return 403, {"Content-Type": "text/plain; charset=utf-8"}, f"{refused}\n".encode()
        endpoint = self.server.endpoint
        require_present_signature(target)
        if is_presigned(target):
            headers |= signature_headers(target)
        signed = endpoint.who(headers)
        body = self._body()
        self._unread = False
        return endpoint.answer(signed, self.command, target, headers, body, self.client_address[0])

    def _named_headers(self) -> dict[str, str]:
        """Names in small letters; the values of a name that comes twice are joined, as they are signed."""
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            before = headers.get(name.lower())
            headers[name.lower()] = value if before is None else f"{before},{value}"
        return headers

    def _length(self) -> int:
        """Of the body, as its header says: 0 where it says nothing that is a number."""
        said = self.headers.get("Content-Length", "")
        return int(said) if re.fullmatch("[0-9]{1,18}", said) else 0

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        if self._length() > MAX_BODY:
            raise _BodyRefused(_TOO_LONG)
        return self.rfile.read(self._length())

    def _chunks(self) -> Iterator[bytes]:
        """The body of a client that did not say how long it is (RFC 9112, 7.1)."""
        total = 0
        while size := self._chunk_size():
            total += size
            if total > MAX_BODY:
                raise _BodyRefused(_TOO_LONG)
            yield self.rfile.read(size)
            self.rfile.readline(_LINE)
        while self.rfile.readline(_LINE).strip():
            """Trailers, which nobody reads."""

    def _chunk_size(self) -> int:
        line = self.rfile.readline(_LINE).partition(b";")[0].strip()
        if not re.fullmatch(b"[0-9a-fA-F]{1,8}", line):
            raise _BodyRefused("The request says that it is sent in chunks, and it is not.")
        return int(line, 16)

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _BACK_NOT:
                self.send_header(name, re.sub("[\r\n]", " ", str(value)))
        bodiless = self.command == "HEAD" or status in (204, 304)
        # What HEAD says of an object is the length of what GET would bring.
        told = next((value for name, value in headers.items() if name.lower() == "content-length"), None)
        length = told if self.command == "HEAD" and told is not None else str(len(body))
        if status not in (204, 304):
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if not bodiless:
            self.wfile.write(body)

    def version_string(self) -> str:
        return "kms-katas-lab"

    def log_message(self, format: str, *args: Any) -> None:
        """The screen belongs to the command."""


def _no_client_of_aws(headers: Mapping[str, str], target: str) -> str:
    """Why this cannot be a client of AWS that a principal of the lab uses; empty where it can."""
    if "origin" in headers:
        return "The lab answers no web pages. Call it with the AWS CLI or an AWS SDK, outside of a browser."
    if not is_own_host(headers.get("host", "")) or not target.startswith("/"):
        return "The lab answers to an IP address or localhost only. Set AWS_ENDPOINT_URL to one that it printed."
    return ""
