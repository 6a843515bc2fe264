"""Warm processes that are copies of one: they share its memory, close answers off as it does, and end with it."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kms_katas.grading.forked import ForkedRunner
from kms_katas.grading.lanes import Job, grade_in_lanes
from kms_katas.grading.outcome import NotStarted
from kms_katas.kit import Kit

from .conftest import Grade, first
from .test_grading_limits import descendants, running

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
WRONG = "def open_it(kms, blob):\n    return blob\n"


@pytest.fixture
def lender() -> Iterator[ForkedRunner]:
    runner = ForkedRunner()
    yield runner
    runner.close()


@pytest.fixture
def borrowers(lender: ForkedRunner) -> Iterator[list[ForkedRunner]]:
    """Two, lent to before anything is ready."""
    runners = [ForkedRunner(), ForkedRunner()]
    for runner in runners:
        lent = lender.lend()
        assert lent
        runner.adopt(lent)
    yield runners
    for runner in runners:
        runner.close()


def pid_of(runner: ForkedRunner) -> int:
    """The process that was started for it; 0 when it has a copy of another's."""
    assert runner._warm is not None
    return runner._warm._process.pid if runner._warm._process else 0


def kibibytes(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def test_a_copy_runs_answers_at_the_level_of_the_first(
    lender: ForkedRunner, borrowers: list[ForkedRunner], grade: Grade
) -> None:
    for runner in borrowers:
        verdict = grade(RIGHT, runner=runner)
        assert verdict.passed and verdict.isolation == lender.isolation == runner.isolation
        assert runner.lacks == lender.lacks and not pid_of(runner)


def test_a_copy_closes_answers_off(lender: ForkedRunner, borrowers: list[ForkedRunner], grade: Grade) -> None:
    if lender.isolation == "none":
        pytest.skip(f"answers cannot be closed off here: {lender.lacks}")
    for runner in borrowers:
        verdict = grade("def open_it(kms, blob):\n    return open('/etc/passwd').read()\n", runner=runner)
        assert not verdict.passed and "open_it" in first(verdict).message
        assert any(error in first(verdict).message for error in ("PermissionError", "FileNotFoundError"))


def test_what_the_copies_hold_is_in_memory_once(lender: ForkedRunner, borrowers: list[ForkedRunner]) -> None:
    assert all(runner.isolation for runner in borrowers)
    copies = descendants(pid_of(lender))
    assert len(copies) == 2
    everything = {*copies, pid_of(lender)}
    together = sum(kibibytes(pid, "Pss") for pid in everything)
    assert together < 1.5 * max(kibibytes(pid, "Rss") for pid in everything)


def test_a_copy_ends_with_its_answers_when_it_is_let_go_of(lender: ForkedRunner, borrowers: list[ForkedRunner]) -> None:
    for runner in borrowers:
        assert runner.isolation
        runner.warm()
    before = descendants(pid_of(lender))
    assert len(before) > len(borrowers)
    for runner in borrowers:
        runner.close()
    while any(map(running, before)):
        pass


@pytest.mark.parametrize("by", ["let go of", "killed"])
def test_copies_end_with_the_first_and_a_runner_then_starts_its_own(
    lender: ForkedRunner, borrowers: list[ForkedRunner], grade: Grade, by: str
) -> None:
    for runner in borrowers:
        assert grade(RIGHT, runner=runner).passed
    before = descendants(pid_of(lender))
    if by == "killed":
        os.kill(pid_of(lender), signal.SIGKILL)
    else:
        lender.close()
    while any(map(running, before)):
        pass
    for runner in borrowers:
        assert grade(RIGHT, runner=runner).passed and pid_of(runner)


def test_a_first_that_was_killed_is_replaced_for_the_next_who_borrow(lender: ForkedRunner) -> None:
    assert lender.isolation
    killed = pid_of(lender)
    os.kill(killed, signal.SIGKILL)
    while running(killed):
        pass
    lent = None
    while lent is None:
        lent = lender.lend()
    assert pid_of(lender) != killed
    runner = ForkedRunner()
    runner.adopt(lent)
    assert runner.isolation == lender.isolation
    runner.close()


def test_a_copy_of_what_cannot_be_had_never_comes() -> None:
    lender, runner = ForkedRunner("no level"), ForkedRunner("no level")
    lent = lender.lend()
    assert lent
    runner.adopt(lent)
    with pytest.raises(NotStarted):
        runner.start()
    runner.close()
    lender.close()


@pytest.mark.own_runner  # the spawned one shares nothing
def test_lanes_lose_no_verdict_when_what_they_share_is_killed_and_nothing_is_left(
    mini_kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KATA_RUNNER", "forked")
    others, killed = descendants(os.getpid()), set[int]()
    jobs = []
    for number in range(8):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "answer.py").write_text((RIGHT, WRONG)[number % 2], "utf-8")
        jobs.append(Job(str(number), mini_kit.katas[0], folder, folder, number))
    found = {}
    for job, verdict in grade_in_lanes(mini_kit, jobs, 2):
        found[job.name] = verdict.status
        for pid in () if killed else first_processes(os.getpid(), others):
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
    assert len(killed) == 1
    assert found == {str(number): ("pass", "fail")[number % 2] for number in range(8)}
    assert not descendants(os.getpid(), others)


def first_processes(root: int, others: set[int]) -> list[int]:
    """Those started by `root` itself, without `others`, that answers' processes are forked from."""
    found = []
    for task in Path(f"/proc/{root}/task").iterdir():
        for pid in set(map(int, (task / "children").read_text().split())) - others:
            with contextlib.suppress(FileNotFoundError):
                if b"kms_katas.child" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                    found.append(pid)
    return found
