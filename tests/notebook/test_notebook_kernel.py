"""grade() in a notebook: what was run counts, and nothing else. Kernels are started by nbclient."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.grading.cells import mark
from kms_katas.kit import Kit, find_kit
from kms_katas.kit.course import SCHEMA
from kms_katas.notebook import grade
from kms_katas.notebook.kernel import Graded, _graders, keep_document, last_run
from kms_katas.study.progress import NAME

from .conftest import named, source

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
ID = "keys/mini"


def cell(number: int, of: int, body: str) -> str:
    return f"{mark(ID, number, of)}\n{body}"


# Each entry: the number of an answer cell with a value of its own, or 0 for a cell that is none.
@given(st.lists(st.tuples(st.integers(0, 4), st.integers())))
def test_of_each_cell_what_was_run_last_counts_whatever_the_order(runs: list[tuple[int, int]]) -> None:
    history = ["", *(cell(number, 4, f"x = {value}") if number else f"y = {value}" for number, value in runs)]
    expected = {number: f"x = {value}" for number, value in runs if number}
    found = last_run(history, ID)
    assert [one.number for one in found] == sorted(expected)
    assert all(one.below_mark == expected[one.number] for one in found)


def test_cells_of_another_kata_are_no_part_of_it() -> None:
    assert last_run([f"{mark('keys/other', 1, 1)}\nx = 1"], ID) == []


def test_cells_of_an_older_notebook_with_more_cells_are_forgotten() -> None:
    history = [cell(1, 2, "old"), cell(2, 2, "old"), cell(1, 1, "new")]
    assert [one.below_mark for one in last_run(history, ID)] == ["new"]


def test_outside_a_notebook_it_says_so_and_raises_nothing() -> None:
    program = 'from kms_katas.notebook import grade; print(grade("keys/hello").passed)'
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "this is none" in done.stdout and "`kata check`" in done.stdout and done.stdout.endswith("False\n")


def test_importing_it_loads_none_of_what_grades() -> None:
    program = 'import sys, kms_katas.notebook; print({"boto3", "moto", "pytest", "rich"} & set(sys.modules))'
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_what_a_course_has_the_checks_of_is_to_be_handed_in(
    mini_kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / ".course/1/katas/01-clinic/01-note"
    own.mkdir(parents=True)
    for path in mini_kit.starter(mini_kit.katas[0]).iterdir():
        (own / path.name).write_text(path.read_text("utf-8").replace(ID, "clinic/note"), "utf-8")
    (tmp_path / NAME).write_text("kms-katas-progress 1\nseed 1\n", "utf-8")
    course = f'schema = "{SCHEMA}"\ntitle = "A course"\nkit = ">=0"\nextra = [".course/1"]\n'
    (tmp_path / "course.toml").write_text(f'{course}[[kata]]\nid = "clinic/note"\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kms_katas.notebook.kernel._shell", lambda: object())
    assert not grade("clinic/note", kit=str(mini_kit.root)).passed
    assert "clinic/note is not graded here" in capsys.readouterr().out


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Where the kernel stands: deep in a workspace."""
    folder = tmp_path / "work" / "keys" / "mini"
    folder.mkdir(parents=True)
    (tmp_path / "work" / NAME).write_text("kms-katas-progress 1\nseed 1\n", "utf-8")
    return folder


def test_it_grades_what_was_run_last_and_says_what_was_not_run(
    made: Callable[..., dict[str, Any]], execute: Callable[..., dict[str, str]], workspace: Path
) -> None:
    """One kernel, one story: a cell is not run; then the starter; then a wrong answer; then the right one."""
    data = made()
    first, second, grading = (named(data, id) for id in ("answer-1", "answer-2", "grade"))
    head = source(first).partition("\n")[0]

    def as_cell(id: str, text: str) -> dict[str, Any]:
        return first | {"id": id, "source": text}

    data["cells"] = [
        as_cell("grade-0", source(grading)),
        second,
        as_cell("grade-1", source(grading)),
        first,
        as_cell("grade-2", source(grading)),
        as_cell(
            "wrong", f'{head}\nprint("run in the kernel")\n\n\ndef open_it(kms, blob):\n    raise ValueError(blob)'
        ),
        as_cell("grade-3", source(grading)),
        as_cell("scratch", "def open_it(kms, blob):\n    return None"),
        as_cell("right", f"{head}\n{RIGHT}"),
        as_cell("scratch-2", "def open_it(kms, blob):\n    return None"),
        as_cell("grade-4", source(grading)),
        as_cell("score", f'graded = grade("{ID}", kit={str(workspace)!r})\nprint(graded.passed)'),
    ]
    (workspace / "answer.py").write_text("this is not read\n", "utf-8")
    said = execute(data, workspace)
    assert "No answer cell of keys/mini has been run" in said["grade-0"]
    assert "cell 1 of 2 has not been run" in said["grade-1"] and "cell 2" not in said["grade-1"]
    assert "0 of 3 points" in said["grade-2"]
    # The line counts from the mark, as the notebook shows it.
    assert "Look at line 6 of this notebook, cell 1: raise ValueError(blob)" in said["grade-3"]
    assert "3 of 3 points" in said["grade-4"]
    assert "is not a kit" in said["score"] and said["score"].endswith("False\n")
    assert f"passed {ID} " in (workspace.parents[1] / NAME).read_text("utf-8")
    assert "Traceback" not in json.dumps(said)


class Shell:
    """What IPython has of what is used."""

    def __init__(self, *history: str) -> None:
        self.input_hist_raw = list(history)
        self.history_manager = self.display_pub = self

    def publish(self, data: dict[str, str]) -> None:
        print(data["text/plain"])


@pytest.fixture(autouse=True)
def no_process_stays() -> Iterator[None]:
    yield
    for grader in _graders:
        grader.end()


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kms_katas.notebook.kernel._shell", lambda: Shell(cell(1, 1, RIGHT)))


def test_ctrl_c_while_it_grades_shows_one_sentence(
    shell: None, mini_kit: Kit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("subprocess.Popen", stopped)
    assert not grade(ID, kit=str(mini_kit.root)).passed
    assert capsys.readouterr().out == "Stopped; nothing was graded.\n"


def test_an_answer_that_was_given_passes_and_is_not_noted_as_passed(
    shell: None,
    mini_kit: Kit,
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = workspace.parents[1] / NAME
    progress.write_text(f"kms-katas-progress 1\nseed 1\ngiven {ID} 2026-01-02\n", "utf-8")
    before = progress.read_bytes()
    monkeypatch.chdir(workspace)
    assert grade(ID, kit=str(mini_kit.root)).passed
    said = capsys.readouterr().out
    assert progress.read_bytes() == before
    assert "given to you" in said and "`kata reset mini`" in said


def test_a_seed_that_is_given_is_the_one_that_is_graded_with(
    mini_kit: Kit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = secrets.randbelow(2**31)
    wrong = RIGHT.replace("kms.decrypt", "kms.no_such_call")
    monkeypatch.setattr("kms_katas.notebook.kernel._shell", lambda: Shell(cell(1, 1, wrong)))
    assert not grade(ID, kit=str(mini_kit.root), seed=seed).passed
    assert f'grade("{ID}", seed={seed})' in capsys.readouterr().out


def test_what_a_wrong_table_is_told_is_noted_as_for_the_command(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a table could be solved in a notebook by trying: `kata check` tells but so often how many rows are right."""
    kit = find_kit()
    kata = kit.find("key-policies/read-a-policy")
    wrong = (kit.solutions / kata.folder / "rejected" / "deny-overlooked" / "table.toml").read_text("utf-8")
    monkeypatch.setattr(
        "kms_katas.notebook.kernel._shell", lambda: Shell(f"{mark(kata.id, 1, 1, 'table.toml')}\n{wrong}")
    )
    monkeypatch.chdir(workspace)
    assert not grade(kata.id).passed
    assert f"told {kata.id} " in (workspace.parents[1] / NAME).read_text("utf-8")


def test_checks_that_change_while_the_kernel_runs_are_the_ones_that_grade(shell: None, mini_kit: Kit) -> None:
    kit, checks = str(mini_kit.root), mini_kit.root / "tests/graders" / mini_kit.katas[0].grader
    assert grade(ID, kit=kit).passed and grade(ID, kit=kit).passed
    # Longer: Python takes what it compiled for a file of the same second and length.
    checks.write_text(checks.read_text("utf-8").replace('["Decrypt"]', '["Encrypt"]') + "\n", "utf-8")
    assert not grade(ID, kit=kit).passed


def test_what_grades_ends_where_the_kernel_is_killed() -> None:
    program = "import time\nfrom kms_katas.notebook.kernel import _Grader\n"
    program += "print(_Grader()._process.pid, flush=True)\ntime.sleep(600)\n"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as kernel:
        assert kernel.stdout
        grader = int(kernel.stdout.readline())
        os.kill(grader, 0)
        kernel.kill()
    deadline = time.monotonic() + 60
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.kill(grader, 0)
            time.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.own_runner
def test_what_answers_are_forked_from_stays_for_the_next_grading_and_no_longer_than_the_kernel(
    shell: None, mini_kit: Kit
) -> None:
    def forked_from() -> str:
        grader = _graders[0]._process.pid
        return Path(f"/proc/{grader}/task/{grader}/children").read_text().strip()

    assert grade(ID, kit=str(mini_kit.root)).passed
    first = forked_from()
    assert grade(ID, kit=str(mini_kit.root)).passed
    assert forked_from() == first and first.isdecimal()
    _graders.pop().end()
    deadline = time.monotonic() + 60
    while Path(f"/proc/{first}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("program", ["raise SystemExit(3)", "print('no JSON')", "import os; os.abort()"])
def test_a_grading_process_that_breaks_is_no_verdict_and_one_sentence(
    shell: None, mini_kit: Kit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], program: str
) -> None:
    start = subprocess.Popen
    monkeypatch.setattr("subprocess.Popen", lambda words, **options: start([words[0], "-c", program], **options))
    assert grade(ID, kit=str(mini_kit.root)) == Graded(False, 0, 0)
    said = capsys.readouterr()
    assert said.out.startswith("The kit itself failed, your answer was not judged") and said.err == ""
    assert len(said.out.splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "document", "told"),
    [
        (f"{ID}, cell 1 of 1: key-policy.json", "{}", "key-policy.json is noted"),
        (f"{ID}, cell 1 of 1: key-policy.json", "{", "no valid JSON yet"),
        (f"{ID}, cell 1 of 1: table.toml", "x = ", "no valid TOML yet"),
        (f"{ID}, cell 1 of 1: key-policy.json", "[" * 100_000, "no valid JSON yet"),
        ("key-policy.json", "{}", "not as `kata notebook` made it"),
    ],
)
def test_running_the_cell_of_a_document_says_whether_it_can_be_read(
    line: str, document: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_document(line, document)
    assert told in capsys.readouterr().out
