"""The lab's end of the bridge: what a child may ask, and nothing else. It trusts no word that comes from there."""

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from kms_katas.child import wire
from kms_katas.grading.handles import Sink, Source
from kms_katas.lab import Lab
from kms_katas.lab.signature import AwsRefused, require_signature, who_signed
from kms_katas.lab.transport import refusal

MAX_CALLS = 500
MAX_BYTES = 64 * 1024 * 1024
"""AWS calls and bytes that one check may send through the bridge."""
MAX_QUESTIONS = 100_000
"""Questions of any kind that one check's answer may ask: reading a stream byte by byte is no exercise."""
MAX_SLEEP = 20 * 365 * 86400.0
"""Seconds that one check's answer may sleep, all together: a clock that is moved on for ever runs out of years."""

T = TypeVar("T")

_NOT_UNDERSTOOD = "the lab did not understand the request"
_HOST = re.compile(
    r"(?:(?:[a-z0-9][a-z0-9.-]*\.)?(?P<s3>s3)|(?P<other>[a-z][a-z0-9-]*))"
    r"(?:\.(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9]))?\.amazonaws\.com"
)
_WITHOUT_REGION = ("s3", "sts")
"""Whose clients may leave the Region out of the host name, and mean us-east-1 then."""


class Refused(Exception):
    """The request does not go on; the sentence says why."""


class Gate:
    """Answers a child's questions for one check: http, read, took, write, sleep."""

    def __init__(self, lab: Lab, services: tuple[str, ...]) -> None:
        self.lab = lab
        self.services = services
        self.streams: dict[int, Source | Sink] = {}
        self._asked = self._calls = self._bytes = 0
        self._slept = 0.0
        self._answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "http": self._http,
            "read": self._read,
            "took": self._took,
            "write": self._write,
            "sleep": self._sleep,
        }

    def reply(self, question: dict[str, Any]) -> dict[str, Any]:
        """The reply to one question. Malformed questions are refused like any other."""
        try:
            self._asked += 1
            if self._asked > MAX_QUESTIONS:
                raise Refused(f"this check allows {MAX_QUESTIONS} questions to the lab and they are used up")
            return self._answers[question["ask"]](question)
        except Refused as refusal:
            return {"refused": str(refusal)}
        except (KeyError, TypeError, ValueError, AttributeError, wire.WireError):
            return {"refused": _NOT_UNDERSTOOD}

    def _http(self, question: dict[str, Any]) -> dict[str, Any]:
        method, url, body = (
            _field(question, "method", str),
            _field(question, "url", str),
            wire.decode(_field(question, "body", dict)),
        )
        if not isinstance(body, bytes):
            raise Refused(_NOT_UNDERSTOOD)
        self._count(len(body))
        service, region = self._destination(url)
        headers = _headers(_field(question, "headers", list))
        try:
            signed = who_signed(headers, self.lab.clock.now(), service)
            require_signature(signed, service, region, method, url, headers, body)
            with self.lab.via("answer"):
                status, answered, content = self.lab.answer(method, url, headers, body, signed.credential.principal)
        except AwsRefused as error:
            status, answered, content = refusal(url, headers, error.code, error.message, error.status)
        content = content.encode() if isinstance(content, str) else content
        self._bytes += len(content)
        return {
            "status": status,
            "headers": [[str(name), str(value)] for name, value in answered.items()],
            "body": wire.encode(content),
        }

    def _count(self, size: int) -> None:
        self._calls += 1
        self._bytes += size
        if self._calls > MAX_CALLS:
            raise Refused(f"this check allows {MAX_CALLS} AWS calls and they are used up")
        if self._bytes > MAX_BYTES:
            raise Refused(f"this check allows {MAX_BYTES} bytes to and from AWS and they are used up")

    def _destination(self, url: str) -> tuple[str, str]:
        parts = urlsplit(url)
        found = _HOST.fullmatch(parts.netloc)
        if parts.scheme != "https" or not found:
            raise Refused(
                f"there is no network here: {parts.scheme}://{parts.netloc[:100]} cannot be reached from an exercise"
            )
        service, region = found["s3"] or found["other"], found["region"]
        if region is None and service not in _WITHOUT_REGION:
            raise Refused(f"{parts.netloc[:100]} is no host of this AWS: the call was not sent")
        region = region or "us-east-1"
        if service not in self.services:
            raise Refused(f"this exercise has only {', '.join(self.services)}: the call to {service} was not sent")
        if service == "kms" and (parts.path != "/" or parts.query):
            raise Refused(f"KMS has nothing at {parts.path[:100]}: the call was not sent")
        return service, region

    def _read(self, question: dict[str, Any]) -> dict[str, Any]:
        source, size = self.streams[_field(question, "stream", int)], _field(question, "size", int)
        if not isinstance(source, Source):
            raise Refused("this stream is for writing")
        if (source.length - source.position if size < 0 else size) > wire.MAX_FRAME // 2:
            raise Refused(f"one read may ask for at most {wire.MAX_FRAME // 2} bytes")
        return {"data": wire.encode(source.read(size))}

    def _took(self, question: dict[str, Any]) -> dict[str, Any]:
        """A read of what was handed over: the bytes are there, and nobody but the child knows how it read them."""
        source, size = self.streams[_field(question, "stream", int)], _field(question, "size", int)
        if not isinstance(source, Source) or not source.handed:
            raise Refused("this stream was not handed over")
        source.take(size)
        return {}

    def _write(self, question: dict[str, Any]) -> dict[str, Any]:
        sink, data = (
            self.streams[_field(question, "stream", int)],
            wire.decode(_field(question, "data", dict)),
        )
        if not isinstance(sink, Sink) or not isinstance(data, bytes):
            raise Refused("this stream is for reading")
        if len(sink.data) + len(data) > MAX_BYTES:
            raise Refused(f"at most {MAX_BYTES} bytes may be written")
        sink.write(data)
        return {}

    def _sleep(self, question: dict[str, Any]) -> dict[str, Any]:
        seconds = _field(question, "seconds", float)
        # Said this way round, so that nan is refused.
        if not 0 <= seconds <= MAX_SLEEP - self._slept:
            raise Refused("that is too long to sleep")
        self._slept += seconds
        self.lab.clock.advance(seconds=seconds)
        return {"now": self.lab.clock.now().timestamp()}


def _field(question: dict[str, Any], name: str, kind: type[T]) -> T:
    value = question.get(name)
    if type(value) is not kind:
        raise Refused(_NOT_UNDERSTOOD)
    return value


def _headers(pairs: list[Any]) -> dict[str, str]:
    """Names in small letters, the last of each name; without moto's own, which would switch accounts."""
    headers = {}
    for pair in pairs:
        match pair:
            case [str() as name, str() as value]:
                headers[name.lower()] = value
            case _:
                raise Refused(_NOT_UNDERSTOOD)
    return {name: value for name, value in headers.items() if not name.startswith("x-moto-") and name != "host"}
