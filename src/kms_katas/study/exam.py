"""The KMS part of an exam: drawn by its weights, and scored. Pure; what of it is noted is in sitting.py."""

import math
import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kms_katas.kit.exams import Exam, Exams, ExamTask
from kms_katas.kit.questions import Question
from kms_katas.study.quiz import SEEDS, is_right

COUNT = 20
"""Questions, where nobody says how many."""
MINUTES_EACH = 2
"""For each question, where nobody here has seen how long an exam takes."""


@dataclass(frozen=True, order=True)
class Asked:
    """A question of an exam. `number` counts from 1; `task` is the number of the task for which it is asked (5.3)."""

    number: int
    task: str
    question: str
    seed: int


def draw(
    exam: Exam, exams: Exams, questions: Iterable[Question], count: int, seed: int, known: Collection[str] = ()
) -> tuple[Asked, ...]:
    """`count` questions of an exam, or all there are: each once, and each domain its share, as far as there are enough.

    Within a domain its tasks take turns, and a topic comes up as the depth of its area says. `known`: ids of questions
    that were answered before, which are taken where no others are left. In the order in which they are asked.
    """
    drawn = random.Random(seed)
    pool = {
        question.id: (question, tasks)
        for question in sorted(questions, key=lambda one: one.id)
        if (tasks := exam.tasks_of(question.exams, question.tasks))
    }
    turns = _turns(exam, exams, [question for question, _ in pool.values()], known, drawn)
    seats = list(_seats(exam, min(count, len(pool)), drawn))

    def fitting(seat: ExamTask) -> list[str]:
        """Questions for this seat: those of its task, then those of its domain."""
        of_domain = [name for name, (_, tasks) in pool.items() if seat.domain in {task.domain for task in tasks}]
        return sorted(of_domain, key=lambda name: (turns[name][0], seat not in pool[name][1], turns[name][1]))

    taken = _matched([fitting(seat) for seat in seats])
    rest = iter(sorted(set(pool) - set(taken.values()), key=turns.__getitem__))
    pairs = []
    for place, seat in enumerate(seats):
        name = taken[place] if place in taken else next(rest)
        tasks = pool[name][1]
        same_domain = [task for task in tasks if task.domain == seat.domain]
        task = seat if seat in tasks else drawn.choice(same_domain or list(tasks))
        pairs.append((name, task.number))
    drawn.shuffle(pairs)
    return tuple(Asked(number, task, name, drawn.randrange(SEEDS)) for number, (name, task) in enumerate(pairs, 1))


def minutes_for(exam: Exam, count: int) -> int:
    """For so many questions of an exam: in proportion to what it gives for all of its own."""
    each = exam.minutes / exam.questions if exam.minutes and exam.questions else MINUTES_EACH
    return max(1, round(count * each))


def shares(exam: Exam, count: int) -> dict[int, int]:
    """How many of `count` questions each domain gets that has a task of KMS: by weight, none off by a whole question.

    Where a weight is not known, all domains weigh the same. Domain 0 stands for all of an exam whose tasks nobody saw.
    """
    numbers = list(dict.fromkeys(task.domain for task in exam.tasks))
    known = {domain.number: domain.weight for domain in exam.domains}
    weights = [known.get(number, 0) for number in numbers]
    if not all(weights):
        weights = [1] * len(numbers)
    exact = [count * weight / sum(weights) for weight in weights]
    given = [math.floor(share) for share in exact]
    # The largest remainders get what is left: Hamilton's method, by which no share is off by one.
    left = sorted(range(len(numbers)), key=lambda place: given[place] - exact[place])
    for place in left[: count - sum(given)]:
        given[place] += 1
    return dict(zip(numbers, given, strict=True))


def _seats(exam: Exam, count: int, drawn: random.Random) -> Iterator[ExamTask]:
    """A task for each question: of each domain as many as its share, its tasks in turn from any of them on."""
    for domain, share in shares(exam, count).items():
        tasks = [task for task in exam.tasks if task.domain == domain]
        drawn.shuffle(tasks)
        yield from (tasks[turn % len(tasks)] for turn in range(share))


def _turns(
    exam: Exam, exams: Exams, questions: Sequence[Question], known: Collection[str], drawn: random.Random
) -> dict[str, tuple[bool, float]]:
    """When each question has its turn: by chance, with the odds that the depth of its area gives to all of the area."""
    area_of = {topic: area.name for area in exams.areas for topic in area.topics}
    depth = exams.shares(exam.code)
    many = Counter(area_of.get(question.topic) for question in questions)

    def turn(question: Question) -> tuple[bool, float]:
        area = area_of.get(question.topic)
        # Of depth 0 there may be a question all the same: it is rare, not never.
        odds = max(depth.get(area or "", 0.0), 0.001) / many[area]
        # The times of a waiting room: drawing the smallest first is drawing by these odds, none twice.
        return question.id in known, -math.log(1 - drawn.random()) / odds

    return {question.id: turn(question) for question in questions}


def _matched(wanted: Sequence[Sequence[str]]) -> dict[int, str]:
    """A question for as many seats as can have one, none twice: seat -> question. Each seat lists what it would take.

    Kuhn's method: a question serves several domains, and the first to come shall not leave another without.
    """
    held: dict[str, int] = {}

    def find(seat: int, tried: set[str]) -> bool:
        for name in wanted[seat]:
            if name not in tried:
                tried.add(name)
                if name not in held or find(held[name], tried):
                    held[name] = seat
                    return True
        return False

    for seat in range(len(wanted)):
        find(seat, set())
    return {seat: name for name, seat in held.items()}


@dataclass(frozen=True)
class Part:
    """What a domain, a task or a whole exam came to."""

    right: int
    of: int


@dataclass(frozen=True)
class Result:
    """What an exam came to. `tasks` by number of task, `domains` by number of domain, `wrong` with what was left out.

    `gone`: what it asked and the kit no longer has; that is not counted.
    """

    whole: Part
    domains: Mapping[int, Part]
    tasks: Mapping[str, Part]
    wrong: tuple[Asked, ...]
    gone: tuple[Asked, ...]


def score(
    exam: Exam, asked: Collection[Asked], chosen: Mapping[int, Collection[int]], bank: Mapping[str, Question]
) -> Result:
    """What the answers come to. `chosen`: places of options, by number of the question; what is left out is wrong."""
    counted = [one for one in sorted(asked) if one.question in bank]
    right = {one for one in counted if is_right(bank[one.question], chosen.get(one.number, ()))}

    def part(of: Iterable[Asked]) -> Part:
        those = list(of)
        return Part(len(right.intersection(those)), len(those))

    domain_of = {task.number: task.domain for task in exam.tasks}
    domains = sorted({domain_of.get(one.task, 0) for one in counted})
    tasks = sorted({one.task for one in counted})
    return Result(
        whole=part(counted),
        domains={number: part(one for one in counted if domain_of.get(one.task, 0) == number) for number in domains},
        tasks={task: part(one for one in counted if one.task == task) for task in tasks},
        wrong=tuple(one for one in counted if one not in right),
        gone=tuple(one for one in sorted(asked) if one.question not in bank),
    )
