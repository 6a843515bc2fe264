"""Answer cells: code cut at tasks is the same code when it is put together; marks say what they were made to say."""

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.grading.cells import (
    BETWEEN,
    NotebookAnswer,
    answer_cell,
    mark,
    missing,
    notebook_in_place,
    passed_over,
    read_notebook,
)
from kms_katas.grading.outcome import AnswerUnusable, read_raised
from kms_katas.grading.run import Run
from kms_katas.kit import Kit, find_kit
from kms_katas.notebook.pieces import code_pieces

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}/[a-z][a-z0-9-]{0,20}", fullmatch=True)
NUMBERS = st.integers(1, 99)
FILES = st.sampled_from(["", "key-policy.json", "table.toml"])
LINES = st.sampled_from(
    [
        *(
            "",
            "",
            "",
            "x = 1",
            "x = '''",
            "'''",
            "# a comment",
            "# an end'''",
            "# TODO 1",
            "# TODO 2",
            "import os",
            "@decorated",
        ),
        *("def f():", "    return 1  # TODO 1", "    # TODO 2: go on", "    pass", "class C:", "if x:", "x = 1; y = 2"),
    ]
)


@given(st.lists(LINES, max_size=40).map("\n".join))
def test_cut_code_put_together_is_the_same_code_and_each_cell_can_be_run(source: str) -> None:
    pieces = code_pieces(source)
    assert BETWEEN.join(piece.text for piece in pieces) == source.removesuffix("\n")
    if len(pieces) > 1:
        for piece in pieces:
            ast.parse(piece.text)


def test_code_is_cut_where_another_task_begins() -> None:
    source = (
        'import os\n\n\ndef first():\n    # TODO 1: do it\n    return ""\n\n\ndef helper():\n    return os\n\n\n'
        "# of task 2\n@decorated\ndef second():\n    return 2  # TODO 2\n\n\ndef third():\n    return 2  # TODO 2\n"
    )
    assert [(piece.task, piece.text.split("\n")[0]) for piece in code_pieces(source)] == [
        (1, "import os"),
        (2, "# of task 2"),
    ]


def test_a_line_of_a_text_that_looks_like_a_comment_is_no_place_to_cut() -> None:
    source = "x = '''  # TODO 1\n\n\n# the end'''\ny = 2  # TODO 2\n"
    assert [piece.text for piece in code_pieces(source)] == [source.removesuffix("\n")]


def test_code_that_cannot_be_cut_without_a_change_stays_whole() -> None:
    for between in ("\n", "\n\n", "\n\n\n\n", "; "):
        source = f"x = 1  # TODO 1{between}y = 2  # TODO 2\n" if between != "; " else "x = 1; y = 2  # TODO 1 TODO 2\n"
        assert len(code_pieces(source)) == 1
    assert len(code_pieces("def broken(:  # TODO 1\n\n\ny = 2  # TODO 2\n")) == 1


@given(NAMES, NUMBERS, NUMBERS, FILES, st.text())
def test_a_mark_says_what_it_was_made_to_say(kata: str, number: int, of: int, file: str, text: str) -> None:
    cell = answer_cell(f"{mark(kata, number, of, file)}\n{text}")
    assert cell is not None
    assert (cell.kata, cell.number, cell.of, cell.file) == (kata, number, of, file)
    assert cell.below_mark == text.replace("\r\n", "\n")


def test_other_cells_are_no_answer_cells() -> None:
    good = mark("keys/hello", 1, 2)
    for source in ("", "x = 1", "# kata", f"\n{good}", f"x = 1\n{good}", f"{good}: answer.py", f" {good}", "%%kata x"):
        assert answer_cell(source) is None
    assert answer_cell(f"{good}  \r\nx = 1") is not None


@given(st.sets(st.integers(1, 8), min_size=1))
def test_missing_are_those_that_are_not_there(numbers: set[int]) -> None:
    cells = [answer_cell(mark("keys/hello", number, 8)) for number in numbers]
    found = {number for number, _ in missing(cell for cell in cells if cell)}
    assert found | numbers == set(range(1, 9)) and not found & numbers


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_lines_of_a_document_are_the_lines_of_its_cell(text: str) -> None:
    source = f"{mark('keys/hello', 1, 1, 'key-policy.json')}\n{text}"
    cell = answer_cell(source)
    assert cell is not None
    document = NotebookAnswer(Path("a.ipynb"), (cell,)).document("key-policy.json").decode()
    assert document.split("\n")[1:] == source.replace("\r\n", "\n").split("\n")[1:]
    assert document.split("\n")[0] == ""


OTHER = st.tuples(st.sampled_from(["markdown", "raw", "code"]), st.text(max_size=20))


@given(st.data())
def test_a_saved_notebook_holds_the_same_answer_however_its_cells_are_ordered_and_stored(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    kata = find_kit().find("keys/hello")
    bodies = data.draw(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=5))
    answers = [("code", f"{mark(kata.id, number, len(bodies))}\n{body}") for number, body in enumerate(bodies, 1)]
    cells = data.draw(st.permutations(answers + data.draw(st.lists(OTHER, max_size=4))))
    stored = [
        {"cell_type": kind, "source": text.splitlines(keepends=True) if data.draw(st.booleans()) else text}
        for kind, text in cells
    ]
    path = tmp_path_factory.mktemp("books") / "b.ipynb"
    path.write_text(json.dumps({"cells": stored}), "utf-8")
    found = read_notebook(path, kata)
    assert [cell.text for cell in found.cells] == [text.replace("\r\n", "\n") for _, text in answers]


@pytest.mark.parametrize("part", [-1, 1, 10**9, True, "0", None, [0]])
def test_an_answers_process_that_tells_of_a_part_that_is_not_there_names_the_notebook(
    mini_kit: Kit, part: object
) -> None:
    frame = {"line": 1, "function": "f", "text": "x", "part": part}
    report = {"type": "ValueError", "message": "", "code": "", "frames": [frame]}
    run = Run(mini_kit.katas[0], mini_kit.starter(mini_kit.katas[0]), 1, None)  # type: ignore[arg-type]
    assert run.part_name(read_raised(report, "it").frames[0].part).endswith("answer.py")


def test_a_notebook_stands_in_for_the_files_only_while_none_of_them_is_changed(tmp_path: Path) -> None:
    kit = find_kit()
    kata = kit.find("key-policies/break-in")
    (tmp_path / "mine.ipynb").touch()
    assert notebook_in_place(kit, kata, tmp_path) == tmp_path / "mine.ipynb"
    for name in kata.answer:
        (tmp_path / name).write_bytes((kit.starter(kata) / name).read_bytes())
    assert notebook_in_place(kit, kata, tmp_path) and not passed_over(kit, kata, tmp_path)
    (tmp_path / "key-policy.json").write_text("{}", "utf-8")
    assert notebook_in_place(kit, kata, tmp_path) is None
    assert "not mine.ipynb" in passed_over(kit, kata, tmp_path)


def test_a_notebook_of_another_kata_is_no_answer(mini_kit: Kit, tmp_path: Path) -> None:
    path = tmp_path / "b.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": mark("keys/other", 1, 1)}]}), "utf-8")
    with pytest.raises(AnswerUnusable, match="has no answer cell of keys/mini"):
        read_notebook(path, mini_kit.katas[0])
