"""Anki itself imports the questions; later imports bring cards up to date and leave the learner's schedule alone."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kms_katas.kit.questions import Question, load_questions
from kms_katas.study.export_anki import as_anki

from .conftest import HERE, Client

pytestmark = pytest.mark.system

BANK = HERE.parents[1] / "docs" / "questions"


@pytest.fixture(scope="module")
def bank() -> tuple[Question, ...]:
    pytest.importorskip("genanki")
    return load_questions(BANK)


@pytest.fixture
def imported(python_client: Callable[..., Client], tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """What Anki holds after each of these."""
    anki = python_client("anki", HERE / "python" / "import_cards.py")

    def imported(*exports: tuple[Question, ...], note: Question, update: str = "") -> list[dict[str, Any]]:
        files = [tmp_path / f"{number}.apkg" for number in range(len(exports))]
        for file, questions in zip(files, exports, strict=True):
            file.write_bytes(as_anki(questions))
        seen: list[dict[str, Any]] = anki.json(tmp_path, *files, env={"NOTE": note.id, "UPDATE": update})
        return seen

    return imported


def test_every_question_is_a_card_in_the_deck_of_its_topic(bank, imported) -> None:  # type: ignore[no-untyped-def]
    one = secrets.choice(bank)
    (seen,) = imported(bank, note=one)
    assert (seen["new"], seen["notes"], seen["cards"]) == (len(bank),) * 3
    assert set(seen["decks"]) == {"Default", "KMS Katas", *(f"KMS Katas::{question.topic}" for question in bank)}
    assert {f"exam::{code}" for code in one.exams} < set(seen["tags"])
    assert "<b>Right.</b>" in seen["back"] and "<b>Right.</b>" not in seen["front"]


def test_a_topic_after_the_whole_bank_is_known_again(bank, imported) -> None:  # type: ignore[no-untyped-def]
    one = secrets.choice(bank)
    first, second = imported(bank, tuple(q for q in bank if q.topic == one.topic), note=one)
    assert (second["new"], second["updated"]) == (0, 0)
    assert all(second[what] == first[what] for what in ("notes", "cards", "decks", "schedule"))


@pytest.mark.parametrize("days, update", [(1, ""), (0, "always")])
def test_a_changed_question_is_changed_where_newer_or_asked_for_and_keeps_its_schedule(  # type: ignore[no-untyped-def]
    bank, imported, days, update
) -> None:
    one, words = secrets.choice(bank), f"Is it {secrets.token_hex(4)}?"
    newest = max(question.confirmed for question in bank)
    changed = replace(one, scenario=words, confirmed=newest + timedelta(days=days))
    first, second = imported(
        bank, tuple(changed if question is one else question for question in bank), note=one, update=update
    )
    assert words in second["front"]
    assert second["schedule"] == first["schedule"]
    assert (second["new"], second["notes"]) == (0, len(bank))
