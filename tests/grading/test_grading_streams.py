"""Streams: what an answer held back is told from reads and writes, and every border that it made is found and moved."""

import secrets
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.grading.expect import Rejected
from kms_katas.grading.handles import GivenSource, Sink, Source
from kms_katas.grading.streams import (
    Chunks,
    chunks_of,
    cut_short,
    end_put_behind,
    expect_held,
    held,
    moved,
    uneven_moved,
)

from .conftest import Hold

Pair = tuple[GivenSource, Sink]
sizes = st.integers(50, 400)


def pair(length: int) -> Pair:
    source = GivenSource(0, secrets.token_bytes(length))
    return source, Sink(1, source)


def copied(length: int, chunk: int, at_end: bool = False, overhead: int = 0) -> Pair:
    source, sink = pair(length)
    parts = []
    while part := source.read(chunk):
        parts.append(part + bytes(overhead))
        if not at_end:
            sink.write(parts.pop())
    sink.write(b"".join(parts))
    return source, sink


@given(st.integers(1, 5000), st.integers(1, 900))
def test_who_writes_what_was_read_holds_one_read(length: int, chunk: int) -> None:
    assert held(*copied(length, chunk)) == min(chunk, length)


@given(st.integers(1, 5000), st.integers(1, 900))
def test_who_writes_at_the_end_holds_everything(length: int, chunk: int) -> None:
    assert held(*copied(length, chunk, at_end=True)) == length


def test_what_is_sealed_longer_than_it_was_hides_nothing() -> None:
    """Text a third longer than its content: after two thirds were kept back, as many bytes were written as read."""
    source, sink = pair(9000)
    sink.write(bytes(3000))
    source.read(9000)
    sink.write(bytes(9000))
    assert held(source, sink) == 9000 - 3000 * 9000 // 12000


def test_a_stream_that_was_read_and_never_written_is_held_whole() -> None:
    source, sink = pair(500)
    source.read(500)
    assert held(source, sink) == 500


def test_what_was_handed_over_is_no_measure_of_what_was_held() -> None:
    source = GivenSource(0, secrets.token_bytes(500), handed=True)
    sink = Sink(1, source)
    with pytest.raises(ValueError, match="handed"):
        expect_held("seal", source, sink, 1000)


def test_each_way_of_holding_too_much_has_its_own_sentence() -> None:
    everything, sink = pair(300_000)
    sink.write(everything.read(-1))
    said = []
    for source, target in (
        (everything, sink),
        copied(300_000, 10_000, at_end=True),
        copied(300_000, 150_000),
    ):
        with pytest.raises(Rejected) as refused:
            expect_held("seal", source, target, 100_000)
        said.append(refused.value.message)
    assert len(set(said)) == 3
    expect_held("seal", *copied(300_000, 100_000, overhead=16), 100_000)


@given(st.integers(1, 300), st.integers(1, 100), st.integers(1, 50))
def test_a_source_with_a_most_gives_less_but_loses_nothing(length: int, asked: int, most: int) -> None:
    source = Source(0, 5, length, most)
    got = b""
    while part := source.read(asked):
        assert len(part) <= min(asked, most)
        got += part
    assert got == source.content(0, length)
    assert source.ends[-1] == length
    assert Source(0, 5, length, most).read(-1) == got


def sealed(head: int, chunk: int, count: int, rest: int, write: Callable[[Sink, bytes], None]) -> tuple[bytes, Sink]:
    sink = Sink(0)
    if head:
        sink.write(secrets.token_bytes(head))
    for size in (*[chunk] * count, *[rest] * bool(rest)):
        write(sink, secrets.token_bytes(size))
    return bytes(sink.data), sink


def whole(sink: Sink, chunk: bytes) -> None:
    sink.write(chunk)


def in_parts(sink: Sink, chunk: bytes) -> None:
    for part in (chunk[:4], chunk[4:16], chunk[16:]):
        sink.write(part)


@given(st.integers(0, 20), sizes, st.integers(3, 9), st.data(), st.sampled_from([whole, in_parts]))
def test_chunks_are_found_by_the_writes(
    head: int, chunk: int, count: int, draw: st.DataObject, write: Callable[[Sink, bytes], None]
) -> None:
    rest = draw.draw(st.integers(0, chunk - 1).filter(lambda rest: not 0 < rest < 17))
    data, sink = sealed(head, chunk, count, rest, write)
    chunks = chunks_of(data, sink.ends)
    assert chunks is not None
    assert {len(full) for full in chunks.full} == {chunk}
    assert chunks.joined(*chunks.full) == data
    assert (len(chunks.head), len(chunks.full)) == (head, count)


def test_chunks_are_found_by_the_reads_where_the_writes_tell_nothing() -> None:
    data = secrets.token_bytes(12 + 5 * 100 + 16)
    found = chunks_of(data, [300, 528], [12, 112, 212, 312, 412, 512, 528])
    assert found is not None
    assert [len(found.head), *map(len, found.full), len(found.rest)] == [12, 100, 100, 100, 100, 100, 16]


@given(st.lists(st.integers(1, 50_000), max_size=6, unique=True))
def test_no_chunks_are_made_up(ends: list[int]) -> None:
    data = bytes(100_000)
    found = chunks_of(data, ends)
    assert found is None or found.joined(*found.full) == data


def test_two_chunks_are_too_few() -> None:
    assert chunks_of(bytes(200), [100, 200]) is None


def numbered(count: int, rest: bool) -> Chunks:
    """Chunks with number and last mark in the open, in their first 5 bytes."""
    full = tuple(struct.pack(">I?", at, not rest and at == count - 1) + secrets.token_bytes(60) for at in range(count))
    return Chunks(b"head", full, struct.pack(">I?", count, True) + secrets.token_bytes(20) if rest else b"")


@pytest.mark.parametrize("rest", [False, True])
def test_no_attack_gives_the_same_bytes_again(rest: bool) -> None:
    chunks = numbered(4, rest)
    same = chunks.joined(*chunks.full)
    changes = [*moved(chunks), *cut_short(chunks)]
    assert all(changed != same for _, changed in changes)
    assert len({what for what, _ in changes}) > 6


def test_numbers_in_the_open_are_put_right_when_chunks_are_exchanged() -> None:
    first, second, *others = (secrets.token_bytes(60) for _ in range(4))
    chunks = Chunks(b"", tuple(struct.pack(">I", at) + part for at, part in enumerate((first, second, *others))), b"")
    wanted = [struct.pack(">I", at) + part for at, part in enumerate((second, first, *others))]
    assert b"".join(wanted) in {changed for _, changed in moved(chunks)}


@pytest.mark.parametrize("rest", [False, True])
def test_a_mark_in_the_open_is_put_on_the_chunk_before(rest: bool) -> None:
    chunks = numbered(4, rest)
    pieces = (*chunks.full, chunks.rest) if rest else chunks.full
    marked = pieces[-2][:4] + b"\x01" + pieces[-2][5:]
    assert b"head" + b"".join(pieces[:-2]) + marked in {changed for _, changed in cut_short(chunks)}


@pytest.mark.parametrize("order", ["<Q", ">Q", "<I", ">I"])
def test_a_count_in_the_open_is_put_right(order: str) -> None:
    full = tuple(secrets.token_bytes(60) for _ in range(5))
    chunks = Chunks(b"", full, struct.pack(order, 5))
    assert b"".join(full[:4]) + struct.pack(order, 4) in {changed for _, changed in cut_short(chunks)}


@given(st.lists(sizes, min_size=3, max_size=6), st.sampled_from([whole, in_parts]), st.integers(0, 20))
def test_two_chunks_of_unequal_length_are_exchanged_and_one_left_out(
    lengths: list[int], write: Callable[[Sink, bytes], None], head: int
) -> None:
    sink, chunks = Sink(0), [secrets.token_bytes(length) for length in lengths]
    start = secrets.token_bytes(head)
    for part in filter(None, [start]):
        sink.write(part)
    for chunk in chunks:
        write(sink, chunk)
    first, second, *others = chunks
    changes = {changed for _, changed in uneven_moved(bytes(sink.data), sink.ends)}
    assert start + b"".join((second, first, *others)) in changes
    assert start + b"".join((first, *others)) in changes


def test_an_answer_reads_given_bytes_and_its_writes_are_marked(hold: Hold) -> None:
    answer = hold("""
        def copy(source, sink):
            while data := source.read(300):
                sink.write(data)
    """)
    data = secrets.token_bytes(1000)
    source = answer.stream(data, most=250)
    sink = answer.sink(source)
    answer.call("copy", source, sink)
    assert bytes(sink.data) == data
    assert sink.marks == [(250, 0), (500, 250), (750, 500), (1000, 750)]
    assert sink.ends == source.ends[:-1] == [250, 500, 750, 1000]
    assert (source.reads_of_all, source.largest_read) == (0, 250)


@pytest.mark.parametrize("writes", [1, 2])
def test_an_end_is_put_behind_a_stream_with_the_tag_that_stands_there(writes: int) -> None:
    """Each chunk is a body and a tag of 32 bytes, written at once or one by one; the end has no body but a length."""
    chunks = [(secrets.token_bytes(200), secrets.token_bytes(32)) for _ in range(3)]
    data, ends = b"", []
    for body, tag in (*chunks, (bytes(4), secrets.token_bytes(32))):
        ends += [len(data) + len(body)] * (writes == 2) + [len(data) + len(body) + 32]
        data += body + tag
    kept = b"".join(body + tag for body, tag in chunks[:2])
    made = [changed for _, changed in end_put_behind(data, ends)]
    assert kept + bytes(4) + chunks[1][1] in made
    assert data not in made
