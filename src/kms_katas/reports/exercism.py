"""A verdict as the results.json of an Exercism test runner, version 3 (github.com/exercism/docs, test-runners)."""

from typing import Any

from kms_katas.kit.verdict import CheckResult, Verdict
from kms_katas.reports.json_report import json_text
from kms_katas.reports.public import cut, hidden_note, public, told

MAX_FILE = 500_000
"""Bytes of the whole file. Messages are shortened until it fits."""
MAX_OUTPUT = 500
"""Characters of what an answer printed, in each test."""
_TRUNCATED = "\nOutput was truncated. Please limit to 500 chars."


def as_exercism(verdict: Verdict) -> str:
    """One kata: the format knows one exercise. `error` where no check got as far as to judge the answer."""
    for most in (20_000, 2_000, 200, 20):
        text = json_text(_data(verdict, most))
        if len(text) <= MAX_FILE:
            break
    return text


def _data(verdict: Verdict, most: int) -> dict[str, Any]:
    checks = [public(check) for check in verdict.checks]
    if not verdict.passed and not any(check.status in ("pass", "fail") for check in checks):
        said = next((told(check) for check in checks if check.message), "")
        message = said or hidden_note([verdict]) or "No check was run. Nothing is known about the answer."
        return {"version": 3, "status": "error", "message": cut(message, most), "tests": []}
    tests = [_test(check, most) for check in checks]
    return {"version": 3, "status": "pass" if verdict.passed else "fail", "message": None, "tests": tests}


def _test(check: CheckResult, most: int) -> dict[str, Any]:
    status = check.status if check.status in ("pass", "fail") else "error"
    test: dict[str, Any] = {"name": check.title, "status": status, "task_id": check.task}
    # What the check called: its source would tell a learner less, and gives hidden values away.
    test["test_code"] = cut(check.called, most)
    if status != "pass":
        test["message"] = cut(told(check) or check.title, most)
    if check.output:
        short = len(check.output) <= MAX_OUTPUT
        test["output"] = check.output if short else check.output[: MAX_OUTPUT - len(_TRUNCATED)] + _TRUNCATED
    return test
