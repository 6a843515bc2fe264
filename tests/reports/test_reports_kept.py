"""A verdict that was kept as JSON, as the results of a cohort are, gives the reports that it gave when it was new."""

import json

import pytest

from kms_katas.kit.verdict import published
from kms_katas.reports.csv_report import as_csv
from kms_katas.reports.github import as_annotations, as_summary
from kms_katas.reports.html_report import as_pages
from kms_katas.reports.json_report import as_cohort
from kms_katas.reports.junit import as_junit

from .samples import BROKEN, EVERY_KIND, HOSTILE, PASSED, with_text

SAMPLES = (BROKEN, EVERY_KIND, PASSED, *map(with_text, HOSTILE))
MAKERS = (as_annotations, as_cohort, as_csv, as_junit, as_pages, as_summary)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_a_report_of_what_was_kept_is_that_of_what_was_new(make):
    new = [(f"learner {number}", verdict) for number, verdict in enumerate(SAMPLES)]
    kept = [(name, published(json.loads(json.dumps(verdict.as_data())))) for name, verdict in new]
    assert make(kept) == make(new)
