"""CSV: a reader gets back a row for each answer, and a spreadsheet computes none of it."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.reports.csv_report import COLUMNS, CSV_SCHEMA, as_csv, cell

from .samples import EVERY_KIND, PASSED, texts, verdict_of, verdicts, with_text


def rows(text, delimiter=","):
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


@given(st.lists(st.tuples(texts, verdicts), max_size=4))
def test_a_row_for_each_answer_in_the_order_given(graded):
    found = rows(as_csv(graded))
    assert [row["score"] for row in found] == [str(verdict.score) for _, verdict in graded]
    assert [row["status"] for row in found] == [verdict.status for _, verdict in graded]
    assert all(set(row) == set(COLUMNS) and row["schema"] == CSV_SCHEMA for row in found)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(name=texts, why=texts)
def test_no_cell_is_a_formula_however_a_spreadsheet_parts_them(delimiter, name, why):
    page = as_csv([(name, with_text(why))])
    for row in csv.reader(io.StringIO(page, newline=""), delimiter=delimiter):
        for found in row:
            assert not re.match(r"\s*[=+\-@\t\r＝＋－＠﹦﹢﹣﹫]", found), found  # noqa: RUF001


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\n=", "＝", "﹦", "﹫", "x;=", 'x;"='])  # noqa: RUF001
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(start):
    assert "'" in cell(start + "1+2")


@pytest.mark.parametrize(
    "text", ["Ann", "a-b", "x = 1", "2026-11-22", "keys/hello", "'quoted'", 'say "so", please', "a; b"]
)
def test_other_texts_stay_as_they_are(text):
    (row,) = rows(as_csv([(text, PASSED)]))
    assert row["name"] == text


@given(texts)
def test_every_answer_is_one_line(text):
    assert len(as_csv([(text, with_text(text))]).splitlines()) == 2


@given(st.lists(st.tuples(texts, verdicts), max_size=3))
def test_the_page_is_the_grammar_of_rfc_4180_but_for_the_ends_of_its_lines(graded):
    cell_of = r'"(?:[^"\n]|"")*"'
    line = rf"{cell_of}(?:,{cell_of}){{{len(COLUMNS) - 1}}}\n"
    assert re.fullmatch(rf"(?:{line})+", as_csv(graded))


def test_it_counts_checks_and_hidden_ones():
    (row,) = rows(as_csv([("ann", EVERY_KIND)]))
    assert (row["checks_passed"], row["checks"], row["checks_hidden"]) == ("1", "6", "1")


@pytest.mark.parametrize("untouched", [False, True])
def test_it_says_whether_the_starter_was_handed_in(untouched):
    (row,) = rows(as_csv([("ann", verdict_of(*PASSED.checks, untouched=untouched))]))
    assert row["untouched"] == str(untouched).lower()
