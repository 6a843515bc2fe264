"""The benchmark kata stays what its figures are about: 6 checks, 10 calls of the answer, 10 KMS calls."""

from pathlib import Path

import pytest

from kms_katas.grading.answer import Answer
from kms_katas.grading.lane import grade_in_lane
from kms_katas.grading.runner import best_runner
from kms_katas.kit import find_kit

BENCHMARK_KIT = Path(__file__).parents[2] / "benchmarks" / "kit"


def test_it_has_6_checks_10_calls_and_10_kms_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    call = Answer.call
    monkeypatch.setattr(
        Answer, "call", lambda self, *given, **named: (called.append(given[0]), call(self, *given, **named))[1]
    )
    kit = find_kit(BENCHMARK_KIT)
    (kata,) = kit.katas
    runner = best_runner()
    try:
        verdict = grade_in_lane(kit, kit.katas, runner, lambda lane: lane.grade(kata, kit.solutions))
    finally:
        runner.close()
    assert verdict.passed
    assert len(verdict.checks) == 6
    assert len(called) == 10
    assert sum(len(check.calls) for check in verdict.checks) == 10
