"""What a check can hand to an answer besides plain data:

AWS clients, streams, the clock. The child gets a description; the thing itself stays here.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from kms_katas.child import wire
from kms_katas.lab import Principal

MAX_HANDED = 1024 * 1024
"""Bytes of a stream that go along with it: they lie in the answer's memory, a few times while they come."""


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

    Counts the reads, the largest one and those that asked for all that is left; `ends` has the position after each.
    With `most`, a read gives at most so many bytes, as that of a socket does, unless all that is left was asked for.
    One that is `handed` over goes to the child with its content, and what is counted is what the child says it read.
    """

    def __init__(self, number: int, seed: int, length: int, most: int | None = None, handed: bool = False) -> None:
        if handed and length > MAX_HANDED:
            raise ValueError(f"a stream of {length} bytes, where at most {MAX_HANDED} are handed over")
        self.number, self.length, self.handed = number, length, handed
        self.reads = self.position = self.largest_read = self.reads_of_all = 0
        self.ends: list[int] = []
        self._seed, self._most = seed, most

    def read(self, asked: int) -> bytes:
        start = self.position
        return self.content(start, self.take(asked))

    def take(self, asked: int) -> int:
        """Count a read of so many bytes, all that are left if negative. Returns how many it gives."""
        left = self.length - self.position
        size = left if asked < 0 else min(asked, left, self._most or left)
        self.position += size
        self.reads += 1
        self.reads_of_all += asked < 0
        self.largest_read = max(self.largest_read, size)
        self.ends.append(self.position)
        return size

    def content(self, start: int, size: int) -> bytes:
        """Bytes `start` to `start + size`, without counting them as read."""
        first, last = start // 4096, (start + size) // 4096
        blocks = b"".join(
            hashlib.shake_128(f"{self._seed}:{number}".encode()).digest(4096) for number in range(first, last + 1)
        )
        return blocks[start - first * 4096 :][:size]

    def describe(self) -> dict[str, Any]:
        described = {"kind": "stream", "id": self.number, "readable": True}
        if self.handed:
            left = self.content(self.position, self.length - self.position)
            described |= {"content": wire.encode(left), "most": self._most}
        return described

    def __repr__(self) -> str:
        return f"<stream of {self.length} bytes>"


class GivenSource(Source):
    """A stream of bytes that are there already."""

    def __init__(self, number: int, data: bytes, most: int | None = None, handed: bool = False) -> None:
        super().__init__(number, 0, len(data), most, handed)
        self._data = data

    def content(self, start: int, size: int) -> bytes:
        return self._data[start : start + size]


class Sink:
    """A stream to write to. Keeps what was written, and counts the writes; `ends` has the length after each.

    `marks` has for each write how far `source` had been read, and how much had been written, when it came.
    """

    def __init__(self, number: int, source: Source | None = None) -> None:
        self.number, self.source = number, source
        self.data = bytearray()
        self.writes = 0
        self.ends: list[int] = []
        self.marks: list[tuple[int, int]] = []

    def write(self, data: bytes) -> None:
        self.marks.append((self.source.position if self.source else 0, len(self.data)))
        self.data += data
        self.writes += 1
        self.ends.append(len(self.data))

    def describe(self) -> dict[str, Any]:
        return {"kind": "stream", "id": self.number, "readable": False}

    def __repr__(self) -> str:
        return "<stream to write to>"
