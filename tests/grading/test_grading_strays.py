"""What an answer leaves behind at `none`, where it may start processes and send signals: it is found and ended.

At the other levels it cannot: see test_grading_isolation.py.
"""

import os
import signal
import time
from pathlib import Path

import pytest

from kms_katas.grading.forked import ForkedRunner

from .conftest import Grade, by_both_open_runners, first, statuses
from .test_grading_limits import running

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'

DAEMON = """
import os, select
def settle(note):
    os.setsid()
    os.closerange(0, 64)
    if os.fork():
        os._exit(0)
    with open(note, "a") as file:
        print(os.getpid(), file=file)
    select.select([], [], [], 60)
    os._exit(0)
def open_it(kms, blob):
    pid = os.fork()
    if pid == 0:
        settle({note!r})
    os.waitpid(pid, 0)
    while not os.path.exists({note!r}): pass
    {ending}
    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]
"""


def _ended(note: Path) -> bool:
    pids = [int(line) for line in note.read_text().split()]
    deadline = time.monotonic() + 5
    while any(map(running, pids)) and time.monotonic() < deadline:
        pass
    for pid in filter(running, pids):
        os.kill(pid, signal.SIGKILL)
        return False
    return bool(pids)


@by_both_open_runners
def test_a_daemon_in_a_session_of_its_own_is_ended_with_its_answer(grade: Grade, tmp_path: Path) -> None:
    note = tmp_path / "note"
    verdict = grade(DAEMON.format(note=str(note), ending="pass"))
    assert verdict.passed and _ended(note)


@pytest.mark.parametrize("runner", ["forked:none"], indirect=True)
def test_so_is_one_whose_answer_ended_before_it(grade: Grade, tmp_path: Path) -> None:
    note = tmp_path / "note"
    verdict = grade(DAEMON.format(note=str(note), ending="os._exit(0)"))
    assert set(statuses(verdict)) == {"error"} and _ended(note)


@pytest.mark.parametrize("runner", ["forked:none"], indirect=True)
def test_other_answers_processes_are_left_alone(grade: Grade, tmp_path: Path) -> None:
    """Others are forked ahead, and wait beside it."""
    source = DAEMON.format(note=str(tmp_path / "note"), ending="pass")
    right, daemon, again = grade(RIGHT, source, RIGHT)
    assert right.passed and daemon.passed and again.passed
    assert _ended(tmp_path / "note")


def test_an_answer_that_stops_the_warm_process_holds_nobody_up(grade: Grade) -> None:
    stop = "import os, signal\ndef open_it(kms, blob):\n    os.kill(os.getppid(), signal.SIGSTOP)\n    return blob\n"
    runner = ForkedRunner("none")
    try:
        assert grade(RIGHT, runner=runner).passed
        warm = runner._warm
        stopped, right = grade(stop, RIGHT, runner=runner)
        assert first(stopped).status == "fail" and right.passed
        assert runner._warm is warm  # one that does not speak is replaced, after a minute
    finally:
        runner.close()
