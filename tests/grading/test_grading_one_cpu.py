"""A lane and the answer that it grades are on one CPU, and the lane goes where it likes before and after."""

import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from kms_katas.grading import one_cpu
from kms_katas.grading.bridged import BridgedAnswer
from kms_katas.grading.one_cpu import on_one_cpu

from .conftest import Grade, statuses

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
Seen = list[tuple[set[int], set[int]]]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process cannot be kept on a CPU")
by_the_forked_runner = pytest.mark.parametrize("runner", ["forked"], indirect=True)
by_the_spawned_runner = pytest.mark.parametrize("runner", ["spawned"], indirect=True)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """At each order, where the lane may run and where the process of the answer."""
    noted: Seen = []
    order = BridgedAnswer.order

    def noting(self: BridgedAnswer, *arguments: Any, **keywords: Any) -> Any:
        noted.append((os.sched_getaffinity(0), os.sched_getaffinity(self._pid)))
        return order(self, *arguments, **keywords)

    monkeypatch.setattr(BridgedAnswer, "order", noting)
    return noted


@by_the_forked_runner
def test_while_an_answer_is_graded_its_process_is_where_the_lane_is(grade: Grade, runner: Any, seen: Seen) -> None:
    everywhere = os.sched_getaffinity(0)
    for ahead in (False, True):
        assert runner.isolation  # told by the warm process, which is there by now
        os.sched_setaffinity(runner._warm.pid, everywhere)
        if ahead:
            runner.warm()  # those that wait are moved, too
        assert grade(RIGHT).passed
        assert seen
        assert all(lane == answer and len(lane) == 1 for lane, answer in seen)
        assert os.sched_getaffinity(0) == everywhere
        assert os.sched_getaffinity(runner._warm.pid) == seen[-1][0]
        seen.clear()


@by_the_spawned_runner
def test_processes_that_start_beside_the_lane_may_run_everywhere(grade: Grade, seen: Seen) -> None:
    everywhere = os.sched_getaffinity(0)
    assert grade(RIGHT).passed
    assert seen
    assert all(lane == answer == everywhere for lane, answer in seen)


def test_whatever_is_raised_the_lane_may_run_everywhere_again() -> None:
    everywhere = os.sched_getaffinity(0)
    with pytest.raises(KeyboardInterrupt), on_one_cpu():
        assert len(os.sched_getaffinity(0)) == 1
        raise KeyboardInterrupt
    assert os.sched_getaffinity(0) == everywhere


@by_the_forked_runner
@pytest.mark.parametrize("refused", ["sched_getaffinity", "sched_setaffinity", "the CPU's number"])
def test_where_the_system_refuses_an_answer_is_graded_all_the_same(
    grade: Grade, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError("not allowed")

    if refused.startswith("sched"):
        monkeypatch.setattr(os, refused, refuse)
    else:
        monkeypatch.setattr(one_cpu, "ctypes", SimpleNamespace(CDLL=lambda _: SimpleNamespace(sched_getcpu=lambda: -1)))
    assert statuses(grade(RIGHT)) == ["pass", "pass"]
