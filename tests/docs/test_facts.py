"""docs/facts.toml: each figure with a source and a day, as AWS's API model and the lab have it, and on the page."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import botocore.session
import pytest
from make.facts import load_facts, page

from kms_katas.kit.catalog import KitError
from kms_katas.kit.claims import load_claims
from kms_katas.kit.exams import load_exams
from kms_katas.kit.questions import load_questions
from kms_katas.lab import Quotas

DOCS = Path(__file__).parents[2] / "docs"

FILE = DOCS / "facts.toml"
FACTS = {fact.id: fact for fact in load_facts(FILE)}
MODEL = botocore.session.get_session().get_service_model("kms")


@pytest.mark.parametrize("fact", [fact for fact in FACTS.values() if fact.held], ids=lambda fact: fact.id)
def test_a_figure_is_that_of_the_api_model_or_of_the_lab(fact):
    where, name = fact.held.split(" ", 1)
    if where == "botocore":
        shape, bound = name.split(".")
        assert MODEL.shape_for(shape).metadata[bound] == fact.value
    elif name.startswith("symmetric "):  # the one quota that differs by Region
        quota, *regions = name.split()
        assert {Quotas().per_second(quota, region) for region in regions} == {fact.value}
    else:
        assert Quotas().per_second(name, "us-east-1") == fact.value


def test_no_day_of_confirmation_is_still_to_come():
    assert not [fact.id for fact in FACTS.values() if fact.confirmed > date.today()]


def test_every_figure_stands_on_the_page_with_its_day_its_source_and_its_doubt():
    text = page(tuple(FACTS.values()))
    for fact in FACTS.values():
        [line] = [line for line in text.splitlines() if line.startswith((f"| {fact.what} |", f"| {fact.what}. *"))]
        assert f"| {fact.figure} | {fact.confirmed}[^" in line.replace("&nbsp;", " ")
        assert fact.doubt in line
        assert f"[{fact.source}]({fact.url})" in text


def confirmed(everything):
    """By the report of all that is known: the day of each, and the first line."""
    asked = [sys.executable, DOCS / "make", "--stale", *everything]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    head, *lines = said.splitlines()
    return head, {name: day for day, name in (line.partition(": ")[0].split() for line in lines)}


def test_the_report_lists_what_nobody_confirmed_in_the_year_before_a_day():
    _, days = confirmed(["2200-01-01"])
    claims = {claim.id for text in load_claims(DOCS / "claims") for claim in text.claims}
    questions = {question.id for question in load_questions(DOCS / "questions")}
    exams = {exam.code for exam in load_exams(DOCS / "exams.toml").exams}
    assert set(days) == FACTS.keys() | claims | questions | exams
    last = FACTS["price-key"].confirmed
    _, on_the_day = confirmed([str(last + timedelta(days=365))])
    _, a_day_later = confirmed([str(last + timedelta(days=366))])
    assert "price-key" not in on_the_day
    assert a_day_later["price-key"] == str(last)


def test_the_report_is_of_today_if_no_day_is_given():
    head, _ = confirmed([])
    assert f"before {date.today()}" in head


@pytest.mark.parametrize(
    ("line", "other", "told"),
    [
        ("value = 1.00", 'value = "one"', "Give a number"),
        ("confirmed = 2026-10-31", 'confirmed = "2026-10-31"', "`confirmed` must be a day"),
        ('group = "price"', 'group = "cost"', "Take one of price, quota"),
        ('topics = ["prices", ', 'topics = ["price", ', "Take one or more of vocabulary"),
        ('doubt = ""', 'doubts = ""', "`doubt`, `doubts` is missing or unknown"),
        ('id = "price-rotation"', 'id = "price-key"', "this id is there twice"),
        ('url = "https://aws', 'url = "aws', "begins with https://"),
    ],
)
def test_a_fault_is_told_with_the_file_the_fact_and_what_to_do(tmp_path, line, other, told):
    file = tmp_path / "facts.toml"
    text = FILE.read_text("utf-8")
    assert line in text
    file.write_text(text.replace(line, other, 1), "utf-8")
    with pytest.raises(KitError) as fault:
        load_facts(file)
    assert str(fault.value).startswith(f"{file}: price-") and told in str(fault.value)
