"""The wire: what plain data and frames survive, and that nothing malformed does more than raise WireError."""

import json
import math
import socket
import struct
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.child import wire

OFFSETS = st.integers(-86399, 86399).map(lambda seconds: timezone(timedelta(seconds=seconds)))
TEXTS = st.text(st.characters(categories=None, exclude_categories=()), max_size=12)
KEYS_AND_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**8191), 2**8191)
    | st.floats()
    | TEXTS
    | st.binary(max_size=20)
    | st.datetimes(timezones=st.none() | st.just(UTC) | OFFSETS)
)
KEYS = st.recursive(KEYS_AND_LEAVES, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)
PLAIN = st.recursive(
    KEYS_AND_LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.dictionaries(st.sampled_from(["$bytes", "$dict", "$handle", "$tuple"]), inner, max_size=1)
    ),
    max_leaves=15,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$bytes", "$float", "$datetime", "$tuple", "$dict", "$handle", "$other", "x"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    """Equal in type and value all the way down; every nan is like every other."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (
            one == other and math.copysign(1, one) == math.copysign(1, other)
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return len(one) == len(other) and all(map(same, one.items(), other.items()))
    if isinstance(one, datetime):
        return bool(one == other) and one.utcoffset() == other.utcoffset()
    return bool(one == other)


def framed(message: dict[str, Any]) -> bytes:
    """The bytes that send_frame() puts on a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=lambda: (wire.send_frame(ours, message), ours.close()))
        sender.start()
        received = b"".join(iter(lambda: theirs.recv(1 << 20), b""))
        sender.join()
    return received


@settings(deadline=None)
@given(PLAIN)
def test_plain_data_comes_back_the_same_in_value_and_type(value: Any) -> None:
    received = bytearray(framed({"value": wire.encode(value)}))
    message = wire.take_frame(received)
    assert message is not None and not received
    assert same(wire.decode(message["value"]), value)


def test_lone_surrogates_side_by_side_stay_two() -> None:
    value = "\ud83d" + "\ude00"
    message = wire.take_frame(bytearray(framed({"value": wire.encode(value)})))
    assert message is not None
    assert wire.decode(message["value"]) == value


@settings(deadline=None)
@given(st.lists(PLAIN, max_size=3), st.data())
def test_frames_come_out_in_order_however_their_bytes_are_split(values: list[Any], data: st.DataObject) -> None:
    stream = b"".join(framed({"value": wire.encode(value)}) for value in values)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    received, found = bytearray(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += stream[start:end]
        while (frame := wire.take_frame(received)) is not None:
            found.append(wire.decode(frame["value"]))
    assert same(found, values)
    assert not received


@settings(deadline=None)
@given(JSON)
def test_data_of_any_shape_is_decoded_or_refused_and_does_nothing_else(data: Any) -> None:
    try:
        value = wire.decode(data)
    except wire.WireError:
        return
    assert same(wire.decode(wire.encode(value)), value)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"$bytes": "no base64!"},
        {"$bytes": [1, 2]},
        {"$float": "1_0"},
        {"$float": "0x1p3"},
        {"$float": 5},
        {"$datetime": 5},
        {"$datetime": "yesterday"},
        {"$tuple": "ab"},
        {"$tuple": {"$bytes": ""}},
        {"$dict": ["ab"]},
        {"$dict": [[1, 2, 3]]},
        {"$dict": [[[], 1]]},
        {"$dict": {"a": 1}},
        {"$handle": {"kind": "client"}},
        {"$bytes": "", "$float": "nan"},
        {"plain": 1},
    ],
)
def test_what_encode_never_makes_is_malformed(data: Any) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(data)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_bytes_that_are_no_frame_are_refused_or_waited_for(body: bytes) -> None:
    received = bytearray(struct.pack(">I", len(body)) + body)
    try:
        message = wire.take_frame(received)
    except wire.WireError:
        return
    assert isinstance(message, dict)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b"\xff\xfe", b'{"a":' + b"[" * 100_000, b"9" * 5000, b"{}{}"]
)
def test_a_frame_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.take_frame(bytearray(struct.pack(">I", len(body)) + body))


@pytest.mark.parametrize("told", ['{"$bytes":4}', '{"$bytes":2}', '{"$bytes":-3}', '{"$bytes":true}', "[]"])
def test_a_frame_that_holds_other_bytes_than_it_tells_of_is_refused(told: str) -> None:
    def of(told: str) -> bytearray:
        text, follow = f'{{"a":{told}}}'.encode(), b"abc"
        return bytearray(struct.pack(">II", 1 << 31 | len(text) + len(follow), len(text)) + text + follow)

    assert wire.take_frame(of('[{"$bytes":1},{"$bytes":2}]')) == {"a": [{"$bytes": b"a"}, {"$bytes": b"bc"}]}
    with pytest.raises(wire.WireError, match="other bytes"):
        wire.take_frame(of(told))


def test_a_frame_that_announces_too_much_is_refused_before_it_arrives() -> None:
    with pytest.raises(wire.WireError, match=str(wire.MAX_FRAME)):
        wire.take_frame(bytearray(struct.pack(">I", wire.MAX_FRAME + 1)))


def test_a_message_that_is_too_large_is_refused_and_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_FRAME", 1000)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with pytest.raises(wire.WireError, match="1000"):
            wire.send_frame(ours, {"value": "x" * 1000})
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)


def test_what_cannot_be_written_leaves_nothing_in_the_next_frame() -> None:
    with pytest.raises(wire.WireError):
        wire.frame({"value": [wire.encode(b"of the first"), object()]})
    value = {"value": wire.encode(b"of the second")}
    assert wire.take_frame(bytearray(wire.frame(value))) == value


def test_frames_that_came_together_are_received_one_by_one() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(framed({"value": 1}) + framed({"value": 2}))
        received = bytearray()
        assert [wire.receive_frame(ours, received)["value"] for _ in range(2)] == [1, 2]


def test_a_connection_that_ends_in_the_middle_of_a_frame_is_closed() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(framed({"value": 1})[:-1])
        theirs.close()
        with pytest.raises(wire.Closed):
            wire.receive_frame(ours, bytearray())


def nested(depth: int, kind: type) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {1: value} if kind is dict else kind([value])
    return value


@pytest.mark.parametrize("kind", [list, tuple, dict])
def test_the_deepest_value_crosses_and_one_deeper_does_not(kind: type) -> None:
    deepest = nested(wire.MAX_DEPTH, kind)
    assert wire.decode(wire.encode(deepest)) == deepest
    with pytest.raises(wire.WireError, match=f"{wire.MAX_DEPTH} deep"):
        wire.encode(nested(wire.MAX_DEPTH + 1, kind))


@pytest.mark.parametrize("shape", ['[{"x":1}]', '{"$tuple":[1]}', '{"$dict":[[1,1]]}', "[1]"])
def test_data_that_is_deeper_than_encode_makes_is_malformed(shape: str) -> None:
    data: Any = 1
    for _ in range(3 * wire.MAX_DEPTH):
        data = [data] if "$" not in shape else {"$tuple": [data]} if "tuple" in shape else {"$dict": [[1, data]]}
    with pytest.raises(wire.WireError):
        wire.decode(data)


def test_data_with_more_items_than_encode_makes_is_malformed() -> None:
    assert len(wire.decode([0] * (wire.MAX_ITEMS - 1))) == wire.MAX_ITEMS - 1
    with pytest.raises(wire.WireError):
        wire.decode([0] * wire.MAX_ITEMS)


def test_a_value_of_too_many_items_does_not_cross() -> None:
    assert wire.encode([0] * (wire.MAX_ITEMS - 1))
    with pytest.raises(wire.WireError, match=str(wire.MAX_ITEMS)):
        wire.encode([0] * wire.MAX_ITEMS)


def test_a_value_that_holds_itself_does_not_cross() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(wire.WireError, match="deep"):
        wire.encode(endless)


def test_a_whole_number_of_more_than_8192_bits_does_not_cross() -> None:
    assert wire.decode(json.loads(json.dumps(wire.encode(2**8192 - 1)))) == 2**8192 - 1
    with pytest.raises(wire.WireError, match="8192 bits"):
        wire.encode(2**8192)


class Box:
    """A class of one's own."""


def some() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({1}, "set"),
        (bytearray(b"x"), "bytearray"),
        (memoryview(b"x"), "memoryview"),
        (1j, "complex"),
        (some(), "generator"),
        (some, "function"),
        (range(2), "range"),
        (datetime.now().date(), "datetime.date"),
        (Box(), "Box"),
        (Box, "type"),
        (object(), "object"),
        (NotImplemented, "NotImplementedType"),
    ],
)
def test_any_other_type_is_refused_by_its_name_wherever_it_lies(value: Any, name: str) -> None:
    for holder in (value, [value], (1, value), {"a": {"b": value}}):
        with pytest.raises(wire.WireError, match=rf"type .*{name}$"):
            wire.encode(holder)


def test_subclasses_of_plain_types_cross_as_the_plain_type() -> None:
    class Text(str):
        def __str__(self) -> str:
            return "something else"

    class Number(int):
        pass

    value = wire.decode(json.loads(json.dumps(wire.encode([Text("text"), Number(7)]))))
    assert same(value, ["text", 7])


def test_a_handle_is_made_by_the_side_that_decodes() -> None:
    class Handle:
        pass

    described = wire.encode([Handle()], lambda value: {"kind": "x"} if isinstance(value, Handle) else None)
    assert wire.decode(described, lambda description: ("made", description["kind"])) == [("made", "x")]
    with pytest.raises(wire.WireError):
        wire.decode(described)
