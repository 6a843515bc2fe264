"""Verdicts as CSV, a line for each answer: for gradebooks and spreadsheets. What each check found is in the JSON."""

import csv
import io
from collections.abc import Iterable

from kms_katas.kit.plain import cell as cell
from kms_katas.kit.verdict import Verdict
from kms_katas.reports.public import why

CSV_SCHEMA = "urn:kms-katas:csv:1"
COLUMNS = (
    *("name", "kata", "status", "score", "max_score", "checks_passed", "checks", "checks_hidden", "untouched"),
    *("why", "seconds", "seed", "isolation", "kit_version", "checks_digest", "schema"),
)


def as_csv(graded: Iterable[tuple[str, Verdict]]) -> str:
    """(learner, verdict) in the order given; the learner may be empty. Every cell in quotes, one line each."""
    page = io.StringIO()
    table = csv.writer(page, quoting=csv.QUOTE_ALL, lineterminator="\n")
    table.writerow(COLUMNS)
    for name, verdict in graded:
        passed = sum(check.status == "pass" for check in verdict.checks)
        hidden = sum(check.hidden for check in verdict.checks)
        row = [cell(name), verdict.kata, verdict.status, verdict.score, verdict.max_score]
        row += [passed, len(verdict.checks), hidden, str(verdict.untouched).lower(), cell(why(verdict))]
        row += [f"{verdict.shown_seconds:.3f}", verdict.seed, verdict.isolation, verdict.kit_version]
        table.writerow([*row, verdict.checks_digest, CSV_SCHEMA])
    return page.getvalue()
