"""Each format, letter for letter, for one verdict of every kind and one that passed.

After a change that is meant: KATA_WRITE_GOLDEN=1 pytest tests/reports/test_reports_golden.py, and read the difference.
"""

import os
from pathlib import Path

import pytest

from kms_katas.reports.classroom50 import as_classroom50
from kms_katas.reports.csv_report import as_csv
from kms_katas.reports.exercism import as_exercism
from kms_katas.reports.github import as_annotations, as_summary
from kms_katas.reports.gradescope import as_gradescope
from kms_katas.reports.html_report import as_html, as_pages
from kms_katas.reports.json_report import as_cohort, as_json
from kms_katas.reports.junit import as_junit
from kms_katas.reports.statistics_csv import as_statistics_csv
from kms_katas.reports.statistics_json import as_statistics_json
from kms_katas.reports.statistics_page import as_statistics_page

from .samples import BROKEN, COHORT, EVERY_KIND, PASSED, unnamed
from .test_reports_services import NOW, RUNNER

BOTH = [EVERY_KIND, PASSED]
GRADED = [("ann", PASSED), ("=bob", EVERY_KIND)]
MADE = {
    "report.json": lambda: as_json(BOTH),
    "cohort.json": lambda: as_cohort(GRADED),
    "junit.xml": lambda: as_junit(unnamed(BOTH)),
    "cohort.xml": lambda: as_junit(GRADED),
    "gradescope.json": lambda: as_gradescope(BOTH),
    "classroom50.json": lambda: as_classroom50(BOTH, RUNNER, NOW),
    "exercism.json": lambda: as_exercism(EVERY_KIND),
    "exercism-error.json": lambda: as_exercism(BROKEN),
    "annotations.txt": lambda: as_annotations(unnamed(BOTH)),
    "summary.md": lambda: as_summary(unnamed(BOTH)),
    "cohort.md": lambda: as_summary(GRADED),
    "cohort.csv": lambda: as_csv(GRADED),
    "answer.html": lambda: as_html([EVERY_KIND], "ann"),
    "index.html": lambda: as_pages(GRADED)["index.html"],
    "statistics.json": lambda: as_statistics_json(COHORT),
    "statistics.csv": lambda: as_statistics_csv(COHORT),
    "statistics.html": lambda: as_statistics_page(COHORT, "pages"),
}


@pytest.mark.parametrize("name", MADE)
def test_the_format_is_what_it_was(name):
    golden = Path(__file__).with_name("golden") / name
    made = MADE[name]()
    if os.environ.get("KATA_WRITE_GOLDEN"):
        golden.write_text(made, "utf-8", newline="\n")
    assert made == golden.read_text("utf-8")
