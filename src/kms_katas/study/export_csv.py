"""Questions as CSV, a line for each: for spreadsheets. Its texts keep their backticks; nothing in it is computed."""

import csv
import io
from collections.abc import Iterable

from kms_katas.kit.plain import cell
from kms_katas.kit.questions import Option, Question
from kms_katas.study.export import shown_options

QUESTIONS_CSV_SCHEMA = "urn:kms-katas:questions-csv:1"
MOST_OPTIONS = 5
COLUMNS = (
    *("id", "topic", "difficulty", "scenario"),
    *(f"option_{number}" for number in range(1, MOST_OPTIONS + 1)),
    "right",
    *(f"why_{number}" for number in range(1, MOST_OPTIONS + 1)),
    *("exams", "tasks", "claims", "notes", "sources", "confirmed", "schema"),
)


def as_csv(questions: Iterable[Question]) -> bytes:
    """In the order given, UTF-8. `right` has the numbers of the right options, with spaces between; so have lists.

    Tasks and sources, which have spaces themselves, are parted by a bar. Every cell in quotes, one line each.
    """
    page = io.StringIO()
    table = csv.writer(page, quoting=csv.QUOTE_ALL, lineterminator="\n")
    table.writerow(COLUMNS)
    for question in questions:
        options = shown_options(question)
        right = " ".join(str(number) for number, option in enumerate(options, 1) if option.right)
        row = [cell(question.id), cell(question.topic), question.difficulty, cell(question.scenario)]
        row += [*_filled(options, "text"), right, *_filled(options, "why")]
        row += [cell(" ".join(question.exams)), cell(" | ".join(question.tasks)), cell(" ".join(question.claims))]
        row += [cell(" ".join(question.notes)), cell(" | ".join(question.sources)), question.confirmed.isoformat()]
        table.writerow([*row, QUESTIONS_CSV_SCHEMA])
    return page.getvalue().encode()


def _filled(options: Iterable[Option], field: str) -> list[str]:
    texts = [cell(getattr(option, field)) for option in options]
    return texts + [""] * (MOST_OPTIONS - len(texts))
