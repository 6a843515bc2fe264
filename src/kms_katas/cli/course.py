"""`kata grade --course`: what is known of learners beside their answers, and the totals. Not for the grading."""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from unicodedata import normalize

from rich.text import Text

from kms_katas.grading.lanes import Job
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.run import refuse_link
from kms_katas.grading.source import read_bytes
from kms_katas.grading.submissions import HandedIn
from kms_katas.kit import Kata, Kit, KitError, Verdict
from kms_katas.kit.course import Course, course_of
from kms_katas.reports.course_totals import (
    Help,
    Standing,
    Total,
    as_course_csv,
    as_course_json,
    as_course_lines,
    totals,
)
from kms_katas.study.progress import NAME, Progress, ProgressError

FORMATS = ("course-csv", "course-json")
_MAX_BYTES = 64 * 1024
MAX_NAMES = 20
"""In one sentence."""


class CourseReports:
    """The totals of a course, once its learners' progress files were looked at."""

    def __init__(self, course: Course, only: str, submitted: Mapping[str, datetime]) -> None:
        self._course, self._only, self._submitted = course, only, submitted
        self._helps: dict[str, dict[str, Help]] = {}
        self.notes: list[str] = []
        """Sentences: whose file of progress cannot be read; of whom no time is known, where it is of others."""

    def look_at(self, jobs: Iterable[Job], handed: HandedIn) -> None:
        """While the submissions are there. Of when they came, who teaches knows better than a learning platform."""
        katas: dict[str, list[Kata]] = {}
        folders = {}
        for job in jobs:
            katas.setdefault(job.name, []).append(job.kata)
            folders[job.name] = job.within
        unread = []
        for name, folder in folders.items():
            progress = _progress(folder)
            if progress:
                self._helps[name] = {kata.id: _helped(progress, kata) for kata in katas[name]}
            elif os.path.lexists(folder / NAME):
                unread.append(name)
        if unread:
            self.notes.append(
                f"{NAME} of {_named(unread)} is there and cannot be read, so hints cost them nothing. Ask for it "
                "again, as `kata` wrote it; one of a newer kit needs that kit."
            )
        there = {*handed.left_out, *(learner.name for learner in handed.submissions)}
        # A Mac writes an accent as a letter of its own, a spreadsheet does not, and on the screen they are the same.
        spelled = {normalize("NFC", name): name for name in there}
        self._submitted = {
            name if name in there else spelled.get(normalize("NFC", name), name): when
            for name, when in self._submitted.items()
        }
        if nobodys := sorted(self._submitted.keys() - there):
            self.notes.append(
                f"--submitted names {_named(nobodys)}, and nobody of that name handed in. Names count as they stand in "
                "the reports."
            )
        self._submitted = {**handed.submitted, **self._submitted}
        due = {entry.kata for entry in self._course.assignments if entry.due}
        untold = [name for name in katas if name not in self._submitted and any(kata.id in due for kata in katas[name])]
        if called_late := [name for name in untold if name in handed.late]:
            self.notes.append(
                f"Canvas calls {_named(called_late)} late, by the due date that it has. By those of the course it is "
                "not known: --submitted says when they handed in."
            )
        if self._submitted and untold:
            self.notes.append(f"It is not known when {_named(untold)} handed in, so `late` says nothing of them.")

    def made(self, format: str, graded: list[tuple[str, Verdict]]) -> str:
        found = self._totals(graded)
        return as_course_csv(found) if format == "course-csv" else as_course_json(self._course, found) + "\n"

    def lines(self, graded: list[tuple[str, Verdict]]) -> Text:
        """For people: below the answers, a line for each learner."""
        lines = as_course_lines(self._totals(graded))
        wide = max(len(name) for name, _ in lines)
        said = Text("\n\n").append(self._course.title, style="bold")
        for name, words in lines:
            said.append(f"\n  {name:{wide}}  {words}")
        return said

    def _totals(self, graded: list[tuple[str, Verdict]]) -> list[Total]:
        return totals(self._course, graded, Standing(self._helps, self._submitted), self._only)


def course_reports(kit: Kit, only: Kata | None, formats: Sequence[str], submitted: Path | None) -> CourseReports | None:
    """What makes the totals of the kit's course; None where it is no course. Raises KitError for what needs one."""
    course = course_of(kit)
    if course is None:
        asked = [f"--format {name}" for name in formats if name in FORMATS] + (["--submitted"] if submitted else [])
        if asked:
            raise KitError(f"{asked[0]} needs --course with the course.toml that has weights and due dates.")
        return None
    return CourseReports(course, only.id if only else "", _times(submitted) if submitted else {})


def refuse_without_checks(kit: Kit, katas: Iterable[Kata]) -> None:
    """Raises KitError for a kata whose checks are not there: nobody's answer to it can be judged."""
    for kata in katas:
        if not kit.has_checks(kata):
            raise KitError(f"{kata.id} has no checks: {kit.grader(kata)} is not there. Put it there, or leave it out.")


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:MAX_NAMES]) + (" and others" if len(names) > MAX_NAMES else "")


def _progress(folder: Path) -> Progress | None:
    """A learner's progress file; None where there is none that can be read. It is a stranger's: bounded, no link."""
    path = folder / NAME
    try:
        refuse_link(path, folder)
        return Progress.parsed(read_bytes(path, _MAX_BYTES).decode("utf-8-sig"), path)
    except (AnswerUnusable, ProgressError, UnicodeDecodeError, OSError):
        return None


def _helped(progress: Progress, kata: Kata) -> Help:
    """A file may claim more hints than there are; each task has only so many."""
    hints = sum(min(progress.hints_seen(kata.id, task.number), len(task.hints)) for task in kata.tasks)
    return Help(hints, progress.solution_seen(kata.id) or progress.given(kata.id))


def _times(path: Path) -> dict[str, datetime]:
    """A CSV file with the columns `name` and `submitted`; empty where somebody did not hand in. Raises KitError."""
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise KitError(f"--submitted {path} cannot be read: {why}. Give a CSV file in UTF-8.") from error
    found: dict[str, datetime] = {}
    for line, row in enumerate(rows, 2):
        name, text = row.get("name"), row.get("submitted")
        if name is None or text is None:
            raise KitError(f"{path}, line {line}: it needs the columns name and submitted, named in the first line.")
        if not text.strip():
            continue
        try:
            when = datetime.fromisoformat(text.strip())
        except ValueError:
            when = datetime.min
        if when.tzinfo is None:
            raise KitError(
                f"{path}, line {line}: {text!r} is no day and time with an offset from UTC, "
                "such as 2027-01-31T23:59:00+01:00."
            )
        # Who handed in more than once is as late as the last time.
        found[name] = max(when, found.get(name, when))
    return found
