"""Which questions come next, in which order their options are shown, and what a typed answer means. Not for screens."""

import random
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from kms_katas.kit.questions import Question
from kms_katas.study.progress import Answered

LETTERS = "abcde"
SEEDS = 2**31
"""Seeds are below."""


def order_of(question: Question, seed: int) -> tuple[int, ...]:
    """The places of its options in the order in which they are shown in the asking with this seed."""
    places = list(range(len(question.options)))
    random.Random(f"{question.id} {seed}").shuffle(places)
    return tuple(places)


def typed(text: str, order: Sequence[int]) -> frozenset[int] | None:
    """The places of the options that were typed: `b`, `2`, `a c`, `AC`, `1,3`; None: that is no answer."""
    marks = "".join(text.lower().replace(" and ", " ").split()).replace(",", "").replace(";", "")
    places = [LETTERS.find(mark) if mark in LETTERS else "12345".find(mark) for mark in marks]
    if not places or not all(0 <= place < len(order) for place in places):
        return None
    return frozenset(order[place] for place in places)


def letters(chosen: Iterable[int], order: Sequence[int]) -> str:
    """What one types for these options: `a and c`."""
    return " and ".join(sorted(LETTERS[order.index(place)] for place in chosen if place in order))


def is_right(question: Question, chosen: Collection[int]) -> bool:
    """All of the right options and no other, as AWS counts: there is no part of a point."""
    return frozenset(chosen) == question.right


def last_answers(answered: Iterable[Answered]) -> dict[str, Answered]:
    """The last answer to each question, by its id."""
    return {answer.question: answer for answer in sorted(answered)}


def next_questions(
    questions: Iterable[Question], answered: Iterable[Answered], count: int, seed: int
) -> tuple[Question, ...]:
    """Up to `count` of them: first those never answered, then those last answered wrong, then the longest not asked."""
    last = last_answers(answered)
    drawn = random.Random(seed)
    begin = datetime(1, 1, 1, tzinfo=UTC)

    def turn(question: Question) -> tuple[int, datetime, float]:
        answer = last.get(question.id)
        if answer is None:
            return 0, begin, drawn.random()
        return (2, answer.time, 0.0) if answer.right else (1, begin, drawn.random())

    # Drawn in an order that does not hang on that of the files.
    return tuple(sorted(sorted(questions, key=lambda question: question.id), key=turn)[:count])
