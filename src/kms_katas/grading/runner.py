"""How an answer is run: the shape that every runner has, and which one serves on this machine.

Not for what to run, or what comes of it.
"""

import os
import platform
from collections.abc import Callable
from typing import Any, Protocol

from kms_katas.kit import KitError

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
    """Starts answer processes. `isolation` is the word for the verdict. Making one starts no process."""

    isolation: str

    def warm(self) -> None:
        """Get ready for the next start(), beside whatever else is done until then. Called when an answer will run."""

    def start(self) -> AnswerProcess:
        """Raises Infra when no process can be had."""

    def close(self) -> None: ...


VARIABLE = "KATA_RUNNER"
"""The environment variable that chooses the runner: forked, spawned or inprocess."""


def best_runner() -> Runner:
    """The runner that KATA_RUNNER names; without it the forked one on Linux, the spawned one elsewhere.

    Raises KitError for another word.
    """
    chosen = os.environ.get(VARIABLE) or ("forked" if platform.system() == "Linux" else "spawned")
    match chosen:
        case "forked" if platform.system() == "Linux":
            from kms_katas.grading.forked import ForkedRunner

            return ForkedRunner()
        case "spawned":
            from kms_katas.grading.spawned import SpawnedRunner

            return SpawnedRunner()
        case "inprocess":
            from kms_katas.grading.inprocess import InProcessRunner

            return InProcessRunner()
    here = "" if platform.system() == "Linux" else " here, where there is no fork to rely on"
    words = "forked, spawned or inprocess" if platform.system() == "Linux" else "spawned or inprocess"
    raise KitError(f"{VARIABLE}={chosen} names no runner{here}. Set it to {words}, or unset it.")
