"""How an answer is run: the shape that every runner has, and which one serves on this machine.

Not for what to run, or what comes of it.
"""

import platform
from collections.abc import Callable
from typing import Any, Protocol

Reply = Callable[[dict[str, Any]], dict[str, Any]]
"""Answers a question that the running answer asks: the gate."""

MAX_OUTPUT = 16 * 1024
"""Bytes of what an answer prints that are kept."""


class AnswerProcess(Protocol):
    """One answer, loaded and waiting for calls."""

    def order(self, message: dict[str, Any], reply: Reply, deadline: float) -> dict[str, Any]:
        """Send one order and see it through.

        Raises AnswerTimeout at `deadline` (time.monotonic), AnswerUnusable when the process ends itself, Infra.
        """

    def take_output(self) -> str:
        """What the answer printed since this was last asked, at most MAX_OUTPUT bytes of it."""

    def close(self) -> None:
        """End it, whatever it is doing."""


class Runner(Protocol):
    """Starts answer processes. `isolation` is the word for the verdict."""

    isolation: str

    def start(self) -> AnswerProcess: ...

    def close(self) -> None: ...


def best_runner() -> Runner:
    """The forked runner where the system has what it needs (Linux), else the in-process one."""
    if platform.system() == "Linux":
        from kms_katas.grading.forked import ForkedRunner

        return ForkedRunner()
    from kms_katas.grading.inprocess import InProcessRunner

    return InProcessRunner()
