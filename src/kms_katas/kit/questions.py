"""The bank of questions: a situation, what to choose from, and why each is right or wrong (docs/questions/*.toml).

Not for asking and scoring them (study/), nor for what must hold of the bank as a whole (tests/questions/).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kms_katas.kit import claims as ledger
from kms_katas.kit.catalog import KitError
from kms_katas.kit.exams import Exams
from kms_katas.kit.fields import NOT_A_DAY, faults_of_names, is_day, is_line, is_lines, listed, read_table

SCHEMA = "urn:kms-katas:questions:1"
TOPICS = (*ledger.TOPICS, "conditions", "governance", "grants", "stores", "states")
"""What a file may be about, and is named for: the topics of the ledger of claims, and some of their own."""
TRAPS = 60
"""How many mistakes we counted that people make, from 1 on. Each question says which of them it covers."""

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NOTE = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*\.md(#[a-z0-9_-]+)?")
_LISTS = ("exams", "tasks", "claims", "notes", "sources")
_NEEDED = {"id", "scenario", "difficulty", *_LISTS, "traps", "confirmed", "option"}


@dataclass(frozen=True)
class Option:
    """One answer to choose. `why` says why it is right or wrong."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with four or five options, one or several of them right; show them in another order each time.

    `scenario` ends with the question and, like `text` and `why`, has `code` in backticks. `difficulty` is 1 to 3.
    `exams` are codes (scs-c03), `tasks` what it serves of them (scs-c03 5.3), `traps` numbers up to TRAPS, `claims` ids
    of the ledger, `notes` pages below docs/, most with an anchor. `confirmed` is when somebody last looked.
    """

    id: str
    topic: str
    scenario: str
    difficulty: int
    exams: tuple[str, ...]
    tasks: tuple[str, ...]
    traps: tuple[int, ...]
    claims: tuple[str, ...]
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    confirmed: date
    options: tuple[Option, ...]

    @property
    def right(self) -> frozenset[int]:
        """The places of the right options in `options`, from 0 on."""
        return frozenset(place for place, option in enumerate(self.options) if option.right)


def load_questions(
    folder: Path, claims: Collection[str] | None = None, exams: Exams | None = None
) -> tuple[Question, ...]:
    """The questions of all files of a folder, by topic, in the order of each file.

    With `claims`, the ids of a ledger, and `exams`, a question may name no other. Raises KitError, with a line for each
    fault of all files.
    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise KitError(f"{folder} holds no questions. It is to hold a TOML file for each topic, such as rotation.toml.")
    questions: list[Question] = []
    faults: list[str] = []
    for file in files:
        found, wrong = _read(file, claims, exams)
        questions += found
        faults += [f"{file}: {fault}" for fault in wrong]
    if faults:
        raise KitError("\n".join(faults))
    return tuple(questions)


def _read(file: Path, claims: Collection[str] | None, exams: Exams | None) -> tuple[list[Question], list[str]]:
    """The questions of a file that has no fault, else none; and its faults."""
    data, fault = read_table(file, SCHEMA)
    if fault:
        return [], [fault]
    if faults := list(_faults(file.stem, data, claims, exams)):
        return [], faults
    return [_question(data["topic"], entry) for entry in data["question"]], []


def _question(topic: str, entry: Mapping[str, Any]) -> Question:
    fields: dict[str, Any] = {name: tuple(entry[name]) for name in (*_LISTS, "traps")}
    fields |= {name: entry[name] for name in ("id", "difficulty", "confirmed")}
    options = tuple(Option(**option) for option in entry["option"])
    return Question(topic=topic, scenario=entry["scenario"].strip(), options=options, **fields)


def _faults(stem: str, data: Mapping[str, Any], claims: Collection[str] | None, exams: Exams | None) -> Iterator[str]:
    if unknown := sorted(set(data) - {"schema", "topic", "question"}):
        yield f"`{unknown[0]}` is nothing that a file of questions has. It has schema, topic and [[question]]."
    if data.get("topic") not in TOPICS:
        yield f"the topic {data.get('topic')!r} is none. Take one of {', '.join(TOPICS)}."
    elif data["topic"] != stem:
        yield f"its topic is {data['topic']!r}. Name the file {data['topic']}.toml, or mend the topic."
    entries = data.get("question")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        yield "it must have a [[question]] table for each question, with its `id`."
        return
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        known = entry["id"] if is_line(entry.get("id")) else f"question {number}"
        if known in seen:
            yield f"{known}: another question has this id. Keep one, or give this one its own."
        seen.add(known)
        yield from (f"{known}: {fault}" for fault in _faults_of_question(stem, entry, claims, exams))


def _faults_of_question(
    topic: str, entry: Mapping[str, Any], claims: Collection[str] | None, exams: Exams | None
) -> Iterator[str]:
    yield from faults_of_names(entry, _NEEDED, (), "a question")
    first, _, slug = str(entry.get("id", "")).partition("/")
    if "id" in entry and (first != topic or not _SLUG.fullmatch(slug)):
        yield f"`id` must be the topic, a slash and a name in small letters, such as {topic}/price-of-the-fifth-year."
    if "scenario" in entry and not _is_text(entry["scenario"]):
        yield "`scenario` must be text, and end with the question."
    if "difficulty" in entry and (type(entry["difficulty"]) is not int or entry["difficulty"] not in (1, 2, 3)):
        yield "`difficulty` must be 1, 2 or 3."
    if "confirmed" in entry and not is_day(entry["confirmed"]):
        yield f"`confirmed` {NOT_A_DAY}"
    yield from _faults_of_lists(entry, claims)
    yield from _faults_of_exams(entry, exams)
    yield from _faults_of_options(entry.get("option"))


def _faults_of_lists(entry: Mapping[str, Any], claims: Collection[str] | None) -> Iterator[str]:
    for name in _LISTS:
        if name in entry and not is_lines(entry[name]):
            yield f"`{name}` must be a list of texts of one line."
    traps = entry.get("traps", [])
    if not isinstance(traps, list) or not all(type(trap) is int and 1 <= trap <= TRAPS for trap in traps):
        yield f"`traps` must be a list of whole numbers from 1 to {TRAPS}, or empty."
    for name in (*_LISTS, "traps"):
        values = listed(entry, name)
        for value in dict.fromkeys(value for value in values if values.count(value) > 1):
            yield f"{value!r} is twice in `{name}`. Keep one."
    for claim in listed(entry, "claims"):
        if claims is not None and claim not in claims:
            yield f"the claim {claim!r} is not in the ledger (docs/claims). Name one that is, or a note."
    for note in listed(entry, "notes"):
        if is_line(note) and not _NOTE.fullmatch(note):
            yield f"the note {note!r} must be a page below docs/, such as learn/rotation/on-demand.md#what-it-costs."
    if not listed(entry, "claims") and not listed(entry, "notes"):
        yield "name a claim or a note that says the same: `claims` and `notes` are both empty."
    if not listed(entry, "sources"):
        yield "`sources` must name where the facts stand, with the day or the edition."


def _faults_of_exams(entry: Mapping[str, Any], exams: Exams | None) -> Iterator[str]:
    codes, tasks = listed(entry, "exams"), listed(entry, "tasks")
    if not codes:
        yield "`exams` must name one or more exams, such as scs-c03."
    for task in map(str, tasks):
        if task.partition(" ")[0] not in codes:
            yield f"the task {task!r} is of an exam that is not in `exams`. Add the exam, or take the task away."
    if exams is None:
        return
    known = {exam.code: [task.id for task in exam.tasks] for exam in exams.asked}
    for code in codes:
        if code not in known:
            yield f"{code!r} is none of the exams of docs/exams.toml that KMS is part of: there are {', '.join(known)}."
        elif not set(tasks) & set(known[code]) and len(known[code]) > 1:
            yield f"no task of {code} is in `tasks`. Add one of {', '.join(known[code])}, or take the exam away."
    for task in map(str, tasks):
        code = task.partition(" ")[0]
        if code in known and task not in known[code]:
            yield f"{task!r} is none of the tasks of docs/exams.toml: {code} has {', '.join(known[code])}."


def _faults_of_options(options: object) -> Iterator[str]:
    if options is None:
        return
    if not isinstance(options, list) or not all(isinstance(option, dict) for option in options):
        yield "each option must be an [[question.option]] table."
        return
    if len(options) not in (4, 5):
        yield f"it has {len(options)} options. It must have four or five."
    for number, option in enumerate(options, 1):
        if not {"text", "why"} <= set(option) <= {"text", "why", "right"}:
            yield f"option {number} must have `text` and `why`, may have `right = true`, and nothing else."
        elif not is_line(option["text"]) or not _is_text(option["why"]):
            yield f"option {number}: `text` must be one line and `why` text, neither of them empty."
        elif not isinstance(option.get("right", False), bool):
            yield f"option {number}: `right` must be true or left out."
    texts = [str(option.get("text")) for option in options]
    yield from (f"the option {text!r} is there twice. Keep one." for text in set(texts) if texts.count(text) > 1)
    if (right := sum(option.get("right") is True for option in options)) in (0, len(options)):
        yield f"{'all' if right else 'none'} of its options are right. Mark those that are with `right = true`."


def _is_text(value: object) -> bool:
    """One line or several."""
    return isinstance(value, str) and is_line(value.replace("\n", " "))
