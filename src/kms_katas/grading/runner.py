"""How an answer is run: the shape that every runner has, and which one serves on this machine.

Not for what to run, or what comes of it.
"""

import importlib.util
import math
import os
import platform
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from kms_katas.kit import Kata, KitError

Reply = Callable[[dict[str, Any]], dict[str, Any]]
"""Answers a question that the running answer asks: the gate."""

MAX_OUTPUT = 16 * 1024
"""Bytes of what an answer prints that are kept."""


BEST = "best"
"""The isolation level that is asked for when nobody asks: the best that works here. As child/sandbox.py has it."""
TRIES = 3
"""How often what was lost to somebody else's hand is tried."""


class AnswerProcess(Protocol):
    """One answer, loaded and waiting for calls."""

    def order(self, message: dict[str, Any], reply: Reply, deadline: float, cpu: float = math.inf) -> dict[str, Any]:
        """Send one order and see it through.

        Raises AnswerTimeout at `deadline` (time.monotonic), and when the order took more than `cpu` seconds of
        computing; AnswerUnusable when the process ends itself; ProcessLost when somebody else ended it; Infra.
        """

    def spent(self) -> tuple[float, float, float]:
        """Seconds until now or until it ended.

        Of computing, its own and the lab's for it; that orders took on the clock while the machine ran others, which
        count for no limit; and of computing, the part that was in another process than this one.
        """

    def take_output(self) -> str:
        """What the answer printed since this was last asked, at most MAX_OUTPUT bytes of it."""

    def close(self) -> None:
        """End it, whatever it is doing."""


class Runner(Protocol):
    """Starts answer processes. Making one starts no process. `name` is that of KATA_RUNNER."""

    name: str
    preparations: frozenset[str]
    """What answers find made beforehand, where there is a process to make it in: the words of `preparations_for`."""

    @property
    def isolation(self) -> str:
        """The level that answers run at: none, lite or full. What has to be started to know that is started."""

    @property
    def lacks(self) -> str:
        """What this machine lacks for the next better level, in a sentence; empty where nobody asked for a better."""

    def warm(self) -> None:
        """Get ready for the next start(), beside whatever else is done until then. Called when an answer will run."""

    def start(self) -> AnswerProcess:
        """Raises Infra when no process can be had."""

    def close(self) -> None: ...


def services_of(katas: Iterable[Kata]) -> frozenset[str]:
    """What their kata.toml list."""
    return frozenset(service for kata in katas for service in kata.services)


def preparations_for(katas: Iterable[Kata]) -> frozenset[str]:
    """`client SERVICE` for each client that costs more to make than a check, and `import PACKAGE` likewise."""
    katas = tuple(katas)
    beside_kms = [kata.services for kata in katas if set(kata.services) - {"kms"}]
    clients = {f"client {service}" for services in beside_kms for service in services}
    return frozenset(clients | {f"import {package}" for kata in katas for package in kata.packages})


def lacking(kata: Kata) -> str | None:
    """The first package of the kata that cannot be imported here."""
    return next((package for package in kata.packages if not _is_there(package)), None)


def _is_there(package: str) -> bool:
    """One that was found stays found: each check asks, and to look it up takes as long as many a check."""
    if package not in _FOUND and importlib.util.find_spec(package) is not None:
        _FOUND.add(package)
    return package in _FOUND


_FOUND = set[str]()


def how_to_install(package: str) -> str:
    """What to do about one that is lacking."""
    if package not in OF_THE_SDK_EXTRA:
        return f"Install {package}, which is no part of this kit: whoever made the exercise says where it comes from."
    return f'Install it: {sys.executable} -m pip install "kms-katas[sdk]"'


OF_THE_SDK_EXTRA = ("aws_encryption_sdk", "aws_cryptographic_material_providers", "s3_encryption")


VARIABLE = "KATA_RUNNER"
"""The environment variable that chooses the runner: forked, spawned or inprocess."""


def best_runner(isolation: str | None = None, hidden: Iterable[Path] = ()) -> Runner:
    """The runner that KATA_RUNNER names; without it the forked one on Linux, the spawned one elsewhere.

    `isolation` is none, lite or full; BEST, as None, means the best that works here. `hidden` are folders that no
    answer may read, such as a kit's. Raises KitError for another runner, and for a level that this one cannot give.
    """
    level = isolation or BEST
    chosen = os.environ.get(VARIABLE) or ("forked" if platform.system() == "Linux" else "spawned")
    match chosen:
        case "forked" if platform.system() == "Linux":
            from kms_katas.grading.forked import ForkedRunner

            return ForkedRunner(level, hidden)
        case "spawned":
            from kms_katas.grading.spawned import SpawnedRunner

            return SpawnedRunner(level, hidden)
        case "inprocess" if level not in ("none", BEST):
            raise KitError(
                f"{VARIABLE}=inprocess runs answers inside the grader, where nothing can be closed off: "
                f"unset it for --isolation {level}."
            )
        case "inprocess":
            from kms_katas.grading.inprocess import InProcessRunner

            return InProcessRunner()
    here = "" if platform.system() == "Linux" else " here, where there is no fork to rely on"
    words = "forked, spawned or inprocess" if platform.system() == "Linux" else "spawned or inprocess"
    raise KitError(f"{VARIABLE}={chosen} names no runner{here}. Set it to {words}, or unset it.")


class KeptRunner:
    """The best runner, ready for one kata, and kept for the next that needs the same: what answers start from takes
    longer to start than a grading. No answer was ever in it, nor are the checks, which may change.
    """

    def __init__(self) -> None:
        self._runner: Runner | None = None
        self._serves: tuple[Path, frozenset[str]] | None = None

    def ready_for(self, kata: Kata, hidden: Path) -> Runner:
        """Answers may not read the folder `hidden`. Raises KitError as best_runner() does."""
        wanted = hidden, preparations_for((kata,))
        if self._runner is None or self._serves != wanted:
            self.close()
            self._runner, self._serves = best_runner(hidden=(hidden,)), wanted
            self._runner.preparations = wanted[1]
        return self._runner

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None
