"""When questions and katas come up again: spaced repetition by FSRS, from the facts of the progress file alone.

No state is kept: the same facts give the same days, in whatever order their lines are, on whatever machine.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from fsrs import Card, Rating, Scheduler

from kms_katas.study.progress import Progress

QUESTION_MINUTES = 1
"""To read a question, answer it, and read why."""
LONGEST = 365
"""Days. Nobody learns for an exam that is further away."""

# Whole days: who learns an hour now and then cannot be asked again in ten minutes. Without fuzz, which is drawn by
# chance, a day would be another one each time it is computed.
_SCHEDULER = Scheduler(
    desired_retention=0.9, learning_steps=(), relearning_steps=(), maximum_interval=LONGEST, enable_fuzzing=False
)


@dataclass(frozen=True, order=True)
class Practice:
    """One time that something was practised, and how well it went: 1 (not known) to 4 (easy), as FSRS rates."""

    time: datetime
    rating: int


@dataclass(frozen=True, order=True)
class Due:
    """Something that comes up again on a day, in UTC. `minutes` is how long it takes, as we guess."""

    day: date
    is_kata: bool
    id: str
    minutes: int


def due_day(practised: Iterable[Practice]) -> date:
    """When it comes up again. The order in which they are given, and whether one is given twice, changes nothing."""
    card = Card(card_id=0)
    for one in sorted(set(practised)):
        card, _ = _SCHEDULER.review_card(card, Rating(one.rating), one.time)
    return card.due.date()


def schedule(progress: Progress, questions: Iterable[str], katas: Mapping[str, int]) -> tuple[Due, ...]:
    """When each question that was answered and each kata that was passed comes up again, by the day.

    `questions` are ids of those there are, `katas` the minutes of each, by its id; of others nothing is said. A kata
    for which the reference answer was shown before was hard.
    """
    practised: dict[tuple[bool, str], set[Practice]] = {}
    for answer in progress.answered:
        rating = Rating.Good if answer.right else Rating.Again
        practised.setdefault((False, answer.question), set()).add(Practice(answer.time, rating))
    for done in progress.passes:
        noon = datetime.combine(done.day, time(12), UTC)  # of a pass the day alone is noted
        rating = Rating.Hard if done.helped else Rating.Good
        practised.setdefault((True, done.kata), set()).add(Practice(noon, rating))
    minutes = {(False, name): QUESTION_MINUTES for name in questions}
    minutes |= {(True, name): needed for name, needed in katas.items()}
    return tuple(
        sorted(Due(due_day(times), *thing, minutes[thing]) for thing, times in practised.items() if thing in minutes)
    )
