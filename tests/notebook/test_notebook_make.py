"""The notebook that is made of a kata: in the format, the same each time, and with the starter in it unchanged."""

import json
import re
from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from kms_katas.grading.cells import NotebookAnswer, answer_cell, missing
from kms_katas.kit import Kata, Kit, find_kit
from kms_katas.kit.table import is_starter, starter
from kms_katas.notebook.make import notebook

from .conftest import named, source

KIT = find_kit()


def text_of(kit: Kit, kata: Kata, *, table: int = 5, nbgrader: bool = False) -> str:
    brief = (kit.starter(kata) / "README.md").read_text("utf-8")
    files = {name: starter(kata, kit.starter(kata), name, table).decode() for name in kata.answer}
    return notebook(kata, brief, files, kit=None, nbgrader=nbgrader)


each_kata = pytest.mark.parametrize("kata", KIT.katas, ids=lambda kata: kata.id)


@each_kata
def test_it_is_valid_and_saving_it_unchanged_changes_no_byte(kata: Kata) -> None:
    text = text_of(KIT, kata)
    read = nbformat.reads(text, as_version=4)
    nbformat.validate(read)
    assert nbformat.writes(read).rstrip("\n") == text.rstrip("\n")
    assert text_of(KIT, kata) == text


@each_kata
def test_its_answer_cells_hold_the_starter_letter_for_letter(kata: Kata, tmp_path: Any) -> None:
    cells = [cell for data in json.loads(text_of(KIT, kata))["cells"] if (cell := answer_cell(source(data)))]
    assert missing(cells) == [] and [cell.number for cell in cells] == list(range(1, len(cells) + 1))
    answer = NotebookAnswer(tmp_path, tuple(cells))
    assert all(is_starter(kata, KIT.starter(kata), name, answer.file(name)) for name in kata.answer)


@each_kata
def test_it_has_the_whole_brief_every_hint_folded_and_one_cell_that_grades(kata: Kata) -> None:
    cells = json.loads(text_of(KIT, kata))["cells"]
    read = "\n".join(source(cell) for cell in cells if cell["cell_type"] == "markdown")
    brief = (KIT.starter(kata) / "README.md").read_text("utf-8")
    assert [line for line in brief.split("\n") if line.strip() and line not in read] == []
    folded = re.findall(r"<details><summary>.*?</summary>(.*?)</details>", read, re.S)
    assert [hint.strip() for hint in folded] == [hint for task in kata.tasks for hint in task.hints]
    assert [cell["id"] for cell in cells if f'grade("{kata.id}")' in source(cell)] == ["grade"]
    assert cells[-1]["id"] == "grade"


@each_kata
def test_ids_are_unique_and_say_what_a_cell_is_for(kata: Kata) -> None:
    ids = [cell["id"] for cell in json.loads(text_of(KIT, kata))["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"brief|setup|how-to-grade|grade|(task|answer|hints|section)-[1-9]", id) for id in ids)


def test_ids_stay_when_the_text_of_a_cell_changes(made: Callable[..., dict[str, Any]]) -> None:
    before, after = made(), made("x = 1\n")
    assert {cell["id"] for cell in after["cells"]} <= {cell["id"] for cell in before["cells"]}


def test_a_cell_of_answer_stands_below_the_task_that_it_begins() -> None:
    kata = KIT.find("envelope/split-roles")
    ids = [cell["id"] for cell in json.loads(text_of(KIT, kata))["cells"] if "hints" not in cell["id"]]
    assert ids[1:7] == ["task-1", "answer-1", "task-2", "answer-2", "task-3", "answer-3"]


def test_another_kit_stands_in_the_cell_that_grades(made: Callable[..., dict[str, Any]], mini_kit: Kit) -> None:
    assert f"kit={str(mini_kit.root)!r}" in source(named(made(), "grade"))


@each_kata
def test_the_metadata_of_nbgrader_is_of_schema_3(kata: Kata) -> None:
    """As nbgrader's own schema and rules have it: nbgraderformat/v3.json and v3.py in its repository."""
    cells = json.loads(text_of(KIT, kata, nbgrader=True))["cells"]
    found = {cell["id"]: cell["metadata"]["nbgrader"] for cell in cells}
    for id, data in found.items():
        assert data["schema_version"] == 3 and re.fullmatch(r"[a-zA-Z0-9_\-]+", data["grade_id"])
        assert all(type(data[name]) is bool for name in ("grade", "locked", "solution", "task"))
        assert data["solution"] == id.startswith("answer-") != data["locked"]
        assert data["grade"] == (id == "grade") == ("points" in data)
        assert set(data) <= {"schema_version", "grade", "locked", "solution", "task", "grade_id", "points"}
    assert len({data["grade_id"] for data in found.values()}) == len(found)
    assert found["grade"]["points"] == kata.points
    others = json.loads(text_of(KIT, kata))["cells"]
    assert not any("nbgrader" in cell["metadata"] for cell in others)
