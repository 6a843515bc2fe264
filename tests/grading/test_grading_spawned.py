"""What is the spawned runner's own: when it starts processes, how it ends them, and what it makes of their pipes.

What it shares with the forked one is tested by both: see `by_both_runners`.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.grading import run as run_module
from kms_katas.grading import spawned as spawned_module
from kms_katas.grading.forked import ForkedRunner
from kms_katas.grading.inprocess import InProcessRunner
from kms_katas.grading.outcome import AnswerTimeout, Infra
from kms_katas.grading.run import Run
from kms_katas.grading.runner import VARIABLE, Runner, best_runner
from kms_katas.grading.spawned import MarkedOutput, SpawnedRunner
from kms_katas.kit import Kit, KitError

from .conftest import Grade
from .test_grading_limits import descendants, running

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
LOAD = {"order": "load", "path": "answer.py", "environment": {}, "now": 0.0}


@pytest.fixture
def spawned() -> Iterator[SpawnedRunner]:
    runner = SpawnedRunner()
    yield runner
    runner.close()


@pytest.mark.parametrize("make", [ForkedRunner, SpawnedRunner])
def test_a_runner_starts_no_process_before_it_is_asked(make: Callable[[], Runner]) -> None:
    before = descendants(os.getpid())
    runner = make()
    assert not descendants(os.getpid(), before)
    runner.warm()
    assert len(descendants(os.getpid(), before)) == 1
    runner.close()
    assert not descendants(os.getpid(), before)


def test_the_next_process_is_made_ready_while_one_is_used(spawned: SpawnedRunner) -> None:
    before = descendants(os.getpid())
    first = spawned.start()
    ahead = descendants(os.getpid(), before)
    assert len(ahead) == 2
    first.close()
    second = spawned.start()
    assert len(ahead & descendants(os.getpid())) == 1
    second.close()


@pytest.mark.parametrize(
    ("word", "kind"), [("forked", ForkedRunner), ("spawned", SpawnedRunner), ("inprocess", InProcessRunner)]
)
def test_the_environment_chooses_the_runner(monkeypatch: pytest.MonkeyPatch, word: str, kind: type) -> None:
    monkeypatch.setenv(VARIABLE, word)
    runner = best_runner()
    runner.close()
    assert type(runner) is kind


@pytest.mark.parametrize(
    ("system", "kind"), [("Linux", ForkedRunner), ("Darwin", SpawnedRunner), ("Windows", SpawnedRunner)]
)
def test_without_a_choice_only_linux_forks(monkeypatch: pytest.MonkeyPatch, system: str, kind: type) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("platform.system", lambda: system)
    assert type(best_runner()) is kind


@pytest.mark.parametrize(("system", "word"), [("Linux", "forkd"), ("Darwin", "forked"), ("Windows", "Spawned")])
def test_a_word_that_names_no_runner_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, system: str, word: str) -> None:
    monkeypatch.setenv(VARIABLE, word)
    monkeypatch.setattr("platform.system", lambda: system)
    with pytest.raises(KitError, match=rf"KATA_RUNNER={word}.*Set it to .*spawned or inprocess"):
        best_runner()


def test_what_a_start_takes_counts_against_no_limit(mini_kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    took = secrets.randbelow(50) + 5
    monkeypatch.setattr(run_module, "time", SimpleNamespace(monotonic=iter([100, 100, 100, 100 + took]).__next__))
    runner: Any = SimpleNamespace(start=lambda: None)
    run = Run(mini_kit.katas[0], Path("."), 1, runner)
    run.begin_check()
    before = run.deadline, run.check_deadline
    run.start()
    assert (run.deadline, run.check_deadline) == (before[0] + took, before[1] + took)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (None, "could be started"),
        ("#!/bin/sh\necho what broke >&2\nexit 3\n", "ended by itself: what broke"),
        ("#!/bin/sh\nexit 0\n", "ended by itself: it said nothing"),
        ("#!/bin/sh\nsleep 60\n", "within 0.3 seconds"),
    ],
)
def test_a_process_that_does_not_get_ready_is_a_fault_of_the_kit(
    spawned: SpawnedRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None, told: str
) -> None:
    monkeypatch.setattr(spawned_module, "START_SECONDS", 0.3)
    python = tmp_path / "python"
    if script:
        python.write_text(script)
        python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    before = descendants(os.getpid())
    with pytest.raises(Infra, match=told):
        spawned.start()
    assert not descendants(os.getpid(), before)


def test_an_order_that_nobody_reads_ends_at_the_deadline(spawned: SpawnedRunner) -> None:
    before = descendants(os.getpid())
    spawned.warm()
    (pid,) = descendants(os.getpid(), before)
    answer = spawned.start()
    try:
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(AnswerTimeout):
            answer.order(LOAD | {"source": "#" * 2_000_000}, lambda question: {}, time.monotonic() + 0.2)
    finally:
        answer.close()
    assert not running(pid)


def test_a_process_whose_grader_was_killed_ends_itself() -> None:
    program = (
        "from kms_katas.grading.spawned import SpawnedRunner\n"
        "answer = SpawnedRunner().start()\n"
        "print(answer._process.pid, flush=True)\n"
        "input()\n"
    )
    grader = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with grader:
        assert grader.stdout is not None
        pid = int(grader.stdout.readline())
        grader.kill()
    deadline = time.monotonic() + 5
    while running(pid) and time.monotonic() < deadline:
        pass
    assert not running(pid)


def test_an_answer_that_floods_every_pipe_is_an_error_and_the_next_is_healthy(
    spawned: SpawnedRunner, grade: Grade
) -> None:
    flood = f"""
        import os, threading
        def flood(number):
            while True:
                os.write(number, b"x" * 65536)
        def open_it(kms, blob):
            for number in range(3, 8):
                threading.Thread(target=flood, args=(number,), daemon=True).start()
            {RIGHT.splitlines()[1].strip()}
    """
    verdict = grade(flood, runner=spawned)
    assert not verdict.passed and {check.status for check in verdict.checks} == {"error"}
    assert grade(RIGHT, runner=spawned).passed


MARK = b"abacabad"


@given(st.lists(st.text("abcd", max_size=12).map(str.encode)), st.data())
def test_marks_are_cut_out_of_the_output_however_it_is_cut(texts: list[bytes], data: st.DataObject) -> None:
    texts = [text for text in texts if MARK not in text]
    whole = MARK.join(texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    output = MarkedOutput(MARK)
    shown = b"".join(output.text_of(piece, last=False) for piece in pieces) + output.text_of(b"", last=True)
    assert (shown, output.marks) == (b"".join(whole.split(MARK)), whole.count(MARK))
