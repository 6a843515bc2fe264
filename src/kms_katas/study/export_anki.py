"""Questions as a package for Anki, which asks them by its own schedule. Needs genanki, the extra `anki`.

What is imported again is known again: a note by its question, a deck by its topic. So cards are brought up to date and
keep what Anki knows of the learner. No script, no font, nothing from elsewhere.
"""

import itertools
import sqlite3
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from hashlib import sha256
from html import escape
from importlib.util import find_spec
from typing import Any

from kms_katas.kit import KitError
from kms_katas.kit.plain import one_line
from kms_katas.kit.questions import Question
from kms_katas.study.export import packed, pieces, shown_options

DECK = "KMS Katas"
_NOTE_TYPE = 1_764_028_117
"""Drawn once. Never another: Anki knows by it that the notes of a new package are of the kind of the old ones."""
_FIELDS = ("Id", "Scenario", "Options", "Answer", "Sources")
_FRONT = '<div class="scenario">{{Scenario}}</div>\n{{Options}}'
_BACK = (
    '<div class="scenario">{{Scenario}}</div>\n<hr id="answer">\n{{Answer}}\n<p class="about">{{Sources}}<br>{{Id}}</p>'
)
_STYLE = """.card { font-family: sans-serif; font-size: 18px; text-align: left; max-width: 46em; margin: 0 auto; }
.scenario { margin-bottom: 1em; }
li { margin-bottom: 0.6em; }
.about { font-size: 13px; opacity: 0.7; }
"""


def as_anki(questions: Iterable[Question]) -> bytes:
    """An .apkg file: a deck for each topic, below DECK, a card for each question in the order given, with its exams and
    its difficulty as tags.

    A card shows its options in one order, always: Anki has no other without a script. The same questions give the same
    bytes where SQLite is the same; it writes its version into each file. Raises KitError where genanki is absent.
    """
    if find_spec("genanki") is None:
        raise KitError(
            'The format anki needs genanki, which is not installed here: pip install "kms-katas[anki]"; in a clone, '
            "python -m pip install genanki with the Python of its .venv."
        )
    import genanki  # type: ignore[import-not-found, import-untyped, unused-ignore]

    found = tuple(questions)
    sides = [{"name": "Card", "qfmt": _FRONT, "afmt": _BACK}]
    fields = [{"name": name} for name in _FIELDS]
    note_type = genanki.Model(_NOTE_TYPE, "KMS Katas question", fields=fields, templates=sides, css=_STYLE)
    decks = {topic: genanki.Deck(_deck_number(topic), f"{DECK}::{topic}") for topic in _topics(found)}
    for question in found:
        tags = [DECK.lower().replace(" ", "-"), *(f"exam::{code}" for code in question.exams)]
        tags.append(f"difficulty::{question.difficulty}")
        note = genanki.Note(note_type, fields=_filled(question), tags=tags, guid=_guid(question))
        decks[question.topic].add_note(note)
    return packed({"collection.anki2": _database(genanki.Package(list(decks.values())), found), "media": b"{}"})


def _database(package: Any, questions: Iterable[Question]) -> bytes:
    """Of the day that the newest of the questions was confirmed: made at any time, it is the same.

    Anki takes a note over only if its time is another one, and by default a later one: also when asked to update
    always (26.9). So the time of each is the day that it was confirmed, and within that day a second for its text.
    """
    found = tuple(questions)
    made = _midnight(max((question.confirmed for question in found), default=date(1980, 1, 1)))
    database = sqlite3.connect(":memory:")
    try:
        package.write_to_db(database.cursor(), made, itertools.count(made * 1000))
        for question in found:
            of_text = int.from_bytes(sha256("\n".join(_filled(question)).encode()).digest()[:8]) % (24 * 60 * 60)
            changed = _midnight(question.confirmed) + of_text
            database.execute("UPDATE notes SET mod = ? WHERE guid = ?", (changed, _guid(question)))
        database.commit()
        return database.serialize()
    finally:
        database.close()


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def _guid(question: Question) -> str:
    return f"kms-katas/{question.id}"


def _filled(question: Question) -> list[str]:
    options = shown_options(question)
    listed = "".join(f"<li>{_html(option.text)}</li>" for option in options)
    answered = "".join(
        f"<li><b>{'Right' if option.right else 'Wrong'}.</b> {_html(option.text)}<br>{_html(option.why)}</li>"
        for option in options
    )
    paragraphs = "".join(f"<p>{_html(part)}</p>" for part in question.scenario.split("\n\n") if part.strip())
    sources = f"{'; '.join(map(_html, question.sources))}. Looked at on {question.confirmed.isoformat()}."
    answer, options_list = f'<ol type="A">{answered}</ol>', f'<ol type="A">{listed}</ol>'
    return [_html(question.id), paragraphs, options_list, answer, sources]


def _html(text: str) -> str:
    """On one line, its code in <code>. A bracket becomes a reference: Anki plays `[sound:...]` and sets `[latex]`."""
    marked = (
        f"<code>{escape(piece)}</code>" if is_code else escape(piece) for piece, is_code in pieces(one_line(text))
    )
    return "".join(marked).replace("[", "&#91;").replace("{{", "{&#123;")


def _topics(questions: Iterable[Question]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(question.topic for question in questions))


def _deck_number(topic: str) -> int:
    """The same each time, as Anki's own: 31 bits or fewer, and not 1, which is its default deck."""
    return int.from_bytes(sha256(f"{DECK}::{topic}".encode()).digest()[:4]) >> 1 | 1 << 30
