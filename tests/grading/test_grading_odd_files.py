"""An answer's file that is none is told so, and neither waited for nor read without end. Not for what it says."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from kms_katas.grading.lane import grade_in_lane
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.runner import Runner
from kms_katas.grading.source import MAX_SOURCE, beginning, read_bytes
from kms_katas.kit import Kit

from .conftest import first, statuses


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(path.parent)  # its path may have 108 bytes
        listening.bind(path.name)


def _giant(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(1 << 40)


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (os.mkfifo, "no ordinary file"),
    "a device without end": (lambda path: path.symlink_to("/dev/zero"), "no ordinary file"),
    "a socket": (_socket, "no ordinary file"),
    "a link to itself": (lambda path: path.symlink_to(path), "cannot be read"),
    "a link to nothing": (lambda path: path.symlink_to(path.parent / "gone"), "is not there"),
    "a folder": (Path.mkdir, "is a folder"),
    "a terabyte": (_giant, f"{1 << 40} bytes"),
    "a file of the system that says it is empty": (lambda path: path.symlink_to("/proc/self/maps"), "stops while"),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_answer_file_is_told_so(
    mini_kit: Kit,
    runner: Runner,
    write_answer: Callable[[str], Path],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, words = ODD[kind]
    answers = write_answer("")
    monkeypatch.chdir(answers)
    path = answers / "keys/mini/answer.py"
    path.unlink()
    make(path)
    verdict = grade_in_lane(mini_kit, mini_kit.katas, runner, lambda lane: lane.grade(mini_kit.katas[0], answers))
    assert statuses(verdict) == ["error", "error"]
    assert words in first(verdict).message and first(verdict).next_step and not verdict.untouched


def test_a_file_is_read_no_further_than_it_may_be_and_its_whole_size_is_told(
    tmp_path: Path,
) -> None:
    path = tmp_path / "answer.py"
    path.write_bytes(b"#" * (MAX_SOURCE + 7))
    assert beginning(path, 5) == (MAX_SOURCE + 7, b"#####")
    with pytest.raises(AnswerUnusable, match=str(MAX_SOURCE + 7)):
        read_bytes(path, MAX_SOURCE)


def test_a_link_in_a_loop_leads_out_of_no_submission_and_stops_nobody(
    mini_kit: Kit, runner: Runner, write_answer: Callable[[str], Path]
) -> None:
    answers = write_answer("")
    folder = answers / "keys/mini"
    (folder / "answer.py").unlink()
    (folder / "answer.py").symlink_to(folder / "other.py")
    (folder / "other.py").symlink_to(folder / "answer.py")
    verdict = grade_in_lane(
        mini_kit,
        mini_kit.katas,
        runner,
        lambda lane: lane.grade_folder(mini_kit.katas[0], folder, within=answers),
    )
    assert statuses(verdict) == ["error", "error"]
    assert "answer.py" in first(verdict).message and "RuntimeError" not in first(verdict).message


@pytest.mark.parametrize(
    ("name", "told"),
    [
        *((name, True) for name in ("answer (1).py", "answer(12).py", "answer copy 2.py", "answer - Copy.py")),
        *((name, True) for name in ("Answer.py", "answer.py.txt")),
        *(
            (name, False)
            for name in ("answer-notes.py", "answers.py", "my answer.py", "answer (1).json", "answer (\n).py")
        ),
    ],
)
def test_where_a_copy_lies_under_the_name_that_a_program_gave_it_that_is_told(
    tmp_path: Path, name: str, told: bool
) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(AnswerUnusable, match=r"answer\.py is not there") as refused:
        read_bytes(tmp_path / "answer.py", MAX_SOURCE)
    assert (f"Rename {name} to answer.py" in refused.value.next_step) == told
    assert (name in refused.value.message) == told
