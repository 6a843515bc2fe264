"""How far a grading has come: a bar on a terminal, a line now and then in a log, and nothing where it is short."""

import os

import pytest

from kms_katas.cli import progress
from kms_katas.cli.progress import duration, progressing


def test_a_log_gets_a_line_now_and_then_with_the_time_that_is_left(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progressing(100) as step:
        for _ in range(100):
            now[0] += 1.0
            step()
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines() == [
        "30 of 100 answers graded, about 70 s left",
        "60 of 100 answers graded, about 40 s left",
        "90 of 100 answers graded, about 10 s left",
    ]


def test_a_short_grading_says_nothing(capsys):
    with progressing(3) as step:
        for _ in range(3):
            step()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "seconds, words", [(0.2, "0 s"), (89, "89 s"), (91, "2 min"), (3600, "1 h 0 min"), (7500, "2 h 5 min")]
)
def test_times_are_told_in_the_unit_that_fits(seconds, words):
    assert duration(seconds) == words


@pytest.mark.skipif(os.name == "nt", reason="there is no such terminal")
def test_a_terminal_gets_a_bar_that_is_gone_at_the_end(terminal, here):
    for name in ("ann", "bob"):
        (here / "all" / name / "keys" / "mini").mkdir(parents=True)
        (here / "all" / name / "keys" / "mini" / "answer.py").write_text("x = 1\n")
    opened = terminal("grade", "all", "--isolation", "none", "--format", "csv", "--output", "x.csv")
    output = opened.read_until()
    assert b"2/2" in output and b"answers, left" in output
    # The last line is wiped: nothing of the bar stays.
    assert output.rstrip().endswith(b"\x1b[2K")
