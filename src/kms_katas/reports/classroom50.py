"""Verdicts as the result.json of Classroom 50: schema classroom50/result/v1 (github.com/foundation50/classroom50)."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from kms_katas.kit.verdict import CheckResult, Verdict
from kms_katas.reports.json_report import json_text
from kms_katas.reports.public import public, told

VARIABLES = ("CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL")
"""What its runner sets in the environment of an autograder, and a result cannot be without."""


def as_classroom50(verdicts: Iterable[Verdict], environment: Mapping[str, str], now: datetime) -> str:
    """All katas of an assignment in one result, a test for each check. `environment` has all VARIABLES.

    The runner writes its own owner, assignment_type and datetime over ours, which are for whoever runs it by hand.
    """
    verdicts = list(verdicts)
    classroom, assignment, submission, commit, release = (environment[name] for name in VARIABLES)
    instant = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    data: dict[str, Any] = {"schema": "classroom50/result/v1", "classroom": classroom, "assignment": assignment}
    data["assignment_type"] = environment.get("ASSIGNMENT_TYPE") or "individual"
    data["owner"] = environment.get("OWNER") or environment.get("USERNAME") or "unknown"
    data |= {"submission": submission, "commit": commit, "release": release}
    data |= {"review": environment.get("REVIEW_URL") or commit, "datetime": instant, "graded_at": instant}
    data |= {"score": sum(verdict.score for verdict in verdicts)}
    data |= {"max-score": sum(verdict.max_score for verdict in verdicts)}
    data["tests"] = [_test(verdict, public(check)) for verdict in verdicts for check in verdict.checks]
    return json_text(data)


def _test(verdict: Verdict, check: CheckResult) -> dict[str, Any]:
    """The four fields of the schema, and more, which it lets pass."""
    test: dict[str, Any] = {"test-name": f"{verdict.kata}: {check.title}", "passed": check.status == "pass"}
    test |= {"score": check.points, "max-score": check.max_points, "status": check.status, "hidden": check.hidden}
    test |= {"seed": verdict.seed}
    return test | ({"message": told(check)} if told(check) else {})
