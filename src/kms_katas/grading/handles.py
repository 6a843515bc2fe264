"""What a check can hand to an answer besides plain data:

AWS clients, streams, the clock. The child gets a description; the thing itself stays here.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from kms_katas.lab import Principal


@dataclass(frozen=True)
class ClientHandle:
    """A boto3 client of `principal` for one service in one Region."""

    service: str
    region: str
    principal: Principal

    def describe(self) -> dict[str, Any]:
        return {
            "kind": "client",
            "service": self.service,
            "region": self.region,
            "access_key_id": self.principal.access_key_id,
            "secret_access_key": self.principal.secret_access_key,
            "session_token": self.principal.session_token,
        }

    def __repr__(self) -> str:
        return f"<{self.service} client of {self.principal.arn.split(':', 5)[-1]}>"


@dataclass(frozen=True)
class ClockHandle:
    """The lab's clock, to read."""

    def describe(self) -> dict[str, Any]:
        return {"kind": "clock"}

    def __repr__(self) -> str:
        return "<the lab's clock>"


class Source:
    """A stream of `length` bytes that follow from `seed`, made as they are read.

    Counts the reads and the largest one.
    """

    def __init__(self, number: int, seed: int, length: int) -> None:
        self.number, self.length = number, length
        self.reads = self.position = self.largest_read = 0
        self._seed = seed

    def read(self, size: int) -> bytes:
        size = self.length - self.position if size < 0 else min(size, self.length - self.position)
        data = self.content(self.position, size)
        self.position += size
        self.reads += 1
        self.largest_read = max(self.largest_read, size)
        return data

    def content(self, start: int, size: int) -> bytes:
        """Bytes `start` to `start + size`, without counting them as read."""
        first, last = start // 4096, (start + size) // 4096
        blocks = b"".join(
            hashlib.shake_128(f"{self._seed}:{number}".encode()).digest(4096) for number in range(first, last + 1)
        )
        return blocks[start - first * 4096 :][:size]

    def describe(self) -> dict[str, Any]:
        return {"kind": "stream", "id": self.number, "readable": True}

    def __repr__(self) -> str:
        return f"<stream of {self.length} bytes>"


class Sink:
    """A stream to write to. Keeps what was written, and counts the writes."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.data = bytearray()
        self.writes = 0

    def write(self, data: bytes) -> None:
        self.data += data
        self.writes += 1

    def describe(self) -> dict[str, Any]:
        return {"kind": "stream", "id": self.number, "readable": False}

    def __repr__(self) -> str:
        return "<stream to write to>"
