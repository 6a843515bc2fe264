"""The statistics of a cohort as CSV, a line for each check of each kata: for spreadsheets. It names no learner."""

import csv
import io

from kms_katas.reports.csv_report import cell
from kms_katas.reports.statistics import Graded, statistics_of

STATISTICS_CSV_SCHEMA = "urn:kms-katas:statistics-csv:1"
STATISTICS_COLUMNS = (
    *("kata", "answers", "answers_passed", "answers_untouched", "answers_unknown", "median_score", "max_score"),
    *("check", "title", "task", "max_points", "hidden", "pass", "fail", "error", "timeout", "skipped", "stops"),
    *("said_most", "schema"),
)


def as_statistics_csv(graded: Graded) -> str:
    """In the order of the katas' ids, then of the checks. Every cell in quotes, one line each."""
    page = io.StringIO()
    table = csv.writer(page, quoting=csv.QUOTE_ALL, lineterminator="\n")
    table.writerow(STATISTICS_COLUMNS)
    for kata in statistics_of(graded).katas:
        median = "" if kata.median_score is None else f"{kata.median_score:g}"
        about = [kata.kata, kata.answers, kata.passed, len(kata.untouched), len(kata.unknown), median, kata.max_score]
        for check in kata.checks:
            row = [cell(check.check), cell(check.title), check.task, check.max_points, str(check.hidden).lower()]
            row += [check.passed, check.failed, check.errors, check.timeouts, check.skipped, len(check.stopped)]
            said = cell(check.said[0].message) if check.said else ""
            table.writerow([*about, *row, said, STATISTICS_CSV_SCHEMA])
    return page.getvalue()
