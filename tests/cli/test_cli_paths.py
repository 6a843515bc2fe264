"""A workspace of one path: its katas alone and in its order, more when asked for, answers given to who comes late."""

import json
import secrets

import pytest

from .conftest import RIGHT, WRONG

ORDER = ["keys/last", "keys/mini", "keys/first"]
PATHS = f"""
schema = "urn:kms-katas:paths:1"
[path.short]
title = "A walk"
minutes = 20
katas = {ORDER}
[path.single]
title = "One"
minutes = 20
katas = ["keys/mini"]
"""


@pytest.fixture
def paths(mini_root):
    """The mini kit with five katas and two paths."""
    for number, name in enumerate(("first", "last", "other", "else"), 2):
        for tree in ("katas", "solutions"):
            for path in sorted((mini_root / tree / "01-keys" / "01-mini").rglob("*")):
                copy = (
                    mini_root
                    / tree
                    / "01-keys"
                    / f"{number:02}-{name}"
                    / path.relative_to(mini_root / tree / "01-keys" / "01-mini")
                )
                if path.is_file():
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_text(path.read_text("utf-8").replace("keys/mini", f"keys/{name}"), "utf-8")
        checks = (mini_root / "tests/graders/01_keys/test_mini.py").read_text("utf-8")
        (mini_root / f"tests/graders/01_keys/test_{name}.py").write_text(checks, "utf-8")
    (mini_root / "katas" / "paths.toml").write_text(PATHS, "utf-8")
    return mini_root


def listed(kata, *words):
    return [entry["id"] for entry in json.loads(kata("list", "--format", "json", *words).out)["katas"]]


def given(kata):
    return [entry["id"] for entry in json.loads(kata("list", "--format", "json").out)["katas"] if entry["given"]]


def answer(here, kata_id):
    return here / "my-katas" / kata_id / "answer.py"


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_holds_the_katas_of_the_path_alone_and_lists_them_in_its_order(paths, kata, here):
    ran = kata("init", "--path", "short")
    assert ran.status == 0
    assert "short" in ran.said and "15 minutes" in ran.said
    assert sorted(path.parent.name for path in here.rglob("answer.py")) == ["first", "last", "mini"]
    assert listed(kata) == ORDER
    assert "0 of 3" in kata().said and "keys/last" in kata().said


def test_the_next_kata_is_that_of_the_path(paths, kata, here):
    kata("init", "--path", "short")
    answer(here, "keys/last").write_text(RIGHT)
    assert "Next: keys/mini" in kata("check", "last").said
    assert "You are at keys/mini" in kata().said


def test_all_means_the_katas_of_the_path(paths, kata, here):
    kata("init", "--path", "single")
    answer(here, "keys/mini").write_text(RIGHT)
    assert kata("check", "--all").status == 0
    said = kata().said
    assert "all of single" in said and "kata init" in said


def test_with_all_of_the_path_done_a_check_of_none_is_of_the_path_alone(paths, kata, here):
    kata("init", "--path", "single")
    answer(here, "keys/mini").write_text(RIGHT)
    kata("check")
    again = kata("check", "--format", "json")
    assert again.status == 0
    assert [verdict["kata"] for verdict in json.loads(again.out)["katas"]] == ["keys/mini"]


def test_init_later_adds_the_rest_behind_it_and_touches_nothing(paths, kata, here):
    kata("init", "--path", "short")
    answer(here, "keys/mini").write_bytes(secrets.token_bytes(30))
    before = files(here)
    assert kata("init").status == 0
    after = files(here)
    assert {name: after[name] for name in before} == before
    assert listed(kata) == [*ORDER, "keys/other", "keys/else"]


def test_another_path_puts_its_katas_first_and_loses_none(paths, kata, here):
    kata("init", "--path", "short")
    kata("init", "--path", "single")
    assert listed(kata) == ["keys/mini", "keys/first", "keys/last"]


def test_a_path_that_this_kit_does_not_have_is_as_none(paths, kata, here):
    kata("init")
    progress = here / "my-katas" / "kata-progress.txt"
    progress.write_text(progress.read_text("utf-8") + "path of-another-kit\n", "utf-8")
    assert len(listed(kata)) == 5
    assert kata().status == 0


def test_who_comes_late_has_the_answers_before_and_they_are_not_passed(paths, kata, here, progress):
    ran = kata("init", "--path", "short", "--from", "first")
    assert ran.status == 0
    assert "keys/last, keys/mini" in ran.said
    for kata_id in ORDER[:2]:
        assert answer(here, kata_id).read_text() == RIGHT
    assert answer(here, "keys/first").read_text() != RIGHT
    assert given(kata) == ORDER[:2]
    assert listed(kata, "--pending") == ORDER
    assert "You are at keys/first" in kata().said
    assert "given, not passed" in kata("list").said


def test_a_kata_beside_the_path_is_told_as_not_there_yet_and_reset_brings_it_unasked(paths, kata, here):
    kata("init", "--path", "short")
    told = kata("brief", "other").said
    assert "Write in" not in told
    assert "kata reset other" in told
    ran = kata("reset", "other")
    assert ran.status == 0
    assert answer(here, "keys/other").read_text() == (paths / "katas/01-keys/04-other/answer.py").read_text()
    assert str(answer(here, "keys/other").relative_to(here)) in ran.said
    assert "Write in" in kata("brief", "other").said


def test_a_given_answer_that_passes_is_not_noted_as_passed(paths, kata, here, progress):
    kata("init", "--path", "short", "--from", "mini")
    ran = kata("check", "last")
    assert ran.status == 0
    assert "kata reset last" in ran.said
    assert "passed keys/last" not in progress()


def test_reset_takes_a_given_answer_back_and_then_it_can_be_passed(paths, kata, here, progress):
    kata("init", "--path", "short", "--from", "mini")
    kata("reset", "last", "--yes")
    assert answer(here, "keys/last").read_text() != RIGHT
    assert given(kata) == []
    answer(here, "keys/last").write_text(RIGHT)
    kata("check", "last")
    assert "passed keys/last" in progress()


def test_an_edited_answer_is_never_written_over_nor_called_given(paths, kata, here, progress):
    kata("init", "--path", "short")
    answer(here, "keys/last").write_text(WRONG)
    ran = kata("init", "--from", "first")
    assert answer(here, "keys/last").read_text() == WRONG
    assert "Left as you wrote it" in ran.said
    assert given(kata) == ["keys/mini"]


def test_what_is_passed_already_stays_passed_and_is_not_given(paths, kata, here):
    kata("init", "--path", "short")
    mine = "# mine\n" + RIGHT
    answer(here, "keys/last").write_text(mine)
    kata("check", "last")
    ran = kata("init", "--from", "first")
    assert answer(here, "keys/last").read_text() == mine
    assert given(kata) == ["keys/mini"]
    assert "Left as you wrote it" not in ran.said


def test_late_twice_changes_no_byte(paths, kata, here):
    kata("init", "--path", "short", "--from", "first")
    before = files(here)
    kata("init", "--from", "first")
    assert files(here) == before


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["--path", "long"], "There are short, single"),
        (["--from", "mini"], "--path"),
        (["--path", "single", "--from", "first"], "not on the path single"),
        (["--path", "short", "--from", "nothing"], "No kata is called"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_made(paths, kata, here, words, sentence):
    ran = kata("init", *words)
    assert ran.status == 2
    assert sentence in ran.said
    assert list(here.iterdir()) == []


def test_a_link_in_place_of_an_answer_is_not_followed_nor_replaced(paths, kata, here):
    kata("init", "--path", "short")
    elsewhere = here / "elsewhere.py"
    elsewhere.write_bytes(answer(here, "keys/last").read_bytes())
    before = elsewhere.read_bytes()
    answer(here, "keys/last").unlink()
    answer(here, "keys/last").symlink_to(elsewhere)
    kata("init", "--from", "mini")
    assert elsewhere.read_bytes() == before
    assert answer(here, "keys/last").is_symlink()
