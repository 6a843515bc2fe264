"""An exam that a learner sits, as the progress file has it: what it asks, what was answered, flagged, and how long.

Each answer is a line of its own. The lines of two files make one exam in any order: of two answers to a question the
one that was given later in the exam's time holds. Not for what is drawn and scored (exam.py).
"""

import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kms_katas.study.exam import Asked
from kms_katas.study.progress import CHOSEN, TIME, Answered, Progress, options_of, shown, time_of, written

_ID = r"([0-9a-f]{8})"
_NUMBER = r"([1-9][0-9]{0,2})"
_SECONDS = r"([0-9]{1,6})"
_EXAM = re.compile(rf"exam {_ID} ([a-z]{{3}}-c[0-9]{{2}}) ({TIME}) ([1-9][0-9]{{0,3}})")
_QUESTION = re.compile(rf"exam-question {_ID} {_NUMBER} (\S+) (\S+) ([0-9]{{1,10}})")
_ANSWER = re.compile(rf"exam-answer {_ID} {_NUMBER} {_SECONDS} ({CHOSEN})")
_FLAG = re.compile(rf"exam-flag {_ID} {_NUMBER} {_SECONDS} (on|off)")
_CLOCK = re.compile(rf"exam-clock {_ID} {_SECONDS}")
_DONE = re.compile(rf"exam-done {_ID} ({TIME})")


@dataclass(frozen=True)
class Sitting:
    """One exam. `minutes` is its time and `used` how many seconds of it are; `chosen` has places of options by number.

    An empty choice is an answer that was taken back. `done` is None while it goes on.
    """

    id: str
    code: str
    began: datetime
    minutes: int
    asked: tuple[Asked, ...]
    chosen: Mapping[int, frozenset[int]]
    flagged: frozenset[int]
    used: int
    done: datetime | None

    @property
    def left(self) -> int:
        """Seconds."""
        return max(0, self.minutes * 60 - self.used)

    @property
    def unanswered(self) -> tuple[int, ...]:
        return tuple(one.number for one in self.asked if not self.chosen.get(one.number))


def sittings(progress: Progress) -> tuple[Sitting, ...]:
    """All exams of a learner, those begun first before others."""
    lines = {line.strip() for line in progress.lines if line.lstrip().startswith("exam")}
    heads: dict[str, tuple[datetime, str, int]] = {}
    for found in _of(_EXAM, lines):
        if began := time_of(found[3]):
            head = began, found[2], int(found[4])
            heads[found[1]] = min(head, heads.get(found[1], head))
    return tuple(_sitting(name, head, lines) for name, head in sorted(heads.items(), key=lambda one: (one[1], one[0])))


def _sitting(name: str, head: tuple[datetime, str, int], lines: Collection[str]) -> Sitting:
    asked: dict[int, Asked] = {}
    for found in _of(_QUESTION, lines, name):
        one = Asked(int(found[2]), found[3], found[4], int(found[5]))
        asked[one.number] = min(one, asked.get(one.number, one))
    answers = sorted((int(one[3]), int(one[2]), options_of(one[4])) for one in _of(_ANSWER, lines, name))
    flags = sorted((int(one[3]), int(one[2]), one[4] == "on") for one in _of(_FLAG, lines, name))
    clock = [int(one[2]) for one in _of(_CLOCK, lines, name)]
    ends = [time for one in _of(_DONE, lines, name) if (time := time_of(one[2]))]
    flagged = {number: on for _, number, on in flags}
    began, code, minutes = head
    return Sitting(
        *(name, code, began, minutes),
        asked=tuple(asked[number] for number in sorted(asked)),
        chosen={number: frozenset(places) for _, number, places in answers},
        flagged=frozenset(number for number, on in flagged.items() if on),
        used=max((*clock, *(seconds for seconds, *_ in (*answers, *flags))), default=0),
        done=min(ends, default=None),
    )


def _of(form: re.Pattern[str], lines: Collection[str], name: str = "") -> list[re.Match[str]]:
    """The lines of this form, of the exam with this id or of all."""
    return [found for line in lines if (found := form.fullmatch(line)) and (not name or found[1] == name)]


def begin(progress: Progress, code: str, asked: Sequence[Asked], minutes: int, now: datetime) -> tuple[str, Progress]:
    """The id of a new exam, and the progress with it."""
    name = secrets.token_hex(4)
    progress = progress.with_line(f"exam {name} {code} {shown(now)} {minutes}")
    for one in asked:
        progress = progress.with_line(f"exam-question {name} {one.number} {one.task} {one.question} {one.seed}")
    return name, progress


def with_answer(progress: Progress, name: str, number: int, seconds: int, chosen: Collection[int]) -> Progress:
    """In place of an earlier answer to the question; none chosen takes it back."""
    kept = _without(progress, rf"exam-answer {name} {number} .*")
    return kept.with_line(f"exam-answer {name} {number} {seconds} {written(chosen)}")


def with_flag(progress: Progress, name: str, number: int, seconds: int, on: bool) -> Progress:
    kept = _without(progress, rf"exam-flag {name} {number} .*")
    return kept.with_line(f"exam-flag {name} {number} {seconds} {'on' if on else 'off'}")


def with_clock(progress: Progress, name: str, seconds: int) -> Progress:
    return _without(progress, rf"exam-clock {name} [0-9]+").with_line(f"exam-clock {name} {seconds}")


def with_end(
    progress: Progress, sitting: Sitting, right: Collection[int], now: datetime, gone: Collection[int] = ()
) -> Progress:
    """It is over; each of its questions counts as answered now. `right`: the numbers of those that are.

    What was left out is wrong: it is to come up in reviews. Of those `gone` from the kit nobody can say what they were.
    """
    progress = progress.with_line(f"exam-done {sitting.id} {shown(now)}")
    for one in sitting.asked:
        if one.number not in gone:
            chosen = tuple(sorted(sitting.chosen.get(one.number, ())))
            progress = progress.with_answered(Answered(now, one.question, one.number in right, one.seed, chosen))
    return progress


def _without(progress: Progress, form: str) -> Progress:
    known = re.compile(form)
    return Progress(tuple(line for line in progress.lines if not known.fullmatch(line.strip())))
