"""Every kata's notebook in a kernel: the starter fails, and the reference answer in its place passes.

Both run in one kernel, one after the other, as when a learner goes on. A kernel and two gradings take six seconds: so
one kata of code and one with a document are run always, the first of each track with `system`, all others nightly.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kms_katas.grading.cells import answer_cell
from kms_katas.grading.runner import lacking
from kms_katas.kit import Kata, find_kit
from kms_katas.kit.table import starter
from kms_katas.notebook.make import notebook

from .conftest import source

KIT = find_kit()
DAILY = ("envelope/seal-and-open", "key-policies/break-in")
FIRST_OF_TRACK = {kata.track: kata.id for kata in reversed(KIT.katas)}.values()


def marks(kata: Kata) -> tuple[pytest.MarkDecorator, ...]:
    if kata.id in DAILY:
        return ()
    return (pytest.mark.system if kata.id in FIRST_OF_TRACK else pytest.mark.nightly,)


def solved(kata: Kata, cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cells that are run, with the reference answer in place of the starter: of code, all of it in the first."""
    done, written = [], set()
    for cell in cells:
        answer = answer_cell(source(cell))
        text = source(cell)
        if answer:
            name = answer.file or next(name for name in kata.answer if name.endswith(".py"))
            reference = KIT.solutions / kata.folder / name
            text = text.partition("\n")[0] + "\n" + ("" if name in written else reference.read_text("utf-8"))
            written.add(name)
        done.append(cell | {"id": f"solved-{cell['id']}", "source": text})
    return done


@pytest.mark.parametrize(
    "kata",
    [pytest.param(kata, id=kata.id, marks=marks(kata)) for kata in KIT.katas],
)
def test_its_starter_fails_and_its_reference_answer_passes(
    kata: Kata, execute: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    if package := lacking(kata):
        pytest.skip(f"{package} is not installed here")
    files = {name: starter(kata, KIT.starter(kata), name, 7).decode() for name in kata.answer}
    data = json.loads(notebook(kata, "# A brief\n", files, kit=None, nbgrader=False))
    code = [cell for cell in data["cells"] if cell["cell_type"] == "code"]
    # An untouched starter is told to begin, and shows no checks.
    wrong = [cell | {"source": source(cell).replace("TODO", "TO DO")} for cell in code]
    data["cells"] = [*wrong, *solved(kata, code)]
    said = execute(data, tmp_path)
    assert (
        f"{kata.id}  {kata.title}  " in said["grade"] and f"{kata.points} of {kata.points} points" not in said["grade"]
    )
    assert "passed, " not in said["grade"]
    assert f"**{kata.id} passed, {kata.points} of {kata.points} points.**" in said["solved-grade"]
