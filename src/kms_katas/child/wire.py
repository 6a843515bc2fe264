"""Frames on the bridge, and the plain data that may cross it. Not for deciding anything about that data.

A frame is a 4-byte big-endian length and that many bytes of JSON. JSON has no bytes, datetime, tuple, handle or
non-finite float: those travel as one-entry objects whose key begins with `$`, so a dict always travels as a list of
pairs. Bytes follow the JSON as they are, all of the frame's in their order, and in it `$bytes` tells how many: then the
length has its highest bit set, and a second one, that of the JSON, comes after it.
"""

import json
import math
import struct
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

MAX_FRAME = 32 * 1024 * 1024
"""Bytes in one frame, either way."""
MAX_MARKS = 1_000_000
"""Commas and opening brackets in one frame. Read, each may become an object many times its own size."""
MAX_DEPTH = 20
MAX_ITEMS = 100_000
MAX_KEYS = 5_000
"""Keys of all dictionaries in one value. Keys can be made so that all fall into one place of a dictionary, and each
that is put in is compared with all before it: the time grows with the square."""
MAX_BITS = 8192
"""Bits in one whole number: Python reads no decimal number of more than 4300 digits."""

_LENGTH = struct.Struct(">I")
_BYTES_FOLLOW = 1 << 31
_AT_ONCE = 1 << 16


class WireError(Exception):
    """A value or a frame that cannot cross the bridge; the sentence names what it was."""


class Closed(Exception):
    """The other end is gone."""


class Connection(Protocol):
    """What frames go over: a socket, or a pair of pipes. Both methods raise ConnectionError when nobody is there."""

    def sendall(self, data: bytes, /) -> None: ...

    def recv(self, size: int, /) -> bytes: ...


def send_frame(connection: Connection, message: dict[str, Any], before: bytes = b"") -> None:
    """Send one frame, behind those in `before`. Raises WireError when it is too large, Closed when nobody listens."""
    body = before + frame(message)
    try:
        connection.sendall(body)
    except ConnectionError as error:
        raise Closed from error


def frame(message: dict[str, Any]) -> bytes:
    """The bytes of one frame. Raises WireError when it is too large, or holds what only pretends to be plain data."""
    # Not escaped to ASCII: of two escaped lone surrogates side by side, JSON's reader makes one other character.
    try:
        text, follow = _json.written(message)
        body = text.encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError, MemoryError) as error:
        raise WireError(f"what cannot be written as plain data ({type(error).__name__})") from error
    length = len(body) + sum(map(len, follow))
    if length > MAX_FRAME:
        raise WireError(f"{length} bytes of data, where {MAX_FRAME} may cross at once")
    if not follow:
        return _LENGTH.pack(length) + body
    return b"".join((_LENGTH.pack(length | _BYTES_FOLLOW), _LENGTH.pack(len(body)), body, *follow))


def receive_frame(connection: Connection, received: bytearray) -> dict[str, Any]:
    """The next frame. `received` keeps what came of the one after it, and is to be given again with the connection.

    Raises Closed at its end, WireError when what comes is no frame; TimeoutError as the socket is set.
    """
    while (message := take_frame(received)) is None:
        try:
            chunk = connection.recv(_AT_ONCE)
        except ConnectionError as error:
            raise Closed from error
        if not chunk:
            raise Closed
        received += chunk
    return message


def take_frame(received: bytearray) -> dict[str, Any] | None:
    """Cut the first frame off `received`; None while it is not whole. Raises WireError when it never can be."""
    if len(received) < _LENGTH.size:
        return None
    (word,) = _LENGTH.unpack_from(received)
    length, begin = word & ~_BYTES_FOLLOW, _LENGTH.size
    if length > MAX_FRAME:
        raise WireError(f"a frame of {length} bytes is larger than {MAX_FRAME}")
    if word & _BYTES_FOLLOW:
        begin += _LENGTH.size
    end = begin + length
    if len(received) < end:
        return None
    text = end if begin == _LENGTH.size else min(end, begin + _LENGTH.unpack_from(received, _LENGTH.size)[0])
    with memoryview(received) as view:
        body, follow = bytes(view[begin:text]), bytes(view[text:end])
    del received[:end]
    return _message(body, follow)


def _message(body: bytes, follow: bytes = b"") -> dict[str, Any]:
    """`follow` is what came after the JSON: each `$bytes` takes its own from there, and all of them take all of it."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_MARKS:
        raise WireError(f"a frame of more than {MAX_MARKS} parts")
    try:
        message, left = _json.read(body.decode("utf-8", "surrogatepass"), follow)
    except (ValueError, RecursionError) as error:
        raise WireError("a frame is not JSON") from error
    if not isinstance(message, dict):
        raise WireError("a frame is not an object")
    if left:
        raise WireError("a frame has other bytes than it tells of")
    return message


class _Json(threading.local):
    """JSON's writer and reader, for each thread its own: to make them for one frame takes as long as all else of it."""

    def __init__(self) -> None:
        self._writer = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=self._size_of)
        self._reader = json.JSONDecoder(object_hook=self._with_bytes)
        self._written: list[bytes] = []
        self._follow, self._taken = b"", 0

    def written(self, message: dict[str, Any]) -> tuple[str, list[bytes]]:
        """As JSON, and the bytes that follow it."""
        self._written = follow = list[bytes]()
        text = self._writer.encode(message)
        self._written = []
        return text, follow

    def read(self, text: str, follow: bytes) -> tuple[Any, int]:
        """What the text says, and how many of the bytes it says nothing of."""
        self._follow, self._taken = follow, 0
        message, end = self._reader.raw_decode(text)
        self._follow = b""
        if end != len(text):
            raise ValueError("something follows the JSON")
        return message, len(follow) - self._taken

    def _size_of(self, value: object) -> int:
        if type(value) is not bytes:
            raise TypeError
        self._written.append(value)
        return len(value)

    def _with_bytes(self, data: dict[str, Any]) -> dict[str, Any]:
        size = data.get("$bytes")
        if type(size) is int and 0 <= size <= len(self._follow) - self._taken:
            data["$bytes"] = self._follow[self._taken : self._taken + size]
            self._taken += size
        return data


_json = _Json()


def encode(value: Any, handle: Callable[[Any], dict[str, Any] | None] = lambda value: None) -> Any:
    """`value` as JSON data, its bytes aside. `handle` turns what is no plain data into a handle's description, or None.

    Raises WireError naming the first type that cannot cross, or that the value is too deep or too large.
    """
    return _Encoder(handle).encode(value, 0)


class _Encoder:
    def __init__(self, handle: Callable[[Any], dict[str, Any] | None]) -> None:
        self.handle = handle
        self.items = self.keys = self.size = 0

    def encode(self, value: Any, depth: int) -> Any:
        self.items += 1
        if depth > MAX_DEPTH:
            raise WireError(f"a value nested more than {MAX_DEPTH} deep")
        if self.items > MAX_ITEMS:
            raise WireError(f"a value of more than {MAX_ITEMS} items")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            text = str.__str__(value)
            self._grow(len(text))
            return text
        if isinstance(value, int):
            if value.bit_length() > MAX_BITS:
                raise WireError(f"a whole number of more than {MAX_BITS} bits")
            return int(value)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
        if isinstance(value, bytes):
            self._grow(len(memoryview(value)))
            return {"$bytes": value if type(value) is bytes else bytes(memoryview(value))}
        if isinstance(value, datetime):
            return {"$datetime": value.isoformat()}
        if isinstance(value, list):
            return [self.encode(entry, depth + 1) for entry in value]
        if isinstance(value, tuple):
            return {"$tuple": [self.encode(entry, depth + 1) for entry in value]}
        if isinstance(value, dict):
            self.keys += len(value)
            if self.keys > MAX_KEYS:
                raise WireError(f"a value of more than {MAX_KEYS} dictionary keys")
            return {
                "$dict": [[self.encode(key, depth + 1), self.encode(entry, depth + 1)] for key, entry in value.items()]
            }
        described = self.handle(value)
        if described is not None:
            return {"$handle": described}
        raise WireError(f"a value of type {type(value).__module__}.{type(value).__qualname__}".replace("builtins.", ""))

    def _grow(self, size: int) -> None:
        """One text in a list a thousand times is sent a thousand times: told here, before all of it is in memory."""
        self.size += size
        if self.size > MAX_FRAME:
            raise WireError(f"a value of more than {MAX_FRAME} bytes")


def decode(data: Any, handle: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """The value that `data` stands for. Raises WireError for anything that encode() never makes."""
    try:
        return _Decoder(handle).decode(data, 0)
    except (ValueError, TypeError, KeyError) as error:
        raise WireError("malformed data") from error


class _Decoder:
    def __init__(self, handle: Callable[[dict[str, Any]], Any] | None) -> None:
        self.handle = handle
        self.items = self.keys = 0

    def decode(self, data: Any, depth: int) -> Any:
        self.items += 1
        if depth > MAX_DEPTH or self.items > MAX_ITEMS or (isinstance(data, int) and data.bit_length() > MAX_BITS):
            raise WireError("malformed data")
        if isinstance(data, list):
            return [self.decode(entry, depth + 1) for entry in data]
        if not isinstance(data, dict):
            return data
        ((tag, content),) = data.items()
        match tag, content:
            case "$bytes", bytes():
                return content
            case "$float", "nan" | "inf" | "-inf":
                return float(content)
            case "$datetime", str():
                return datetime.fromisoformat(content)
            case "$tuple", list():
                return tuple(self.decode(entry, depth + 1) for entry in content)
            case "$dict", list():
                self.keys += len(content)
                if self.keys > MAX_KEYS:
                    raise WireError("malformed data")
                return {
                    self.decode(key, depth + 1): self.decode(entry, depth + 1) for key, entry in map(_pair, content)
                }
            case "$handle", dict() if self.handle is not None:
                return self.handle(content)
        raise WireError("malformed data")


def _pair(entry: Any) -> list[Any]:
    if isinstance(entry, list):
        return entry
    raise WireError("malformed data")
