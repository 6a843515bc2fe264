"""How a stream went through an answer, told from its reads and writes: how much was held back, where the chunks of what
was sealed lie, and what an attacker makes of them. Not for judging what an answer then does with those: a check does.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kms_katas.grading.expect import expect
from kms_katas.grading.handles import Sink, Source
from kms_katas.grading.tampering import Altered

_NEARLY_ALL = 0.97
_SOME_MORE = 16 * 1024
"""Tags, lengths and a byte read ahead are not counted to the byte."""
_LARGEST_HEAD = 256
_SMALLEST_CHUNK = 24
_LARGEST_END = 80
_TAGS = (16, 32)
_EDGE = 32
"""How far into a chunk, from both its ends, a number or a mark in the open is looked for."""


def held(source: Source, sink: Sink) -> int:
    """The most bytes that had been read from `source` and not given on, at any write to `sink`, which was made with it.

    What is sealed is longer than what it holds, so written bytes count in proportion to the whole. Raises ValueError
    for a source that was handed over: all of it was there before the first read.
    """
    if source.handed:
        raise ValueError("a stream that was handed over says nothing of how much was held")
    share = source.length / max(len(sink.data), 1)
    return max(round(read - written * share) for read, written in (*sink.marks, (source.position, len(sink.data))))


def expect_held(function: str, source: Source, sink: Sink, most: int) -> None:
    """Refuse an answer whose `function` held more than `most` bytes at one time, and say in which way it did."""
    found = held(source, sink)
    expected = f"at most {most:,} bytes read and not yet given on"
    told = f"{found:,} of {source.length:,} bytes were read and not yet given on"
    expect(
        not source.reads_of_all or source.largest_read <= most,
        f"`{function}` read the whole stream at once. A stream may be larger than any memory.",
        expected=expected,
        next_step="Read one chunk at a time, 64 KiB for one, and write it before you read the next.",
        actual=told,
    )
    expect(
        found < _NEARLY_ALL * source.length or source.largest_read > most,
        f"`{function}` read in pieces and kept them all, and wrote only at the end. That takes as much memory as one "
        "large read.",
        expected=expected,
        next_step="Write each chunk as soon as it is ready, and forget it.",
        actual=told,
    )
    expect(
        found <= most + _SOME_MORE,
        f"`{function}` held {found:,} bytes at one time, and the brief allows {most:,}. A chunk that is read ahead "
        "counts too.",
        expected=expected,
        next_step="Use smaller chunks: 64 KiB are usual.",
        actual=f"{told}; the largest read gave {source.largest_read:,}",
    )


def expect_no_more_calls(function: str, short: int, long: int, length: int) -> None:
    """Refuse an answer whose `function` made `long` KMS calls for `length` bytes, and fewer for one byte: `short`."""
    expect(
        long <= short,
        f"`{function}` asked KMS {long} times for {length:,} bytes, and less often for one byte. At this rate a dump "
        "of 40 GB takes hundreds of thousands of requests, each of them slow and paid for.",
        expected=f"calls for a stream of any length: {short}",
        next_step="Get the data key once, before the first chunk, and use it for every chunk.",
        actual=f"calls: {long}",
    )


@dataclass(frozen=True)
class Chunks:
    """A sealed stream in its parts. `rest` is a last chunk of another length, a trailer, or nothing."""

    head: bytes
    full: tuple[bytes, ...]
    rest: bytes

    def joined(self, *full: bytes, rest: bytes | None = None) -> bytes:
        """The same stream with these full chunks."""
        return self.head + b"".join(full) + (self.rest if rest is None else rest)


def chunks_of(data: bytes, *ends: Iterable[int]) -> Chunks | None:
    """Where three or more chunks of one length follow each other up to the end of `data`; None where no one can tell.

    Each of `ends` has places at which a write or a read ended: the borders are among those of one, or of all together.
    """
    several = [{0, len(data), *places} for places in ends]
    for places in (*several, set().union(*several)):
        for head in sorted(place for place in places if place <= _LARGEST_HEAD):
            for size in sorted(place - head for place in places if place - head >= _SMALLEST_CHUNK):
                count = 0
                while head + (count + 1) * size in places:
                    count += 1
                if count >= 3 and len(data) - head - count * size < size:
                    full = tuple(data[head + at * size : head + (at + 1) * size] for at in range(count))
                    return Chunks(data[:head], full, data[head + count * size :])
    return None


def moved(chunks: Chunks) -> Iterator[Altered]:
    """Chunks exchanged, left out or repeated."""
    first, second, third, *others = chunks.full
    yield "its first two chunks exchanged", chunks.joined(second, first, third, *others)
    yield "its second chunk left out", chunks.joined(first, third, *others)
    yield "its first chunk there twice", chunks.joined(first, first, second, third, *others)
    numbers = [at for at in _edges(chunks.full) if third[at] - second[at] == second[at] - first[at] == 1]
    if numbers:
        exchanged = _with(second, first, numbers), _with(first, second, numbers)
        yield "its first two chunks exchanged and their numbers put right", chunks.joined(*exchanged, third, *others)


def uneven_moved(data: bytes, ends: Iterable[int]) -> Iterator[Altered]:
    """For chunks of unequal length, of which each was 1 to 3 writes that ended at `ends`, with a header or without."""
    places = sorted({0, *ends})
    for head in (0, 1):
        for writes in (1, 2, 3):
            match places[head : head + 3 * writes + 1 : writes]:
                case first, second, third, _:
                    before, one, other, after = data[:first], data[first:second], data[second:third], data[third:]
                    yield "two chunks exchanged", before + other + one + after
                    yield "a chunk left out", before + one + after


def end_put_behind(data: bytes, ends: Iterable[int]) -> Iterator[Altered]:
    """The last chunk left out, and a short end put behind what is left, with the tag that stands there in place of its
    own: against an end whose tag covers no more than what came before it. Written were `data` up to each of `ends`.
    """
    places = sorted({0, *ends} - {len(data)})
    for short in (place for place in places if len(data) - place <= _LARGEST_END):
        for place in places[: places.index(short)][-4:]:
            for tag in _TAGS:
                if place > tag and len(data) - short >= tag:
                    kept, end = data[:place], data[short:]
                    yield "its last chunk left out, and its end put behind the rest", kept + end[:-tag] + kept[-tag:]


def cut_short(chunks: Chunks) -> Iterator[Altered]:
    """The end cut off at a border, also so that what then comes last is marked as the last was."""
    before = chunks.full[:-1]
    yield f"cut off after chunk {len(before)}", chunks.joined(*before, rest=b"")
    if chunks.rest:
        yield (
            f"cut off after chunk {len(chunks.full)}, without its last {len(chunks.rest)} bytes",
            chunks.joined(*chunks.full, rest=b""),
        )
        yield "its last full chunk left out, and what follows it kept", chunks.joined(*before)
        for order in ("big", "little"):
            total = int.from_bytes(chunks.rest, order)
            if len(chunks.rest) in (4, 8) and total and total % len(chunks.full) == 0:
                less = (total // len(chunks.full) * len(before)).to_bytes(len(chunks.rest), order)
                yield "its last chunk left out and the count at its end put right", chunks.joined(*before, rest=less)
    pieces = (*chunks.full, chunks.rest) if chunks.rest else chunks.full
    *usual, sample, final = pieces
    same = [at for at in _edges(pieces) if {piece[at] for piece in usual} == {sample[at]} != {final[at]}]
    for marks in [same, *([at] for at in same[:4] if len(same) > 1)]:
        if marks:
            forged = chunks.joined(*usual, _with(sample, final, marks), rest=b"")
            yield f"cut off after chunk {len(usual) + 1}, which was marked as the last", forged
    if chunks.head:
        yield f"only its first {len(chunks.head)} bytes left", chunks.head
    yield "nothing left of it", b""


def _edges(pieces: Iterable[bytes]) -> tuple[int, ...]:
    """Places that all pieces have near both their ends, the latter counted from there."""
    reach = min(_EDGE, *(len(piece) // 2 for piece in pieces))
    return (*range(reach), *range(-reach, 0))


def _with(piece: bytes, sample: bytes, places: Iterable[int]) -> bytes:
    """`piece` with the bytes of `sample` at these places."""
    changed = bytearray(piece)
    for at in places:
        changed[at] = sample[at]
    return bytes(changed)
