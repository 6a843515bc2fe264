"""`kata quiz`: some questions, each explained once it is answered; or a list of all. Not for exams."""

import json
import random

from rich.table import Table
from rich.text import Text

from kms_katas.cli import NOT_PASSED, PASSED, screen
from kms_katas.cli.place import Place
from kms_katas.cli.question import Tally, ask_all
from kms_katas.kit import Kit, KitError
from kms_katas.kit.questions import Question, load_questions
from kms_katas.study.export import chosen as fitting
from kms_katas.study.export_csv import as_csv
from kms_katas.study.progress import Answered, Progress
from kms_katas.study.quiz import SEEDS, last_answers, next_questions

SCHEMA = "urn:kms-katas:quiz:1"
COUNT = 10


def quiz(
    place: Place, topic: str | None, exam: str | None, count: int | None, seed: int | None, listing: bool, format: str
) -> int:
    """Ask `count` questions, or show the list of those that fit."""
    kit, workspace = place.kit, place.workspace
    if format != "text" and not listing:
        raise KitError(f"--format {format} is for the list of questions. Add --list.")
    questions = _fitting(load_questions(kit.questions), topic, exam)
    answered = (workspace.progress() if workspace else Progress(())).answered
    if listing:
        _show_list(questions, last_answers(answered), format)
        return PASSED
    # By a seed that was given the same questions come, whatever was answered before.
    chosen = next_questions(questions, answered if seed is None else (), count or COUNT, _seed(seed))
    of_all = f" of {len(questions)}{_about(topic, exam)}" if len(questions) > 1 else ""
    screen.say(f"{screen.count(len(chosen), 'question')}{of_all}. ? shows what you can type.")
    if workspace is None:
        screen.say(f"There is no workspace here, so nothing is noted. To have one: {screen.command('init')}")
    tally = ask_all(chosen, workspace, random.Random(_seed(seed)))
    _say_how_it_went(tally, len(chosen), noted=workspace is not None)
    return PASSED if tally.right == tally.answered else NOT_PASSED


def _seed(given: int | None) -> int:
    return random.randrange(SEEDS) if given is None else given


def _about(topic: str | None, exam: str | None) -> str:
    return (f" about {topic}" if topic else "") + (f" for {exam.upper()}" if exam else "")


def _fitting(questions: tuple[Question, ...], topic: str | None, exam: str | None) -> tuple[Question, ...]:
    """Those of a topic, or the one with that id, that are for an exam. Raises KitError."""
    word = topic.lower().strip("/") if topic else None
    one = tuple(question for question in questions if question.id == word)
    return fitting(one or questions, None if one else word, exam)


def _say_how_it_went(tally: Tally, count: int, noted: bool) -> None:
    console = screen.console()
    console.print()
    if not tally.answered:
        screen.say("Nothing was answered.")
        return
    left = f", {count - tally.answered} not answered" if tally.answered < count else ""
    console.print(Text(f"{tally.right} of {tally.answered} right{left}.", style="bold"))
    if noted:
        console.print(Text.assemble("They come up again when it is time: ", (screen.command("review"), "cyan")))


def _show_list(questions: tuple[Question, ...], last: dict[str, Answered], format: str) -> None:
    if format == "json":
        entries = [entry(question, last.get(question.id)) for question in questions]
        print(json.dumps({"schema": SCHEMA, "questions": entries}, indent=2, ensure_ascii=False))
    elif format == "csv":
        print(as_csv(questions).decode(), end="")
    else:
        screen.console().print(_table(questions, last))
        screen.say("+ last answered right, - last answered wrong. One of them: " + screen.command("quiz QUESTION"))


def _table(questions: tuple[Question, ...], last: dict[str, Answered]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("", "question", "difficulty", "right options"):
        least = max(len(question.id) for question in questions) if name == "question" else None
        table.add_column(name, justify="right" if name[:1] in "dr" and name else "left", min_width=least, no_wrap=True)
    for question in questions:
        answer = last.get(question.id)
        mark = " " if answer is None else "+" if answer.right else "-"
        numbers = str(question.difficulty), f"{len(question.right)} of {len(question.options)}"
        table.add_row(Text(mark), Text(question.id, style="bold"), *map(Text, numbers))
    return table


def entry(question: Question, last: Answered | None) -> dict[str, object]:
    """A question for programs, with its options and which of them are right."""
    fields: dict[str, object] = {
        name: list(value) if isinstance(value := getattr(question, name), tuple) else value
        for name in ("id", "topic", "scenario", "difficulty", "exams", "tasks", "traps", "claims", "notes", "sources")
    }
    fields["confirmed"] = question.confirmed.isoformat()
    fields["options"] = [
        {"text": option.text, "right": option.right, "why": " ".join(option.why.split())} for option in question.options
    ]
    fields["last"] = None if last is None else ("right" if last.right else "wrong")
    return fields


def bank_of(kit: Kit) -> dict[str, Question]:
    """All questions of a kit by id."""
    return {question.id: question for question in load_questions(kit.questions)}
