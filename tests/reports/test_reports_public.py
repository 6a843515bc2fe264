"""What every format begins from: a hidden check gives its sentence, and no text holds a character that acts."""

import json
import re
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.kit import KmsCall
from kms_katas.reports.classroom50 import VARIABLES, as_classroom50
from kms_katas.reports.csv_report import as_csv
from kms_katas.reports.exercism import as_exercism
from kms_katas.reports.github import as_annotations, as_summary
from kms_katas.reports.gradescope import as_gradescope
from kms_katas.reports.html_report import as_html, as_pages
from kms_katas.reports.json_report import as_cohort, as_json, json_text
from kms_katas.reports.junit import as_junit
from kms_katas.reports.public import hidden_note, public, safe, told, total, why

from .samples import ACTS, SECRET, STATUSES, check, checks, hidden, several, unnamed, verdict_of, verdicts, with_text
from .test_reports_services import NOW


def named(found):
    """Each verdict with a learner, whose name acts."""
    acts = ACTS.replace("\x00", "").replace("\ud800", "\udcff")  # what a name of a file can hold
    return [(f"{number}{acts}", verdict) for number, verdict in enumerate(found)]


ENVIRONMENT = dict.fromkeys(VARIABLES, "word")
FORMATS = {
    "json": as_json,
    "junit": lambda found: as_junit(unnamed(found)),
    "junit of a cohort": lambda found: as_junit(named(found)),
    "gradescope": as_gradescope,
    "classroom50": lambda found: as_classroom50(found, ENVIRONMENT, NOW),
    "exercism": lambda found: as_exercism(found[0]),
    "annotations": lambda found: as_annotations(unnamed(found)),
    "summary": lambda found: as_summary(unnamed(found)),
    "summary of a cohort": lambda found: as_summary(named(found)),
    "csv": lambda found: as_csv(named(found)),
    "cohort": lambda found: as_cohort(named(found)),
    "html": as_html,
    "pages": lambda found: "".join(as_pages(named(found)).values()),
}


@pytest.fixture(params=FORMATS)
def render(request):
    return FORMATS[request.param]


@pytest.mark.parametrize("status", STATUSES)
def test_a_hidden_check_gives_its_sentence_and_nothing_it_found(render, status):
    page = render([verdict_of(hidden(status, title="Public words."), check("fail"))])
    assert SECRET not in page
    if render not in (FORMATS["csv"], FORMATS["annotations"]):
        assert "Public words" in page


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "pass"])
def test_nor_where_every_check_is_hidden(render, status):
    assert SECRET not in render([verdict_of(hidden(status), hidden(status, number=2))])


@pytest.mark.parametrize("format", ["gradescope", "summary", "html", "junit"])
def test_a_sentence_counts_the_hidden_checks(format):
    found = [verdict_of(check("pass"), hidden(), hidden("pass", number=2))]
    assert "2 of these 3 checks are hidden" in FORMATS[format](found)
    assert "of these" not in FORMATS[format]([verdict_of(check("pass"))])


@given(several)
def test_no_format_holds_a_character_that_acts_or_that_cannot_be_encoded(found):
    for render in FORMATS.values():
        page = render(found)
        assert all(character == "\n" or character.isprintable() for character in page)
        page.encode("utf-8")


def test_what_acts_is_shown_as_what_it_is(render):
    page = render([with_text(f"before {ACTS} after")])
    assert "before" in page and "after" in page and re.search(r"\\(x|u00)1b", page)


@given(st.text())
def test_made_safe_twice_is_made_safe_once(text):
    assert safe(safe(text)) == safe(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]) | st.just("\n") | st.just(" ")))
def test_what_is_printable_stays_as_it_is(text):
    assert safe(text) == text


def test_no_format_gives_the_name_the_time_or_the_number_of_calls_of_a_hidden_check(render):
    def page(seconds, calls, name):
        call = KmsCall("Decrypt", "", "ok")
        secret = hidden(check=name, seconds=seconds, calls=(call,) * calls)
        return render([verdict_of(secret, check("pass", seconds=0.5), seconds=0.5 + seconds)])

    assert page(0.25, 1, "test_one") == page(2.75, 40, "test_another")


@given(
    st.text(st.characters(), max_size=8)
    | st.sampled_from(["\ud800", "\\\ud800", "\\ud800", "\U0001f511", "\udfff\ud800"])
)
def test_no_json_holds_half_a_character_and_all_other_texts_come_back(text):
    (back,) = json.loads(json_text([text]))
    back.encode("utf-8")
    if not re.search("[\ud800-\udfff]", text):
        assert back == text


@given(checks)
def test_points_and_status_survive_being_made_public(found):
    shown = public(found)
    kept = ("task", "status", "max_points", "points", "hidden")
    assert [getattr(shown, name) for name in kept] == [getattr(found, name) for name in kept]
    assert public(shown) == shown


@given(checks)
def test_nothing_but_the_name_and_sentence_of_a_hidden_check_depends_on_what_it_found(found):
    bare = check(found.status, check=found.check, title=found.title, task=found.task, max_points=found.max_points)
    if found.hidden:
        blank = asdict(public(type(bare)(**asdict(bare) | {"hidden": True, "calls": ()})))
        assert asdict(public(found)) == blank
        assert told(found) == ""


def test_why_is_the_first_that_judged_and_failed():
    assert why(verdict_of(check("pass"), check("skipped"), check("fail", message="Two\nlines."))) == "Two lines."
    assert why(verdict_of(hidden(title="Sentence only."))) == "Sentence only."
    assert why(verdict_of(check("pass"))) == ""


@given(verdicts)
def test_the_total_counts_what_the_verdicts_count(verdict):
    passed, score, of = int(verdict.passed), verdict.score * 2, verdict.max_score * 2
    assert total([verdict, verdict]) == f"{passed * 2} of 2 katas passed, {score} of {of} points."
    assert bool(hidden_note([verdict])) == any(check.hidden for check in verdict.checks)
