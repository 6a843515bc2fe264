"""A process that somebody else ends is no verdict: it is replaced and the check is run again, at whatever step it was.

What an answer does to its own process is the answer's doing, and told as such.
"""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kms_katas.grading.bridged import FAULT
from kms_katas.grading.forked import ForkedRunner, _ForkedAnswer, _WarmProcess
from kms_katas.grading.outcome import Infra
from kms_katas.grading.runner import TRIES, Runner
from kms_katas.grading.spawned import SpawnedRunner, _SpawnedAnswer

from .conftest import Grade, by_both_runners, first, statuses
from .test_grading_limits import descendants, running

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
REVERSED = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"][::-1]\n'

STEPS = {
    "forked": [(_WarmProcess, "_say"), (_WarmProcess, "_hear"), (_ForkedAnswer, "send"), (_ForkedAnswer, "receive")],
    "spawned": [(_SpawnedAnswer, "send"), (_SpawnedAnswer, "receive"), (_SpawnedAnswer, "read_output")],
}


class Steps:
    """Counts what the grader says to its processes and hears from them; kills one of these at one of those steps."""

    def __init__(self) -> None:
        self.count, self.at, self.victim = 0, -1, (lambda: None)

    def step(self) -> None:
        if self.count == self.at and (pid := self.victim()):
            os.kill(pid, signal.SIGKILL)
        self.count += 1

    def kill(self, at: int, victim: Callable[[], int | None]) -> None:
        self.count, self.at, self.victim = 0, at, victim


@pytest.fixture
def steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Steps:
    counted = Steps()

    def wrap(kind: Any, name: str) -> None:
        original = getattr(kind, name)

        def stepped(self: Any, *arguments: Any, **keywords: Any) -> Any:
            counted.alive = self
            counted.step()
            return original(self, *arguments, **keywords)

        monkeypatch.setattr(kind, name, stepped)

    for kind, name in STEPS[request.param]:
        wrap(kind, name)
    return counted


@pytest.fixture
def forked() -> Iterator[ForkedRunner]:
    runner = ForkedRunner()
    yield runner
    runner.close()


@pytest.fixture
def spawned() -> Iterator[SpawnedRunner]:
    runner = SpawnedRunner()
    yield runner
    runner.close()


def children_of(pid: int) -> int | None:
    return next(iter(descendants(pid)), None)


@pytest.mark.parametrize("victim", ["warm process", "answer's process"])
@pytest.mark.parametrize("steps", ["forked"], indirect=True)
def test_a_process_killed_at_any_step_changes_no_verdict(
    grade: Grade, forked: ForkedRunner, steps: Steps, victim: str
) -> None:
    def warm() -> int | None:
        process = forked._warm and forked._warm._process
        return process.pid if process and process.poll() is None else None

    def child() -> int | None:
        return children_of(pid) if (pid := warm()) else None

    assert grade(RIGHT, runner=forked).passed
    whole, at = steps.count, 0
    while at < whole:
        steps.kill(at, warm if victim == "warm process" else child)
        assert statuses(grade(RIGHT, runner=forked)) == ["pass", "pass"], at
        at += 1
    steps.kill(whole // 2, warm if victim == "warm process" else child)
    assert statuses(grade(REVERSED, runner=forked)) == ["fail", "pass"]


@pytest.mark.parametrize("steps", ["spawned"], indirect=True)
def test_a_spawned_process_killed_at_any_step_changes_no_verdict(
    grade: Grade, spawned: SpawnedRunner, steps: Steps
) -> None:
    before = descendants(os.getpid())
    assert grade(RIGHT, runner=spawned).passed
    for at in range(steps.count):
        steps.kill(at, lambda: steps.alive._process.pid)
        assert statuses(grade(RIGHT, runner=spawned)) == ["pass", "pass"], at
    spawned.close()
    assert not descendants(os.getpid(), before)


def test_processes_that_wait_for_the_next_answer_may_be_killed(grade: Grade, forked: ForkedRunner) -> None:
    assert grade(RIGHT, runner=forked).passed
    forked.warm()
    for answer in forked._ahead:
        os.kill(answer._pid, signal.SIGKILL)
    assert grade(RIGHT, runner=forked).passed


def test_with_the_warm_process_end_those_that_were_forked_from_it(grade: Grade, forked: ForkedRunner) -> None:
    assert grade(RIGHT, runner=forked).passed
    forked.warm()
    pids = [answer._pid for answer in forked._ahead]
    assert forked._warm is not None
    forked._warm._process.kill()
    forked._warm._process.wait()
    while any(map(running, pids)):
        pass
    assert grade(RIGHT, runner=forked).passed


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
@by_both_runners
def test_an_answer_that_ends_itself_so_that_it_looks_like_somebody_else_is_an_error_after_all(
    grade: Grade, runner: Runner, number: int
) -> None:
    source = f"import os\ndef open_it(kms, blob):\n    os.kill(os.getpid(), {number:d})\n    return blob\n"
    verdict, right = grade(source, RIGHT)
    assert statuses(verdict) == ["error", "error"] and right.passed
    assert f"run {TRIES} times" in first(verdict).message and "signal" in first(verdict).next_step


@pytest.mark.parametrize("runner", ["forked:none"], indirect=True)
def test_an_answer_that_kills_the_warm_process_is_an_error_after_all(grade: Grade, runner: Runner) -> None:
    source = "import os\ndef open_it(kms, blob):\n    os.kill(os.getppid(), 9)\n    while True: pass\n"
    verdict, right = grade(source, RIGHT)
    assert statuses(verdict) == ["error", "error"] and right.passed


@pytest.mark.parametrize("ending", [f"os._exit({FAULT})", "os.closerange(0, 50); os.kill(os.getpid(), 9)"])
@by_both_runners
def test_no_ending_is_a_pass(grade: Grade, ending: str) -> None:
    verdict = grade(f"import os\ndef open_it(kms, blob):\n    {ending}\n    return blob\n")
    assert statuses(verdict) == ["error", "error"]


def test_each_attempt_has_the_same_values_and_its_whole_time(
    grade: Grade, forked: ForkedRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, seen = _ForkedAnswer.order, []

    def killed_twice(self: Any, message: dict[str, Any], *rest: Any) -> Any:
        if message["order"] == "call":
            seen.append(message["arguments"][1])
            if len(seen) < TRIES:
                os.kill(self._pid, signal.SIGKILL)
        return original(self, message, *rest)

    monkeypatch.setattr(_ForkedAnswer, "order", killed_twice)
    assert grade(RIGHT, runner=forked).passed
    assert seen[0] == seen[1] == seen[2] != seen[3]


def test_a_warm_process_that_never_gets_ready_is_a_fault_of_the_kit(
    grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    runner = ForkedRunner()
    try:
        with pytest.raises(Infra):
            grade(RIGHT, runner=runner)
    finally:
        runner.close()
