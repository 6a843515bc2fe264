"""Streams that are handed over with their content: the same bytes are read, from memory, and each read is told in its
place between the writes.
"""

import secrets
from typing import Any

import pytest

from kms_katas.child import wire
from kms_katas.grading import gate as gate_module
from kms_katas.grading.gate import Gate
from kms_katas.grading.handles import GivenSource, Sink, Source
from kms_katas.grading.outcome import AnswerUnusable

from .conftest import Hold, by_both_runners

READS = """
import io, os

def in_pieces(source, sink, sizes):
    got = []
    for size in sizes:
        got.append(source.read(size))
        sink.write(got[-1])
    return got

def into_buffers(source, sink, sizes):
    got = []
    for size in sizes:
        buffer = bytearray(abs(size or 0))
        got.append(bytes(buffer[:source.readinto(buffer)]))
        sink.write(got[-1])
    return got

def behind_a_buffer(source, sink, sizes):
    reader, got = io.BufferedReader(source, 64), []
    for size in sizes:
        got.append(reader.read(size))
        sink.write(got[-1])
    return got

def to_the_end(source, sink, sizes):
    got = []
    while part := source.read(sizes[0]):
        got.append(part)
    sink.write(b"".join(got))
    return [*got, source.read(), source.read(1), source.readable(), source.writable(), source.seekable()]

def too_much_at_once(source, size):
    try:
        source.read(size)
    except Exception as error:
        return [type(error).__name__, str(error), source.read(1)]

def read(source, size):
    return source.read(size)

def read_and(what, source):
    source.read(3)
    if what == "raise":
        raise ValueError("on purpose")
    if what == "return what does not cross":
        return object()
    if what == "end":
        os._exit(0)

def say(source, question):
    try:
        return source._bridge.ask(question)
    except Exception as error:
        return [type(error).__name__, str(error)]
"""


def seen(source: Source, sink: Sink) -> tuple[Any, ...]:
    """All that is kept of reads and writes."""
    of_reads = source.position, source.reads, source.largest_read, source.reads_of_all, source.ends
    return *of_reads, sink.writes, sink.ends, sink.marks, bytes(sink.data)


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for bytes of a stream is refused."""
    monkeypatch.setattr(Gate, "_read", lambda self, question: {"refused": "the lab was asked"})


@pytest.mark.parametrize("runner", ["forked", "spawned", "inprocess"], indirect=True)
@pytest.mark.parametrize("function", ["in_pieces", "into_buffers", "behind_a_buffer", "to_the_end"])
@pytest.mark.parametrize("most", [None, 70])
def test_what_is_read_and_what_is_kept_of_it_is_the_same(hold: Hold, function: str, most: int | None) -> None:
    answer = hold(READS)
    sizes = [1 + secrets.randbelow(200) for _ in range(9)] + [0, 1, 69, 70, 71, 0]
    if function == "in_pieces":
        sizes += [secrets.choice([-1, None, -7, -(1 << 80)]), 5, -1]  # type: ignore[list-item]
    content, length = secrets.token_bytes(700 + secrets.randbelow(900)), 2000
    for given in (content, length):
        found = []
        for handed in (False, True):
            source = answer.stream(given, most, handed=handed)
            source._seed = 5  # each stream has a seed of its own
            sink = answer.sink(source)
            found.append((answer.call(function, source, sink, sizes), seen(source, sink)))
        remote, local = found
        assert remote == local
        assert len(remote[1][4]) > 5 and remote[1][8]


@by_both_runners
def test_the_lab_is_asked_for_none_of_what_was_handed_over(hold: Hold, unasked: None) -> None:
    answer = hold(READS)
    content = secrets.token_bytes(300_000)
    source = answer.stream(content, handed=True)
    sink = answer.sink(source)
    assert b"".join(answer.call("in_pieces", source, sink, [65_536] * 6)) == content
    ends = [65_536, 131_072, 196_608, 262_144, 300_000, 300_000]
    assert source.ends == ends
    assert sink.marks == list(zip(ends, [0, *ends], strict=False))
    raised = answer.raises("read", answer.stream(content), 1)
    assert raised is not None and "the lab was asked" in raised.message


@pytest.mark.parametrize("what", ["return", "raise", "return what does not cross"])
@by_both_runners
def test_what_was_read_is_known_when_the_call_is_over(hold: Hold, unasked: None, what: str) -> None:
    answer = hold(READS)
    source = answer.stream(10, handed=True)
    try:
        answer.call("read_and", what, source)
    except Exception:
        assert what != "return"
    assert (source.position, source.ends) == (3, [3])


@by_both_runners
def test_a_process_that_ends_after_a_read_is_told_like_any_other(hold: Hold) -> None:
    answer = hold(READS)
    with pytest.raises(AnswerUnusable, match="ended its own process"):
        answer.call("read_and", "end", answer.stream(10, handed=True))
    assert len(answer.call("read", answer.stream(10, handed=True), 4)) == 4


@pytest.mark.parametrize("handed", [False, True])
def test_the_next_call_reads_on_where_the_last_one_stopped(hold: Hold, handed: bool) -> None:
    answer, content = hold(READS), secrets.token_bytes(100)
    source = answer.stream(content, handed=handed)
    assert b"".join(answer.call("read", source, 30) for _ in range(5)) == content
    assert source.ends == [30, 60, 90, 100, 100]


@pytest.mark.parametrize("size", [wire.MAX_FRAME // 2 + 1, 1 << 70])
def test_more_than_may_be_read_at_once_is_refused_whether_or_not_it_was_handed_over(hold: Hold, size: int) -> None:
    answer, content = hold(READS), secrets.token_bytes(10)
    remote, local = (
        answer.call("too_much_at_once", answer.stream(content, handed=handed), size) for handed in (False, True)
    )
    assert remote == local
    assert remote[0] == "LabRefused" and remote[2] == content[:1]


def test_each_read_counts_as_a_question(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_QUESTIONS", 20)
    answer = hold(READS)
    source = answer.stream(100, handed=True)
    raised = answer.raises("in_pieces", source, answer.sink(), [1] * 11)
    assert raised is not None and "20 questions" in raised.message
    assert source.reads == 10


def test_a_stream_too_long_to_be_handed_over_is_refused_to_the_check(hold: Hold) -> None:
    answer = hold(READS)
    with pytest.raises(ValueError, match="handed"):
        answer.stream(gate_module.MAX_BYTES, handed=True)


def test_a_told_read_moves_a_stream_as_a_read_does_and_never_past_its_end(gate: Gate) -> None:
    length = 60 + secrets.randbelow(100)
    source = GivenSource(0, secrets.token_bytes(length), most=20, handed=True)
    gate.streams = {0: source}
    for size, position in ((15, 15), (0, 15), (100, 35), (1 << 80, 55), (-1, length)):
        assert gate.reply({"ask": "took", "stream": 0, "size": size}) == {}
        assert source.position == position
    for size in (1, 1 << 40, -1, -(1 << 80)):
        assert gate.reply({"ask": "took", "stream": 0, "size": size}) == {}
    assert source.ends == [15, 15, 35, 55, *[length] * 5]
    assert source.largest_read == max(20, length - 55)


@pytest.mark.parametrize("size", [None, True, 1.0, "1", [1], {}])
def test_a_told_read_of_no_size_is_refused(gate: Gate, size: Any) -> None:
    source = Source(0, 1, 100, handed=True)
    gate.streams = {0: source}
    assert "refused" in gate.reply({"ask": "took", "stream": 0, "size": size})
    assert (source.position, source.reads) == (0, 0)


def test_a_read_may_be_told_of_what_was_handed_over_and_of_nothing_else(gate: Gate) -> None:
    remote, sink = Source(0, 1, 100), Sink(1)
    gate.streams = {0: remote, 1: sink}
    for stream in (0, 1, 2, -1, None, True, "0", [0]):
        assert "refused" in gate.reply({"ask": "took", "stream": stream, "size": 1})
    assert (remote.position, remote.reads, remote.ends, sink.writes) == (0, 0, [], 0)


def test_an_answer_that_lies_about_its_reads_gets_no_further_than_one_that_reads(hold: Hold) -> None:
    answer = hold(READS)
    handed, remote = answer.stream(100, handed=True), answer.stream(100)
    sink = answer.sink(handed)

    def told(stream: int, size: object) -> object:
        return answer.call("say", handed, {"ask": "took", "stream": stream, "size": size})

    assert told(handed.number, 1 << 60) == {}
    assert handed.position == 100
    for stream in (remote.number, sink.number, 77):
        assert told(stream, 5)[0] == "LabRefused"  # type: ignore[index]
    assert (remote.position, sink.writes) == (0, 0)
