"""What runs in a notebook's own kernel: which answer cells were run, and the verdict on them on the screen.

The grading is done in a process of its own (graded.py), where nothing of the notebook's code is. An answer cell is
known by its first line, which every front end sends along with the cell; ids of cells come from some only.
"""

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
    kit = find_kit(Path(kit_root).absolute() if kit_root else None)
    kata = kit.find(word)
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
    workspace = find_workspace(Path.cwd())
    order = {"kata": kata.id, "kit": str(kit.root), "seed": seed, "workspace": workspace and str(workspace.root)}
    return _show(_ask(order, cells))


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


def _ask(order: dict[str, Any], cells: Iterable[AnswerCell]) -> dict[str, Any]:
    """What the process says that grades: the fields of graded.py. Raises KitError."""
    sources = [{"cell_type": "code", "source": cell.text} for cell in cells]
    with tempfile.TemporaryDirectory(prefix="kata-") as folder:
        (Path(folder) / THIS).write_text(json.dumps({"cells": sources}), "utf-8")
        words = [sys.executable, "-P", "-m", "kms_katas.notebook.graded", json.dumps(order)]
        done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"status {done.returncode}"]
        raise KitError(f"The kit itself failed, your answer was not judged: {last[0]}.") from None
    if "failed" in said:
        raise KitError(said["failed"])
    return said


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
