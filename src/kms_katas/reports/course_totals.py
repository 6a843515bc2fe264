"""What each learner of a course has in total: points by weight, less what hints cost, and what came late.

Pure functions over (learner, verdict) and what is known of hints and times. Not for what a single check found.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Any

from kms_katas.kit.course import Assignment, Course
from kms_katas.kit.verdict import Verdict
from kms_katas.reports.csv_report import cell
from kms_katas.reports.json_report import json_text
from kms_katas.reports.public import one_line
from kms_katas.reports.statistics import is_untouched

SCHEMA = "urn:kms-katas:course-totals:1"
_FIXED = (
    *("name", "points", "of", "per_cent", "handed_in", "passed", "katas", "hints", "solutions", "cost", "late"),
    *("not_known", "progress_file"),
)


@dataclass(frozen=True)
class Help:
    """What a learner's progress file says that they looked at for one kata, before they passed it or after."""

    hints: int = 0
    solution: bool = False


@dataclass(frozen=True)
class Standing:
    """What is known of learners beside their answers. `helps`: by learner, then by kata; who has no file is not there.

    `submitted`: when they handed in, with an offset from UTC; of others no time is known.
    """

    helps: Mapping[str, Mapping[str, Help]]
    submitted: Mapping[str, datetime]


@dataclass(frozen=True)
class Part:
    """One kata of one learner's total. `verdict` is None where nothing was handed in, or the starter as it was."""

    assignment: Assignment
    verdict: Verdict | None
    help: Help
    cost: Fraction
    """What hints and the solution take off, in points of the kata; never more than it earned."""
    late: bool | None
    """None: it is not known, or nothing was due, or nothing was handed in."""

    @property
    def is_known(self) -> bool:
        """Whether the answer was judged: where the kit failed, a zero would be a lie."""
        checks = self.verdict.checks if self.verdict else ()
        return not any(check.status == "error" and "nothing is known" in check.message.lower() for check in checks)

    @property
    def points(self) -> Fraction:
        """Of the weight of the kata."""
        if self.verdict is None or not self.verdict.max_score:
            return Fraction(0)
        return self.assignment.weight * (self.verdict.score - self.cost) / self.verdict.max_score


@dataclass(frozen=True)
class Total:
    """One learner's. `has_file`: whether a progress file was there to count hints by."""

    name: str
    parts: tuple[Part, ...]
    has_file: bool

    @cached_property
    def points(self) -> Fraction | None:
        """None where an answer could not be judged."""
        return sum((part.points for part in self.parts), Fraction(0)) if not self.not_known else None

    @cached_property
    def of(self) -> Fraction:
        return sum((part.assignment.weight for part in self.parts), Fraction(0))

    @property
    def per_cent(self) -> Fraction | None:
        return 100 * self.points / self.of if self.points is not None and self.of else None

    @property
    def late(self) -> tuple[str, ...]:
        return tuple(part.assignment.kata for part in self.parts if part.late)

    @property
    def not_known(self) -> tuple[str, ...]:
        return tuple(part.assignment.kata for part in self.parts if not part.is_known)


def totals(course: Course, graded: Iterable[tuple[str, Verdict]], standing: Standing, only: str = "") -> list[Total]:
    """One for each learner, in the order in which they come. A kata that somebody did not hand in gives no points.

    A workspace holds the starters of all katas. One that is as it was is not handed in, though a check of it may pass.
    `only`: the total is of this kata alone.
    """
    found: dict[str, dict[str, Verdict]] = {}
    for name, verdict in graded:
        learner = found.setdefault(name, {})
        if not is_untouched(verdict):
            learner[verdict.kata] = verdict
    wanted = [entry for entry in course.assignments if only in ("", entry.kata)]
    return [
        Total(
            name,
            tuple(_part(course, entry, verdicts.get(entry.kata), name, standing) for entry in wanted),
            name in standing.helps,
        )
        for name, verdicts in found.items()
    ]


def _part(course: Course, entry: Assignment, verdict: Verdict | None, name: str, standing: Standing) -> Part:
    helped = standing.helps.get(name, {}).get(entry.kata, Help())
    cost = Fraction(0)
    if verdict:
        cost = helped.hints * course.hint.of(verdict.max_score)
        cost += course.solution.of(verdict.max_score) if helped.solution else 0
    when = standing.submitted.get(name)
    late = when > entry.due if verdict and when and entry.due else None
    return Part(entry, verdict, helped, min(cost, Fraction(verdict.score if verdict else 0)), late)


def as_course_csv(found: Sequence[Total]) -> str:
    """A line for each learner; beside what holds for all of the course, a column of weighted points for each kata.

    What is not known is empty.
    """
    page = io.StringIO()
    table = csv.writer(page, quoting=csv.QUOTE_ALL, lineterminator="\n")
    katas = [part.assignment.kata for part in found[0].parts] if found else []
    table.writerow([*_FIXED, *katas, "schema"])
    for total in found:
        parts = total.parts
        row = [cell(total.name), _rounded(total.points), _rounded(total.of), _rounded(total.per_cent)]
        row += [str(_count(parts, lambda part: part.verdict is not None)), str(_count(parts, _passed)), str(len(parts))]
        row += [str(sum(part.help.hints for part in parts)), str(_count(parts, lambda part: part.help.solution))]
        row += [_rounded(sum((_weighted_cost(part) for part in parts), Fraction(0)))]
        row += [" ".join(total.late), " ".join(total.not_known), "true" if total.has_file else "false"]
        row += [_rounded(part.points if part.is_known else None) for part in parts]
        table.writerow([*row, SCHEMA])
    return page.getvalue()


def as_course_json(course: Course, found: Sequence[Total]) -> str:
    """One object for the course, each learner with every kata. What is not known is null."""
    learners = [
        {
            "name": total.name,
            **{name: _number(getattr(total, name)) for name in ("points", "of", "per_cent")},
            "progress_file": total.has_file,
            "katas": [_part_data(part) for part in total.parts],
        }
        for total in found
    ]
    return json_text({"schema": SCHEMA, "course": course.title, "learners": learners})


def as_course_lines(found: Sequence[Total]) -> list[tuple[str, str]]:
    """(learner, what they have) for people."""
    return [(one_line(total.name), "; ".join(_words(total))) for total in found]


def _words(total: Total) -> list[str]:
    if total.points is None:
        return [f"no total: nothing is known of {', '.join(total.not_known)}, grade that again"]
    words = [f"{_rounded(total.points)} of {_rounded(total.of)} points"]
    hints = sum(part.help.hints for part in total.parts)
    seen = _count(total.parts, lambda part: part.help.solution)
    words += [f"{hints} hint{'' if hints == 1 else 's'}"] if hints else []
    words += [f"{seen} solution{'' if seen == 1 else 's'} shown"] if seen else []
    words += [f"late: {', '.join(total.late)}"] if total.late else []
    return words if total.has_file else [*words, "no progress file"]


def _part_data(part: Part) -> dict[str, Any]:
    verdict, due = part.verdict, part.assignment.due
    return {
        "id": part.assignment.kata,
        "status": verdict.status if verdict else "absent",
        "score": verdict.score if verdict and part.is_known else None,
        "max_score": verdict.max_score if verdict else None,
        "hints": part.help.hints,
        "solution": part.help.solution,
        "cost": _number(part.cost),
        "weight": _number(part.assignment.weight),
        "points": _number(part.points) if part.is_known else None,
        "due": due.isoformat() if due else None,
        "late": part.late,
    }


def _weighted_cost(part: Part) -> Fraction:
    most = part.verdict.max_score if part.verdict else 0
    return part.assignment.weight * part.cost / most if most else Fraction(0)


def _passed(part: Part) -> bool:
    return part.verdict is not None and part.verdict.passed


def _count(parts: Iterable[Part], holds: Callable[[Part], bool]) -> int:
    return sum(map(holds, parts))


def _number(value: Fraction | None) -> float | None:
    return None if value is None else round(float(value), 4)


def _rounded(value: Fraction | None) -> str:
    """With two decimal places at most, a half up; empty where it is not known."""
    if value is None:
        return ""
    hundredths = int(value * 100 + Fraction(1, 2))
    return f"{hundredths // 100}.{hundredths % 100:02}".rstrip("0").rstrip(".")
