"""The notebook of a kata: brief, answer cells, hints folded, a cell that grades. Not for running or grading it.

The same kata and files always make the same bytes: the ids of cells come from what the cells are for.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kms_katas.grading.cells import mark
from kms_katas.kit import Kata, Task
from kms_katas.notebook.pieces import Piece, pieces

_TASK = re.compile(r"## ([0-9]+)\. ")
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebook(kata: Kata, brief: str, files: Mapping[str, str], *, kit: str | None, nbgrader: bool) -> str:
    """The text of the .ipynb file, in nbformat 4.5.

    `files` are those of the answer, by name; `kit` is written into the cell that grades; `nbgrader` adds its metadata.
    """
    parts = pieces(dict(files))
    cells = [*_cells(kata, brief, parts, kit, nbgrader)]
    if nbgrader:
        for cell in cells:
            cell["metadata"]["nbgrader"] = _for_nbgrader(kata, cell)
    data = {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    # As nbformat writes it, so that saving it unchanged changes nothing.
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _cells(
    kata: Kata, brief: str, parts: tuple[Piece, ...], kit: str | None, nbgrader: bool
) -> Iterator[dict[str, Any]]:
    head, *sections = _sections(brief)
    yield _markdown("brief", head)
    if any(piece.file for piece in parts):
        yield _code(
            "setup", "# Run this first: the cells below that hold a document need it.\n%load_ext kms_katas.notebook"
        )
    answers = [
        (piece.task, _code(f"answer-{number}", f"{mark(kata.id, number, len(parts), piece.file)}\n{piece.text}"))
        for number, piece in enumerate(parts, 1)
    ]
    hints = {task.number: task for task in kata.tasks}
    last = max((int(found[1]) for section in sections if (found := _TASK.match(section))), default=0)
    shown = 0
    for number, section in enumerate(sections, 1):
        found = _TASK.match(section)
        if found is None:
            yield _markdown(f"section-{number}", section)
            continue
        task = int(found[1])
        yield _markdown(f"task-{task}", section)
        while shown < len(answers) and (answers[shown][0] <= task or task == last):
            yield answers[shown][1]
            shown += 1
        if task in hints and hints[task].hints:
            yield _markdown(f"hints-{task}", _hints(hints[task]))
    yield from (cell for _, cell in answers[shown:])
    yield _markdown("how-to-grade", _HOW)
    yield _code("grade", _grading(kata, kit, nbgrader))


_HOW = """## Grade it

Run the answer cells above, then the cell below. It grades them as you last ran them, whatever the saved file holds.

The first line of an answer cell says that it is one: leave it there. Cells without such a line are yours, to try things
out, and are no part of the answer."""


def _grading(kata: Kata, kit: str | None, nbgrader: bool) -> str:
    where = f", kit={kit!r}" if kit else ""
    call = f'grade("{kata.id}"{where})'
    lines = ["from kms_katas.notebook import grade", ""]
    if nbgrader:
        # nbgrader takes an error for no points, and a number that a cell ends with for that many.
        lines += [f"graded = {call}", 'assert graded.score > 0, "no points yet"', "graded.score"]
    else:
        lines.append(call)
    return "\n".join(lines)


def _sections(brief: str) -> list[str]:
    """A brief cut before each heading of the second level."""
    found, fenced = [[]], False  # type: list[list[str]], bool
    for line in brief.strip().split("\n"):
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            found.append([])
        found[-1].append(line)
    return ["\n".join(lines).strip() for lines in found]


def _hints(task: Task) -> str:
    of = len(task.hints)
    folded = (
        f"<details><summary>Hint {tier} of {of}</summary>\n\n{hint}\n\n</details>"
        for tier, hint in enumerate(task.hints, 1)
    )
    return "\n\n".join(["Stuck? From vague to direct; a click unfolds one.", *folded])


def _markdown(id: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": _lines(text)}


def _code(id: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None, "id": id, "metadata": {}, "outputs": []}
    return cell | {"source": _lines(text)}


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _for_nbgrader(kata: Kata, cell: Mapping[str, Any]) -> dict[str, Any]:
    """Its cell metadata, schema 3: answers are solutions, the cell that grades has the points, all else is locked."""
    answer, grades = cell["id"].startswith("answer-"), cell["id"] == "grade"
    data = {"grade": grades, "grade_id": f"{kata.id.replace('/', '-')}-{cell['id']}", "locked": not answer}
    data |= {"schema_version": 3, "solution": answer, "task": False}
    return data | ({"points": kata.points} if grades else {})
