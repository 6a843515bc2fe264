"""The statistics of a cohort as JSON, for programs: src/kms_katas/kit/statistics.schema.json. It names learners."""

from typing import Any

from kms_katas.kit.verdict import SCHEMA_FILE
from kms_katas.reports.json_report import json_text
from kms_katas.reports.statistics import CheckStatistics, Graded, KataStatistics, statistics_of

STATISTICS_SCHEMA = "urn:kms-katas:statistics:1"
STATISTICS_SCHEMA_FILE = SCHEMA_FILE.with_name("statistics.schema.json")


def as_statistics_json(graded: Graded) -> str:
    """One object for all (learner, verdict). The same text, in whatever order they come."""
    cohort = statistics_of(graded)
    data: dict[str, Any] = {"schema": STATISTICS_SCHEMA, "answers": cohort.answers, "passed": cohort.passed}
    data |= {"max_score": cohort.max_score, "seeds": cohort.seeds, "kit_versions": cohort.kit_versions}
    data["katas"] = [_kata(kata) for kata in cohort.katas]
    data["learners"] = [vars(learner) for learner in cohort.learners]
    return json_text(data)


def _kata(kata: KataStatistics) -> dict[str, Any]:
    data: dict[str, Any] = {"kata": kata.kata, "answers": kata.answers, "passed": kata.passed}
    data |= {"untouched": kata.untouched, "unknown": kata.unknown}
    data |= {"median_score": kata.median_score, "max_score": kata.max_score}
    data["scores"] = [{"score": score, "answers": answers} for score, answers in kata.scores]
    data["checks"] = [_check(check) for check in kata.checks]
    return data | {"checks_digests": kata.checks_digests}


def _check(check: CheckStatistics) -> dict[str, Any]:
    data: dict[str, Any] = {"check": check.check, "title": check.title, "task": check.task}
    data |= {"max_points": check.max_points, "hidden": check.hidden, "pass": check.passed, "fail": check.failed}
    data |= {"error": check.errors, "timeout": check.timeouts, "skipped": check.skipped}
    data |= {"stops": len(check.stopped), "stopped": check.stopped}
    return data | {"said": [vars(said) for said in check.said]}
