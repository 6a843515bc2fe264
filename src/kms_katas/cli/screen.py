"""The terminal: one console, a page where there is no terminal, and the words to call the kit again."""

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.control import Control
from rich.panel import Panel
from rich.segment import ControlType
from rich.text import Text
from rich.theme import Theme

from kms_katas.cli import on_github
from kms_katas.reports.github import for_log
from kms_katas.reports.public import safe

PLAIN_WIDTH = 120


@cache
def console() -> Console:
    """Colours only on a terminal; NO_COLOR and width are rich's business. In a pipe it writes plain pages."""
    made = Console(highlight=False, theme=Theme({"markdown.code": "bold", "markdown.code_block": ""}), soft_wrap=False)
    if made.is_terminal and not on_github():
        return made
    return _PlainConsole(highlight=False, width=max(PLAIN_WIDTH, made.width))


def say(text: str, style: str = "") -> None:
    """One sentence or line: wrapped on a terminal; in a pipe or a file as it is, however long. What others wrote in it
    moves no cursor."""
    shown = console()
    shown.print(Text(safe(text), style), soft_wrap=not shown.is_terminal)


class Prose:
    """Markdown: laid out on a terminal, with `title` in a frame; in a pipe or a file as it was written, no line cut.

    A kit of others moves no cursor with it.
    """

    def __init__(self, text: str, title: str = "") -> None:
        self._text, self._title = "\t".join(map(safe, text.strip().split("\t"))), title

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if console.is_terminal:
            from rich.markdown import Markdown  # here, because it is slow to load and pipes do without

            page = Markdown(self._text)
            yield Panel(page, title=self._title, title_align="left", border_style="green") if self._title else page
            return
        if self._title:
            yield Text(f"{self._title}\n")
        yield Text(self._text, no_wrap=True, overflow="ignore")


def page(content: RenderableType) -> str:
    """What a file gets: no colour, no spaces at line ends."""
    written = io.StringIO()
    _PlainConsole(file=written, width=PLAIN_WIDTH, highlight=False).print(content)
    return written.getvalue()


@contextlib.contextmanager
def waiting(words: str) -> Iterator[Callable[[str], None]]:
    """Shows `words` on a terminal for as long as the body takes, then wipes the line.

    What it gives shows others in their place, which are no fewer.
    """
    shown = console()
    alive = shown.is_terminal and not shown.is_dumb_terminal

    def show(words: str) -> None:
        if alive:
            shown.print(Text(words, style="dim"), end="\r")

    show(words)
    try:
        yield show
    finally:
        if alive:
            shown.control(Control((ControlType.ERASE_IN_LINE, 2), ControlType.CARRIAGE_RETURN))


def count(number: int, noun: str) -> str:
    """`1 kata`, `2 katas`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def command(words: str = "") -> str:
    """What to type in this very shell: `kata WORDS`, or `python3 kata.py WORDS` for who came in that way."""
    return f"{os.environ.get('KATA_COMMAND', 'kata')} {words}".strip()


class _PlainConsole(Console):
    """Pads no line: rich fills a table's lines with spaces, which a diff or a log would show.

    In GitHub's log, where no terminal is but colours may be asked for, no line commands the runner either: lines are
    wrapped, so only the finished page shows what stands at a line's start.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(no_color=True, force_terminal=False, **options)

    def print(self, *objects: Any, **options: Any) -> None:
        with self.capture() as captured:
            super().print(*objects, crop=False, **options)
        page = "".join(f"{line.rstrip(' ')}\n" for line in captured.get().removesuffix("\n").split("\n"))
        self.file.write(for_log(page) if on_github() else page)
