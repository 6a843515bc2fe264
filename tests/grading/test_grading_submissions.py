"""Submissions as folders, zips, and as Canvas, Moodle and Gradescope give them: whose each is, and the newest wins."""

import errno
import os
import secrets
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kms_katas.grading.cohort import holds_answer
from kms_katas.grading.lms_names import first_name, lms_name
from kms_katas.grading.submissions import HandedIn, handed_in
from kms_katas.kit import Kit, KitError

TREE = "keys/mini/answer.py"


def zip_of(files: Mapping[str, bytes | str]) -> bytes:
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        file.seek(0)
        return file.read()


@pytest.fixture
def given(tmp_path: Path) -> Callable[[Mapping[str, bytes | str]], Path]:
    """`given(files)`: a folder that holds them."""

    def made(files: Mapping[str, bytes | str]) -> Path:
        folder = tmp_path / "handed in"
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return made


Read = Callable[..., tuple[dict[str, dict[str, str]], HandedIn]]


@pytest.fixture
def read(mini_kit: Kit) -> Read:
    """`read(path)`: learner to files to texts, and all that is said."""

    def read_it(path: Path, *, kata: bool = False) -> tuple[dict[str, dict[str, str]], HandedIn]:
        only = mini_kit.katas[0] if kata else None
        with handed_in(path, holds_answer(mini_kit, only), {"answer.py"}) as found:
            texts = {
                learner.name: {
                    file.relative_to(learner.folder).as_posix(): file.read_text()
                    for file in learner.folder.rglob("*.py")
                }
                for learner in found.submissions
            }
        return texts, found

    return read_it


def test_a_zip_gives_what_the_folder_in_it_would(given: Callable[..., Path], read: Read, tmp_path: Path) -> None:
    ann, bob = secrets.token_hex(8), secrets.token_hex(8)
    files = {f"ann/{TREE}": ann, f"bob/{TREE}": bob, ".DS_Store": "", "__MACOSX/._ann": ""}
    (tmp_path / "all.zip").write_bytes(zip_of(files))
    (tmp_path / "one.zip").write_bytes(zip_of({f"submissions/{name}": text for name, text in files.items()}))
    expected = {"ann": {TREE: ann}, "bob": {TREE: bob}}
    for path in (given(files), tmp_path / "all.zip", tmp_path / "one.zip"):
        assert read(path)[0] == expected


def test_a_learner_may_hand_in_a_zip_with_folders_around_it(given: Callable[..., Path], read: Read) -> None:
    mine = secrets.token_hex(8)
    found, _ = read(
        given(
            {
                "ann.zip": zip_of({TREE: mine}),
                "bob.zip": zip_of({f"my work/my-katas/{TREE}": mine}),
                "eve/work.zip": zip_of({TREE: mine}),
                f"dan/my-katas/{TREE}": mine,
            }
        )
    )
    assert found == {name: {TREE: mine} for name in ("ann", "bob", "dan", "eve")}


def test_a_zip_of_zips_is_read_and_no_zip_in_those(read: Read, tmp_path: Path) -> None:
    inner = zip_of({TREE: "1"})
    (tmp_path / "all.zip").write_bytes(zip_of({"ann.zip": inner, "bob.zip": zip_of({"deeper.zip": inner})}))
    assert read(tmp_path / "all.zip")[0] == {"ann": {TREE: "1"}, "bob": {}}


def test_a_hostile_zip_bars_its_learner_alone(given: Callable[..., Path], read: Read) -> None:
    found, said = read(given({f"ann/{TREE}": "1", "bob.zip": zip_of({"../x": ""}), "eve.zip": b"PK no zip"}))
    assert found == {"ann": {TREE: "1"}}
    assert said.barred == {"bob", "eve"} and "leads out" in said.left_out["bob"] and "no zip" in said.left_out["eve"]


def test_a_hostile_zip_of_all_is_told(read: Read, tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(zip_of({f"ann/{TREE}": "1", "/x": ""}))
    with pytest.raises(KitError, match="leads out"):
        read(tmp_path / "all.zip")


def test_of_a_folder_and_a_zip_the_newer_counts_and_that_is_said(given: Callable[..., Path], read: Read) -> None:
    folder = given({f"ann/{TREE}": "folder", "ann.zip": zip_of({TREE: "zip"})})
    for newer, older in (("ann", "ann.zip"), ("ann.zip", "ann")):
        os.utime(folder / newer, (2e9, 2e9))
        os.utime(folder / older, (1e9, 1e9))
        found, said = read(folder)
        assert found == {"ann": {TREE: "zip" if "zip" in newer else "folder"}}
        (note,) = said.notes
        assert "newest" in note and note.endswith(f" {older}.")


def test_of_two_zips_in_a_folder_the_newer_counts(given: Callable[..., Path], read: Read) -> None:
    folder = given({"ann/a.zip": zip_of({TREE: "a"}), "ann/b.zip": zip_of({TREE: "b"})})
    os.utime(folder / "ann" / "a.zip", (2e9, 2e9))
    found, said = read(folder)
    assert found == {"ann": {TREE: "a"}} and "not b.zip" in said.notes[0]


def test_canvas_gives_single_files_of_which_the_highest_number_counts(given: Callable[..., Path], read: Read) -> None:
    folder = given(
        {
            "doejane_101_9_answer.py": "older",
            "doejane_LATE_101_10_answer-1.py": "newer",
            "müllerjörg_102_8_answer.py": "other",
            "anon_a1B2_7_answer.py": "nobody",
            "leebo_103_11_work-2.zip": zip_of({TREE: "zip"}),
            "leebo_103_12_text.html": "",
        }
    )
    found, said = read(folder, kata=True)
    assert found == {
        "doejane_101": {"answer.py": "newer"},
        "müllerjörg_102": {"answer.py": "other"},
        "anon_a1B2": {"answer.py": "nobody"},
        "leebo_103": {TREE: "zip"},
    }
    (note,) = said.notes
    assert "doejane_101" in note and "doejane_101_9_answer.py" in note


@pytest.mark.parametrize("name", [".", ".."])
def test_a_file_that_would_be_a_folder_bars_its_learner_alone(
    given: Callable[..., Path], read: Read, name: str
) -> None:
    found, said = read(given({f"doejane_7_1_{name}": "1", "leebo_8_2_answer.py": "2"}), kata=True)
    assert found == {"leebo_8": {"answer.py": "2"}} and said.barred == {"doejane_7"}


def test_a_full_disk_is_told(given: Callable[..., Path], read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("kms_katas.grading.submissions.unpack", full)
    with pytest.raises(KitError, match="TMPDIR"):
        read(given({"ann.zip": b""}))


def test_moodle_gives_folders_or_files_and_what_was_typed_is_left_out(given: Callable[..., Path], read: Read) -> None:
    found, said = read(
        given(
            {
                "Ann Lee_11_assignsubmission_file_/answer.py": "1",
                "Bo Li_12_assignsubmission_file/answer.py": "2",
                "Cy Wu_13_assignsubmission_file_answer.py": "3",
                "Di Fu_14_assignsubmission_file_/all.zip": zip_of({"answer.py": "4"}),
                "Ann Lee_11_assignsubmission_onlinetext_/onlinetext.html": "",
            }
        ),
        kata=True,
    )
    assert found == {
        "Ann Lee_11": {"answer.py": "1"},
        "Bo Li_12": {"answer.py": "2"},
        "Cy Wu_13": {"answer.py": "3"},
        "Di Fu_14": {"answer.py": "4"},
    }
    assert "text field" in said.left_out["Ann Lee_11_assignsubmission_onlinetext_"]


METADATA = """
submission_1:
  :submitters:
  - :name: Ann Lee
    :sid: '11'
    :email: ann@example.com
  :created_at: 2026-09-21 10:00:00.000000000 Z
  :score: !ruby/object:BigDecimal 18:0.1e2
submission_2:
  :submitters:
  - :name: Bo Li
    :sid: '12'
  - :name: ../../Cy
    :sid: '13'
submission_3:
  :submitters:
  - :name: Ann Lee
submission_4:
  :submitters:
  - :name: Ann Lee
"""


def test_gradescope_names_the_folders_in_its_metadata(given: Callable[..., Path], read: Read) -> None:
    files = {f"assignment_5_export/submission_{number}/answer.py": str(number) for number in range(1, 6)}
    found, _ = read(given(files | {"assignment_5_export/submission_metadata.yml": METADATA}), kata=True)
    assert {name: texts["answer.py"] for name, texts in found.items()} == {
        "Ann Lee_11": "1",
        "Bo Li_12 and .._.._Cy_13": "2",
        "Ann Lee_submission_3": "3",
        "Ann Lee_submission_4": "4",
        "submission_5": "5",
    }


@pytest.mark.parametrize("text", ["- a list", "a: [", "&a [*a, *a]", "\0", "!!python/object/apply:os.getcwd []"])
def test_metadata_that_cannot_be_read_is_told(given: Callable[..., Path], read: Read, text: str) -> None:
    with pytest.raises(KitError, match="submission_metadata"):
        read(given({"submission_metadata.yml": text, "submission_1/answer.py": ""}), kata=True)


@pytest.mark.parametrize("name", ["ann", "ann_lee", "answer.py", "a_1_b.py", "_1_2_x", "week_12", "x_assignsubmission"])
def test_other_names_are_no_lms_names(name: str) -> None:
    assert lms_name(name) is None


@pytest.mark.parametrize(
    "file, name",
    [
        ("answer-12.py", "answer.py"),
        ("key-policy-1.json", "key-policy.json"),
        ("my-2.tar-1.gz", "my-2.tar.gz"),
        ("my-2.tar.gz", "my-2.tar.gz"),
        ("answer-x.py", "answer-x.py"),
    ],
)
def test_a_number_that_was_added_is_taken_off_where_a_known_name_is_left(file: str, name: str) -> None:
    assert first_name(file, {"answer.py", "key-policy.json", "my-2.tar.gz"}) == name


def test_nothing_that_was_unpacked_is_left_even_by_an_exception(
    given: Callable[..., Path], mini_kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = given({"ann.zip": zip_of({TREE: "1"})})
    with pytest.raises(ZeroDivisionError), handed_in(folder, holds_answer(mini_kit, None), {"answer.py"}) as found:
        assert (found.submissions[0].folder / TREE).is_file()
        raise ZeroDivisionError
    assert not list(tmp_path.glob("kata-submissions-*"))


def test_what_a_killed_grading_left_is_removed_and_what_another_uses_is_not(
    given: Callable[..., Path], mini_kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = given({"ann.zip": zip_of({TREE: "1"})})
    with handed_in(folder, holds_answer(mini_kit, None), {"answer.py"}) as in_use:
        (own,) = tmp_path.glob("kata-submissions-*")
        left = tmp_path / "kata-submissions-left"
        (left / "1").mkdir(parents=True)
        for path in (own, left):
            os.utime(path, (1e9, 1e9))
        with handed_in(folder, holds_answer(mini_kit, None), {"answer.py"}):
            assert not left.exists() and in_use.submissions[0].folder.is_dir()


def test_texts_show_paths_as_the_teacher_knows_them(mini_kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(zip_of({"ann.zip": zip_of({TREE: "1"}), f"bob/{TREE}": "2"}))
    with handed_in(tmp_path / "all.zip", holds_answer(mini_kit, None), {"answer.py"}) as found:
        ann, bob = (found.shown(f"Open {learner.folder / TREE} at line 3.") for learner in found.submissions)
    assert ann == f"Open {tmp_path}/all.zip/ann.zip/{TREE} at line 3."
    assert bob == f"Open {tmp_path}/all.zip/bob/{TREE} at line 3."
