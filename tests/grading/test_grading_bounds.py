"""Every bound on what crosses between an answer and the grader, from both sides: the last to pass, the first not to."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.child import wire
from kms_katas.grading import evidence as evidence_module
from kms_katas.grading import gate as gate_module
from kms_katas.grading.bridged import MAX_PRINTED
from kms_katas.grading.evidence import evidence
from kms_katas.grading.gate import MAX_SLEEP, Gate
from kms_katas.grading.outcome import MAX_FRAMES, MAX_LINE, MAX_MESSAGE, AnswerUnusable, read_raised
from kms_katas.grading.source import MAX_SOURCE, read_source
from kms_katas.lab import Lab

from .conftest import Hold, by_both_runners, signed


def framed(text: str) -> bytearray:
    return bytearray(len(text).to_bytes(4, "big") + text.encode())


def test_a_frame_may_have_its_full_length_and_not_one_byte_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_FRAME", 1000)
    fill = 1000 - len('{"a":""}')
    assert wire.take_frame(bytearray(wire.frame({"a": "x" * fill}))) == {"a": "x" * fill}
    with pytest.raises(wire.WireError, match="1001 bytes"):
        wire.frame({"a": "x" * (fill + 1)})
    with pytest.raises(wire.WireError, match="larger than 1000"):
        wire.take_frame(framed(json.dumps({"a": "x" * fill})))  # with a blank after the colon


@pytest.mark.parametrize("part", ["[]", "{}", "0"])
def test_a_frame_of_many_parts_is_refused_before_it_is_read(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_MARKS", 500)
    brackets = part in ("[]", "{}")
    most = 249 if brackets else 498  # beside the two brackets that hold them, each but the first with a comma
    assert wire.take_frame(framed('{"a":[' + ",".join([part] * most) + "]}")) is not None
    with pytest.raises(wire.WireError, match="500 parts"):
        wire.take_frame(framed('{"a":[' + ",".join([part] * (most + 3)) + "]}"))


def test_a_whole_number_may_have_8192_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 2**wire.MAX_BITS - 1
    assert wire.decode(wire.encode([most, -most])) == [most, -most]
    for number in (most + 1, -most - 1):
        with pytest.raises(wire.WireError, match=f"{wire.MAX_BITS} bits"):
            wire.encode(number)
        with pytest.raises(wire.WireError):
            wire.decode(number)


@given(st.lists(st.integers(0, 40), max_size=4))
def test_all_dictionaries_of_a_value_share_one_bound_on_their_keys(sizes: list[int]) -> None:
    value = [dict.fromkeys(range(size)) for size in sizes]
    with pytest.MonkeyPatch.context() as patch:
        data = wire.encode(value)
        patch.setattr(wire, "MAX_KEYS", 60)
        if sum(sizes) <= 60:
            assert wire.decode(wire.encode(value)) == value
            return
        with pytest.raises(wire.WireError, match="60 dictionary keys"):
            wire.encode(value)
        with pytest.raises(wire.WireError):
            wire.decode(data)


def test_texts_and_bytes_are_summed_up_before_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_FRAME", 100)
    for piece in ("x" * 25, b"x" * 25):
        assert wire.encode([piece] * 4)
        with pytest.raises(wire.WireError, match="100 bytes"):
            wire.encode([piece] * 5)


def test_questions_of_any_kind_are_counted(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_QUESTIONS", 3)
    for question in ({"ask": "nothing"}, {"ask": "sleep", "seconds": 1.0}, {"ask": "sleep", "seconds": 1.0}):
        reply = gate.reply(question)
    assert "now" in reply
    assert "3 questions" in gate.reply({"ask": "sleep", "seconds": 1.0})["refused"]


def test_calls_are_counted_up_to_the_last_one(gate: Gate, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_CALLS", 2)
    replies = [gate.reply(signed(lab.home.admin)) for _ in range(3)]
    assert [reply.get("status") for reply in replies] == [200, 200, None]
    assert "2 AWS calls" in replies[2]["refused"]


def test_sleep_may_take_all_that_there_is_and_no_second_more(lab: Lab) -> None:
    assert "now" in Gate(lab, ("kms",)).reply({"ask": "sleep", "seconds": MAX_SLEEP})
    for seconds in (MAX_SLEEP + 1, float("nan"), -1.0):
        assert "refused" in Gate(lab, ("kms",)).reply({"ask": "sleep", "seconds": seconds})


def test_an_answer_file_may_have_its_full_length(tmp_path: Path) -> None:
    path = tmp_path / "answer.py"
    path.write_text("#" * MAX_SOURCE)
    assert len(read_source(path)) == MAX_SOURCE
    path.write_text("#" * (MAX_SOURCE + 1))
    with pytest.raises(AnswerUnusable, match=str(MAX_SOURCE)):
        read_source(path)


@by_both_runners
def test_an_answer_may_print_its_full_share(hold: Hold) -> None:
    answer = hold("import os\ndef shout(size):\n    while size:\n        size -= os.write(1, b'x' * min(size, 4096))\n")
    answer.call("shout", MAX_PRINTED)
    with pytest.raises(AnswerUnusable, match=f"{MAX_PRINTED // 1024} KiB"):
        answer.call("shout", 1)


def test_what_is_told_of_an_exception_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    def raised(**changed: Any) -> Any:
        frame = {"line": 1, "function": "f", "text": "t"}
        data = {"type": "T", "message": "m", "code": "", "frames": [frame | changed.pop("frame", {})]} | changed
        return read_raised(data, "It")

    for size, kept in ((MAX_MESSAGE, MAX_MESSAGE), (MAX_MESSAGE + 1, MAX_MESSAGE)):
        assert len(raised(message="x" * size).message) == kept
    for field in ("type", "code"):
        assert [len(getattr(raised(**{field: "x" * size}), field)) for size in (200, 201)] == [200, 200]
    for field in ("function", "text"):
        assert len(getattr(raised(frame={field: "x" * 999}).frames[0], field)) == 200
    frames = [{"line": 1, "function": "f", "text": "t"}] * (MAX_FRAMES + 1)
    assert len(raised(frames=frames).frames) == MAX_FRAMES
    assert raised(frame={"line": MAX_LINE}).frames[0].line == MAX_LINE
    for line in (MAX_LINE + 1, -1, 1.0):
        with pytest.raises(AnswerUnusable):
            raised(frame={"line": line})


def test_the_calls_that_are_shown_are_the_first_ones(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_module, "MAX_SHOWN", 2)
    kms = lab.home.admin.client("kms")
    for operation in (kms.list_keys, kms.list_aliases, kms.list_keys):
        operation()
    assert [call.operation for call in evidence(lab.calls)] == ["ListKeys", "ListAliases"]


@by_both_runners
def test_what_an_answer_sends_past_every_bound_takes_no_memory_of_the_grader(
    hold: Hold, runner: Any, peak: Callable[[], int]
) -> None:
    """Ten million empty lists would be some 600 MB, read."""
    answer = hold("""
        import os
        body = b'{"outcome":{"done":[' + b"[]," * 10_000_000 + b"0]}}"
        def flood():
            frame = len(body).to_bytes(4, "big") + body
            for number in range(3, 9):
                try:
                    if os.path.sameopenfile(number, 1):
                        continue
                    left = memoryview(frame)
                    while left:
                        left = left[os.write(number, left):]
                except OSError:
                    pass
    """)
    before = peak()
    with pytest.raises(AnswerUnusable, match="parts"):
        answer.call("flood")
    assert peak() - before < 250 * 1024


@pytest.fixture
def peak() -> Callable[[], int]:
    """KiB that this process has had at most."""

    def now() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

    return now


def test_random_texts_of_any_length_cross_up_to_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    text = secrets.token_hex(5000)
    assert wire.decode(wire.encode({text: text})) == {text: text}
