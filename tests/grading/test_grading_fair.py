"""Limits are of computing, in proportion to the machine; and what was not waited for once is not waited for again."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kms_katas.grading import in_words, run, speed
from kms_katas.grading.outcome import AnswerSkipped, AnswerTimeout
from kms_katas.grading.run import CHECK_SECONDS, CLOCK_FACTOR, KATA_SECONDS, Run
from kms_katas.grading.runner import Runner
from kms_katas.kit import Kit, find_kit

from .conftest import Grade, Hold, by_both_runners, first, statuses

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
BUSY = """
import time
def open_it(kms, blob):
    end = time.process_time() + {seconds}
    while time.process_time() < end:
        pass
    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]
"""
ENDLESS = "def open_it(kms, blob):\n    while True:\n        pass\n"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second of computing for a check, a tenth of the kata's."""
    for module in (in_words, run):
        monkeypatch.setattr(module, "CHECK_SECONDS", 0.5)


@pytest.fixture
def of_slowness(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`of_slowness(2.0)`: as if this machine took twice as long."""

    def set_it(times: float) -> None:
        original = Run.__init__

        def slow(self: Run, *arguments: object, **keywords: object) -> None:
            original(self, *arguments, **{"slowness": times, **keywords})

        monkeypatch.setattr(Run, "__init__", slow)

    return set_it


@pytest.fixture
def hogs() -> Iterator[None]:
    """Twice as many busy processes as there are cores: whoever else computes gets a third of one at most."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    yield
    for process in busy:
        process.kill()
        process.wait()


@by_both_runners
def test_a_right_answer_that_computes_less_than_the_limit_passes_on_a_machine_that_is_busy(
    grade: Grade, short: None, hogs: None
) -> None:
    # Of half a second: among others that keep memory busy, the rest of the work takes several times as long.
    assert grade(BUSY.format(seconds=0.2)).passed


@by_both_runners
def test_more_computing_than_the_limit_is_a_timeout_and_says_the_limit_and_the_cause(
    grade: Grade, short: None, of_slowness: Callable[[float], None]
) -> None:
    of_slowness(1.0)
    verdict = grade(ENDLESS)
    message = first(verdict).message
    assert first(verdict).status == "timeout"
    assert "0.5 seconds of computing for a check" in message and "loop" in message and "this machine" not in message


def test_on_a_slower_machine_the_limit_is_longer_and_both_are_said(
    grade: Grade, short: None, of_slowness: Callable[[float], None]
) -> None:
    of_slowness(3.0)
    right, endless = grade(BUSY.format(seconds=0.8), ENDLESS)
    assert right.passed
    assert "0.5 seconds of computing" in first(endless).message and "(1.5 on this machine" in first(endless).message


def test_waiting_is_told_from_computing(grade: Grade, short: None, of_slowness: Callable[[float], None]) -> None:
    of_slowness(1.0)
    verdict = grade("import threading\ndef open_it(kms, blob):\n    threading.Event().wait()\n")
    message = first(verdict).message
    assert f"{0.5 * CLOCK_FACTOR:g} seconds on the clock" in message and "lock" in message
    assert "wait" in first(verdict).next_step


def test_what_the_lab_computes_for_an_answer_counts_as_the_answers(hold: Hold) -> None:
    # To ask takes the answer about as much for either; to sign takes the lab so much more that both take over three
    # times as much together.
    answer = hold("""
        def make(kms):
            return kms.create_key(KeySpec="RSA_4096", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]

        def look(kms, key, times):
            for _ in range(times):
                kms.describe_key(KeyId=key)

        def sign(kms, key, times):
            for _ in range(times):
                kms.sign(KeyId=key, Message=b"m", SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256")
    """)
    run, kms = answer._run, answer.client()
    run.check_deadline += 100
    key = answer.call("make", kms)
    for function in ("look", "sign"):
        answer.call(function, kms, key, 5)
    looks = []
    for _ in range(3):  # on a busy machine one may take several times as much as it needs
        run.check_cpu_used = 0
        answer.call("look", kms, key, 100)
        looks.append(run.check_cpu_used)
    run.check_cpu_used = CHECK_SECONDS * run.slowness - 1.5 * min(looks)
    with pytest.raises(AnswerTimeout) as stopped:
        answer.call("sign", kms, key, 100)
    assert stopped.value.computing


def test_the_seconds_of_a_kata_are_the_sum_over_its_checks(mini_kit: Kit) -> None:
    one = Run(mini_kit.katas[0], Path("."), 1, None, slowness=2.0)  # type: ignore[arg-type]
    one.begin_check()
    assert one.cpu_left == one.check_cpu_left == CHECK_SECONDS * 2
    one.spend(CHECK_SECONDS * 2)
    assert one.cpu_left == 0 and not one.is_over
    one.begin_check()
    one.spend(KATA_SECONDS * 2 - CHECK_SECONDS * 2 - 1)
    assert one.cpu_left == 1 or one.check_cpu_left < 1
    one.spend(1)
    assert one.is_over


@pytest.mark.parametrize("measured, slowness", [(0.5, 1.0), (1.0, 1.0), (2.5, 2.5), (1000.0, 20.0)])
def test_slowness_is_in_proportion_and_never_shortens_a_limit(
    monkeypatch: pytest.MonkeyPatch, measured: float, slowness: float
) -> None:
    rounds = iter([measured + 7, measured, measured + 1, measured + 3, measured + 2])
    monkeypatch.setattr(speed, "_measured", lambda: next(rounds) * speed.REFERENCE_SECONDS)
    assert speed.slowness.__wrapped__() == pytest.approx(slowness)


def test_a_machine_is_measured_once() -> None:
    assert speed.slowness() == speed.slowness() >= 1.0


THREE = '''
def test_a(answer):
    """A waits."""
    answer.call("one")


def test_b(answer):
    """B waits too."""
    answer.call("other")
    answer.call("one")


def test_c(answer):
    """C does not."""
    assert answer.call("other") == 5
'''


@by_both_runners
def test_a_function_that_did_not_end_is_not_called_again_and_the_others_are(
    mini_root: Path, grade: Grade, short: None
) -> None:
    (mini_root / "tests/graders/01_keys/test_mini.py").write_text(THREE, "utf-8")
    verdict = grade("def one():\n    while True: pass\ndef other():\n    return 5\n", kit=find_kit(mini_root))
    assert statuses(verdict) == ["timeout", "skipped", "pass"]
    skipped = verdict.checks[1]
    assert "`one` did not end" in skipped.message and "A waits." in skipped.message and skipped.next_step
    assert skipped.points == 0


@by_both_runners
def test_a_file_that_does_not_end_is_not_read_again(mini_root: Path, grade: Grade, short: None) -> None:
    (mini_root / "tests/graders/01_keys/test_mini.py").write_text(THREE, "utf-8")
    verdict = grade("while True: pass\n", kit=find_kit(mini_root))
    assert statuses(verdict) == ["timeout", "skipped", "skipped"]
    assert "top level of" in verdict.checks[1].message


def test_the_next_run_of_the_same_answer_calls_it_again(grade: Grade, short: None, runner: Runner) -> None:
    endless, right, again = grade(ENDLESS, RIGHT, ENDLESS)
    assert statuses(endless) == statuses(again) == ["timeout", "skipped"] and right.passed


IN_A_FIXTURE = '''
import pytest


@pytest.fixture
def opened(answer):
    return answer.call("open_it", None, None)


def test_a(opened):
    """A."""
    assert opened == 5


def test_b(opened):
    """B."""
    assert opened == 5
'''


@by_both_runners
def test_what_does_not_end_or_is_killed_in_a_fixture_spoils_nothing_for_the_next_answer(
    mini_root: Path, grade: Grade, short: None
) -> None:
    (mini_root / "tests/graders/01_keys/test_mini.py").write_text(IN_A_FIXTURE, "utf-8")
    right = "def open_it(kms, blob):\n    return 5\n"
    killed = "import os\ndef open_it(kms, blob):\n    os.kill(os.getpid(), 9)\n"
    verdicts = grade(ENDLESS, right, killed, right, kit=find_kit(mini_root))
    assert [statuses(verdict) for verdict in verdicts] == [
        ["timeout", "skipped"],
        ["pass", "pass"],
        ["error", "error"],
        ["pass", "pass"],
    ]


def test_a_check_cannot_swallow_the_skipping() -> None:
    assert not issubclass(AnswerSkipped, Exception) and not issubclass(AnswerTimeout, Exception)
