"""What an exam that is over came to, and what to read and solve next; the list of exams. Not for sitting one."""

import json
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from kms_katas.cli import screen
from kms_katas.cli.question import explain, marked, show
from kms_katas.kit import Kit
from kms_katas.kit.exams import WHOLE, Exam, Exams, ExamTask
from kms_katas.kit.questions import Question
from kms_katas.study.exam import Part, Result, score
from kms_katas.study.progress import Progress, shown
from kms_katas.study.quiz import order_of
from kms_katas.study.sitting import Sitting

SCHEMA = "urn:kms-katas:exam:1"
LIST_SCHEMA = "urn:kms-katas:exam-list:1"
MOST_NOTES = 4
MOST_KATAS = 3
"""Of each task. Who is told to read all of it reads none."""


def show_result(kit: Kit, exam: Exam, sitting: Sitting, bank: Mapping[str, Question], progress: Progress) -> None:
    """The score by domain and task, and where to go on."""
    result = score(exam, sitting.asked, sitting.chosen, bank)
    console = screen.console()
    console.print()
    used = f"{-(-sitting.used // 60)} of {sitting.minutes} minutes"
    screen.say(f"{exam.name} ({exam.code.upper()}), the KMS part: {_share(result.whole)} right, in {used}.", "bold")
    if result.gone:
        screen.say(gone_from_kit(len(result.gone)))
    console.print()
    console.print(_table(exam, result))
    _say_what_next(kit, exam, result, bank, progress)
    _say_how_sure(exam)
    console.print()
    again = screen.command(f"exam {sitting.id}")
    console.print(Text.assemble("Each question, and why each option is right or wrong: ", (again, "cyan")))
    console.print(Text.assemble("What you missed comes up again in ", (screen.command("review"), "cyan")))


def show_again(
    kit: Kit, exam: Exam, sitting: Sitting, bank: Mapping[str, Question], progress: Progress, format: str
) -> None:
    """One that is over: its questions as they were asked, each explained, then the result."""
    if format == "json":
        print(json.dumps(_record(exam, sitting, bank), indent=2, ensure_ascii=False))
        return
    for one in sitting.asked:
        if question := bank.get(one.question):
            chosen, order = sitting.chosen.get(one.number, frozenset()), order_of(question, one.seed)
            show(question, order, f"Question {one.number} of {len(sitting.asked)}   {question.id}", chosen)
            explain(question, order, chosen)
    show_result(kit, exam, sitting, bank, progress)


def gone_from_kit(many: int) -> str:
    """What is said of questions that an exam asked and this kit does not have."""
    are, do = ("is", "does") if many == 1 else ("are", "do")
    return f"{screen.count(many, 'question')} that it asked {are} no longer in this kit, and {do} not count."


def _share(part: Part) -> str:
    per_cent = f" ({round(100 * part.right / part.of)} %)" if part.of else ""
    return f"{part.right} of {part.of}{per_cent}"


def _table(exam: Exam, result: Result) -> Table:
    """A line for each domain, with its weight, and below it one for each of its tasks that was asked."""
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("domain or task")
    table.add_column("right", justify="right", no_wrap=True)
    names = {domain.number: domain for domain in exam.domains}
    tasks = {task.number: task for task in exam.tasks}
    for number, part in result.domains.items():
        domain = names.get(number)
        weight = f", {domain.weight} % of the exam" if domain and domain.weight else ""
        title = f"{domain.name}{weight}" if domain else "All of it"
        label = str(number) if domain else ""
        table.add_row(label, Text(title, style="bold"), f"{part.right} of {part.of}")
        for name, of_task in result.tasks.items():
            task = tasks.get(name)
            if (task.domain if task else 0) == number and name != str(number):
                label = "" if name == WHOLE else name
                table.add_row(label, Text(task.about if task else ""), f"{of_task.right} of {of_task.of}")
    return table


def _say_what_next(kit: Kit, exam: Exam, result: Result, bank: Mapping[str, Question], progress: Progress) -> None:
    """Of each task in which something was wrong: the notes behind that, and katas."""
    console = screen.console()
    if not result.wrong:
        return
    console.print()
    screen.say("To read and to solve next", "bold")
    for task in exam.tasks:
        missed = [bank[one.question] for one in result.wrong if one.task == task.number]
        if not missed:
            continue
        marked(() if task.number == WHOLE else (task.number,), task.about)
        notes = list(dict.fromkeys(note for question in missed for note in question.notes))
        for note in notes[:MOST_NOTES]:
            marked(("     read",), f"docs/{note}")
        for kata in _katas(kit, task, progress):
            console.print(Text.assemble("     solve  ", (screen.command(f"brief {kata}"), "cyan")))


def _katas(kit: Kit, task: ExamTask, progress: Progress) -> Sequence[str]:
    """Those first that are not passed."""
    names = [kata.id for kata in kit.katas if task.is_practised_by(kata)]
    return sorted(names, key=progress.passed)[:MOST_KATAS]


def _say_how_sure(exam: Exam) -> None:
    """Where what we know of the exam comes from: weights that nobody saw are not to look like AWS's own."""
    screen.console().print()
    second_hand = "second hand, from " if exam.second_hand else "from "
    source = exam.source[0].lower() + exam.source[1:].removesuffix(".")
    screen.say(f"Domains, weights and tasks are {second_hand}{source} (as of {exam.confirmed}). {exam.doubt}".strip())
    screen.say("The real exam asks for more than KMS, and counts points on a scale of its own.")


def _record(exam: Exam, sitting: Sitting, bank: Mapping[str, Question]) -> dict[str, object]:
    """One that is over, for programs."""
    result = score(exam, sitting.asked, sitting.chosen, bank)
    wrong = {one.number for one in result.wrong}
    questions = [
        {
            "number": one.number,
            "id": one.question,
            "task": f"{exam.code} {one.task}",
            "right": None if one in result.gone else one.number not in wrong,
            "chosen": _texts(bank.get(one.question), sitting.chosen.get(one.number, frozenset())),
        }
        for one in sitting.asked
    ]
    return {
        "schema": SCHEMA,
        "id": sitting.id,
        "exam": exam.code,
        "began": shown(sitting.began),
        "done": shown(sitting.done) if sitting.done else None,
        "minutes": sitting.minutes,
        "seconds_used": sitting.used,
        "right": result.whole.right,
        "of": result.whole.of,
        "domains": [{"number": number, **vars(part)} for number, part in result.domains.items()],
        "tasks": [{"task": f"{exam.code} {name}", **vars(part)} for name, part in result.tasks.items()],
        "questions": questions,
    }


def _texts(question: Question | None, chosen: frozenset[int]) -> list[str]:
    return (
        [question.options[place].text for place in sorted(chosen) if place < len(question.options)] if question else []
    )


def list_exams(exams: Exams, bank: Mapping[str, Question], sat: Sequence[Sitting], format: str) -> None:
    """The exams that can be sat, with how many questions there are for each; and those that were."""
    many = {exam.code: sum(bool(exam.tasks_of(one.exams, one.tasks)) for one in bank.values()) for exam in exams.asked}
    if format == "json":
        entries = [
            {"code": exam.code, "name": exam.name, "status": exam.status, "questions": many[exam.code]}
            for exam in exams.asked
        ]
        own = [{"id": one.id, "exam": one.code, "began": shown(one.began), "over": bool(one.done)} for one in sat]
        print(json.dumps({"schema": LIST_SCHEMA, "exams": entries, "sat": own}, indent=2, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for name in ("exam", "name", "status", "questions"):
        table.add_column(name, justify="right" if name == "questions" else "left", no_wrap=name != "name")
    for exam in exams.asked:
        table.add_row(Text(exam.code, style="bold"), Text(exam.name), exam.status, str(many[exam.code]))
    screen.console().print(table)
    if sat:
        screen.console().print()
        screen.console().print(_sat_table(exams, bank, sat))
    screen.console().print(Text.assemble("\nTo sit one, or go on: ", (screen.command("exam scs-c03"), "cyan")))


def _sat_table(exams: Exams, bank: Mapping[str, Question], sat: Sequence[Sitting]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("yours", "exam", "begun", "came to"):
        table.add_column(name, no_wrap=True)
    for one in sat:
        exam = exams.exam(one.code)
        came_to = f"not over, {one.left // 60} minutes left"
        if one.done and exam:
            came_to = _share(score(exam, one.asked, one.chosen, bank).whole) + " right"
        table.add_row(Text(one.id, style="bold"), one.code, one.began.date().isoformat(), came_to)
    return table
