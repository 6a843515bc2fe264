"""An answer in a notebook: which cells hold it, and the files that they stand for. Not for making or running notebooks.

The first line of an answer cell is its mark. Of code it is a comment, so the cell runs as it is; of a document it is
the cell magic of kms_katas.notebook:

    # kata: envelope/seal-and-open, cell 2 of 3
    %%kata key-policies/break-in, cell 2 of 2: key-policy.json

All other cells are the learner's own, and no part of the answer. Cells go by the number in their mark, wherever they
stand: the kernel, which knows nothing of places, and the saved file so hold the same answer.
"""

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kms_katas.grading.document import MAX_DOCUMENT
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.source import MAX_SOURCE, display_path, read_bytes
from kms_katas.kit import Kata, Kit
from kms_katas.kit.table import is_starter

SUFFIX = ".ipynb"
USUAL = f"answer{SUFFIX}"
MAX_NOTEBOOK = 8 * 1024 * 1024
"""Bytes of a notebook: outputs and pictures are in it too."""
BETWEEN = "\n\n\n"
"""What stands between two cells of code in the file that they stand for: two empty lines."""

_MARK = re.compile(
    r"(?:(?P<code># ?kata:)|%%kata) +(?P<kata>[a-z][a-z0-9-]*/[a-z][a-z0-9-]*), +"
    r"cell (?P<number>[1-9][0-9]?) of (?P<of>[1-9][0-9]?)(?(code)|: +(?P<file>[A-Za-z0-9][A-Za-z0-9._-]{0,99})) *"
)


@dataclass(frozen=True)
class AnswerCell:
    """One cell. `text` is all of it, with its mark; `file` names the document that it holds, empty: it holds code."""

    kata: str
    number: int
    of: int
    file: str
    text: str

    @property
    def below_mark(self) -> str:
        return self.text.partition("\n")[2]


def mark(kata: str, number: int, of: int, file: str = "") -> str:
    """The first line of an answer cell."""
    return f"%%kata {kata}, cell {number} of {of}: {file}" if file else f"# kata: {kata}, cell {number} of {of}"


def answer_cell(source: str) -> AnswerCell | None:
    """The answer cell that has this source; None: it is another cell."""
    text = source.replace("\r\n", "\n")
    found = _MARK.fullmatch(text.partition("\n")[0])
    if found is None:
        return None
    return AnswerCell(found["kata"], int(found["number"]), int(found["of"]), found["file"] or "", text)


@dataclass(frozen=True)
class NotebookAnswer:
    """The answer in a notebook: every cell of it once, in the order of their numbers."""

    path: Path
    cells: tuple[AnswerCell, ...]

    @cached_property
    def code(self) -> tuple[AnswerCell, ...]:
        """Raises AnswerUnusable when it is more than an answer may hold."""
        found = tuple(cell for cell in self.cells if not cell.file)
        self._bounded("the code", BETWEEN.join(cell.below_mark for cell in found), MAX_SOURCE)
        return found

    def document(self, name: str) -> bytes:
        """What the file would hold. An empty line stands for the mark, so that its lines are those of the cell.

        Raises AnswerUnusable.
        """
        return b"\n" + self._bounded(name, self._cell_with(name).below_mark, MAX_DOCUMENT - 1)

    def file(self, name: str) -> bytes:
        """The file that the cells stand for, to be compared with a starter. Raises AnswerUnusable."""
        if name.endswith(".py"):
            return (BETWEEN.join(cell.below_mark for cell in self.code) + "\n").encode()
        return (self._cell_with(name).below_mark + "\n").encode()

    def _cell_with(self, name: str) -> AnswerCell:
        found = next((cell for cell in self.cells if cell.file == name), None)
        if found is None:
            raise AnswerUnusable(
                f"{self.path.name} has no cell with {name}.",
                f"Make the notebook again with `kata notebook`, or let the first line of the cell end with `: {name}`.",
                file=display_path(self.path),
            )
        return found

    def _bounded(self, what: str, text: str, most: int) -> bytes:
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise AnswerUnusable(
                f"{self.path.name}: {what} holds half a character, which is no text: {error.object[error.start]!r}.",
                "Delete it and type it again.",
                file=display_path(self.path),
            ) from None
        if len(data) > most:
            raise AnswerUnusable(
                f"{self.path.name}: {what} has {len(data)} bytes; it may have {most}.",
                "Take out what the tasks do not ask for.",
                file=display_path(self.path),
            )
        return data


def read_notebook(path: Path, kata: Kata) -> NotebookAnswer:
    """The answer to `kata` in a saved notebook. Raises AnswerUnusable."""
    found: dict[int, AnswerCell] = {}
    for cell in cells_in(path):
        if cell.kata != kata.id:
            continue
        if cell.number in found:
            raise AnswerUnusable(
                f"{path.name} has the answer cell {cell.number} of {kata.id} twice.",
                f"Keep the one that you mean. In the other, delete the first line: {cell.text.partition(chr(10))[0]}",
                file=display_path(path),
            )
        found[cell.number] = cell
    absent = missing(found.values())
    if absent or not found:
        which = " and ".join(f"cell {number} of {of}" for number, of in absent) or "no answer cell"
        raise AnswerUnusable(
            f"{path.name} lacks {which} of {kata.id}." if absent else f"{path.name} has {which} of {kata.id}.",
            f"An answer cell begins with a line such as `{mark(kata.id, *(absent or [(1, 1)])[0])}`: put it back, or "
            f"make the notebook again with `kata notebook {kata.name}`.",
            file=display_path(path),
        )
    return NotebookAnswer(path, tuple(found[number] for number in sorted(found)))


def missing(cells: Iterable[AnswerCell]) -> list[tuple[int, int]]:
    """(number, of) of each answer cell that is not among these, by what their marks say. Nothing of no cells."""
    cells = tuple(cells)
    of = max((cell.of for cell in cells), default=0)
    return [(number, of) for number in range(1, of + 1) if number not in {cell.number for cell in cells}]


def cells_in(path: Path) -> list[AnswerCell]:
    """Every answer cell of a saved notebook, whatever its kata, in the notebook's order. Raises AnswerUnusable."""
    data = read_bytes(path, MAX_NOTEBOOK)
    try:
        notebook: Any = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, json.JSONDecodeError) else "it is not text in UTF-8, or cannot be read"
        raise _broken(path, f"it is not the JSON of a notebook: {why}") from None
    if not isinstance(notebook, dict) or not isinstance(cells := notebook.get("cells"), list):
        raise _broken(path, "it has no list of cells. Only notebooks of format 4 are read")
    sources = (
        _source(cell.get("source")) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"
    )
    return [cell for source in sources if (cell := answer_cell(source))]


def _source(source: object) -> str:
    """A text, or a list of its lines: both are allowed."""
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _broken(path: Path, why: str) -> AnswerUnusable:
    return AnswerUnusable(
        f"{path.name} cannot be read: {why}.",
        "Open it in Jupyter and save it again; or move it away and make it again with `kata notebook`.",
        file=display_path(path),
    )


def notebook_in_place(kit: Kit, kata: Kata, folder: Path) -> Path | None:
    """The notebook to grade in place of the files in a folder: of those, none is there or all are still the starter's.

    It is answer.ipynb, else the only one there is. None: the files are graded.
    """
    names = notebooks(folder)
    one = USUAL if USUAL in names else names[0] if len(names) == 1 else ""
    if not one or not all(_is_open(kit, kata, folder, name) for name in kata.answer):
        return None
    return folder / one


def passed_over(kit: Kit, kata: Kata, folder: Path) -> str:
    """Which notebook in the folder of an answer is not graded, and why, in a sentence; empty: there is no doubt."""
    names = notebooks(folder)
    if not names or notebook_in_place(kit, kata, folder):
        return ""
    if all(_is_open(kit, kata, folder, name) for name in kata.answer):
        return f"none of its {len(names)} notebooks is called {USUAL}, so none was graded."
    return f"{' and '.join(kata.answer)} was graded, not {USUAL if USUAL in names else names[0]} beside it."


def notebooks(folder: Path) -> list[str]:
    """The names of those in a folder."""
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(SUFFIX) and not name.startswith("."))
    except OSError:
        return []  # what reads the answer says why


def _is_open(kit: Kit, kata: Kata, folder: Path, name: str) -> bool:
    """Whether a file is not there, or still the starter."""
    if not os.path.lexists(folder / name):
        return True
    try:
        return is_starter(kata, kit.starter(kata), name, read_bytes(folder / name, MAX_SOURCE))
    except AnswerUnusable:
        return False
