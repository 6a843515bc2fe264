"""Time limits: an answer that does not end is stopped, told so in words, and leaves nothing behind."""

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

from kms_katas.child import wire
from kms_katas.grading import in_words, lane, run
from kms_katas.grading.forked import ForkedRunner, _ForkedAnswer
from kms_katas.grading.outcome import AnswerTimeout
from kms_katas.grading.runner import Runner
from kms_katas.grading.spawned import SpawnedRunner
from kms_katas.kit import find_kit

from .conftest import Grade, by_both_open_runners, by_both_runners, first, statuses

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
ENDLESS = "def open_it(kms, blob):\n    while True:\n        pass\n"

Limits = Callable[[float, float], None]


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Limits:
    """`limits(check, kata)`: other limits than the real ones, in seconds."""

    def patch(check: float, kata: float) -> None:
        for module in (in_words, lane, run):
            for name, value in (("CHECK_SECONDS", check), ("KATA_SECONDS", kata)):
                if hasattr(module, name):
                    monkeypatch.setattr(module, name, value)

    return patch


@by_both_runners
def test_an_endless_loop_is_stopped_after_the_three_seconds_of_a_check(grade: Grade, mini_root: Path) -> None:
    checks = mini_root / "tests/graders/01_keys/test_mini.py"
    checks.write_text(checks.read_text("utf-8").partition("@pytest.mark.task(1)\ndef test_kms_did_it")[0], "utf-8")
    verdict = grade(ENDLESS, kit=find_kit(mini_root))
    assert statuses(verdict) == ["timeout"]
    assert "3 seconds of computing for a check" in first(verdict).message and "loop" in first(verdict).next_step
    assert verdict.seconds > 2.9


WITHOUT_END = {
    "at import": "while True: pass",
    "waits": """
        import threading
        def open_it(kms, blob):
            threading.Event().wait()
    """,
    "catches all": """
        def open_it(kms, blob):
            while True:
                try:
                    while True: pass
                except BaseException: pass
    """,
    "ignores signals": """
        import signal
        for number in range(1, 32):
            try: signal.signal(number, signal.SIG_IGN)
            except OSError: pass
        def open_it(kms, blob):
            while True: pass
    """,
    "sleeps": """
        import time
        def open_it(kms, blob):
            while True: time.sleep(0.001)
    """,
    "holds the bridge": """
        from kms_katas.child.serving import bridge
        def open_it(kms, blob):
            bridge.lock.acquire()
    """,
    "calls KMS": """
        def open_it(kms, blob):
            while True:
                try: kms.list_keys()
                except Exception: pass
    """,
    "forks": """
        import os
        def open_it(kms, blob):
            try: os.fork()
            except OSError: pass
            while True: pass
    """,
    "sends half a frame": """
        import os
        def open_it(kms, blob):
            for number in range(3, 8):
                try: os.write(number, bytes([1, 255, 255, 255]))
                except OSError: pass
            while True: pass
    """,
}


@by_both_runners
@pytest.mark.parametrize("what", WITHOUT_END)
def test_whatever_does_not_end_is_stopped(grade: Grade, limits: Limits, what: str) -> None:
    limits(0.6, 10)  # with less, a busy machine may use the first check up before its answer is read
    verdict = grade(WITHOUT_END[what])
    assert statuses(verdict) == ["timeout", "skipped"]
    message = first(verdict).message
    assert "0.6 seconds of computing for a check" in message or "1.8 seconds on the clock for a check" in message


@by_both_runners
def test_the_checks_after_the_katas_limit_are_skipped_in_words(grade: Grade, limits: Limits) -> None:
    limits(5, 0.4)
    verdict = grade(ENDLESS)
    assert statuses(verdict) == ["timeout", "skipped"]
    message = verdict.checks[0].message
    # On a busy machine the time on the clock is over first.
    assert re.search(r"0\.4 seconds of computing for a whole kata|1\.2 seconds on the clock for a whole kata", message)
    assert "0.4 seconds for the whole kata" in verdict.checks[1].message
    assert verdict.score == 0


@pytest.mark.parametrize("make", [ForkedRunner, SpawnedRunner])
def test_the_run_after_a_stopped_one_is_healthy_and_nothing_is_left_running(
    grade: Grade, limits: Limits, make: Callable[[], Runner]
) -> None:
    limits(0.3, 10)
    before = descendants(os.getpid())
    runner = make()
    try:
        stopped, crashed, right = grade(ENDLESS, "import os\nos.abort()\n", RIGHT, runner=runner)
        assert statuses(stopped) == ["timeout", "skipped"]
        assert statuses(crashed) == ["error", "error"]
        assert right.passed
        # The one that is kept warm; a killed one may take a moment to be gone.
        left, deadline = set(), time.monotonic() + 2
        while len(left) != 1 and time.monotonic() < deadline:
            left = {pid for pid in descendants(os.getpid(), before) if running(pid)}
        assert len(left) == 1
    finally:
        runner.close()
    assert not descendants(os.getpid(), before)


@by_both_runners
def test_the_descriptors_of_the_grader_do_not_pile_up(grade: Grade, limits: Limits) -> None:
    limits(0.2, 10)
    grade(RIGHT)
    before = len(os.listdir("/proc/self/fd"))
    grade(RIGHT, ENDLESS, "import os\nos.abort()\n", RIGHT)
    assert len(os.listdir("/proc/self/fd")) == before


@by_both_open_runners
def test_a_process_that_an_answer_leaves_in_the_background_is_ended_with_it(grade: Grade, tmp_path: Path) -> None:
    note = tmp_path / "note"
    verdict = grade(f"""
        import subprocess, sys
        def open_it(kms, blob):
            started = subprocess.Popen(["sleep", "60"])
            with open({str(note)!r}, "a") as file:
                print(started.pid, file=file)
            return kms.decrypt(CiphertextBlob=blob)["Plaintext"]
    """)
    assert verdict.passed
    pids = [int(line) for line in note.read_text().split()]
    deadline = time.monotonic() + 2
    while any(map(running, pids)) and time.monotonic() < deadline:
        pass
    assert len(pids) == 2 and not any(map(running, pids))


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def descendants(pid: int, others: AbstractSet[int] = frozenset()) -> set[int]:
    """The processes below `pid`, without `others` and what those start: what another test keeps may start it later."""
    found: set[int] = set()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # gone meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in set(map(int, (task / "children").read_text().split())) - others:
                found |= {child} | descendants(child)
    return found


def test_an_order_that_nobody_takes_is_stopped_at_its_own_limit_also_after_a_longer_one_that_was_taken() -> None:
    ours, theirs = socket.socketpair()
    told, printed = os.pipe()
    answer = _ForkedAnswer(None, os.getpid(), ours, told)  # type: ignore[arg-type]
    reader = threading.Thread(target=lambda: wire.receive_frame(theirs, bytearray()))
    reader.start()
    answer.send({"order": "x" * (4 << 20)}, time.monotonic() + 60)
    reader.join()
    began = time.monotonic()
    with pytest.raises(AnswerTimeout):
        while True:
            answer.send({"order": "x" * 4096}, began + 0.2)
    assert time.monotonic() - began < 20
    for end in (ours, theirs):
        end.close()
    os.close(told)
    os.close(printed)
