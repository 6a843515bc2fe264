"""Sealed bytes as an attacker handles them: look for a secret in them, alter them, forge them. Not for judging what
then happens: a check does that.
"""

import base64
import hashlib
import hmac
import zlib
from collections.abc import Callable, Iterable, Iterator

Altered = tuple[str, bytes]
"""What was done, and the bytes that it gave."""

DIGESTS = ("md5", "sha1", "sha256", "sha512")
_NONCE_BYTES = (0, 8, 12, 16, 24)


def spelling_of(secret: bytes, text: bytes, *, whole: bool) -> str | None:
    """In which spelling `text` holds `secret`, or None. Unless `whole`, 16 bytes from a multiple of 16 are enough."""
    pieces = [secret] if whole else [secret[at : at + 16] for at in range(0, len(secret) - 15, 16)]
    for piece in pieces:
        if piece in text:
            return "as it is"
        if piece.hex().encode() in text or piece.hex().upper().encode() in text:
            return "in hexadecimal"
        # Base64 writes 3 bytes as 4 characters, so what stands inside a longer text has one of three spellings there.
        for shift in range(3):
            inner = piece[shift : shift + (len(piece) - shift) // 3 * 3]
            if inner and (base64.b64encode(inner) in text or base64.urlsafe_b64encode(inner) in text):
                return "in base64"
    return None


def digest_in(content: bytes, text: bytes) -> str | None:
    """The name of a digest of `content`, made without a key, that `text` holds, or None."""
    return next((name for name in DIGESTS if spelling_of(hashlib.new(name, content).digest(), text, whole=True)), None)


def pieces_again(data: bytes) -> tuple[int, int]:
    """Of how many pieces of 16 bytes, taken all over `data`, how many stand in it more than once."""
    samples = [(at, data[at : at + 16]) for at in range(0, len(data) - 15, max(1, len(data) // 100))]
    return len(samples), sum(data.find(piece) < at or data.find(piece, at + 1) > at for at, piece in samples)


def flip(data: bytes, at: int) -> bytes:
    """`data` with one bit of byte `at` changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def altered(data: bytes) -> Iterator[Altered]:
    """Every region changed, cut off or moved. Never the same bytes again."""
    for at in sorted({*range(0, len(data), 8), *range(len(data))[-1:]}):
        yield f"byte {at} of {len(data)} changed", flip(data, at)
    for cut in (1, 16, len(data) // 2):
        if 0 < cut < len(data):
            yield f"its last {cut} bytes cut off", data[:-cut]
            yield f"its first {cut} bytes cut off", data[cut:]
    if data:
        yield "emptied", b""
    yield "a byte added at its end", data + b"\0"
    middle = len(data) // 2
    moved = data[: middle - 16] + data[middle : middle + 16] + data[middle - 16 : middle] + data[middle + 16 :]
    if middle >= 16 and moved != data:
        yield "bytes moved by 16", moved


def thinned(changes: Iterable[Altered], most: int) -> list[Altered]:
    """At most `most` of these changes, from all over: the first, the last and some between. For tries that are dear."""
    every = list(changes)
    count = min(most, len(every))
    return [every[number * (len(every) - 1) // max(1, count - 1)] for number in range(count)]


def forged(data: bytes, content: bytes, wanted: bytes, public: bytes) -> Iterator[Altered]:
    """Against a digest with no key, or with a `public` one, in place of a MAC.

    The attacker knows `content`, and wants `wanted`, which is as long, to come out.
    """
    change = _xor(content, wanted)
    for digest in _digests(public):
        size, mend = len(digest(b"")), _xor(digest(content), digest(wanted))
        start = len(data) - len(content) - size
        if start in _NONCE_BYTES:  # a nonce, then a key stream over content and digest
            for stream in (change + mend, mend + change):
                yield "its content and its encrypted digest replaced", _xor(data, bytes(start) + stream)
        for start in _NONCE_BYTES:  # a digest of the sealed bytes themselves, at the end or in front
            if size < len(data) and data[-size:] == digest(data[start:-size]):
                rest = flip(data[:-size], len(data) - size - 1)
                yield "a byte changed and its digest made anew", rest + digest(rest[start:])
            if size < len(data) and data[:size] == digest(data[size + start :]):
                rest = flip(data[size:], len(data) - size - 1)
                yield "a byte changed and its digest made anew", digest(rest[start:]) + rest


def pieces_moved(data: bytes, content_bytes: int) -> Iterator[Altered]:
    """Pieces left out or exchanged, where the length of `data` looks like pieces that were sealed one by one."""
    for size in (2**power for power in range(10, 18)):
        count, last = divmod(content_bytes - 1, size)
        for extra in (16, 20, 24, 28, 32, 36, 44, 48):  # a tag, with or without a nonce and a length
            head = len(data) - content_bytes - (count + 1) * extra
            if count and head in (*_NONCE_BYTES, 4):
                first, second = head + size + extra, head + 2 * (size + extra)
                yield "its last piece left out", data[: -(last + 1 + extra)]
                yield "its first piece left out", data[:head] + data[first:]
                if count > 1:
                    yield "two pieces exchanged", data[:head] + data[first:second] + data[head:first] + data[second:]


def mark_moved(one: bytes, again: bytes, other: bytes) -> bytes:
    """`other` with the mark of `one`, where a mark stands in the open: what follows from what was sealed, not from its
    key.

    `one` and `again` are the same thing sealed under two keys; where they agree in 3 bytes or more, no key was used.
    All three are laid out alike and equally long; else `other` comes back as it is.
    """
    moved = bytearray(other)
    if len(one) == len(again) == len(other):
        for at in range(len(one) - 2):
            if one[at : at + 3] == again[at : at + 3]:
                moved[at : at + 3] = one[at : at + 3]
    return bytes(moved)


def _digests(public: bytes) -> Iterator[Callable[[bytes], bytes]]:
    for name in DIGESTS:
        yield lambda data, name=name: hashlib.new(name, data).digest()  # type: ignore[misc]
        yield lambda data, name=name: hmac.digest(public, data, name)  # type: ignore[misc]
    yield lambda data: zlib.crc32(data).to_bytes(4, "big")
    yield lambda data: zlib.crc32(data).to_bytes(4, "little")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
