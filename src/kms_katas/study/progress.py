"""The progress file: small, text, one fact a line, safe to commit and to edit. Not for answers or verdicts.

Form 1, after the heading line `kms-katas-progress 1`:

    seed NUMBER                     what makes drawn values this learner's own
    passed KATA DATE                the first time all checks passed
    hint KATA TASK TIER             the highest hint shown
    solution KATA DATE              the reference answer was shown before a pass
    drawn KATA NUMBER               how often the rows of its table were drawn anew
    told KATA TABLE DIGEST          answers to that table of which it was told how many are right
    path NAME                       the path through the katas that the workspace follows
    given KATA DATE                 the reference answer was put in its place, for who came late
    begun KATA DATE                 a kata that was passed got its starter back, to be solved again
    repeated KATA DATE              all checks passed again after that
    answered QUESTION TIME SEED CHOSEN RESULT
                                    in a quiz, a review or an exam that is over; RESULT is right or wrong
    exam ID CODE TIME MINUTES       an exam that was begun, for so many minutes (sitting.py, and all that follows)
    exam-question ID NUMBER TASK QUESTION SEED
                                    what it asks, and for which task of the exam
    exam-answer ID NUMBER SECONDS CHOSEN
                                    chosen so many seconds after its beginning
    exam-flag ID NUMBER SECONDS on|off
                                    marked to be looked at again, or no more
    exam-clock ID SECONDS           how much of its time is used
    exam-done ID TIME               it is over

TIME is in UTC (2026-11-22T20:15:03Z). SEED shuffles the options of a question for this asking. CHOSEN are numbers of
its options in the order of the bank (2 or 1,4), or - for none.

Lines of any other form, and comments (#), are kept as they are.

Two files of one learner are merged by putting the lines of one under those of the other. What order they are in and
whether one is there twice changes nothing: facts add up; of several tiers, counts and seconds the highest holds, of
several days of a pass the first. But of seed and path the line that comes first holds, and a given line that was taken
back on one side only is there again.
"""

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

NAME = "kata-progress.txt"
_HEADING = "kms-katas-progress"
_COMMENT = "# What you have done in KMS Katas. Safe to commit; lines that the kit does not know are kept."
_PASSED = re.compile(r"passed (\S+) (\d{4}-\d\d-\d\d)")
_HINT = re.compile(r"hint (\S+) ([0-9]{1,10}) ([0-9]{1,10})")
_SOLUTION = re.compile(r"solution (\S+) (\d{4}-\d\d-\d\d)")
_DRAWN = re.compile(r"drawn (\S+) ([0-9]{1,10})")
_GIVEN = re.compile(r"given (\S+) (\d{4}-\d\d-\d\d)")
_BEGUN = re.compile(r"begun (\S+) (\d{4}-\d\d-\d\d)")
_REPEATED = re.compile(r"repeated (\S+) (\d{4}-\d\d-\d\d)")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
CHOSEN = r"-|[1-9](?:,[1-9])*"
_ANSWERED = re.compile(rf"answered (\S+) ({TIME}) ([0-9]{{1,10}}) ({CHOSEN}) (right|wrong)")
_PATH = re.compile(r"path (\S+)")
_SEED = re.compile(r"seed ([0-9]{1,10})")
TELLINGS = 3
"""Of so many different answers to one table it is told how many are right."""


class ProgressError(Exception):
    """The progress file cannot be read or written; the sentence says where and what to do."""


@dataclass(frozen=True, order=True)
class Answered:
    """A question that was answered. `chosen` are places of options in the bank, from 0 on."""

    time: datetime
    question: str
    right: bool
    seed: int
    chosen: tuple[int, ...]


@dataclass(frozen=True, order=True)
class Pass:
    """A kata that was passed, for the first time or again. `helped`: its reference answer had been shown before."""

    day: date
    kata: str
    helped: bool = False


@dataclass(frozen=True)
class Progress:
    """The lines of a progress file. Changing it makes a new one; save() puts it on disk."""

    lines: tuple[str, ...]

    @classmethod
    def new(cls) -> "Progress":
        return cls((f"{_HEADING} 1", _COMMENT, f"seed {secrets.randbelow(2**31)}"))

    @classmethod
    def load(cls, path: Path) -> "Progress":
        """Raises ProgressError when it cannot be read, or was written by a newer form."""
        try:
            return cls.parsed(path.read_text("utf-8-sig"), path)
        except FileNotFoundError:
            return cls.new()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            raise ProgressError(
                f"{path} cannot be read: {why}. Nothing was changed; "
                "mend it or move it away, and `kata init` starts a new one."
            ) from error

    @classmethod
    def parsed(cls, text: str, path: Path) -> "Progress":
        """What a file at `path` says. Raises ProgressError when it was written by a newer form."""
        # Not splitlines(): a line of somebody else's may hold a form feed, and is kept as it is.
        lines = tuple(text.removesuffix("\n").split("\n"))
        heading = next((line for line in lines if line.split()[:1] == [_HEADING]), None)
        if heading is None:
            return cls((*cls.new().lines, *filter(None, lines)))
        if heading.split()[1:] != ["1"]:
            raise ProgressError(
                f"{path} was written by a newer version of KMS Katas ({heading}). "
                "Upgrade this one; nothing was changed."
            )
        return cls(lines)

    def save(self, path: Path) -> None:
        """Atomically: whoever reads finds the old file or the new one, whole."""
        try:
            handle, temporary = tempfile.mkstemp(prefix=".kata-", dir=path.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                    file.write("\n".join(self.lines) + "\n")
                    file.flush()
                    os.fsync(file.fileno())
                os.chmod(temporary, 0o644)
                os.replace(temporary, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                raise
        except OSError as error:
            raise ProgressError(
                f"{path} cannot be written: {error.strerror}. Your answers are as they were; only this was not noted. "
                "Make room, or take a folder that you may write to, and do it again."
            ) from error

    @property
    def seed(self) -> int:
        return next((int(found[1]) for line in self.lines if (found := _SEED.fullmatch(line.strip()))), 0)

    @property
    def has_seed(self) -> bool:
        return any(_SEED.fullmatch(line.strip()) for line in self.lines)

    def with_seed(self) -> "Progress":
        """A file without one, which somebody wrote by hand or cut short, gets one when it is first needed."""
        return self if self.has_seed else self._with(f"seed {secrets.randbelow(2**31)}")

    def draws(self, kata: str) -> int:
        """How often the rows of a kata were drawn anew."""
        found = (match for line in self.lines if (match := _DRAWN.fullmatch(line.strip())))
        return max((int(match[2]) for match in found if match[1] == kata), default=0)

    def with_draw(self, kata: str) -> "Progress":
        known = re.compile(rf"drawn {re.escape(kata)} [0-9]{{1,10}}")
        others = tuple(line for line in self.lines if not known.fullmatch(line.strip()))
        return Progress(others)._with(f"drawn {kata} {self.draws(kata) + 1}")

    def with_telling(self, kata: str, table: int, digest: str) -> "Progress | None":
        """With a note that it is told how many of these answers are right; None: for this table that is used up."""
        begin = f"told {kata} {table} "
        told = {line.strip() for line in self.lines if line.strip().startswith(begin)}
        if begin + digest in told:
            return self
        return self._with(begin + digest) if len(told) < TELLINGS else None

    def passed(self, kata: str) -> bool:
        return any(found[1] == kata for line in self.lines if (found := _PASSED.fullmatch(line.strip())))

    def given(self, kata: str) -> bool:
        """Whether its answer was given, and not taken back since."""
        return any(found[1] == kata for line in self.lines if (found := _GIVEN.fullmatch(line.strip())))

    def done(self, kata: str) -> bool:
        """Whether the next kata comes after it: passed, or given to who came late."""
        return self.passed(kata) or self.given(kata)

    @property
    def path(self) -> str | None:
        return next((found[1] for line in self.lines if (found := _PATH.fullmatch(line.strip()))), None)

    def with_path(self, name: str) -> "Progress":
        others = tuple(line for line in self.lines if not _PATH.fullmatch(line.strip()))
        return self if self.path == name else Progress(others)._with(f"path {name}")

    def with_given(self, kata: str, day: date) -> "Progress":
        return self if self.given(kata) else self._with(f"given {kata} {day.isoformat()}")

    def without_given(self, kata: str) -> "Progress":
        matches = ((line, _GIVEN.fullmatch(line.strip())) for line in self.lines)
        kept = tuple(line for line, found in matches if found is None or found[1] != kata)
        return self if kept == self.lines else Progress(kept)

    def solution_seen(self, kata: str) -> bool:
        return any(found[1] == kata for line in self.lines if (found := _SOLUTION.fullmatch(line.strip())))

    def hints_seen(self, kata: str, task: int) -> int:
        """The highest tier shown for a task; 0 for none."""
        found = (match for line in self.lines if (match := _HINT.fullmatch(line.strip())))
        return max((int(match[3]) for match in found if (match[1], match[2]) == (kata, str(task))), default=0)

    def with_pass(self, kata: str, day: date) -> "Progress":
        return self if self.passed(kata) else self._with(f"passed {kata} {day.isoformat()}")

    def with_solution(self, kata: str, day: date) -> "Progress":
        return self if self.solution_seen(kata) else self._with(f"solution {kata} {day.isoformat()}")

    def with_hint(self, kata: str, task: int, tier: int) -> "Progress":
        if tier <= self.hints_seen(kata, task):
            return self
        known = re.compile(rf"hint {re.escape(kata)} {task} [0-9]{{1,10}}")
        others = tuple(line for line in self.lines if not known.fullmatch(line.strip()))
        return Progress(others)._with(f"hint {kata} {task} {tier}")

    @property
    def answered(self) -> tuple[Answered, ...]:
        """Each answer once, in the order of time, whatever the order of the lines."""
        found = set()
        for line in self.lines:
            if (match := _ANSWERED.fullmatch(line.strip())) and (time := time_of(match[2])):
                found.add(Answered(time, match[1], match[5] == "right", int(match[3]), options_of(match[4])))
        return tuple(sorted(found))

    def with_answered(self, answer: Answered) -> "Progress":
        result = "right" if answer.right else "wrong"
        chosen = written(answer.chosen)
        return self.with_line(f"answered {answer.question} {shown(answer.time)} {answer.seed} {chosen} {result}")

    @property
    def passes(self) -> tuple[Pass, ...]:
        """The first pass of each kata and those after it got its starter back, in the order of time."""
        first: dict[str, date] = {}
        for kata, day in self._days(_PASSED):
            first[kata] = min(day, first.get(kata, day))
        found = {Pass(day, kata, self.solution_seen(kata)) for kata, day in first.items()}
        return tuple(sorted(found | {Pass(day, kata) for kata, day in self._days(_REPEATED)}))

    def with_begun(self, kata: str, day: date) -> "Progress":
        """A kata that was passed is to be solved again; one that was not is as it was."""
        return self.with_line(f"begun {kata} {day.isoformat()}") if self.passed(kata) else self

    def with_repeat(self, kata: str, day: date) -> "Progress":
        """It is passed again, if it was begun again since the last time."""
        begun = [since for name, since in self._days(_BEGUN) if name == kata]
        last = max((done.day for done in self.passes if done.kata == kata), default=None)
        if not begun or last is None or not last < day or max(begun) < last:
            return self
        return self.with_line(f"repeated {kata} {day.isoformat()}")

    def _days(self, form: re.Pattern[str]) -> list[tuple[str, date]]:
        """(kata, day) of all lines of a form whose day there is."""
        matches = (match for line in self.lines if (match := form.fullmatch(line.strip())))
        return [(match[1], time.date()) for match in matches if (time := time_of(f"{match[2]}T00:00:00Z"))]

    def with_line(self, line: str) -> "Progress":
        """With one line more, unless it is there."""
        return self if line in self.lines else self._with(line)

    def _with(self, line: str) -> "Progress":
        return Progress((*self.lines, line))


def time_of(text: str) -> datetime | None:
    """The time that a line gives; None: there is none such, or none of this millennium, and the line is unknown."""
    with contextlib.suppress(ValueError):
        time = datetime.fromisoformat(text)
        return time if 2000 <= time.year < 3000 else None
    return None


def shown(time: datetime) -> str:
    """As lines give it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def options_of(text: str) -> tuple[int, ...]:
    """Places of options, from 0 on, of CHOSEN."""
    return () if text == "-" else tuple(sorted({int(number) - 1 for number in text.split(",")}))


def written(chosen: Iterable[int]) -> str:
    """CHOSEN for places of options."""
    return ",".join(str(place + 1) for place in sorted(chosen)) or "-"
