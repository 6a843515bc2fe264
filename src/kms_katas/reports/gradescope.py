"""Verdicts as the results.json that Gradescope reads (github.com/gradescope/autograder_samples, docs/specs.md)."""

from collections.abc import Iterable
from typing import Any

from kms_katas.kit.verdict import CheckResult, Verdict
from kms_katas.reports.json_report import json_text
from kms_katas.reports.public import hidden_note, public, told, total


def as_gradescope(verdicts: Iterable[Verdict]) -> str:
    """All katas in one file, a test for each check. Every text is marked as plain: not Markdown, not HTML.

    A hidden check is a visible test without output. Gradescope's own hiding would take the total from the learner.
    """
    verdicts = list(verdicts)
    data: dict[str, Any] = {"score": sum(verdict.score for verdict in verdicts)}
    data |= {"execution_time": round(sum(verdict.shown_seconds for verdict in verdicts), 3)}
    data |= {"output": "\n".join(filter(None, (total(verdicts), hidden_note(verdicts)))), "output_format": "text"}
    data |= {"test_output_format": "text", "test_name_format": "text"}
    data |= {"visibility": "visible", "stdout_visibility": "hidden"}
    data["tests"] = [
        _test(f"{place}.{number}", verdict.kata, public(check))
        for place, verdict in enumerate(verdicts, 1)
        for number, check in enumerate(verdict.checks, 1)
    ]
    data["extra_data"] = {"kms-katas": [_about(verdict) for verdict in verdicts]}
    return json_text(data)


def _test(number: str, kata: str, check: CheckResult) -> dict[str, Any]:
    test: dict[str, Any] = {"score": check.points, "max_score": check.max_points, "number": number}
    test |= {"status": "passed" if check.status == "pass" else "failed", "name": f"{kata}: {check.title}"}
    if output := told(check):
        test["output"] = output
    return test | {"visibility": "visible", "tags": [kata, f"task {check.task}"]}


def _about(verdict: Verdict) -> dict[str, Any]:
    """What repeats the verdict, and what it may be compared with."""
    names = ("kata", "status", "seed", "kit_version", "checks_digest", "isolation")
    return {name: verdict.as_data()[name] for name in names}
