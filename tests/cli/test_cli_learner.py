"""What a learner does besides checking: begin, read, take hints, see the solution, start over."""

import json
import os
import secrets
import subprocess
import sys

import pytest

from .conftest import RIGHT, WRONG


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_alone_in_an_empty_folder_it_says_how_to_begin_and_makes_nothing(kata, here):
    ran = kata()
    assert ran.status == 0
    assert "kata start" in ran.said
    assert list(here.iterdir()) == []


def test_alone_in_a_workspace_it_says_where_the_learner_is_and_what_to_type(kata, answer):
    said = kata().said
    for shown in (
        "0 of 1",
        "keys/mini",
        "kata brief mini",
        "kata check mini",
        "kata hint mini",
        "my-katas/keys/mini/answer.py",
    ):
        assert shown in said


def test_alone_after_the_last_pass_it_says_so(kata, answer):
    answer.write_text(RIGHT)
    kata("check")
    assert "every kata there is" in kata().said


def test_the_words_to_type_are_those_of_who_came_through_the_launcher(kata, answer, monkeypatch):
    monkeypatch.setenv("KATA_COMMAND", "python3 kata.py")
    assert "python3 kata.py check mini" in kata().said


def test_so_are_those_in_a_refusal(kata, answer, monkeypatch):
    monkeypatch.setenv("KATA_COMMAND", "python3 kata.py")
    assert "`python3 kata.py list`" in kata("check", f"no-{secrets.token_hex(4)}").err


def test_start_grades_the_first_starter_for_real(kata, here):
    ran = kata("start")
    assert ran.status == 0
    for shown in ("came back", "KMS calls", "no AWS account", "no network", "no bill", "credentials are not read"):
        assert shown in ran.said
    assert "my-katas/keys/mini/answer.py" in ran.said
    assert "kata check mini" in [line.strip() for line in ran.out.rstrip().splitlines()[-3:]]


def test_start_again_touches_no_answer(kata, here, answer):
    answer.write_text(WRONG)
    kata("start")
    assert answer.read_text() == WRONG


def test_start_with_a_right_answer_notes_the_pass(kata, answer, progress):
    answer.write_text(RIGHT)
    assert kata("start").status == 0
    assert "passed keys/mini" in progress()


def test_init_twice_never_touches_an_edited_file(kata, here, answer):
    answer.write_bytes(os.urandom(30))
    (answer.parent / "notes.txt").write_text("mine")
    before = files(here)
    assert kata("init").status == 0
    assert files(here) == before


def test_init_makes_a_workspace_where_it_is_told(kata, here):
    kata("init", here / "deep" / "er")
    assert (here / "deep" / "er" / "keys" / "mini" / "answer.py").is_file()


def test_init_inside_a_workspace_adds_to_that_one(kata, here, answer, monkeypatch):
    before = set(files(here))
    answer.unlink()
    monkeypatch.chdir(answer.parent)
    assert kata("init").status == 0
    assert set(files(here)) == before
    monkeypatch.chdir(here / "my-katas")
    assert "0 new katas here." in kata("init").said and "katas passed here" in kata().said


def test_list_marks_what_is_passed(kata, answer):
    def passed():
        return json.loads(kata("list", "--format", "json").out)["katas"][0]["passed"]

    assert passed() is False
    answer.write_text(RIGHT)
    kata("check")
    assert passed() is True
    assert "keys/mini" not in kata("list", "--pending").said


@pytest.mark.parametrize(
    "words, fits",
    [
        (["--track", "keys"], True),
        (["--track", "envelope"], False),
        (["--level", "1"], True),
        (["--level", "2"], False),
        (["--exam", "scs-c03"], True),
        (["--exam", "CLF-C02"], False),
        (["--track", "keys", "--level", "2"], False),
    ],
)
def test_list_narrows_by_track_level_and_exam(kata, words, fits):
    assert bool(json.loads(kata("list", *words, "--format", "json").out)["katas"]) is fits


def test_brief_shows_all_of_it_and_where_to_write(kata, answer):
    said = kata("brief").said
    assert "A story." in said and "Do it." in said
    assert "my-katas/keys/mini/answer.py" in said


def test_hints_come_tier_by_tier_and_the_last_stays(kata, answer, progress):
    said = [kata("hint", "mini").said for _ in range(3)]
    assert ["Vague." in text for text in said] == [True, False, False]
    assert ["Direct." in text for text in said] == [False, True, True]
    assert "hint keys/mini 1 2" in progress()


def test_hints_move_on_to_the_next_task_when_one_is_used_up(kata, answer, mini_root):
    toml = mini_root / "katas" / "01-keys" / "01-mini" / "kata.toml"
    toml.write_text(toml.read_text() + '[[task]]\ntitle = "More"\nhints = ["Third.", "Fourth."]\n')
    assert ["Third." in kata("hint").said for _ in range(3)] == [False, False, True]
    assert "Fourth." in kata("hint", "--task", "2").said
    assert "Direct." in kata("hint", "--task", "1").said


def test_the_line_that_a_hint_offers_stays_at_the_task_that_was_named(kata, answer, mini_root):
    toml = mini_root / "katas" / "01-keys" / "01-mini" / "kata.toml"
    toml.write_text(toml.read_text() + '[[task]]\ntitle = "More"\nhints = ["Third.", "Fourth."]\n')
    assert "hint mini --task 2" in kata("hint", "--task", "2").said


def test_a_hint_for_a_task_that_is_not_there_is_refused(kata, answer, progress):
    ran = kata("hint", "--task", "7")
    assert ran.status == 2
    assert "task 7" in ran.err
    assert "hint" not in progress()


def test_the_solution_waits_for_a_pass(kata, answer, progress):
    ran = kata("solution")
    assert ran.status == 1
    assert "CiphertextBlob" not in ran.out
    assert "--anyway" in ran.said
    assert "solution" not in progress()


def test_the_solution_anyway_is_shown_and_noted(kata, answer, progress):
    ran = kata("solution", "--anyway")
    assert ran.status == 0
    assert 'kms.decrypt(CiphertextBlob=blob)["Plaintext"]' in ran.out
    assert "solution keys/mini" in progress()


def test_the_solution_after_a_pass_is_shown_and_not_noted(kata, answer, progress):
    answer.write_text(RIGHT)
    kata("check")
    ran = kata("solution", "mini")
    assert ran.status == 0
    assert "CiphertextBlob" in ran.out
    assert "solution" not in progress()


def test_no_solution_is_shown_that_could_not_be_noted(kata, answer, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    ran = kata("solution", "--anyway")
    assert ran.status == 2
    assert "CiphertextBlob" not in ran.out


def test_reset_without_anybody_to_ask_does_nothing(kata, answer):
    answer.write_text(WRONG)
    ran = kata("reset", "mini")
    assert ran.status == 2
    assert "--yes" in ran.err
    assert answer.read_text() == WRONG


def test_reset_restores_the_starter_and_says_where_the_copy_is(kata, here, answer):
    starter = answer.read_text()
    answer.write_text(WRONG)
    ran = kata("reset", "mini", "--yes")
    assert ran.status == 0
    assert answer.read_text() == starter
    (kept,) = (here / "my-katas" / ".backups").rglob("answer.py")
    assert kept.read_text() == WRONG
    assert str(kept.parent.relative_to(here)) in "".join(ran.out.split())


@pytest.mark.parametrize("words", [["check"], ["reset"], ["solution"], ["try"], ["check", "mini"]])
def test_without_a_workspace_it_says_how_to_get_one(kata, here, words):
    ran = kata(*words)
    assert ran.status == 2
    assert "kata init" in ran.said
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("words", [["brief"], ["hint"], ["list"], ["brief", "mini"]])
def test_reading_needs_no_workspace(kata, here, words):
    assert kata(*words).status == 0
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["chek"],
        ["check", "nothing-like-it"],
        ["check", "--sede", "1"],
        ["check", "--seed", "x"],
        ["check", "--seed", "-1"],
        ["check", "--format", "xml"],
        ["list", "--format", "xml"],
        ["check", "--answers", "nowhere"],
        ["check", "mini", "--all"],
        ["check", "elsewhere/keys/mini/answer.py"],
        ["hint", "mini", "extra"],
        ["dev", "check", "nothing-like-it"],
    ],
)
def test_a_wrong_use_is_told_in_a_few_words_with_status_2(kata, answer, words):
    ran = kata(*words)
    assert ran.status == 2
    assert ran.err.strip()
    assert len(ran.err.splitlines()) <= 4
    assert "Traceback" not in ran.err


def test_a_folder_that_is_no_kit_has_status_2(run, here):
    ran = run("--kit", here, "list")
    assert ran.status == 2
    assert str(here) in ran.err


def test_a_broken_kit_has_status_3_and_points_to_dev_check(kata, mini_root):
    (mini_root / "katas" / "01-keys" / "01-mini" / "kata.toml").write_text("=")
    ran = kata("list")
    assert ran.status == 3
    assert "kata dev check" in ran.err


def test_checks_that_cannot_be_loaded_have_status_3_and_judge_nobody(kata, answer, mini_root, progress):
    (mini_root / "tests" / "graders" / "01_keys" / "test_mini.py").write_text("import nothing_of_the_kind\n")
    ran = kata("check")
    assert ran.status == 3
    assert "not judged" in ran.err
    assert "passed" not in progress()


def test_a_fault_of_the_kit_itself_is_one_sentence_with_status_3(kata, answer, monkeypatch):
    def broken(*_):
        raise RuntimeError("something inside")

    monkeypatch.setattr("kms_katas.cli.check.grade", broken)
    ran = kata("check")
    assert ran.status == 3
    assert "something inside" in ran.err
    assert "Traceback" not in ran.err


def test_a_newer_progress_file_is_refused_by_every_command_and_left_alone(kata, answer, here):
    path = here / "my-katas" / "kata-progress.txt"
    path.write_text("kms-katas-progress 2\n")
    for words in ([], ["list"], ["check"], ["hint"], ["solution", "--anyway"]):
        ran = kata(*words)
        assert ran.status == 2
        assert "newer version" in ran.err
    assert path.read_text() == "kms-katas-progress 2\n"


def test_version_and_help_are_there(run):
    assert run("--version").out.startswith("kms-katas ")
    help_text = run("--help").out
    for verb in ("start", "init", "list", "brief", "check", "hint", "solution", "reset", "try", "dev"):
        assert f"\n  {verb} " in help_text


@pytest.mark.parametrize("words", [[], *([verb] for verb in ("init", "list", "check", "grade", "watch", "notebook"))])
def test_no_help_is_wider_than_a_small_screen(run, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "80")
    assert [line for line in run(*words, "--help").out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("words", [["list"], ["hint"], ["brief"], []])
def test_reading_loads_neither_boto3_nor_moto_nor_pytest(mini_root, here, words):
    script = (
        "import sys\nfrom kms_katas import cli\n"
        "try:\n    cli.main()\nexcept SystemExit as left:\n    assert not left.code, left.code\n"
        "heavy = {'boto3', 'botocore', 'moto', 'pytest', '_pytest', 'cryptography'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    command = [sys.executable, "-c", script, "--kit", str(mini_root), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
