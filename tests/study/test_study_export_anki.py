"""The package for Anki: what SQLite reads back is what the questions say, and ids stay, so that schedules do.

What Anki itself makes of it: tests/clients/test_clients_anki.py.
"""

import io
import json
import sqlite3
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from kms_katas.kit import KitError
from kms_katas.kit.plain import one_line
from kms_katas.study.export_anki import as_anki

from .question_samples import question, questions, real

genanki = pytest.importorskip("genanki")


class Shown(HTMLParser):
    """What a page shows, and the elements that it is made of."""

    def __init__(self, page):
        super().__init__()
        self.text, self.tags = "", []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def opened(package):
    """Its database: with a row for each note and each card."""
    with zipfile.ZipFile(io.BytesIO(package)) as held:
        assert sorted(held.namelist()) == ["collection.anki2", "media"]
        assert held.read("media") == b"{}"
        database = sqlite3.connect(":memory:")
        database.deserialize(held.read("collection.anki2"))
        return database


def notes(package):
    """By guid: the five fields, and the tags."""
    rows = opened(package).execute("select guid, flds, tags from notes").fetchall()
    return {guid: (fields.split("\x1f"), tags.split()) for guid, fields, tags in rows}


def shown(text):
    line = one_line(text)
    return line.replace("`", "", line.count("`") // 2 * 2)


@settings(max_examples=30)
@given(questions)
def test_a_note_and_a_card_for_each_question_and_the_same_bytes_each_time(found):
    package = as_anki(found)
    held = notes(package)
    assert set(held) == {f"kms-katas/{one.id}" for one in found}
    assert opened(package).execute("select count(*) from cards").fetchone() == (len(found),)
    assert as_anki(found) == package


@settings(max_examples=30)
@given(question())
def test_the_front_shows_every_option_and_no_reason_and_the_back_which_are_right_and_why(one):
    (((_, scenario, options, answer, sources), tags),) = notes(as_anki([one])).values()
    front = Shown(options).text
    back = Shown(answer).text
    for option in one.options:
        mark = "Right" if option.right else "Wrong"
        assert shown(option.text) in front
        assert f"{mark}. {shown(option.text)}{shown(option.why)}" in back
    assert len(front) == sum(len(shown(option.text)) for option in one.options)
    assert one.confirmed.isoformat() in sources
    assert {f"exam::{code}" for code in one.exams} | {f"difficulty::{one.difficulty}"} < set(tags)
    for page in (scenario, options, answer, sources):
        assert {tag for tag, _ in Shown(page).tags} <= {"p", "ol", "li", "b", "br", "code"}
        assert "[" not in page and "{{" not in page


def test_decks_are_the_topics_and_keep_their_numbers_whatever_else_is_exported():
    found = real()
    (whole,) = opened(as_anki(found)).execute("select decks from col").fetchone()
    for topic in {one.topic for one in found}:
        (part,) = (
            opened(as_anki(one for one in found if one.topic == topic)).execute("select decks from col").fetchone()
        )
        ((number, _),) = ((k, v) for k, v in json_decks(part).items() if v == f"KMS Katas::{topic}")
        assert json_decks(whole)[number] == f"KMS Katas::{topic}"


def json_decks(text):
    return {number: deck["name"] for number, deck in json.loads(text).items()}


@settings(max_examples=20)
@given(question())
def test_a_question_that_was_changed_is_the_same_note_and_newer(one):
    one = replace(one, confirmed=date(2026, 1, 1))
    changed = replace(one, scenario="Which?", confirmed=date(2026, 1, 2))
    (before,), (after,) = (
        opened(as_anki([which])).execute("select guid, mid, mod from notes").fetchall() for which in (one, changed)
    )
    assert before[:2] == after[:2]
    assert before[2] < after[2]


def test_a_text_changed_on_the_same_day_has_another_time_of_that_day():
    (one, *_), times = real(), set()
    for scenario in (one.scenario, "Which?", "And which?"):
        (time,) = opened(as_anki([replace(one, scenario=scenario)])).execute("select mod from notes").fetchone()
        assert datetime.fromtimestamp(time, UTC).date() == one.confirmed
        times.add(time)
    assert len(times) == 3


def test_without_genanki_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("kms_katas.study.export_anki.find_spec", lambda name: None)
    with pytest.raises(KitError, match=r'pip install "kms-katas\[anki\]"'):
        as_anki([])
