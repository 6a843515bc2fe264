"""The child's end of the bridge by itself: whatever botocore sends and receives goes through it whole."""

import io
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from kms_katas.child import wire
from kms_katas.child.bridge import Bridge, LabRefused

Question = dict[str, Any]
Asked = list[Question]


def reply(body: bytes = b"", status: int = 200, **headers: str) -> Question:
    return {"status": status, "headers": [list(header) for header in headers.items()], "body": wire.encode(body)}


def client(service: str, answer: Callable[[Question], Question], **config: Any) -> Any:
    """A client of botocore whose requests all go over a bridge that is answered by `answer`."""
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "secret")
    session.register("before-send", Bridge(answer).send_request)
    return session.create_client(service, region_name="eu-west-1", config=Config(**config))


class Reader:
    """A file-like body that is no file."""

    def __init__(self, data: bytes) -> None:
        self._inner = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._inner.read(size)

    def seek(self, *where: int) -> int:
        return self._inner.seek(*where)

    def tell(self) -> int:
        return self._inner.tell()


@pytest.mark.parametrize("make", [bytes, bytearray, io.BytesIO, Reader])
@pytest.mark.parametrize("checksums", ["when_supported", "when_required"])
def test_bodies_cross_whole_whether_they_are_bytes_streams_or_aws_chunked(
    make: Callable[[bytes], Any], checksums: Any
) -> None:
    asked: Asked = []
    data = secrets.token_bytes(200_000)
    s3 = client("s3", lambda question: asked.append(question) or reply(), request_checksum_calculation=checksums)  # type: ignore[func-returns-value]
    s3.put_object(Bucket="bucket", Key="key", Body=make(data))
    (question,) = asked
    headers = {name.lower(): value for name, value in question["headers"]}
    body = wire.decode(question["body"])
    if "aws-chunked" in headers.get("content-encoding", ""):
        body = unchunked(body)
    assert body == data
    assert question["method"] == "PUT"


def test_a_streamed_body_is_sent_in_chunks_of_aws() -> None:
    """Else the case before never saw one."""
    asked: Asked = []
    s3 = client("s3", lambda question: asked.append(question) or reply())  # type: ignore[func-returns-value]
    s3.put_object(Bucket="bucket", Key="key", Body=io.BytesIO(b"data"))
    assert ["Content-Encoding", "aws-chunked"] in asked[0]["headers"]


def test_a_streamed_answer_is_read_whole_or_in_pieces() -> None:
    data = secrets.token_bytes(100_000)
    s3 = client("s3", lambda question: reply(data, **{"Content-Length": str(len(data))}))
    assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == data
    pieces = list(s3.get_object(Bucket="bucket", Key="key")["Body"].iter_chunks(4096))
    assert b"".join(pieces) == data and len(pieces) > 20


def test_what_crosses_of_a_request_is_json() -> None:
    asked: Asked = []
    kms = client("kms", lambda question: asked.append(question) or reply(b"{}"))  # type: ignore[func-returns-value]
    kms.create_key(Description="grün")
    (question,) = asked
    assert wire.decode(wire.encode(question)) == question
    assert all(isinstance(name, str) and isinstance(value, str) for name, value in question["headers"])


def test_an_aws_error_is_a_client_error_and_a_refusal_is_its_sentence() -> None:
    error = b'{"__type":"DisabledException","message":"it is disabled"}'
    with pytest.raises(Exception, match="it is disabled") as raised:
        client("kms", lambda question: reply(error, 400)).list_keys()
    assert type(raised.value).__name__ == "DisabledException"
    with pytest.raises(LabRefused, match="not here"):
        client("kms", lambda question: {"refused": "not here"}).list_keys()


def test_one_question_is_answered_before_the_next_is_asked() -> None:
    inside, most = 0, 0

    def ask(question: Question) -> Question:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        threading.Event().wait(0.001)
        inside -= 1
        return {"said": question["number"]}

    bridge, said = Bridge(ask), []
    threads = [
        threading.Thread(target=lambda n=n: said.append((n, bridge.ask({"number": n})["said"]))) for n in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert sorted(said) == [(number, number) for number in range(10)]


def test_the_bridge_is_free_again_after_a_question_that_failed() -> None:
    bridge = Bridge(lambda question: 1 / 0)  # type: ignore[arg-type, return-value]
    with pytest.raises(ZeroDivisionError):
        bridge.ask({})
    assert not bridge.lock.locked()


class Source:
    """Answers for one stream to read and one to write, as the lab does."""

    def __init__(self, data: bytes) -> None:
        self.rest, self.written, self.sizes = data, bytearray(), list[int]()

    def ask(self, question: Question) -> Question:
        if question["ask"] == "write":
            self.written += wire.decode(question["data"])
            return {}
        size = question["size"] if question["size"] >= 0 else len(self.rest)
        self.sizes.append(question["size"])
        data, self.rest = self.rest[:size], self.rest[size:]
        return {"data": wire.encode(data)}


def streams(source: Source) -> tuple[Any, Any]:
    bridge = Bridge(source.ask)
    described = ({"kind": "stream", "id": number, "readable": number == 0} for number in range(2))
    reader, writer = map(bridge.handle, described)
    return reader, writer


def test_a_stream_behaves_like_a_file_of_python() -> None:
    data = secrets.token_bytes(10_000)
    reader, _ = streams(Source(data))
    assert reader.readable() and not reader.writable()
    buffer = bytearray(100)
    assert reader.readinto(buffer) == 100
    assert buffer == data[:100]
    assert reader.read(50) == data[100:150]
    assert io.BufferedReader(reader).read(10) == data[150:160]
    reader, _ = streams(Source(data))
    assert reader.read() == data
    assert reader.read(1) == reader.read() == b""


def test_a_stream_that_is_read_in_pieces_asks_for_no_more_than_a_piece() -> None:
    source = Source(secrets.token_bytes(1000))
    reader, _ = streams(source)
    while reader.read(300):
        pass
    assert source.sizes == [300] * 5


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_a_stream_takes_whatever_is_bytes(make: Callable[[bytes], Any]) -> None:
    source = Source(b"")
    _, writer = streams(source)
    assert writer.writable() and not writer.readable()
    assert writer.write(make(b"abc")) == 3
    assert bytes(source.written) == b"abc"


def test_an_unknown_handle_is_refused_by_its_kind() -> None:
    with pytest.raises(wire.WireError, match="teapot"):
        Bridge(lambda question: {}).handle({"kind": "teapot"})


def test_the_clock_handle_tells_the_time_in_utc() -> None:
    now = Bridge(lambda question: {}).handle({"kind": "clock"}).now()
    assert now.utcoffset() == datetime.now(UTC).utcoffset()


def unchunked(body: bytes) -> bytes:
    """The data in a body of Content-Encoding aws-chunked, without its trailer."""
    data, rest = b"", body
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if length == 0:
            return data
        data, rest = data + rest[:length], rest[length + 2 :]
