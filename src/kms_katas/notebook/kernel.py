"""What runs in a notebook's own kernel: which answer cells were run, and the verdict on them on the screen.

The grading is done in a process of its own (graded.py), where nothing of the notebook's code is; it stays for the next
time, for to begin takes it longer than to grade. An answer cell is known by its first line, which every front end sends
along with the cell; ids of cells come from some only.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kms_katas.grading.cells import AnswerCell, answer_cell, mark, missing
from kms_katas.kit import KataError, KitError, find_kit
from kms_katas.study.course import kit_of
from kms_katas.study.workspace import find_workspace

THIS = "this notebook"
"""What messages call it: a kernel does not know its notebook's name."""


@dataclass(frozen=True)
class Graded:
    """What grade() came to. It has shown itself already, so a cell that ends with it shows nothing more."""

    passed: bool
    score: int
    max_score: int

    def _ipython_display_(self) -> None:
        pass


NOT_GRADED = Graded(False, 0, 0)


def grade_here(word: str, seed: int | None, kit_root: str | None) -> Graded:
    """Grade what was run in this kernel. Raises nothing."""
    try:
        return _graded(word, seed, kit_root)
    except (KitError, KataError) as error:
        print(error)
    except KeyboardInterrupt:
        print("Stopped; nothing was graded.")
    except Exception as error:
        print(f"The kit itself failed, your answer was not judged: {type(error).__name__}: {error}")
    return NOT_GRADED


def _graded(word: str, seed: int | None, kit_root: str | None) -> Graded:
    shell = _shell()
    if shell is None:
        raise KitError("grade() grades what was run in a notebook, and this is none. `kata check` grades files.")
    workspace, kit = find_workspace(Path.cwd()), find_kit(Path(kit_root).absolute() if kit_root else None)
    if workspace:
        kit = kit_of(workspace, kit)
    kata = kit.find(word)
    if not kit.has_checks(kata):
        raise KitError(f"{kata.id} is not graded here: its checks are with your course. Hand in this notebook.")
    cells = last_run(shell.history_manager.input_hist_raw, kata.id)
    if not cells:
        raise KitError(
            f"No answer cell of {kata.id} has been run in this kernel. Run each cell whose first line is like "
            f"`{mark(kata.id, 1, 1)}`, then this one again."
        )
    if absent := missing(cells):
        which = " and ".join(f"cell {number} of {of}" for number, of in absent)
        be = "has" if len(absent) == 1 else "have"
        raise KitError(
            f"Not graded yet: {which} {be} not been run in this kernel. Run {'it' if len(absent) == 1 else 'them'}, "
            "then this one again. Such a number stands in the first line of each answer cell."
        )
    order = {"kata": kata.id, "kit": str(kit.root), "seed": seed, "workspace": workspace and str(workspace.root)}
    return _show(_ask(order, kit.checks_digest(kata), cells))


def _shell() -> Any:
    """IPython's, which keeps the source of every cell that was run in this kernel; None: this is no notebook."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def last_run(history: Iterable[str], kata: str) -> list[AnswerCell]:
    """Of each answer cell of the kata what was run last, by number. `history`: every cell that was run, in that order.

    Where marks disagree on how many cells there are, the cell that was run last is right: the others are of an older
    notebook.
    """
    found: dict[int, AnswerCell] = {}
    for source in history:
        cell = answer_cell(source)
        if cell and cell.kata == kata:
            found.pop(cell.number, None)
            found[cell.number] = cell
    of = list(found.values())[-1].of if found else 0
    return [found[number] for number in sorted(found) if found[number].of == of]


def _ask(order: dict[str, Any], checks: str, cells: Iterable[AnswerCell]) -> dict[str, Any]:
    """What the process says that grades: the fields of graded.py. `checks`: their digest. Raises KitError."""
    sources = [{"cell_type": "code", "source": cell.text} for cell in cells]
    with tempfile.TemporaryDirectory(prefix="kata-") as folder:
        (Path(folder) / THIS).write_text(json.dumps({"cells": sources}), "utf-8")
        said = _grader(order["kata"], checks).ask(order | {"folder": folder})
    if "failed" in said:
        raise KitError(said["failed"])
    return said


class _Grader:
    """The process that grades. It ends with this one, for its standard input ends then."""

    def __init__(self) -> None:
        words = [sys.executable, "-P", "-m", "kms_katas.notebook.graded"]
        self._open = contextlib.ExitStack()
        with contextlib.ExitStack() as opening:
            self._complaints = opening.enter_context(tempfile.TemporaryFile())
            pipe = subprocess.PIPE
            process = subprocess.Popen(
                words, stdin=pipe, stdout=pipe, stderr=self._complaints, text=True, encoding="utf-8"
            )
            self._process = opening.enter_context(process)
            opening.callback(self._process.kill)
            self._open = opening.pop_all()
        self.checks: dict[str, str] = {}
        """The digests of those that it has loaded, by kata."""

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Raises KitError where it says nothing that can be read; then, and when it is interrupted, it is ended."""
        assert self._process.stdin and self._process.stdout
        try:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(json.dumps(order) + "\n")
                self._process.stdin.flush()
            said: dict[str, Any] = json.loads(self._process.stdout.readline())
            return said
        except ValueError:
            last = self._last_words()
            self.end()
            raise KitError(f"The kit itself failed, your answer was not judged: {last}.") from None
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._open.close()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def _last_words(self) -> str:
        self._process.kill()
        status = self._process.wait()
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"status {status}"


_graders: list[_Grader] = []
"""One at most: that of this kernel."""


def _grader(kata: str, checks: str) -> _Grader:
    """One that has not loaded other checks for this kata before."""
    if _graders and (not _graders[0].alive or _graders[0].checks.setdefault(kata, checks) != checks):
        _graders.pop().end()
    if not _graders:
        _graders.append(_Grader())
        _graders[0].checks[kata] = checks
    return _graders[0]


def _show(said: dict[str, Any]) -> Graded:
    publish = _shell().display_pub.publish
    publish({"text/plain": said["text"], "text/html": said["html"]})
    if said["after"]:
        publish({"text/plain": said["after"], "text/markdown": said["after"]})
    return Graded(said["passed"], said["score"], said["max_score"])


def keep_document(line: str, cell: str) -> None:
    """The cell magic %%kata: running the cell is what hands its document in; here it is only looked at."""
    found = answer_cell(f"%%kata {line}\n{cell}")
    if found is None:
        print(
            f"This first line is not as `kata notebook` made it. It is to be like: {mark('keys/hello', 1, 1, 'FILE')}"
        )
        return
    try:
        json.loads(cell) if found.file.endswith(".json") else tomllib.loads(cell)
    except (ValueError, RecursionError) as error:
        kind = "JSON" if found.file.endswith(".json") else "TOML"
        print(f"{found.file} is no valid {kind} yet: {error} (below the first line). It is graded as it is.")
        return
    print(f"{found.file} is noted as it stands here.")
