"""Every kata's notebook in a kernel: the starter fails, and the reference answer in its place passes.

Both run in one kernel, one after the other, as when a learner goes on; and the notebooks of several katas one after
another, for a kernel and what grades for it take two seconds to begin.
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
HERE = [kata for kata in KIT.katas if not lacking(kata)]
AT_ONCE = 6


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
    "katas",
    [
        pytest.param(HERE[at : at + AT_ONCE], id=f"{HERE[at].id} and those after it")
        for at in range(0, len(HERE), AT_ONCE)
    ]
    + [
        pytest.param([kata], id=kata.id, marks=pytest.mark.skip(reason=f"{lacking(kata)} is not installed here"))
        for kata in KIT.katas
        if kata not in HERE
    ],
)
def test_each_starter_fails_and_each_reference_answer_passes(
    katas: list[Kata], execute: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    data: dict[str, Any] = {}
    cells = []
    for kata in katas:
        files = {name: starter(kata, KIT.starter(kata), name, 7).decode() for name in kata.answer}
        data = json.loads(notebook(kata, "# A brief\n", files, kit=None, nbgrader=False))
        code = [cell for cell in data["cells"] if cell["cell_type"] == "code"]
        # An untouched starter is told to begin, and shows no checks.
        wrong = [cell | {"source": source(cell).replace("TODO", "TO DO")} for cell in code]
        cells += [cell | {"id": f"{kata.name}-{cell['id']}"} for cell in (*wrong, *solved(kata, code))]
    said = execute(data | {"cells": cells}, tmp_path)
    for kata in katas:
        before, after = said[f"{kata.name}-grade"], said[f"{kata.name}-solved-grade"]
        full = f"{kata.points} of {kata.points} points"
        assert f"{kata.id}  {kata.title}  " in before and full not in before and "passed, " not in before
        assert f"**{kata.id} passed, {full}.**" in after
