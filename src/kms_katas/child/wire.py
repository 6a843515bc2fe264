"""Frames on the bridge, and the plain data that may cross it. Not for deciding anything about that data.

A frame is a 4-byte big-endian length and that many bytes of JSON. JSON has no bytes, datetime, tuple, handle or non-finite float: those travel
as one-entry objects whose key begins with `$`, so a dict always travels as a list of pairs.
"""

import base64
import binascii
import json
import math
import socket
import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any

MAX_FRAME = 32 * 1024 * 1024
"""Bytes in one frame, either way."""
MAX_DEPTH = 20
MAX_ITEMS = 100_000

_LENGTH = struct.Struct(">I")


class WireError(Exception):
    """A value or a frame that cannot cross the bridge; the sentence names what it was."""


class Closed(Exception):
    """The other end is gone."""


def send_frame(connection: socket.socket, message: dict[str, Any]) -> None:
    """Send one frame. Raises WireError when it is too large, Closed when nobody listens."""
    body = json.dumps(message, separators=(",", ":")).encode()
    if len(body) > MAX_FRAME:
        raise WireError(f"{len(body)} bytes of data are more than the {MAX_FRAME} that may cross at once")
    try:
        connection.sendall(_LENGTH.pack(len(body)) + body)
    except (BrokenPipeError, ConnectionError) as error:
        raise Closed from error


def receive_frame(connection: socket.socket) -> dict[str, Any]:
    """The next frame. Raises Closed at its end, WireError when what comes is no frame; TimeoutError as the socket is set."""
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    return _message(_exactly(connection, length))


def take_frame(received: bytearray) -> dict[str, Any] | None:
    """Cut the first frame off `received`; None while it is not whole. Raises WireError when it never can be."""
    if len(received) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(received)
    if length > MAX_FRAME:
        raise WireError(f"a frame of {length} bytes is larger than {MAX_FRAME}")
    end = _LENGTH.size + length
    if len(received) < end:
        return None
    body = bytes(received[_LENGTH.size : end])
    del received[:end]
    return _message(body)


def _message(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WireError("a frame is not JSON") from error
    if not isinstance(message, dict):
        raise WireError("a frame is not an object")
    return message


def _exactly(connection: socket.socket, size: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < size:
        try:
            chunk = connection.recv(min(size - len(chunks), 1 << 20))
        except ConnectionError as error:
            raise Closed from error
        if not chunk:
            raise Closed
        chunks += chunk
    return bytes(chunks)


def encode(value: Any, handle: Callable[[Any], dict[str, Any] | None] = lambda value: None) -> Any:
    """`value` as JSON data. `handle` turns what is no plain data into a handle's description, or None.

    Raises WireError naming the first type that cannot cross, or that the value is too deep or too large.
    """
    return _Encoder(handle).encode(value, 0)


class _Encoder:
    def __init__(self, handle: Callable[[Any], dict[str, Any] | None]) -> None:
        self.handle = handle
        self.items = 0

    def encode(self, value: Any, depth: int) -> Any:
        self.items += 1
        if depth > MAX_DEPTH:
            raise WireError(f"a value nested more than {MAX_DEPTH} deep")
        if self.items > MAX_ITEMS:
            raise WireError(f"a value of more than {MAX_ITEMS} items")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            if value.bit_length() > 8192:
                raise WireError("a whole number of more than 8192 bits")
            return int(value)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
        if isinstance(value, bytes):
            return {"$bytes": base64.b64encode(value).decode()}
        if isinstance(value, datetime):
            return {"$datetime": value.isoformat()}
        if isinstance(value, list):
            return [self.encode(entry, depth + 1) for entry in value]
        if isinstance(value, tuple):
            return {"$tuple": [self.encode(entry, depth + 1) for entry in value]}
        if isinstance(value, dict):
            return {
                "$dict": [[self.encode(key, depth + 1), self.encode(entry, depth + 1)] for key, entry in value.items()]
            }
        described = self.handle(value)
        if described is not None:
            return {"$handle": described}
        raise WireError(f"a value of type {type(value).__module__}.{type(value).__qualname__}".replace("builtins.", ""))


def decode(data: Any, handle: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """The value that `data` stands for. Raises WireError for anything that encode() never makes."""
    try:
        return _decode(data, handle)
    except (ValueError, TypeError, KeyError, IndexError, binascii.Error, RecursionError) as error:
        raise WireError("malformed data") from error


def _decode(data: Any, handle: Callable[[dict[str, Any]], Any] | None) -> Any:
    if isinstance(data, list):
        return [_decode(entry, handle) for entry in data]
    if not isinstance(data, dict):
        return data
    ((tag, content),) = data.items()
    match tag:
        case "$bytes":
            return base64.b64decode(content, validate=True)
        case "$float":
            return float(content)
        case "$datetime":
            return datetime.fromisoformat(content)
        case "$tuple":
            return tuple(_decode(entry, handle) for entry in content)
        case "$dict":
            return {_decode(key, handle): _decode(entry, handle) for key, entry in content}
        case "$handle" if handle is not None:
            return handle(content)
    raise WireError("malformed data")
