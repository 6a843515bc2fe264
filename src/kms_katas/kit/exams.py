"""The exams of AWS that ask for KMS: dates, weights, the tasks that KMS is part of (docs/exams.toml).

Not for questions (questions.py), nor for how an exam of `kata exam` is put together.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kms_katas.kit.catalog import KitError
from kms_katas.kit.fields import NOT_A_DAY, faults_of_names, is_day, is_line, is_lines, read_table, twice
from kms_katas.kit.kata import Kata

SCHEMA = "urn:kms-katas:exams:1"
STATUSES = ("current", "ending", "coming", "ended")
WHOLE = "all"
"""The number of the one task of an exam whose tasks nobody here has seen."""

_CODE = re.compile(r"[a-z]{3}-c[0-9]{2}")
_NUMBER = re.compile(rf"[1-9](\.[1-9][0-9]?)?|{WHOLE}")
_TEXTS = ("code", "name", "status", "about", "source", "doubt")
_NUMBERS = ("questions", "minutes")
_NEEDED = {*_TEXTS, *_NUMBERS, "domain", "task", "confirmed", "second_hand"}
_DAYS = ("begins", "ends")


@dataclass(frozen=True)
class Domain:
    """A part of an exam. `weight` is in percent of the exam; 0 where nobody here has seen it."""

    number: int
    name: str
    weight: int


@dataclass(frozen=True)
class ExamTask:
    """A task of an exam that KMS is part of, in our words. `number` is 5.3, or 4 for a domain as a whole, or WHOLE.

    `practised` has tracks, and ids of katas of others. `no_kata` says why there is no kata for it yet, else empty.
    """

    exam: str
    number: str
    about: str
    practised: tuple[str, ...]
    no_kata: str = ""

    @property
    def id(self) -> str:
        """As questions name it: scs-c03 5.3."""
        return f"{self.exam} {self.number}"

    @property
    def domain(self) -> int:
        """The number of its domain; 0 for the one task of an exam whose tasks nobody has seen."""
        return 0 if self.number == WHOLE else int(self.number.partition(".")[0])

    def is_practised_by(self, kata: Kata) -> bool:
        return self.exam.upper() in kata.exams and (kata.track in self.practised or kata.id in self.practised)


@dataclass(frozen=True)
class Exam:
    """One version of an exam. Without tasks KMS is a small part of it, or it has ended.

    It has so many `questions` and takes so many `minutes`; 0 where nobody here has seen it.
    """

    code: str
    name: str
    status: str
    about: str
    questions: int
    minutes: int
    begins: date | None
    ends: date | None
    domains: tuple[Domain, ...]
    tasks: tuple[ExamTask, ...]
    source: str
    confirmed: date
    second_hand: bool
    doubt: str

    def domain_of(self, task: ExamTask) -> Domain | None:
        """None where nobody here has seen which one it is."""
        return next((domain for domain in self.domains if domain.number == task.domain), None)

    def tasks_of(self, exams: Collection[str], tasks: Collection[str]) -> tuple[ExamTask, ...]:
        """Which tasks a question serves that names these exams and tasks.

        A question for an exam of one task need not name it.
        """
        if self.code not in exams:
            return ()
        return tuple(task for task in self.tasks if task.id in tasks) or (self.tasks if len(self.tasks) == 1 else ())


@dataclass(frozen=True)
class Area:
    """A field that is asked for: topics of questions, and how deep each exam goes, as we judge: 0, not at all, to 4."""

    name: str
    topics: tuple[str, ...]
    depth: Mapping[str, int]


@dataclass(frozen=True)
class Exams:
    """All of them, in the order of the file. `judgement` says whose judgement the depths are."""

    exams: tuple[Exam, ...]
    areas: tuple[Area, ...]
    judgement: str

    def exam(self, code: str) -> Exam | None:
        """By its code, in small letters or large."""
        return next((exam for exam in self.exams if exam.code == code.lower()), None)

    @property
    def asked(self) -> tuple[Exam, ...]:
        """Those with tasks that KMS is part of: each has a page, and `kata exam` can ask it."""
        return tuple(exam for exam in self.exams if exam.tasks)

    def shares(self, code: str) -> Mapping[str, float]:
        """How much of the KMS part of an exam each area is, by its name: together 1; by depth, as we judge."""
        depth = {area.name: area.depth.get(code.lower(), 0) for area in self.areas}
        whole = sum(depth.values())
        return {name: of / whole for name, of in depth.items() if of}


def load_exams(file: Path, katas: Collection[Kata] | None = None, topics: Collection[str] | None = None) -> Exams:
    """The exams of docs/exams.toml. With `katas` and `topics`, it may name no other.

    Raises KitError, with a line for each fault.
    """
    data, fault = read_table(file, SCHEMA)
    if faults := [fault] if fault else list(_faults(data, katas, topics)):
        raise KitError("\n".join(f"{file}: {fault}" for fault in faults))
    areas = tuple(Area(one["name"], tuple(one["topics"]), one["depth"]) for one in data["area"])
    return Exams(tuple(map(_exam, data["exam"])), areas, data["judgement"])


def _exam(entry: Mapping[str, Any]) -> Exam:
    fields: dict[str, Any] = {name: entry[name] for name in (*_TEXTS, *_NUMBERS, "confirmed", "second_hand")}
    fields |= {name: entry.get(name) for name in _DAYS}
    fields["domains"] = tuple(Domain(**domain) for domain in entry["domain"])
    fields["tasks"] = tuple(_task(entry["code"], task) for task in entry["task"])
    return Exam(**fields)


def _task(exam: str, task: Mapping[str, Any]) -> ExamTask:
    return ExamTask(exam, task["number"], task["about"], tuple(task["practised"]), task.get("no_kata", ""))


def _faults(data: Mapping[str, Any], katas: Collection[Kata] | None, topics: Collection[str] | None) -> Iterator[str]:
    if unknown := sorted(set(data) - {"schema", "judgement", "area", "exam"}):
        yield f"`{unknown[0]}` is nothing that it has. It has schema, judgement, [[area]] and [[exam]]."
    if not is_line(data.get("judgement")):
        yield "`judgement` must say in one line whose judgement the depths are."
    known = None if katas is None else {kata.id for kata in katas} | {kata.track for kata in katas}
    exams, areas = _tables(data, "exam"), _tables(data, "area")
    if not exams or not areas:
        yield "it must have an [[exam]] table for each exam and an [[area]] table for each field that they ask for."
    for number, entry in enumerate(exams, 1):
        name = entry.get("code") if is_line(entry.get("code")) else f"exam {number}"
        yield from (f"{name}: {fault}" for fault in _faults_of_exam(entry, known))
    codes = [entry.get("code") for entry in exams]
    yield from (f"{code}: it is there twice. Keep one." for code in twice(codes))
    seen: list[str] = []
    for entry in areas:
        name = entry.get("name") if is_line(entry.get("name")) else "an area"
        if set(entry) != {"name", "topics", "depth"} or name == "an area" or not is_lines(entry.get("topics")):
            yield f"{name}: an [[area]] must have `name`, `topics` (a list of texts) and `depth`, and nothing else."
            continue
        seen += entry["topics"]
        for topic in entry["topics"]:
            if topics is not None and topic not in topics:
                yield f"{name}: {topic!r} is no topic of questions: there are {', '.join(topics)}."
        depth = entry["depth"]
        if not isinstance(depth, dict) or not all(type(of) is int and 0 <= of <= 4 for of in depth.values()):
            yield f"{name}: `depth` must give each exam a whole number from 0 to 4."
        elif lost := {str(one.get("code")) for one in exams if one.get("task")} ^ set(depth):
            yield f"{name}: `depth` must name the exams with tasks and no other; look at {', '.join(sorted(lost))}."
    yield from (f"the topic {topic!r} is in two areas. Keep one." for topic in twice(seen))


def _faults_of_exam(entry: Mapping[str, Any], known: Collection[str] | None) -> Iterator[str]:
    yield from faults_of_names(entry, _NEEDED, _DAYS, "an exam")
    for name in _TEXTS:
        if name in entry and not is_line(entry[name]) and not (name == "doubt" and entry[name] == ""):
            yield f"`{name}` must be one line of text{', or empty' if name == 'doubt' else ''}."
    if is_line(entry.get("code")) and not _CODE.fullmatch(entry["code"]):
        yield "`code` must be like scs-c03, in small letters."
    if is_line(entry.get("status")) and entry["status"] not in STATUSES:
        yield f"the status {entry['status']!r} is none. Take one of {', '.join(STATUSES)}."
    for name in ("confirmed", *_DAYS):
        if name in entry and not is_day(entry[name]):
            yield f"`{name}` {NOT_A_DAY}"
    for name in _NUMBERS:
        if name in entry and (type(entry[name]) is not int or entry[name] < 0):
            yield f"`{name}` must be a whole number, 0 where nobody here has seen it."
    if not isinstance(entry.get("second_hand", True), bool):
        yield "`second_hand` must be true or false."
    domains, tasks = _tables(entry, "domain"), _tables(entry, "task")
    for domain in domains:
        if not _is_domain(domain):
            yield "each of `domain` must be { number, name, weight }, the weight in percent, or 0 where nobody saw it."
    numbers = [task.get("number") for task in tasks]
    yield from (f"the task {number} is there twice. Keep one." for number in twice(numbers))
    for number, task in zip(numbers, tasks, strict=True):
        yield from (f"task {number}: {fault}" for fault in _faults_of_task(task, domains, known))


def _faults_of_task(
    task: Mapping[str, Any], domains: Collection[Mapping[str, Any]], known: Collection[str] | None
) -> Iterator[str]:
    if not {"number", "about", "practised"} <= set(task) <= {"number", "about", "practised", "no_kata"}:
        yield "it must have `number`, `about` and `practised`, may have `no_kata`, and nothing else."
        return
    if not isinstance(task["number"], str) or not _NUMBER.fullmatch(task["number"]):
        yield f'`number` must be like "5.3", "4" for a domain as a whole, or "{WHOLE}" where the tasks are not known.'
    elif task["number"] != WHOLE and int(task["number"][0]) not in [domain.get("number") for domain in domains]:
        yield f"there is no domain {task['number'][0]}. Add it to `domain`."
    if not all(is_line(task[name]) for name in ("about", "no_kata") if name in task):
        yield "`about` and `no_kata` must be one line of text."
    if not is_lines(task["practised"]):
        yield "`practised` must be a list of tracks and ids of katas."
    elif lost := [one for one in task["practised"] if known is not None and one not in known]:
        yield f"{lost[0]!r} is neither a track nor a kata: `kata list` shows them."


def _tables(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = data.get(name)
    return value if isinstance(value, list) and all(isinstance(one, dict) for one in value) else []


def _is_domain(domain: Mapping[str, Any]) -> bool:
    if set(domain) != {"number", "name", "weight"} or not is_line(domain["name"]):
        return False
    number, weight = domain["number"], domain["weight"]
    return type(number) is int and 1 <= number <= 9 and type(weight) is int and 0 <= weight <= 100
