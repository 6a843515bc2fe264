"""Questions and exams in a real terminal: its width, Ctrl-C, a crash, the clock."""

import re

import pytest

from kms_katas.study.progress import NAME, Progress
from kms_katas.study.sitting import sittings

pytest.importorskip("termios")  # not on Windows

from .in_a_terminal import ESCAPE

ASKS = b"? for help): "
COLOUR = re.compile(rb"\x1b\[[0-9;]*(3|4|9|10)[0-7]m")


@pytest.fixture
def saved(here):
    return lambda: Progress.load(here / "my-katas" / NAME)


def answered(shown, *lines):
    """Types a line whenever the next one is asked for."""
    for line in lines:
        shown.read_until(ASKS)
        shown.output = shown.output.replace(ASKS, b"(asked)")
        shown.type(line)


def test_no_line_is_wider_than_a_terminal_of_60_columns(terminal, bank, answer, mini_root):
    for file in (mini_root / "docs" / "questions").iterdir():
        file.write_text(re.sub(r'(text|why) = "', r'\1 = "' + "many words of it " * 9, file.read_text()))
    quiz = terminal("quiz", "states/q-1", width=60)
    answered(quiz, b"a\n")
    quiz.end()
    exam = terminal("exam", "scs-c03", "--count", "2", width=60)
    answered(exam, b"l\n", b"?\n", b"end\n", b"end\n")
    assert exam.end() == 0
    for shown in (quiz.output, exam.output):
        for line in ESCAPE.sub(b"", shown).decode().splitlines():
            assert len(line) <= 60


def test_what_is_right_is_a_word_and_not_a_colour_alone(terminal, bank, answer):
    shown = [terminal("quiz", "states/q-1", **more) for more in ({}, {"NO_COLOR": "1"})]
    for one in shown:
        answered(one, b"a\n")
        one.end()
        assert re.search(rb"[a-d]  right ", ESCAPE.sub(b"", one.output))
        assert re.search(rb"Right: |Not right\. ", ESCAPE.sub(b"", one.output))
    assert COLOUR.search(shown[0].output)
    assert not COLOUR.search(shown[1].output)


def test_ctrl_c_in_a_quiz_keeps_what_was_answered(terminal, bank, answer, saved):
    shown = terminal("quiz", "rotation", "--seed", "1")
    shown.read_until(ASKS)
    shown.type(b"a\n" if b"choose" not in shown.output else b"ab\n")
    shown.read_until(b"q to leave: ")
    shown.type(b"\x03")
    assert shown.end() == 130
    assert b"Nothing is lost" in shown.output
    assert b"Traceback" not in shown.output
    assert len(saved().answered) == 1


def test_the_end_of_input_leaves_an_exam_open(terminal, bank, answer, saved):
    shown = terminal("exam", "scs-c03", "--count", "3")
    answered(shown, b"f\n", b"\x04")
    assert shown.end() == 0
    assert b"is kept" in shown.output
    (sitting,) = sittings(saved())
    assert sitting.flagged == {1}
    assert sitting.done is None


def test_ctrl_c_in_an_exam_keeps_the_answers_and_stops_the_clock(terminal, bank, answer, saved):
    shown = terminal("exam", "scs-c03", "--count", "3")
    answered(shown, b"f\n", b"\x03")
    assert shown.end() == 130
    assert b"Traceback" not in shown.output
    assert sittings(saved())[0].flagged == {1}
    assert any(line.startswith("exam-clock") for line in saved().lines)


def test_an_exam_that_is_killed_goes_on_where_it_was(terminal, bank, answer, saved):
    shown = terminal("exam", "scs-c03", "--count", "4")
    answered(shown, b"f\n", b"n\n", b"-\n", b"l\n")
    shown.read_until(ASKS)
    before = sittings(saved())
    shown.process.kill()
    shown.process.wait()
    again = terminal("exam", "scs-c03")
    assert b"Question 1 of 4   flagged" in ESCAPE.sub(b"", again.read_until(ASKS))
    again.type(b"q\n")
    again.end()
    ((first,), (second,)) = before, sittings(saved())
    assert (first.id, first.asked, first.flagged) == (second.id, second.asked, second.flagged)
    assert second.used >= first.used


def test_the_end_of_the_time_ends_an_exam_that_waits_for_an_answer(terminal, bank, answer, saved, here):
    shown = terminal("exam", "scs-c03", "--count", "2", "--minutes", "1")
    answered(shown, b"q\n")
    shown.end()
    (sitting,) = sittings(saved())
    with (here / "my-katas" / NAME).open("a") as file:
        file.write(f"exam-clock {sitting.id} 59\n")
    waiting = terminal("exam", "scs-c03")
    assert waiting.end() == 0
    assert b"The time is over." in waiting.output
    assert b"0 of 2" in waiting.output
    assert sittings(saved())[0].done
