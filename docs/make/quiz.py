"""The quiz at the end of each note: the questions that lead to it, with the answers folded.

Notes are written by hand, and take theirs in by a line of their own: --8<-- "quiz/rotation/on-demand.md". What the
reader sees works without scripts; docs/assets/quiz.js makes forms of it. Not for asking in the terminal: `kata quiz`.
"""

import random
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from kms_katas.kit.questions import Option, Question
from make.katas import NOT_FOUND
from make.writing import Part, made_places

MOST = 5
"""So many questions has a note at most."""
LEARN = "learn/"
_CODE = re.compile(r"`([^`]+)`")


def quiz_parts(docs: Path, questions: Sequence[Question]) -> Iterator[Part]:
    """One for each note below docs/learn, which is empty where no question leads to it."""
    made = made_places(docs)
    for note in sorted((docs / LEARN).rglob("*.md")):
        if (place := note.relative_to(docs).as_posix()) in made:
            continue
        yield Part(quiz_of(place), _quiz(asked_in(place, questions)))


def quiz_of(note: str) -> str:
    """Where the quiz of a note is, as its line names it."""
    return f"quiz/{note.removeprefix(LEARN)}"


def asked_in(note: str, questions: Sequence[Question]) -> list[Question]:
    """Of those that lead to a note, the ones that name it first; from easy to hard."""

    def how_near(question: Question) -> int:
        return [named.partition("#")[0] for named in question.notes].index(note)

    found = [question for question in questions if any(named.partition("#")[0] == note for named in question.notes)]
    return sorted(sorted(found, key=how_near)[:MOST], key=lambda question: question.difficulty)


def _quiz(questions: Sequence[Question]) -> str:
    if not questions:
        return ""
    parts = [f"## Check yourself {NOT_FOUND}", '<div class="quiz">', *map(_question, questions), "</div>"]
    return "\n\n".join(parts[:1]) + "\n\n" + "\n".join(parts[1:])


def _question(question: Question) -> str:
    """The options stand in an order of their own: in the file the right one is often at the same place."""
    options = random.Random(question.id).sample(question.options, len(question.options))
    lines = [
        f'<div class="question" data-question="{question.id}">',
        f'<p class="asked">{in_html(question.scenario)}</p>',
        '<ul class="options">',
        *(f"<li>{in_html(option.text)}</li>" for option in options),
        "</ul>",
        '<details class="answer" data-search-exclude>',
        "<summary>Answer</summary>",
        "<ul>",
        *map(_answer, options),
        "</ul>",
        "</details>",
        "</div>",
    ]
    return "\n".join(lines)


def _answer(option: Option) -> str:
    mark = "<strong>✓ Right:</strong>" if option.right else "✗ Not right:"
    return f"<li{' data-right' * option.right}>{mark} {in_html(option.text)}<br>{in_html(option.why)}</li>"


def in_html(text: str) -> str:
    """Text that is no Markdown but for its `code`, in one line."""
    parts = _CODE.split(" ".join(text.split()))
    parts[::2] = [escape(part, quote=False) for part in parts[::2]]
    parts[1::2] = [f"<code>{escape(part, quote=False)}</code>" for part in parts[1::2]]
    return "".join(parts)
