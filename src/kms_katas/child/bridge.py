"""The child's only way out: AWS requests, streams and sleeping, each one question and one reply over the bridge; only
what was written to a stream, or read of one that is here, goes along with the question after it and has no reply.

Not for running the answer.
"""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from kms_katas.child import wire
from kms_katas.child.clients import Clients

Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""Sends one question and waits for its reply."""
Hold = Callable[[dict[str, Any]], bool]
"""Keeps one question, to be sent with the next one or with the outcome; False where there is no room for it."""


class LabRefused(Exception):
    """The lab did not let a request through; the sentence says which and why."""


class Bridge:
    """One question at a time, whichever thread asks: whoever uses the connection holds `lock`."""

    def __init__(self, ask: Ask) -> None:
        self.connect(ask)
        self.lock = threading.Lock()
        self._replies = threading.local()
        self.loads = 0
        """How often an answer was loaded. A stream lives as long as the check that it was made for."""

    @cached_property
    def clients(self) -> Clients:
        """Made at first use: a session has the handlers that there were when it was made; send_request must be one."""
        return Clients()

    def connect(self, ask: Ask, hold: Hold = lambda question: False) -> None:
        self._ask, self._hold = ask, hold

    def ask(self, question: dict[str, Any], loads: int | None = None) -> dict[str, Any]:
        """Raises LabRefused, also when the answer was loaded anew since those `loads`."""
        with self.lock:
            self._expect_still(loads)
            reply = self._ask(question)
        if "refused" in reply:
            raise LabRefused(str(reply["refused"]))
        return reply

    def tell(self, question: dict[str, Any], loads: int | None = None) -> None:
        """Ask what has nothing in its reply. A refusal may come in place of a later reply, or of the outcome."""
        with self.lock:
            self._expect_still(loads)
            held = self._hold(question)
        if not held:
            self.ask(question, loads)

    def _expect_still(self, loads: int | None) -> None:
        """A thread that outlives its check may not speak in the next one: numbers of streams begin anew there."""
        if loads not in (None, self.loads):
            raise LabRefused("this stream ended with the check that it was given for")

    def send_request(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """botocore's before-send handler: what it returns is the response, and nothing goes to a network."""
        headers = [[str(name), _text(value)] for name, value in request.headers.items()]
        reply = self.ask_aws(request.method, request.url, headers, _body(request.body))
        return AWSResponse(request.url, reply["status"], dict(reply["headers"]), _Raw(wire.decode(reply["body"])))

    def ask_aws(self, method: str, url: str, headers: list[list[str]], body: bytes) -> dict[str, Any]:
        """The lab's reply to one request: `status`, `headers` in pairs, and `body` as wire.encode() gives it."""
        if reply := self._replies.__dict__.pop("first", None):
            return reply  # type: ignore[no-any-return]
        return self.ask({"ask": "http", "method": method, "url": url, "headers": headers, "body": wire.encode(body)})

    @contextmanager
    def repeated(self, reply: dict[str, Any]) -> Iterator[None]:
        """Within it, the next request of this thread has this reply, and is not asked."""
        self._replies.first = reply
        try:
            yield
        finally:
            self._replies.__dict__.pop("first", None)

    def handle(self, described: dict[str, Any]) -> Any:
        """What a handle stands for in the child. Raises WireError for a kind that this version does not know."""
        match described["kind"]:
            case "client":
                return self.clients.lend(described)
            case "stream":
                return Stream(self, described)
            case "clock":
                return Clock()
        raise wire.WireError(f"a handle of kind {described['kind']!r}")


class Clock:
    """The lab's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Stream(io.RawIOBase):
    """A stream that lives in the lab: bytes are made, counted and checked there.

    Where its content came along, bytes are read from that, at most `most` at once, and the lab is told.
    """

    def __init__(self, bridge: Bridge, described: dict[str, Any]) -> None:
        self._bridge, self._number, self._loads = bridge, described["id"], bridge.loads
        self._readable: bool = described["readable"]
        self._here = io.BytesIO(wire.decode(described["content"])) if "content" in described else None
        self._most = described.get("most")

    def readable(self) -> bool:
        return self._readable

    def writable(self) -> bool:
        return not self._readable

    def read(self, size: int | None = -1) -> bytes:
        size = -1 if size is None else max(-1, int(size))
        if self._here is not None and size <= wire.MAX_FRAME // 2:  # of more at once, the lab says that it is too much
            data = self._here.read(min(size, self._most or size))
            self._bridge.tell({"ask": "took", "stream": self._number, "size": size}, self._loads)
            return data
        reply = self._bridge.ask({"ask": "read", "stream": self._number, "size": size}, self._loads)
        return bytes(wire.decode(reply["data"]))

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        data = bytes(data)
        question = {"ask": "write", "stream": self._number, "data": wire.encode(data)}
        if self._readable:
            self._bridge.ask(question, self._loads)  # it will be refused
        else:
            self._bridge.tell(question, self._loads)
        return len(data)


class _Raw(io.BytesIO):
    """The part of urllib3's response that botocore reads."""

    def stream(self, amt: int = 1 << 16, decode_content: bool | None = None) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk

    def release_conn(self) -> None:
        return None


def _body(body: Any) -> bytes:
    """A request body, whole: text, bytes, a file or botocore's aws-chunked wrapper."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    if hasattr(body, "read"):
        return bytes(body.read())
    return b"".join(body)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
