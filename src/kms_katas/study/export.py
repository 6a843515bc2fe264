"""What every export of the bank of questions begins with: which questions, in which order their options, which text is
code, and a package that comes out the same each time. Not for any one format: export_qti.py, export_anki.py,
export_csv.py.
"""

import io
import zipfile
from collections.abc import Iterable, Mapping
from hashlib import sha256

from kms_katas.kit import KitError
from kms_katas.kit.questions import Option, Question

_DAY_OF_ALL = (1980, 1, 1, 0, 0, 0)
"""The first that a zip file can hold: when it was made is no part of what it says."""


def chosen(questions: Iterable[Question], topic: str | None = None, exam: str | None = None) -> tuple[Question, ...]:
    """Those of a topic and for an exam, each if given, in small letters or large. Raises KitError if none is."""
    found = tuple(questions)
    if topic:
        topics = tuple(dict.fromkeys(question.topic for question in found))
        if topic.lower() not in topics:
            raise KitError(f"No question has the topic {topic!r}. There are {', '.join(topics)}.")
        found = tuple(question for question in found if question.topic == topic.lower())
    if exam:
        exams = sorted({code for question in found for code in question.exams})
        if exam.lower() not in exams:
            of = f" of the topic {topic.lower()}" if topic else ""
            raise KitError(f"No question{of} is for the exam {exam!r}. There are {', '.join(exams)}.")
        found = tuple(question for question in found if exam.lower() in question.exams)
    return found


def shown_options(question: Question) -> tuple[Option, ...]:
    """Its options in an order that tells nothing, and that stays the same as long as they do.

    That of the file would tell: writers often put the right one first.
    """
    return tuple(sorted(question.options, key=lambda option: _digest(f"{question.id}\n{option.text}")))


def pieces(text: str) -> tuple[tuple[str, bool], ...]:
    """(piece, whether it is code): code stands in backticks. One that no other ends is a character as any."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = [f"{parts[-2]}`{parts[-1]}"]
    return tuple((part, place % 2 == 1) for place, part in enumerate(parts) if part)


def packed(files: Mapping[str, bytes]) -> bytes:
    """A zip file of these, in this order: the same bytes on every machine, so nothing in it is compressed."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as held:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _DAY_OF_ALL)
            entry.create_system = 3  # else that of the machine
            entry.external_attr = 0o644 << 16
            held.writestr(entry, content)
    return package.getvalue()


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "backslashreplace")).digest()
