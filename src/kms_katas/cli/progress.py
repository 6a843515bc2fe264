"""How far a long grading has come: a bar on a terminal, a line now and then in a log. Not for what it came to."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

LINE_EVERY = 30.0
"""Seconds between two lines in a log."""


@contextlib.contextmanager
def progressing(total: int) -> Iterator[Callable[[], None]]:
    """What it gives is called after each of `total` answers. All of it goes to standard error."""
    from rich.console import Console  # here: it is for who grades many
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    shown = Console(stderr=True)
    if not shown.is_terminal or shown.is_dumb_terminal:
        yield _Lines(total).step
        return
    columns = (TextColumn("Grading"), BarColumn(), MofNCompleteColumn(), TextColumn("answers, left:"))
    with Progress(*columns, TimeRemainingColumn(), TimeElapsedColumn(), console=shown, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


class _Lines:
    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._began = self._last = time.monotonic()

    def step(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._last >= LINE_EVERY and self._done < self._total:
            self._last = now
            left = (now - self._began) / self._done * (self._total - self._done)
            print(f"{self._done} of {self._total} answers graded, about {duration(left)} left", file=sys.stderr)


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
