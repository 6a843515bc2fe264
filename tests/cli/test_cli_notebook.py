"""`kata notebook`, `kata check FILE.ipynb`, and notebooks among the submissions of `kata grade`."""

import json
import os

import pytest

from kms_katas.grading.cells import mark
from kms_katas.kit import find_kit

from .conftest import RIGHT, WRONG

BOOK = "my-katas/keys/mini/answer.ipynb"


def write(path, *sources, cells=None):
    """A notebook of code cells with these sources."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [{"cell_type": "code", "source": source} for source in sources]
    path.write_text(json.dumps({"cells": made if cells is None else cells, "nbformat": 4}), "utf-8")
    return path


def cells(*bodies):
    return [f"{mark('keys/mini', number, len(bodies))}\n{body}" for number, body in enumerate(bodies, 1)]


def test_it_is_made_beside_the_answer_and_made_again_it_is_the_same(kata, answer, here):
    assert kata("notebook", "mini").status == 0
    before = (here / BOOK).read_bytes()
    again = kata("notebook", "mini")
    assert again.status == 0 and "just as it would be written" in again.said
    assert (here / BOOK).read_bytes() == before


def test_one_that_was_changed_is_never_written_over(kata, answer, here):
    kata("notebook", "mini")
    (here / BOOK).write_text("mine", "utf-8")
    refused = kata("notebook", "mini")
    assert refused.status == 2 and "would be lost" in refused.said and "--output" in refused.said
    assert (here / BOOK).read_text("utf-8") == "mine"
    assert kata("notebook", "mini", "--output", "other.ipynb").status == 0
    assert "open_it" in (here / "other.ipynb").read_text("utf-8")


def test_it_holds_what_the_learner_wrote_unless_it_is_for_nbgrader(kata, answer, here):
    answer.write_text(RIGHT, "utf-8")
    kata("notebook", "mini")
    kata("notebook", "mini", "--nbgrader", "--output", "course.ipynb")
    assert "kms.decrypt" in (here / BOOK).read_text("utf-8")
    course = (here / "course.ipynb").read_text("utf-8")
    assert "kms.decrypt" not in course and "TODO 1" in course and '"schema_version": 3' in course


@pytest.mark.parametrize("name", ["book.py", "no-folder/book.ipynb"])
def test_a_place_where_it_cannot_be_is_told(kata, answer, name):
    refused = kata("notebook", "mini", "--output", name)
    assert refused.status == 2 and name in refused.said


def test_an_answer_that_cannot_be_read_is_told(kata, answer):
    answer.write_bytes(b"x = '\xff'\n")
    refused = kata("notebook", "mini")
    assert refused.status == 2 and "UTF-8" in refused.said


def test_a_saved_notebook_is_graded_as_the_same_answer(kata, answer, here, progress):
    kata("notebook", "mini")
    assert "not started yet" in kata("check", BOOK).said
    book = json.loads((here / BOOK).read_text("utf-8"))
    cell = next(cell for cell in book["cells"] if cell["id"] == "answer-1")
    cell["source"] = [cell["source"][0], *RIGHT.splitlines(keepends=True)]
    (here / BOOK).write_text(json.dumps(book), "utf-8")
    passed = kata("check", BOOK)
    assert passed.status == 0 and "keys/mini passed, 3 of 3 points" in passed.said
    assert "passed keys/mini" in progress()


def test_who_has_not_begun_in_a_notebook_is_sent_to_it_also_where_the_kata_is_named(kata, answer):
    kata("notebook", "mini")
    said = kata("check", "mini").said
    assert BOOK in said and BOOK.replace(".ipynb", ".py") not in said


def test_the_answer_is_its_cells_by_number_wherever_they_stand(kata, answer, here):
    first, second = cells("SECRET = 'Plaintext'", RIGHT.replace('"Plaintext"', "SECRET"))
    path = write(here / "elsewhere.ipynb", second, "raise SystemExit  # a cell of the learner's own", first)
    assert kata("check", path).status == 0


def test_a_pass_of_a_notebook_outside_the_workspace_is_not_noted(kata, answer, here, progress):
    assert kata("check", write(here / "elsewhere.ipynb", *cells(RIGHT))).status == 0
    assert "passed" not in progress()


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        (["x = 1", "\n\ndef open_it(kms, blob):\n    return blob.nothing"], "Look at line 5 of b.ipynb, cell 2"),
        (["x = 1", "y = 2\nz = nothing"], "Open b.ipynb, cell 2 at line 3"),
        (["x = 1", "\nif x:\nz = 2"], "Open b.ipynb, cell 2 at line 4"),
        (["x = 1\n!pip install it", "y = 2"], "Open b.ipynb, cell 1 at line 3"),
    ],
)
def test_messages_name_the_cell_and_the_line_in_it(kata, answer, here, bodies, told):
    said = kata("check", write(here / "b.ipynb", *cells(*bodies)))
    assert said.status == 1 and told in said.said


def test_an_import_from_the_future_holds_in_the_cells_after_it_as_in_a_notebook(kata, answer, here):
    later = RIGHT.replace("blob)", "blob: Nothing.there)", 1)
    assert kata("check", write(here / "b.ipynb", *cells(later, "x = 1"))).status == 1
    assert kata("check", write(here / "b.ipynb", *cells("from __future__ import annotations", later))).status == 0


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        ([cells("x", "y")[0]], "lacks cell 2 of 2"),
        ([*cells("x"), *cells("y")], "has the answer cell 1 of keys/mini twice"),
        (["x = 1"], "has no answer cell"),
        (["# kata: keys/other, cell 1 of 1\nx = 1"], "no kata is called that"),
        ([*cells("x"), "# kata: keys/other, cell 1 of 1\nx = 1"], "keys/mini and keys/other"),
        ([f"{cells('x')[0]}{'#' * 300_000}"], "it may have 262144"),
        ([f"{cells('x = ')[0]}'\ud800'"], "half a character"),
    ],
)
def test_what_is_wrong_with_a_notebook_is_told(kata, answer, here, sources, told):
    said = kata("check", write(here / "b.ipynb", *sources))
    assert said.status in (1, 2) and told in said.said


@pytest.mark.parametrize(
    "content",
    [
        *(
            b"",
            b"{",
            b"[]",
            b"{}",
            b'{"cells": {}}',
            b"\xff\xfe",
            b"[" * 100_000,
            b'{"cells": [1, {"source": 3}, null]}',
        ),
        b'{"cells": [' + b"1" * 9_000 + b"]}",
        b" " * (8 * 1024 * 1024 + 1),
    ],
    ids=lambda content: repr(content[:20]),
)
def test_a_broken_file_gets_a_sentence(kata, answer, here, content):
    (here / "b.ipynb").write_bytes(content)
    said = kata("check", "b.ipynb")
    assert said.status == 2 and said.err.startswith("b.ipynb ") and len(said.err) < 400 and said.out == ""


def test_notebooks_are_checked_by_themselves(kata, answer, here):
    path = write(here / "b.ipynb", *cells(RIGHT))
    assert "by themselves" in kata("check", path, "mini").said
    assert "not both" in kata("check", path, "--answers", here).said
    assert "is not there" in kata("check", "absent.ipynb").said
    assert "Check one at a time" in kata("check", path, write(here / "c.ipynb", *cells(RIGHT))).said
    assert "write over" in kata("check", path, "--output", path).said


def test_it_is_graded_in_place_of_a_starter_and_passed_over_beside_an_answer(kata, answer, here):
    write(here / BOOK, *cells(RIGHT))
    in_place = kata("check", "mini")
    assert in_place.status == 0 and "Graded was answer.ipynb" in in_place.said
    answer.write_text(WRONG, "utf-8")
    both = kata("check", "mini")
    assert both.status == 1 and "answer.py was graded, not answer.ipynb beside it" in both.said
    answer.unlink()
    alone = kata("check", "mini")
    assert alone.status == 0 and "answer.ipynb" not in alone.said
    write((here / BOOK).with_name("older.ipynb"), *cells(WRONG))
    assert kata("check", "mini").status == 0
    (here / BOOK).rename((here / BOOK).with_name("newer.ipynb"))
    two = kata("check", "mini")
    assert two.status == 1 and "none of its 2 notebooks is called answer.ipynb" in two.said


def test_no_report_takes_the_place_of_a_notebook_beside_an_answer(kata, answer, here):
    before = write(here / BOOK, *cells(RIGHT)).read_bytes()
    for format in ("json", "text"):
        refused = kata("check", "mini", "--format", format, "--output", BOOK)
        assert refused.status == 2 and "write over" in refused.said
    assert (here / BOOK).read_bytes() == before


def test_the_same_values_again_are_offered_for_the_notebook_that_failed(kata, answer, here):
    answer.write_text(RIGHT, "utf-8")
    said = kata("check", write(here / BOOK, *cells(WRONG))).said
    assert f"kata check {BOOK} --seed" in said


def test_grade_takes_a_notebook_in_place_of_the_answer_and_says_when_there_are_both(kata, mini_root, here):
    todo = mini_root / "katas/01-keys/01-mini/answer.py"
    for learner in ("ann", "bob", "eve", "kim"):
        write(here / "all" / learner / "keys/mini/answer.ipynb", *cells(RIGHT))
    (here / "all/bob/keys/mini/answer.py").write_text(WRONG, "utf-8")
    (here / "all/kim/keys/mini/answer.py").write_bytes(todo.read_bytes())
    book = here / "all/eve/keys/mini/answer.ipynb"
    book.rename(here / "secret.ipynb")
    os.symlink(here / "secret.ipynb", book)
    graded = kata("grade", "all", "--isolation", "none", "--format", "json")
    status = {one["name"]: one["verdict"]["status"] for one in json.loads(graded.out)["submissions"]}
    assert status == {"ann": "pass", "bob": "fail", "eve": "error", "kim": "pass"}
    assert "a link that leads out" in graded.out
    assert graded.err.strip() == "bob, keys/mini: answer.py was graded, not answer.ipynb beside it."


def test_a_report_for_github_names_the_notebook_and_breaks_no_line(kata, answer, here):
    said = kata("check", write(here / "b.ipynb", *cells("x = nothing")), "--format", "github")
    errors = [line for line in said.out.splitlines() if line.startswith("::error")]
    assert errors and all("file=b.ipynb%2C cell 1,line=2" in error for error in errors)


def test_documents_of_a_notebook_are_graded_and_their_lines_are_those_of_the_cell(run, here):
    """The only kata of the kit with a table and a policy."""
    kit = find_kit()
    reference = kit.solutions / kit.find("why-denied").folder
    run("init")
    assert run("notebook", "why-denied").status == 0
    path = here / "my-katas/key-policies/why-denied/answer.ipynb"
    assert "not started yet" in run("check", path).said
    book = json.loads(path.read_text("utf-8"))
    assert [cell["id"] for cell in book["cells"] if cell["cell_type"] == "code"] == [
        "setup",
        "answer-1",
        "answer-2",
        "grade",
    ]
    found = {cell["id"]: cell for cell in book["cells"]}
    for id, name in (("answer-1", "table.toml"), ("answer-2", "iam-policy.json")):
        head = found[id]["source"][0]
        assert head == f"%%kata key-policies/why-denied, cell {id[-1]} of 2: {name}\n"
        found[id]["source"] = head + (reference / name).read_text("utf-8")
    path.write_text(json.dumps(book), "utf-8")
    assert run("check", path).status == 0
    lines = found["answer-2"]["source"].split("\n")
    lines[4] = lines[4] + " oops"
    found["answer-2"]["source"] = "\n".join(lines)
    path.write_text(json.dumps(book), "utf-8")
    broken = run("check", path)
    assert broken.status == 1 and "iam-policy.json, line 5" in broken.said
