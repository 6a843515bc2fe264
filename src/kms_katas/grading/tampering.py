"""Sealed bytes as an attacker handles them: look for a secret in them, alter them, forge them. Not for judging what
then happens: a check does that.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import reduce

from kms_katas.grading.fresh import Fresh

Altered = tuple[str, bytes]
"""What was done, and the bytes that it gave."""

DIGESTS = ("md5", "sha1", "sha256", "sha512")
_MORE_DIGESTS = ("sha224", "sha384", "sha3_256", "sha3_512", "blake2b", "blake2s")
_ENOUGH_OF_A_DIGEST = 8
"""Bytes. Who shortens a digest rarely keeps less, and less turns up by chance."""
_END = 1_000
"""Bytes. Further inside a text a checksum turns up by chance, of 4 bytes or 8 hexadecimal digits."""
_NONCE_BYTES = (0, 8, 12, 16, 24)
_APART = 8
"""Bytes: half a tag, of which a careless comparison may look at the other half."""
_END_BYTES = 64
"""Of sealed bytes: as many hold a nonce or a tag of any kind."""


def spelling_of(secret: bytes, text: bytes, *, whole: bool, least: int = 16) -> str | None:
    """In which spelling `text` holds `secret`, or None. Unless `whole`, `least` bytes from a multiple of that do."""
    pieces = [secret] if whole else [secret[at : at + least] for at in range(0, len(secret) - least + 1, least)]
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
    """The name of a digest or checksum of `content`, made without a key, that `text` holds or begins to, or None.

    A checksum counts near the ends of `text` only.
    """
    for name in (*DIGESTS, *_MORE_DIGESTS):
        digest = hashlib.new(name, content).digest()
        if spelling_of(digest[:_ENOUGH_OF_A_DIGEST], text, whole=True):
            return name
    checksum = zlib.crc32(content)
    binary = (checksum.to_bytes(4, "big"), checksum.to_bytes(4, "little"))
    spellings = (b"%d" % checksum, b"%08x" % checksum, b"%08X" % checksum, *binary)
    return "crc32" if any(one in end for one in spellings for end in (text[:_END], text[-_END:])) else None


def follows(one: bytes, other: bytes, *again: bytes) -> tuple[int, int] | None:
    """Where `one` shows what it is of: the first and the last byte that each `again` has too, and `other` has not.

    `one` and `again` are one content, sealed anew, and `other`, sealed between them, is another of the same length:
    so a time or a count is no such place. None where there is none, or they are not equally long. Hexadecimal digits
    agree with one `again` by chance at one place in 65,000, with two at one in 4,000,000,000.
    """
    if {len(one)} == {*map(len, (other, *again))}:
        apart = reduce(int.__or__, (int.from_bytes(one) ^ int.from_bytes(each) for each in again))
        for place in re.finditer(b"\0{4,}", apart.to_bytes(len(one))):
            differ = [at for at in range(*place.span()) if one[at] != other[at]]
            if len(differ) >= 3:  # one more may agree with `other` by chance
                return differ[0], differ[-1]
    return None


def pieces_again(data: bytes, known: bytes = bytes(16)) -> tuple[int, int]:
    """Of how many pieces of 16 bytes, taken all over `data`, how many stand in it more than once, and not in `known`.

    Zero bytes, unless otherwise said, are known: nothing that is encrypted comes out so, and headers are filled so.
    """
    samples = [(at, data[at : at + 16]) for at in range(0, len(data) - 15, max(1, len(data) // 100))]
    again = (data.find(piece) < at or data.find(piece, at + 1) > at for at, piece in samples if piece not in known)
    return len(samples), sum(again)


def repeated(one: bytes, other: bytes, known: bytes = b"") -> tuple[int, int]:
    """How many pieces of 16 bytes of `one` stand in `other` too, or in `one` before, and not in `known`; and how many
    there are.
    """
    pieces = [(at, one[at : at + 16]) for at in range(0, len(one) - 15, 16)]
    again = (piece in other or one.find(piece) < at for at, piece in pieces if piece not in known)
    return sum(again), len(pieces)


def flip(data: bytes, at: int) -> bytes:
    """`data` with one bit of byte `at` changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def alike(text: str) -> Iterator[str]:
    """Other texts that somebody may take for `text`: who normalises it, strips it, or looks at a part of it."""
    others = (
        text + "x",
        text[:-1],
        text + " ",
        text[::-1],
        text.upper(),
        unicodedata.normalize("NFD", text),
        "".join(char if char.isascii() else chr(ord(char) + 1) for char in text),
    )
    yield from dict.fromkeys(other for other in others if other != text)


def altered(data: bytes) -> Iterator[Altered]:
    """Every region changed, cut off or moved. Never the same bytes again."""
    yield from _flipped(data)
    yield from ends_changed(data)
    yield from cut_or_moved(data)


def altered_at_random(data: bytes, fresh: Fresh, others: int = 1) -> Iterator[Altered]:
    """As `altered`, with fewer changes of length and order: those of an end, and `others` of the rest."""
    yield from _flipped(data)
    yield from ends_changed(data)
    yield from drawn(cut_or_moved(data), fresh, others)


def _flipped(data: bytes) -> Iterator[Altered]:
    """One byte in every 8, with the first: a nonce may be as short as 4 bytes, or its prefix. And the last.

    Of many bytes 120 places or so, near both ends one in every 8: there stand nonce and tag. Each takes requests, and
    who fills up a short payload to hide its length has thousands.
    """
    step, size = max(_APART, len(data) // 100), len(data)
    places = {at for at in range(0, size, _APART) if at % step < _APART or min(at, size - at) <= _END_BYTES}
    for at in sorted({*places, *range(size)[-1:]}):
        yield f"byte {at} of {len(data)} changed", flip(data, at)


def ends_changed(data: bytes) -> Iterator[Altered]:
    """What a careless look at the length lets through."""
    if len(data) > 1:
        yield "its last 1 bytes cut off", data[:-1]
    if data:
        yield "emptied", b""
    yield "a byte added at its end", data + b"\0"


def cut_or_moved(data: bytes) -> Iterator[Altered]:
    """The other changes of length or order: what notices a changed byte mostly notices these."""
    if len(data) > 1:
        yield "its first 1 bytes cut off", data[1:]
    for cut in (16, len(data) // 2):
        if 0 < cut < len(data):
            yield f"its last {cut} bytes cut off", data[:-cut]
            yield f"its first {cut} bytes cut off", data[cut:]
    middle = len(data) // 2
    moved = data[: middle - 16] + data[middle : middle + 16] + data[middle - 16 : middle] + data[middle + 16 :]
    if middle >= 16 and moved != data:
        yield "bytes moved by 16", moved


def drawn(changes: Iterable[Altered], fresh: Fresh, most: int) -> Iterator[Altered]:
    """At most `most` of these changes, as chance takes them. For tries that are dear: seeds differ."""
    rest = list(changes)
    for _ in range(min(most, len(rest))):
        yield rest.pop(fresh.integer(0, len(rest) - 1))


def thinned(changes: Iterable[Altered], most: int) -> list[Altered]:
    """At most `most` of these changes, from all over: the first, the last and some between. For tries that are dear."""
    every = list(changes)
    count = min(most, len(every))
    return [every[number * (len(every) - 1) // max(1, count - 1)] for number in range(count)]


def forged(data: bytes, content: bytes, wanted: bytes, public: bytes) -> list[Altered]:
    """Against a digest with no key, or with a `public` one, in place of a MAC. The likely ones first.

    The attacker knows `content`, and wants `wanted`, which is as long, to come out.
    """
    change, seen, likely, others = _xor(content, wanted), list[Altered](), list[Altered](), list[Altered]()
    for keyed, digest in _digests(public):
        size = len(digest(b""))
        start = len(data) - len(content) - size
        if start in _NONCE_BYTES:  # a nonce, then a key stream over content and digest
            mend, what = _xor(digest(content), digest(wanted)), "its content and its encrypted digest replaced"
            (others if keyed else likely).append((what, _xor(data, bytes(start) + change + mend)))
            others.append((what, _xor(data, bytes(start) + mend + change)))
    for digest in (*(digest for _, digest in _digests(public)), *_digests_beside(public)):
        size = len(digest(b""))
        for start in _NONCE_BYTES:  # a digest of the sealed bytes themselves, at the end or in front
            if size < len(data) and data[-size:] == digest(data[start:-size]):
                rest = flip(data[:-size], len(data) - size - 1)
                seen.append(("a byte changed and its digest made anew", rest + digest(rest[start:])))
            if size < len(data) and data[:size] == digest(data[size + start :]):
                rest = flip(data[size:], len(data) - size - 1)
                seen.append(("a byte changed and its digest made anew", digest(rest[start:]) + rest))
    return seen + likely + others


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


def mark_moved(one: bytes, again: bytes, other: bytes, ends: tuple[int, int] = (0, 0)) -> bytes:
    """`other` with the mark of `one`, where a mark stands in the open: what follows from what was sealed, not from its
    key.

    `one` and `again` are the same thing sealed under two keys; where they agree in 3 bytes or more, no key was used,
    but for so many bytes at both `ends` of each such place: there they may agree by chance. All three are laid out
    alike and equally long; else `other` comes back as it is.
    """
    moved = bytearray(other)
    if len(one) == len(again) == len(other):
        same = bytes(a == b for a, b in zip(one, again, strict=True))
        for place in re.finditer(b"\1{3,}", same):
            start, end = place.start() + ends[0], place.end() - ends[1]
            moved[start:end] = one[start:end]
    return bytes(moved)


def transplanted(one: bytes, again: bytes, other: bytes) -> Iterator[bytes]:
    """`other` with a part of `one`, where a mark of whose it is may stand. Nothing where they are not equally long.

    `one` and `again` are the same thing sealed under two keys, as for `mark_moved`.
    """
    if len(one) == len(other):
        marked = (mark_moved(one, again, other, ends) for ends in ((0, 0), (0, 1), (1, 0)))
        mixed = dict.fromkeys((*marked, other[:-32] + one[-32:], one[:32] + other[32:], one[:64] + other[64:]))
        yield from (forged for forged in mixed if forged != other)


def _digests(public: bytes) -> Iterator[tuple[bool, Callable[[bytes], bytes]]]:
    """Each with whether it takes the public key."""
    for name in DIGESTS:
        yield False, lambda data, name=name: hashlib.new(name, data).digest()  # type: ignore[misc]
    yield False, lambda data: zlib.crc32(data).to_bytes(4, "big")
    yield False, lambda data: zlib.crc32(data).to_bytes(4, "little")
    for name in DIGESTS:
        yield True, lambda data, name=name: hmac.digest(public, data, name)  # type: ignore[misc]


def _digests_beside(public: bytes) -> Iterator[Callable[[bytes], bytes]]:
    """Of the sealed bytes and the public ones together: that takes no key either."""
    for name in DIGESTS:
        yield lambda data, name=name: hashlib.new(name, public + data).digest()  # type: ignore[misc]
        yield lambda data, name=name: hashlib.new(name, data + public).digest()  # type: ignore[misc]


def _xor(one: bytes, other: bytes) -> bytes:
    """Of two that are equally long; through whole numbers, which is a hundred times faster than byte by byte."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))
