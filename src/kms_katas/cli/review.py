"""`kata review`: what is due to be gone over, how long that takes, and the questions of it. Not for when that is."""

import json
import random
from datetime import UTC, datetime, timedelta

from rich.table import Table
from rich.text import Text

from kms_katas.cli import NOT_PASSED, PASSED, screen
from kms_katas.cli.place import Place
from kms_katas.cli.question import ask_all
from kms_katas.cli.quiz import bank_of
from kms_katas.kit import Kit, KitError
from kms_katas.study.schedule import Due, schedule

SCHEMA = "urn:kms-katas:review:1"


def review(place: Place, count: int | None, listing: bool, format: str) -> int:
    """Ask the questions that are due, then name the katas that are; or list both."""
    kit, workspace = place.kit, place.need_workspace()
    if format != "text" and not listing:
        raise KitError(f"--format {format} is for the list of what is due. Add --list.")
    bank, today = bank_of(kit), datetime.now(UTC).date()
    minutes = {kata.id: kata.minutes for kata in kit.katas if kit.has_checks(kata)}
    coming = schedule(workspace.progress(), bank, minutes)
    due = [one for one in coming if one.day <= today]
    questions, katas = [one for one in due if not one.is_kata], [one for one in due if one.is_kata]
    if format == "json":
        print(
            json.dumps(
                {"schema": SCHEMA, "today": today.isoformat(), "items": [_item(one) for one in coming]}, indent=2
            )
        )
        return PASSED
    screen.say(_what_is_due(questions, katas))
    if soon := _what_comes(coming, due):
        screen.say(soon)
    if listing:
        if due:
            screen.console().print(_table(due))
        return PASSED
    if not coming:
        screen.say(f"What you answer and pass comes up here in time. Begin with {screen.command('quiz')}")
        return PASSED
    asked = [bank[one.id] for one in questions[:count]]
    if len(asked) < len(questions):
        screen.say(f"These are {len(asked)} of them, those first that are due longest.")
    tally = ask_all(asked, workspace, random.Random())
    if asked:
        screen.console().print()
        left = f" {screen.count(len(asked) - tally.answered, 'question')} left." if tally.answered < len(asked) else ""
        screen.say(f"{tally.right} of {tally.answered} right.{left}" if tally.answered else "Nothing was answered.")
    _say_katas(kit, katas)
    return PASSED if tally.right == tally.answered else NOT_PASSED


def _item(one: Due) -> dict[str, object]:
    kind = "kata" if one.is_kata else "question"
    return {"kind": kind, "id": one.id, "due": one.day.isoformat(), "minutes": one.minutes}


def _what_is_due(questions: list[Due], katas: list[Due]) -> str:
    if not questions and not katas:
        return "Nothing is due today."
    parts = [screen.count(len(items), noun) for items, noun in ((questions, "question"), (katas, "kata")) if items]
    total = sum(one.minutes for one in (*questions, *katas))
    of_each = ""
    if questions and katas:
        of_each = f" ({sum(one.minutes for one in questions)} for the questions)"
    return f"Due today: {' and '.join(parts)}, about {screen.count(total, 'minute')}{of_each}."


def _what_comes(coming: tuple[Due, ...], due: list[Due]) -> str:
    later = coming[len(due) :]
    if not later:
        return ""
    first = later[0].day
    many = sum(one.day == first for one in later)
    within = sum(one.day < first + timedelta(days=7) for one in later)
    more = f", {within} in the week from then on" if within > many else ""
    return f"Next: {many} on {first.isoformat()}{more}."


def _table(due: list[Due]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("due", "what", "id", "minutes"):
        table.add_column(name, justify="right" if name == "minutes" else "left", no_wrap=True)
    for one in due:
        kind = "kata" if one.is_kata else "question"
        table.add_row(one.day.isoformat(), kind, Text(one.id, style="bold"), str(one.minutes))
    return table


def _say_katas(kit: Kit, katas: list[Due]) -> None:
    """A kata is gone over by solving it again: its starter comes back, and a pass then counts."""
    if not katas:
        return
    console = screen.console()
    console.print()
    screen.say("Katas to solve again. Put the starter back (a copy of your answer is kept), solve it, check it:")
    for one in katas:
        kata = next(kata for kata in kit.katas if kata.id == one.id)
        words = screen.command(f"reset {kata.id}")
        console.print(Text.assemble("  ", (words, "cyan"), f"   {screen.count(one.minutes, 'minute')}"))
