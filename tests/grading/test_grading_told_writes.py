"""Writes to a stream wait for no reply: they come before whatever is asked after them, and a refusal is not lost."""

import secrets

import pytest

from kms_katas.child.serving import MAX_HELD
from kms_katas.grading import gate as gate_module
from kms_katas.grading.outcome import AnswerUnusable

from .conftest import Hold, by_both_runners

WRITES = """
import os, time

def copy(source, sink, sizes):
    for size in sizes:
        sink.write(source.read(size))

def change_its_own(sink, data):
    piece = bytearray(data)
    sink.write(piece)
    piece[:] = bytes(len(piece))

def write_and(what, source, sink, kms, pieces):
    sizes = [sink.write(piece) for piece in pieces]
    if what == "read":
        source.read(1)
    if what == "sleep":
        time.sleep(5)
    if what == "call":
        kms.list_keys()
    if what == "raise":
        raise ValueError("on purpose")
    if what == "return what does not cross":
        return object()
    if what == "end":
        os._exit(0)
    return sizes

def write_on_after_a_refusal(sink, source, data):
    sink.write(data)
    try:
        source.read(1)
    except Exception as error:
        return [str(error), source.read(1)]

def write_to(stream):
    stream.write(b"x")
    return "went on"
"""


@by_both_runners
def test_what_had_been_read_before_each_write_is_told_as_it_was(hold: Hold) -> None:
    answer = hold(WRITES)
    source = answer.stream(5000)
    sink, sizes = answer.sink(source), [1 + secrets.randbelow(400) for _ in range(12)]
    answer.call("copy", source, sink, sizes)
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    assert sink.marks == [(end, end - size) for end, size in zip(ends, sizes, strict=True)]
    assert bytes(sink.data) == source.content(0, ends[-1])


@pytest.mark.parametrize("what", ["return", "raise", "return what does not cross", "read", "sleep", "call"])
@by_both_runners
def test_all_that_was_written_is_there_when_the_call_is_over(hold: Hold, what: str) -> None:
    answer = hold(WRITES)
    source, sink, pieces = answer.stream(10), answer.sink(), [secrets.token_bytes(size) for size in (3, 0, 70_000)]
    try:
        assert answer.call("write_and", what, source, sink, answer.client(), pieces) == [3, 0, 70_000]
    except Exception:
        assert what in ("raise", "return what does not cross")
    assert (bytes(sink.data), sink.writes) == (b"".join(pieces), 3)


@by_both_runners
def test_more_than_is_held_comes_whole_and_in_order(hold: Hold) -> None:
    answer = hold(WRITES)
    sink, pieces = answer.sink(), [secrets.token_bytes(MAX_HELD // 3) for _ in range(8)] + [bytes(2 * MAX_HELD), b"end"]
    answer.call("write_and", "return", answer.stream(1), sink, answer.client(), pieces)
    assert bytes(sink.data) == b"".join(pieces)
    assert sink.writes == len(pieces)


def test_what_is_changed_after_it_was_written_was_written_as_it_was(hold: Hold) -> None:
    answer = hold(WRITES)
    sink, data = answer.sink(), secrets.token_bytes(30)
    answer.call("change_its_own", sink, data)
    assert bytes(sink.data) == data


@pytest.mark.parametrize("what", ["return", "raise", "return what does not cross", "read", "sleep", "call"])
@by_both_runners
def test_a_write_that_is_refused_is_told_whatever_comes_after_it(
    hold: Hold, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(gate_module, "MAX_BYTES", 100)
    answer = hold(WRITES)
    source, sink = answer.stream(10), answer.sink()
    before, pieces = answer.lab.clock.now(), [bytes(90), bytes(11), bytes(5)]
    raised = answer.raises("write_and", what, source, sink, answer.client(), pieces)
    assert raised is not None and raised.type == "LabRefused" and "at most 100 bytes" in raised.message
    # Nothing that stood behind it happened.
    assert (len(sink.data), source.position, answer.lab.clock.now(), answer.calls) == (90, 0, before, ())
    assert answer.call("write_and", "read", source, sink, answer.client(), [bytes(10)]) == [10]


def test_a_refusal_is_told_once(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_BYTES", 10)
    answer = hold(WRITES)
    source = answer.stream(10)
    said, read = answer.call("write_on_after_a_refusal", answer.sink(), source, bytes(11))
    assert "at most 10 bytes" in said and read == source.content(0, 1)


def test_each_write_counts_as_a_question(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_QUESTIONS", 20)
    answer = hold(WRITES)
    sink = answer.sink()
    raised = answer.raises("write_and", "return", answer.stream(1), sink, answer.client(), [b"x"] * 21)
    assert raised is not None and "20 questions" in raised.message
    assert sink.writes == 20


def test_a_write_to_a_stream_for_reading_is_refused_at_once(hold: Hold) -> None:
    raised = (answer := hold(WRITES)).raises("write_to", answer.stream(5))
    assert raised is not None and raised.type == "LabRefused" and "for reading" in raised.message
    assert raised.frames[-1].text == 'stream.write(b"x")'


@by_both_runners
def test_a_process_that_ends_after_a_write_is_told_like_any_other(hold: Hold) -> None:
    answer = hold(WRITES)
    with pytest.raises(AnswerUnusable, match="ended its own process"):
        answer.call("write_and", "end", answer.stream(1), answer.sink(), answer.client(), [b"x"])
    sink = answer.sink()
    answer.call("write_and", "return", answer.stream(1), sink, answer.client(), [b"y"])
    assert bytes(sink.data) == b"y"
