"""`kata doctor`: what this machine has of what the kit needs, a line for each, and what to do where it lacks.

It mends nothing, and whatever is broken it says so in a sentence: no probe may end it.
"""

import contextlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from rich.table import Table
from rich.text import Text

import kms_katas
from kms_katas.cli import NOT_PASSED, PASSED, screen
from kms_katas.cli.place import Place
from kms_katas.kit import KataError, KitError
from kms_katas.study.progress import ProgressError
from kms_katas.study.workspace import Workspace

DOCTOR_SCHEMA = "urn:kms-katas:doctor:1"
NOT_BEFORE = datetime(2026, 11, 21, tzinfo=UTC)
"""The kit was not there before this day, so a clock that says so is wrong."""
CLOCK_SECONDS = 5.0
"""How far the time of a new file may lie from the clock. Some file systems count in steps of two seconds."""
LISTEN_SECONDS = 60.0

Status = Literal["ok", "problem", "unknown"]
_SIGNS: dict[Status, tuple[str, str]] = {"ok": ("✓", "green"), "problem": ("✗", "red"), "unknown": ("?", "yellow")}


@dataclass(frozen=True)
class Line:
    """What one probe found: `said` is a fact, `do` one thing to do about it, empty where there is none."""

    name: str
    status: Status
    said: str
    do: str = ""


def doctor(place: Place, format: str) -> int:
    """Try everything and show it. The exit status: 0 when no line is a problem, else 1."""
    probes: dict[str, Callable[[], tuple[Status, str, str]]] = {
        "Python": _python,
        "packages": _packages,
        "kit": lambda: _kit(place),
        "workspace": lambda: _workspace(place.workspace),
        "file events": lambda: _file_events(place.workspace),
        "clock": _clock,
        "terminal": _terminal,
        "answers": _answers,
        "isolation": _isolation,
        "network": lambda: _network(place),
    }
    lines = []
    for name, probe in probes.items():
        with screen.waiting(f"Looking at {name} ...") if format == "text" else contextlib.nullcontext():
            lines.append(_tried(name, probe))
    problems = sum(line.status == "problem" for line in lines)
    if format == "json":
        print(json.dumps({"schema": DOCTOR_SCHEMA, "lines": [asdict(line) for line in lines]}, indent=2))
    else:
        _show(lines, problems)
    return NOT_PASSED if problems else PASSED


def _tried(name: str, probe: Callable[[], tuple[Status, str, str]]) -> Line:
    """What a probe found; a fault of the probe itself is no more than a question left open."""
    try:
        return Line(name, *probe())
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        return Line(name, "unknown", f"could not be told: {what}.", "")


def _show(lines: list[Line], problems: int) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for line in lines:
        sign, colour = _SIGNS[line.status]
        said = Text.assemble(line.said, (f"\n{line.do}" if line.do else "", "cyan"))
        table.add_row(Text(sign, colour), Text(line.name), said)
    console = screen.console()
    console.print(table)
    told = f"{screen.count(problems, 'problem')}." if problems else "Nothing is in the way of an exercise."
    console.print(Text(told, style="red" if problems else "green"))


def _python() -> tuple[Status, str, str]:
    bits = 64 if sys.maxsize > 2**32 else 32
    said = f"{platform.python_version()}, {bits}-bit, {platform.system()} {platform.machine()}: {sys.executable}"
    return "ok", said, ""


def _packages() -> tuple[Status, str, str]:
    """The package's own requirements against what is installed."""
    from packaging.requirements import Requirement

    wrong, right = [], []
    for text in importlib.metadata.requires("kms-katas") or ():
        needed = Requirement(text)
        if needed.marker and not needed.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(needed.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{needed.name} is missing (needed: {needed.name}{needed.specifier})")
            continue
        if needed.specifier.contains(version, prereleases=True):
            right.append(f"{needed.name} {version}")
        else:
            wrong.append(f"{needed.name} is {version} (needed: {needed.specifier})")
    if wrong:
        again = f"{sys.executable} -m pip install --upgrade kms-katas"
        if "KATA_COMMAND" in os.environ:
            again = "Delete the folder .venv beside kata.py; the next start makes it anew."
        return "problem", "; ".join(wrong) + ".", again
    return "ok", ", ".join(right), ""


def _kit(place: Place) -> tuple[Status, str, str]:
    try:
        kit = place.of(None).kit
        count = screen.count(len(kit.katas), "kata")
    except KitError as error:
        return "problem", str(error), ""
    except KataError as error:
        return "problem", str(error), f"{screen.command('dev check')} lists every fault of the kit's content."
    return "ok", f"version {kms_katas.__version__}, {count} in {kit.root}", ""


def _workspace(workspace: Workspace | None) -> tuple[Status, str, str]:
    if workspace is None:
        return "ok", f"none here ({Path.cwd()}) or above", f"{screen.command('init')} makes one."
    try:
        workspace.progress()
    except ProgressError as error:
        return "problem", str(error), ""
    try:
        handle, probe = tempfile.mkstemp(prefix=".kata-", dir=workspace.root)
        os.close(handle)
        os.unlink(probe)
    except OSError as error:
        why = f"{workspace.root} cannot be written: {error.strerror}."
        return "problem", why, "Give yourself the right to write there, or move the folder to where you have it."
    return "ok", f"{workspace.root}, can be written; the progress file can be read", ""


def _file_events(workspace: Workspace | None) -> tuple[Status, str, str]:
    from kms_katas.cli.file_events import FileEvents, polling_is_forced

    if workspace is None:
        return "unknown", "tried in a workspace only, and there is none here", ""
    if polling_is_forced():
        return "ok", "not asked for: WATCHFILES_FORCE_POLLING is set, so `kata watch` looks at the files by itself", ""
    events = FileEvents(workspace.root, lambda: None)
    try:
        if events.come():
            return "ok", "a saved file is told of at once", ""
    finally:
        events.close()
    why = f" ({events.problem})" if events.problem else ""
    return "ok", f"none come here{why}; `kata watch` looks at the files by itself, a moment later", ""


def _clock() -> tuple[Status, str, str]:
    now, mark = time.time(), time.monotonic()
    with tempfile.TemporaryFile() as file:
        file.write(b".")
        file.flush()
        apart = abs(os.fstat(file.fileno()).st_mtime - now)
    time.sleep(0.01)
    shown = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if now < NOT_BEFORE.timestamp():
        return "problem", f"it says {shown}, and this kit is newer than that.", "Set the system's clock."
    if apart > CLOCK_SECONDS:
        why = f"it says {shown}, and a file written now is dated {apart:.0f} seconds off."
        return "problem", why, "Set the clock of this machine, or of the one that holds the files."
    if not 0 < time.monotonic() - mark < CLOCK_SECONDS:
        return "problem", "the clock that time limits go by does not run evenly.", "Restart the machine or container."
    return "ok", f"{shown}; files agree with it, and so do time limits", ""


def _terminal() -> tuple[Status, str, str]:
    console = screen.console()
    encoding = sys.stdout.encoding or "no encoding"
    kind = f"{console.width} columns, {console.color_system or 'no'} colours" if console.is_terminal else "a pipe"
    said = f"{kind}, {encoding}"
    try:
        "✓✗→…".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "ok", f"{said}: signs such as a tick are written as + and x", ""
    return "ok", said, ""


def _answers() -> tuple[Status, str, str]:
    """Which runner serves here, and that it runs a small answer."""
    from kms_katas.grading.outcome import AnswerTimeout, AnswerUnusable, Infra
    from kms_katas.grading.runner import best_runner

    try:
        runner = best_runner()
    except KitError as error:
        return "problem", str(error), ""
    began = time.monotonic()
    name = type(runner).__name__.removesuffix("Runner").lower()
    try:
        process = runner.start()
        try:
            deadline = time.monotonic() + 10
            load = {"order": "load", "source": "def answer():\n    return 42\n", "path": "answer.py", "environment": {}}
            call = {"order": "call", "function": "answer", "arguments": [], "keywords": {"$dict": []}}
            for order in (load, call):
                outcome = process.order(order | {"now": 0.0}, lambda question: {"refused": "no lab"}, deadline)
        finally:
            process.close()
    except (Infra, AnswerUnusable) as error:
        return (
            "problem",
            f"they cannot be run ({name}): {error}.",
            "Look at the lines above; KATA_RUNNER=spawned may do.",
        )
    except AnswerTimeout:
        return (
            "problem",
            f"a small answer did not end within 10 seconds ({name}).",
            "The machine is very busy: try again.",
        )
    finally:
        runner.close()
    if outcome != {"done": 42}:
        return "problem", f"a small answer gave back something else ({name}): {str(outcome)[:200]}", ""
    where = "inside the grader itself" if name == "inprocess" else "in a process of their own"
    return "ok", f"run {where} ({name}); a small one took {time.monotonic() - began:.2f} seconds", ""


def _isolation() -> tuple[Status, str, str]:
    """The best level that works here, tried; and what the next better one lacks."""
    try:
        from kms_katas.grading.outcome import Infra
        from kms_katas.grading.runner import best_runner

        runner = best_runner()
    except (ImportError, KitError):
        return "unknown", "not tried: no answer can be run, as the line above says", ""
    try:
        level, lacks = runner.isolation, runner.lacks
    except Infra as error:
        return "problem", f"it could not be tried: {error}.", ""
    finally:
        runner.close()
    meant = {
        "none": "an answer can read your files, write them and reach your network",
        "lite": "an answer reads Python and its packages alone, writes nothing, reaches no network, starts nothing",
        "full": "as lite, and in namespaces of its own: the rest of the machine is not there",
    }
    better = {"none": "lite", "lite": "full"}.get(level)
    return "ok", f"{level}: {meant[level]}", f"For {better} this machine lacks something: {lacks}." if better else ""


def _network(place: Place) -> tuple[Status, str, str]:
    """A reference answer graded beside false AWS settings, in a process that is listened to: see overheard.py."""
    kit = place.of(None).kit
    kata = next((kata for kata in kit.katas if not kata.documents_only), None)
    if kata is None:
        return "unknown", "this kit has no kata whose answer is run", ""
    command = [sys.executable, "-I", "-m", "kms_katas.cli.overheard", str(kit.root), kata.id]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LISTEN_SECONDS, stdin=subprocess.DEVNULL)
    found = re.search(r"^\{.*\}$", done.stdout, re.M)
    if not found:
        last = (done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1]
        return "unknown", f"could not be told: the process that was listened to says: {last}", ""
    heard = json.loads(found[0])
    tried = [*heard["network"], *(f"the file {name}" for name in heard["files"])]
    if tried:
        return "problem", f"grading {kata.id} tried {', '.join(tried)}.", "Do not grade with AWS credentials at hand."
    if not heard["passed"]:
        return "problem", f"{kata.id} does not pass with its reference answer beside false AWS settings.", ""
    return (
        "ok",
        f"none: while {kata.id} was graded beside false AWS credentials, no connection and no name was asked for, "
        "and no file of ~/.aws was opened",
        "",
    )
