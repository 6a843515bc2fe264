"""The learner's folder: made whole, added to without harm, reset with a copy kept."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from kms_katas.kit import find_kit
from kms_katas.study.progress import NAME
from kms_katas.study.workspace import DEFAULT, WorkspaceError, find_workspace, make_workspace, reset

NOW = datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture
def made(mini_kit, tmp_path):
    workspace, _ = make_workspace(mini_kit, tmp_path / "mine")
    return workspace


def contents(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_it_holds_starter_and_brief_by_kata_id(mini_kit, made):
    (kata,) = mini_kit.katas
    for name in ("answer.py", "README.md"):
        assert (made.root / "keys" / "mini" / name).read_bytes() == (mini_kit.starter(kata) / name).read_bytes()
    assert set(contents(made.root)) == {NAME, "keys/mini/answer.py", "keys/mini/README.md"}


def test_making_it_again_changes_no_byte(mini_kit, made):
    made.answer(mini_kit.katas[0]).write_bytes(os.urandom(30))
    made.progress_file.write_text("kms-katas-progress 1\nmine\n")
    before = contents(made.root)
    _, new = make_workspace(mini_kit, made.root)
    assert new == ()
    assert contents(made.root) == before


def test_a_deleted_answer_comes_back_and_its_neighbour_stays(mini_kit, made):
    answer = made.answer(mini_kit.katas[0])
    answer.unlink()
    (answer.parent / "README.md").write_text("my notes")
    make_workspace(mini_kit, made.root)
    assert answer.read_bytes() == (mini_kit.starter(mini_kit.katas[0]) / "answer.py").read_bytes()
    assert (answer.parent / "README.md").read_text() == "my notes"


def test_a_kata_whose_number_changed_keeps_its_folder(mini_kit, mini_root, made):
    made.answer(mini_kit.katas[0]).write_text("mine")
    (mini_root / "katas" / "01-keys" / "01-mini").rename(mini_root / "katas" / "01-keys" / "07-mini")
    kit = find_kit(mini_root)
    _, new = make_workspace(kit, made.root)
    assert new == ()
    assert made.answer(kit.katas[0]).read_text() == "mine"


def test_a_new_kata_is_added(mini_kit, mini_root, made):
    made.answer(mini_kit.katas[0]).write_text("mine")
    (mini_root / "katas" / "01-keys" / "02-more").mkdir()
    for path in (mini_root / "katas" / "01-keys" / "01-mini").iterdir():
        text = path.read_text("utf-8").replace("keys/mini", "keys/more")
        (mini_root / "katas" / "01-keys" / "02-more" / path.name).write_text(text, "utf-8")
    _, new = make_workspace(find_kit(mini_root), made.root)
    assert [kata.id for kata in new] == ["keys/more"]
    assert (made.root / "keys" / "more" / "answer.py").is_file()
    assert made.answer(mini_kit.katas[0]).read_text() == "mine"


@pytest.mark.parametrize("inside", ["", "katas", "katas/01-keys", "solutions", "solutions/new", "tests/graders/new"])
def test_the_kit_itself_is_no_workspace(mini_kit, inside):
    before = contents(mini_kit.root)
    with pytest.raises(WorkspaceError, match="belongs to the kit"):
        make_workspace(mini_kit, mini_kit.root / inside)
    assert contents(mini_kit.root) == before


def test_a_file_in_its_place_is_told_in_a_sentence(mini_kit, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(WorkspaceError, match="taken"):
        make_workspace(mini_kit, tmp_path / "taken")


def test_it_is_found_from_any_folder_in_it_and_from_beside_it(mini_kit, tmp_path):
    made, _ = make_workspace(mini_kit, tmp_path / DEFAULT)
    for start in (made.root, made.root / "keys" / "mini", tmp_path):
        assert find_workspace(start) == made
    assert find_workspace(tmp_path.parent) is None


def test_the_nearest_workspace_is_meant(mini_kit, tmp_path):
    outer, _ = make_workspace(mini_kit, tmp_path / "outer")
    inner, _ = make_workspace(mini_kit, tmp_path / "outer" / "course" / DEFAULT)
    assert find_workspace(tmp_path / "outer" / "course") == inner
    assert find_workspace(tmp_path / "outer" / "keys") == outer


def test_reset_puts_the_starter_back_and_keeps_a_copy(mini_kit, made):
    (kata,) = mini_kit.katas
    mine = os.urandom(40)
    made.answer(kata).write_bytes(mine)
    backup = reset(mini_kit, kata, made, NOW)
    assert made.answer(kata).read_bytes() == (mini_kit.starter(kata) / "answer.py").read_bytes()
    assert (backup / "answer.py").read_bytes() == mine


def test_each_reset_keeps_its_own_copy(mini_kit, made):
    (kata,) = mini_kit.katas
    copies = []
    for number in range(3):
        made.answer(kata).write_text(str(number))
        copies.append(reset(mini_kit, kata, made, NOW.replace(microsecond=number)))
    assert [(copy / "answer.py").read_text() for copy in copies] == ["0", "1", "2"]


def test_reset_of_a_deleted_answer_brings_the_starter(mini_kit, made):
    (kata,) = mini_kit.katas
    made.answer(kata).unlink()
    assert reset(mini_kit, kata, made, NOW) is None
    assert made.answer(kata).is_file()


def test_a_reset_that_cannot_keep_a_copy_leaves_the_answer(mini_kit, made):
    (kata,) = mini_kit.katas
    made.answer(kata).write_text("mine")
    (made.root / ".backups").write_text("in the way")
    with pytest.raises(WorkspaceError, match="still there"):
        reset(mini_kit, kata, made, NOW)
    assert made.answer(kata).read_text() == "mine"


def test_a_reset_that_fails_after_the_copy_says_where_the_copy_is(mini_kit, made):
    (kata,) = mini_kit.katas
    made.answer(kata).write_text("mine")
    (mini_kit.starter(kata) / "answer.py").unlink()
    with pytest.raises(WorkspaceError) as refused:
        reset(mini_kit, kata, made, NOW)
    (backup,) = (made.root / ".backups").iterdir()
    assert str(backup) in str(refused.value)
    assert (backup / "answer.py").read_text() == "mine"


def test_an_init_that_breaks_off_leaves_no_half_starter(mini_kit, tmp_path, monkeypatch):
    def broken(source, target):
        raise OSError(28, "No space left on device", target)

    made_before, monkeypatch_target = os.replace, "os.replace"
    monkeypatch.setattr(
        monkeypatch_target,
        lambda source, target: (broken if Path(target).name != NAME else made_before)(source, target),
    )
    with pytest.raises(WorkspaceError):
        make_workspace(mini_kit, tmp_path / "mine")
    monkeypatch.undo()
    workspace, _ = make_workspace(mini_kit, tmp_path / "mine")
    (kata,) = mini_kit.katas
    assert workspace.answer(kata).read_bytes() == (mini_kit.starter(kata) / "answer.py").read_bytes()
    assert not list(workspace.root.rglob(".kata-*"))
