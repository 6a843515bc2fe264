"""`kata list`, `brief`, `hint`, `solution`: what there is to read. None of it loads the lab."""

import json
from datetime import date
from typing import Literal

from rich.console import JustifyMethod
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from kms_katas.cli import NOT_PASSED, PASSED, screen
from kms_katas.cli.place import Place, answer_files, current_kata, next_kata
from kms_katas.kit import Kata, Kit, KitError
from kms_katas.kit.course import Cost, Course, course_of
from kms_katas.study.progress import Progress

LIST_SCHEMA = "urn:kms-katas:list:1"


def list_katas(place: Place, track: str | None, level: int | None, exam: str | None, pending: bool, format: str) -> int:
    """The katas, with what narrows them."""
    kit, workspace = place.kit, place.workspace
    progress, course = workspace.progress() if workspace else Progress(()), course_of(kit)
    katas = workspace.katas(kit) if workspace else kit.katas
    chosen = [kata for kata in katas if _fits(kata, track, level, exam) and not (pending and progress.passed(kata.id))]
    given = {kata for kata in chosen if progress.given(kata.id) and not progress.passed(kata.id)}
    if format == "json":
        entries = [
            _entry(kata) | {"passed": progress.passed(kata.id), "given": kata in given} | _in_course(kata, course)
            for kata in chosen
        ]
        print(json.dumps({"schema": LIST_SCHEMA, "katas": entries}, indent=2))
        return PASSED
    table = Table(box=None, pad_edge=False)
    for name in ("", "kata", "title", "level", "minutes", "points", *(("due",) if course else ())):
        justify: JustifyMethod = "right" if name in ("level", "minutes", "points") else "left"
        # An id cut short could not be typed.
        least = max((len(kata.id) for kata in chosen), default=0) if name == "kata" else None
        table.add_column(name, justify=justify, min_width=least, no_wrap=name != "title", overflow="fold")
    for kata in chosen:
        mark = (
            Text("✓", style="green") if progress.passed(kata.id) else Text("•" if kata in given else "·", style="dim")
        )
        cells = [mark, Text(kata.id, style="bold"), Text(kata.title)]
        cells += [Text(str(number)) for number in (kata.level, kata.minutes, kata.points)]
        entry = course.assignment(kata) if course else None
        table.add_row(*cells, *([Text(entry.shown_due)] if entry else []))
    screen.console().print(table if chosen else f"No kata fits. `{screen.command('list')}` shows them all.")
    if given:
        screen.console().print("• the answer was given, not passed by you", style="dim")
    if workspace and len(katas) < len(kit.katas):
        path = Text.assemble("These are of the path ", (workspace.progress().path or "", "bold"), "; all others: ")
        screen.console().print(path + Text(screen.command("init"), "cyan"))
    return PASSED


def _fits(kata: Kata, track: str | None, level: int | None, exam: str | None) -> bool:
    return (
        (track in (None, kata.track))
        and (level in (None, kata.level))
        and (exam is None or exam.upper() in (name.upper() for name in kata.exams))
    )


def _entry(kata: Kata) -> dict[str, object]:
    entry: dict[str, object] = {
        "id": kata.id,
        "title": kata.title,
        "track": kata.track,
        "level": kata.level,
        "points": kata.points,
    }
    return entry | {"minutes": kata.minutes, "exams": list(kata.exams), "prerequisites": list(kata.prerequisites)}


def _in_course(kata: Kata, course: Course | None) -> dict[str, object]:
    entry = course.assignment(kata) if course else None
    return {"weight": float(entry.weight), "due": entry.due.isoformat() if entry.due else None} if entry else {}


def brief(place: Place, word: str | None) -> int:
    """The whole brief, and where to write."""
    kit = place.kit
    kata = _meant(place, word)
    screen.console().print(screen.Prose((kit.starter(kata) / "README.md").read_text("utf-8")))
    workspace = place.workspace
    if workspace and not workspace.holds(kata):
        starter = (screen.command(f"reset {kata.name}"), "cyan")
        screen.console().print(Text.assemble("\nIt is not in your workspace yet. To put its starter there: ", starter))
    elif workspace:
        screen.console().print(
            Text.assemble(
                "\nWrite in ",
                (answer_files(workspace, kata), "cyan"),
                ", then ",
                (screen.command(f"check {kata.name}"), "cyan"),
            )
        )
    return PASSED


def hint(place: Place, word: str | None, task_number: int | None, key: str = "") -> int:
    """One more hint than was shown before; at the last one, that one again.

    `key`: what to press for the next one, where a command need not be typed.
    """
    kata, workspace = _meant(place, word), place.workspace
    progress = workspace.progress() if workspace else Progress(())
    numbers = [task.number for task in kata.tasks]
    if task_number is not None and task_number not in numbers:
        raise KitError(f"{kata.id} has no task {task_number}; it has {', '.join(map(str, numbers))}.")
    task = kata.tasks[(task_number or _first_with_hints_left(kata, progress)) - 1]
    tier = min(progress.hints_seen(kata.id, task.number) + 1, len(task.hints))
    console = screen.console()
    console.print(
        Text.assemble((f"{kata.id}, task {task.number}: {task.title}", "bold"), f"   hint {tier} of {len(task.hints)}")
    )
    console.print(screen.Prose(task.hints[tier - 1]))
    if workspace:
        noted = progress.with_hint(kata.id, task.number, tier)
        if noted is not progress:
            noted.save(workspace.progress_file)
    if takes := _takes(place.kit, "hint"):
        console.print(Text(takes.strip(), style="dim"))
    same_task = f" --task {task.number}" if task_number else ""
    if not workspace:
        console.print(Text.assemble("For the next one, have a workspace: ", (screen.command("init"), "cyan")))
    elif tier < len(task.hints):
        again = key or screen.command(f"hint {kata.name}{same_task}")
        console.print(Text.assemble("More direct: ", (again, "cyan")))
    elif task_number or task.number == len(kata.tasks):
        console.print(
            Text.assemble(
                "That was the last one. The answer: ", (screen.command(f"solution {kata.name} --anyway"), "cyan")
            )
        )
    return PASSED


def _takes(kit: Kit, what: Literal["hint", "solution"]) -> str:
    """What it costs in a course, in a sentence; empty where it costs nothing."""
    course = course_of(kit)
    cost: Cost = getattr(course, what, Cost())
    of = " of the kata's points" if cost.per_cent else ""
    return f" In this course {_ARTICLE[what]} takes off {cost.in_words}{of}." if cost.amount else ""


_ARTICLE = {"hint": "each hint", "solution": "that"}


def _first_with_hints_left(kata: Kata, progress: Progress) -> int:
    """The first task whose hints are not used up; the last task when all are."""
    return next(
        (task.number for task in kata.tasks if progress.hints_seen(kata.id, task.number) < len(task.hints)),
        len(kata.tasks),
    )


def solution(place: Place, word: str | None, anyway: bool) -> int:
    """The reference answer: after a pass, or noted in the progress."""
    kit, kata, workspace = place.kit, _meant(place, word), place.need_workspace()
    progress, folder = workspace.progress(), kit.reference(kata)
    if not all((folder / name).is_file() for name in kata.answer):
        raise KitError(f"This kit has no reference answer for {kata.id}.")
    if not progress.done(kata.id):
        if not anyway:
            offer = Text.assemble(
                (screen.command(f"hint {kata.name}"), "cyan"),
                " helps; ",
                (screen.command(f"solution {kata.name} --anyway"), "cyan"),
            )
            screen.console().print(
                Text.assemble(
                    f"You have not passed {kata.id} yet. ",
                    offer,
                    f" shows the answer all the same, and your progress file notes it.{_takes(kit, 'solution')}",
                )
            )
            return NOT_PASSED
        progress.with_solution(kata.id, date.today()).save(workspace.progress_file)
    for name in kata.answer:
        path = folder / name
        text = path.read_text("utf-8")
        language = {"py": "python", "json": "json", "toml": "toml", "yaml": "yaml"}.get(path.suffix[1:], "text")
        console = screen.console()
        console.print(Text(f"{kata.id}: {name}", style="bold"))
        console.print(Syntax(text, language, background_color="default") if console.is_terminal else Text(text))
    return PASSED


def _meant(place: Place, word: str | None) -> Kata:
    """The kata that was named, else the one the learner is at."""
    kit: Kit = place.kit
    if word:
        return place.find(word)
    workspace = place.workspace
    kata = current_kata(kit, workspace) if workspace else next_kata(kit, kit.katas, Progress(()))
    if kata is None:
        raise KitError(f"Every kata is passed: say which one you mean. `{screen.command('list')}` shows them.")
    return kata
