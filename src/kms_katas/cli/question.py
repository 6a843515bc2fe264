"""One question on the screen: how it is shown, how an answer is read, how it is explained. Not for which one comes."""

import contextlib
import io
import random
import select
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from kms_katas.cli import screen
from kms_katas.kit.questions import Question
from kms_katas.reports.public import safe
from kms_katas.study.progress import Answered
from kms_katas.study.quiz import LETTERS, SEEDS, is_right, letters, order_of, typed
from kms_katas.study.workspace import Workspace

WAKE = 0.2
"""Seconds after which the clock is looked at, and Ctrl-C is heard at the latest."""


class TimeUp(Exception):
    """The time of an exam ended while it waited for an answer."""


def show(question: Question, order: Sequence[int], heading: str, chosen: Collection[int] = ()) -> None:
    """The situation and its options, those with a mark that are chosen."""
    console = screen.console()
    console.print()
    console.print(Text(heading, style="bold"))
    console.print()
    screen.say(" ".join(question.scenario.split()))
    console.print()
    for letter, place in zip(LETTERS, order, strict=False):
        mark = "*" if place in chosen else " "
        marked((f"{mark} {letter}",), question.options[place].text)


def explain(question: Question, order: Sequence[int], chosen: Collection[int]) -> None:
    """Whether it was right, why each option is right or wrong, and what to read."""
    console = screen.console()
    console.print()
    right = letters(question.right, order)
    are = "are" if len(question.right) > 1 else "is"
    if is_right(question, chosen):
        console.print(Text(f"Right: {right}.", style="bold green"))
    else:
        typed_ones = letters(chosen, order)  # none too where the options it chose have left the kit
        given = f"You chose {typed_ones}" if typed_ones else "You gave no answer"
        console.print(Text(f"Not right. {given}; {right} {are} right.", style="bold yellow"))
    for letter, place in zip(LETTERS, order, strict=False):
        option = question.options[place]
        marked((f"  {letter}", "right" if option.right else "wrong"), " ".join(option.why.split()))
    for note in question.notes:
        marked(("  read",), f"docs/{note}")
    if question.claims:
        marked(("  read",), f"{'claim' if len(question.claims) == 1 else 'claims'} {', '.join(question.claims)}")
    # Not before: many an id gives the answer away.
    marked(("  this was",), question.id)


def marked(marks: tuple[str, ...], text: str) -> None:
    """A line with marks before it. On a terminal what does not fit goes on below the text, not below the marks."""
    console = screen.console()
    if not console.is_terminal:
        screen.say(f"{'  '.join(marks)}  {text}")
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in marks:
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(*map(Text, marks), Text(safe(text)))
    console.print(table)


def read_line(prompt: str, seconds: float | None = None) -> str | None:
    """What was typed; None where the input has ended. Raises TimeUp when it waited for so many seconds at a terminal.

    Elsewhere, and on Windows, the time is for the caller to look at after the line.
    """
    if isinstance(sys.stdin, io.TextIOWrapper) and sys.stdin.errors != "replace":
        sys.stdin.reconfigure(errors="replace")
    print(prompt, end="", flush=True)
    if sys.stdin.isatty() and sys.platform != "win32":
        try:
            _wait(seconds)
        except TimeUp:
            print()
            _forget_half_a_line()
            raise
    line = sys.stdin.readline()
    if not line:
        print()
        return None
    if not sys.stdin.isatty():
        print(safe(line.rstrip("\r\n")))  # else what follows would stand on the line of the prompt
    return line.strip()


def _wait(seconds: float | None) -> None:
    """Until a line is typed. Not in a read: a Ctrl-C just before it would be heard only after the line."""
    until = None if seconds is None else time.monotonic() + seconds
    left = WAKE
    while not select.select([sys.stdin], [], [], left)[0]:
        left = WAKE if until is None else min(WAKE, until - time.monotonic())
        if left <= 0:
            raise TimeUp


def _forget_half_a_line() -> None:
    """What was typed without Enter would go to the shell afterwards."""
    with contextlib.suppress(ImportError, OSError):
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def answer_of(text: str, question: Question, order: Sequence[int]) -> frozenset[int] | str:
    """The options that were typed; or a sentence that says why that is no answer."""
    last, many = LETTERS[len(order) - 1], len(question.right)
    chosen = typed(text, order)
    if chosen is None:
        return f"That is no answer here. Type {_what_to_type(last, many)}, or ? for help."
    if len(chosen) != many:
        return f"You chose {len(chosen)}, and the question asks for {many}. Type {_what_to_type(last, many)}."
    return chosen


def _what_to_type(last: str, many: int) -> str:
    return (
        f"a letter from a to {last}"
        if many == 1
        else f"{many} letters from a to {last}, such as {' '.join('abcd'[:many])}"
    )


@dataclass
class Tally:
    """How a round went. `left`: it was not gone through to its end."""

    answered: int = 0
    right: int = 0
    left: bool = False


HELP = (
    "Type the letter or the number of an option; several with or without spaces (a c). "
    "s skips the question, q leaves; what you answered is kept."
)


def ask_all(questions: Sequence[Question], workspace: Workspace | None, drawn: random.Random) -> Tally:
    """Ask one after the other, explain each, and write each answer down at once."""
    tally = Tally()
    for number, question in enumerate(questions, 1):
        seed = drawn.randrange(SEEDS)
        order = order_of(question, seed)
        show(question, order, f"Question {number} of {len(questions)}   {question.topic}")
        screen.console().print()
        chosen = _chosen(question, order)
        if chosen is None:
            tally.left = True
            return tally
        if not chosen:
            continue
        right = is_right(question, chosen)
        if workspace:
            answer = Answered(datetime.now(UTC), question.id, right, seed, tuple(sorted(chosen)))
            workspace.note(lambda progress, answer=answer: progress.with_answered(answer))  # type: ignore[misc]
        tally.answered += 1
        tally.right += right
        explain(question, order, chosen)
        if number < len(questions) and not _goes_on():
            tally.left = True
            return tally
    return tally


def _chosen(question: Question, order: Sequence[int]) -> frozenset[int] | None:
    """What the learner answers; nothing: it is skipped; None: they leave, or the input has ended."""
    many = f", choose {len(question.right)}" if len(question.right) > 1 else ""
    while True:
        line = read_line(f"Your answer (a to {LETTERS[len(order) - 1]}{many}; ? for help): ")
        if line is None or line.lower() in ("q", "quit"):
            return None
        if line.lower() in ("s", "skip"):
            return frozenset()
        if line in ("?", "help"):
            screen.say(HELP)
            continue
        answer = answer_of(line, question, order)
        if not isinstance(answer, str):
            return answer
        screen.say(answer)


def _goes_on() -> bool:
    """Whether the next question is wanted. Nobody needs time to read where answers come from a file."""
    if not sys.stdin.isatty():
        return True
    screen.console().print()
    line = read_line("Enter for the next question, q to leave: ")
    return line is not None and line.lower() not in ("q", "quit")
