"""Questions as CSV: a reader gets back a row for each, and a spreadsheet computes none of it."""

import csv
import io
import re

import pytest
from hypothesis import given

from kms_katas.study.export_csv import COLUMNS, QUESTIONS_CSV_SCHEMA, as_csv

from .question_samples import questions, real


def rows(page, delimiter=","):
    return list(csv.DictReader(io.StringIO(page.decode(), newline=""), delimiter=delimiter))


@given(questions)
def test_a_row_for_each_question_in_the_order_given(found):
    page = as_csv(found)
    read = rows(page)
    assert [row["id"] for row in read] == [one.id for one in found]
    assert all(set(row) == set(COLUMNS) and row["schema"] == QUESTIONS_CSV_SCHEMA for row in read)
    assert len(page.decode().splitlines()) == len(found) + 1
    assert as_csv(found) == page


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(questions)
def test_no_cell_is_a_formula_however_a_spreadsheet_parts_them(delimiter, found):
    for row in csv.reader(io.StringIO(as_csv(found).decode(), newline=""), delimiter=delimiter):
        for one in row:
            assert not re.match(r"\s*[=+\-@\t\r＝＋－＠﹦﹢﹣﹫]", one), one  # noqa: RUF001


def test_of_the_bank_it_has_every_option_its_reason_and_which_are_right():
    found = real()
    for one, row in zip(found, rows(as_csv(found)), strict=True):
        shown = {
            (row[f"option_{number}"], row[f"why_{number}"], str(number) in row["right"].split())
            for number in range(1, len(one.options) + 1)
        }
        assert shown == {(option.text, " ".join(option.why.split()), option.right) for option in one.options}
        assert (row["option_5"] == "") == (len(one.options) == 4)
        assert row["exams"].split() == list(one.exams)
        assert row["sources"].split(" | ") == list(one.sources)
        assert row["confirmed"] == one.confirmed.isoformat()
