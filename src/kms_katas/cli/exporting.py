"""`kata dev export`: the bank of questions as a file for another program. Not for what is in it: study/export_*.py."""

from collections.abc import Callable, Iterable
from pathlib import Path

from kms_katas.cli import PASSED, report, screen
from kms_katas.cli.place import Place
from kms_katas.grading.source import display_path
from kms_katas.kit import KitError
from kms_katas.kit.questions import Question, load_questions
from kms_katas.study.export import chosen
from kms_katas.study.export_anki import as_anki
from kms_katas.study.export_csv import as_csv
from kms_katas.study.export_qti import as_qti

NAME = "kms-questions"
_MAKERS: dict[str, tuple[str, Callable[[Iterable[Question]], bytes]]] = {
    "qti": (".zip", as_qti),
    "anki": (".apkg", as_anki),
    "csv": (".csv", as_csv),
}


def export(place: Place, where: Path, format: str, topic: str | None, exam: str | None) -> int:
    """Write it, and say where. Raises KitError."""
    questions = chosen(load_questions(place.of(None).kit.questions), topic, exam)
    ending, maker = _MAKERS[format]
    target = where / f"{NAME}{ending}" if where.is_dir() else where
    if target.suffix.lower() != ending:
        raise KitError(f"{display_path(where)} is no folder, and a file of the format {format} ends with {ending}.")
    report.write(target, maker(questions), "The file")
    screen.console().print(f"{screen.count(len(questions), 'question')} in {display_path(target)}.")
    return PASSED
