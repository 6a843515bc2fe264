"""`kata check`: which answer, what a learner sees of it, what it leaves behind."""

import json
import os
import time

import jsonschema
import pytest

from kms_katas.kit.verdict import SCHEMA_FILE

from .conftest import RIGHT, WRONG


def report(ran):
    assert ran.out, ran.err
    data = json.loads(ran.out)
    jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text("utf-8"))).validate(data)
    return data


def test_an_untouched_starter_shows_its_brief_and_task_1_and_no_failure(kata, answer):
    ran = kata("check")
    assert ran.status == 1
    for shown in ("A story.", "Open it", "TODO 1", "my-katas/keys/mini/answer.py"):
        assert shown in ran.said
    for wall in ("came back", "KMS calls", "0 of"):
        assert wall not in ran.said


def test_task_2_of_an_untouched_starter_waits(kata, answer, mini_root):
    brief = mini_root / "katas" / "01-keys" / "01-mini" / "README.md"
    brief.write_text(brief.read_text() + "\n## 2. Later\n\nMuch later.\n")
    assert "later" not in kata("check").said.lower()


def test_a_wrong_answer_shows_all_five_facts_and_one_next_step(kata, answer):
    answer.write_text(WRONG)
    ran = kata("check")
    assert ran.status == 1
    for shown in ("called open_it(", "came back b'", "expected the secret", "KMS calls none", "next Ask KMS."):
        assert shown in ran.said
    assert "hint mini" in ran.said


def test_the_kms_calls_of_a_wrong_answer_are_shown(kata, answer):
    answer.write_text(RIGHT.rstrip() + "[::-1]\n")
    assert "Decrypt → ok" in kata("check").said


def test_an_exception_is_shown_with_its_line(kata, answer):
    answer.write_text("def open_it(kms, blob):\n    number = 1\n    return number / 0\n")
    said = kata("check").said
    assert "ZeroDivisionError" in said
    assert "line 3 of my-katas/keys/mini/answer.py: return number / 0" in said
    assert "Traceback" not in said


def test_a_pass_says_why_and_what_comes_next_and_is_noted(kata, answer, progress):
    answer.write_text(RIGHT)
    ran = kata("check")
    assert ran.status == 0
    assert "3 of 3" in ran.said
    assert "Because." in ran.said
    assert "every kata there is" in ran.said
    assert "passed keys/mini" in progress()


def test_the_next_kata_is_offered_after_a_pass(second, kata, answer):
    answer.write_text(RIGHT)
    said = kata("check", "mini").said
    assert "keys/mini passed, 3 of 3 points. Next: envelope/more, The next one" in said
    assert "kata brief more" in said


def test_a_pass_that_cannot_be_noted_is_shown_all_the_same(kata, answer, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    answer.write_text(RIGHT)
    monkeypatch.setattr(os, "fsync", full)
    ran = kata("check")
    assert ran.status == 0
    assert "3 of 3" in ran.out
    assert "every kata there is" in ran.said
    assert "No space left" in ran.err


def test_a_second_pass_keeps_the_first_note(kata, answer, progress):
    answer.write_text(RIGHT)
    kata("check")
    before = progress()
    assert kata("check", "mini").status == 0
    assert progress() == before


def test_a_fail_after_a_pass_takes_nothing_back(kata, answer, progress):
    answer.write_text(RIGHT)
    kata("check")
    answer.write_text(WRONG)
    assert kata("check", "mini").status == 1
    assert "passed keys/mini" in progress()


@pytest.fixture
def second(mini_root):
    """A second kata beside keys/mini, with the same checks."""
    folder = mini_root / "katas" / "02-envelope" / "01-more"
    folder.mkdir(parents=True)
    for path in (mini_root / "katas" / "01-keys" / "01-mini").iterdir():
        text = path.read_text().replace("keys/mini", "envelope/more").replace("A mini kata", "The next one")
        (folder / path.name).write_text(text)
    checks = mini_root / "tests" / "graders" / "02_envelope" / "test_more.py"
    checks.parent.mkdir()
    checks.write_text((mini_root / "tests" / "graders" / "01_keys" / "test_mini.py").read_text())


@pytest.fixture
def edit(here):
    """Writes an answer as if it were done so many seconds from now."""

    def edit_it(kata_id, source, seconds):
        path = here / "my-katas" / kata_id / "answer.py"
        path.write_text(source)
        os.utime(path, (time.time() + seconds, time.time() + seconds))

    return edit_it


def checked(ran):
    return [entry["kata"] for entry in report(ran)["katas"]]


def test_the_kata_edited_last_is_checked(second, kata, answer, edit):
    edit("keys/mini", WRONG, -10)
    edit("envelope/more", WRONG, -5)
    assert checked(kata("check", "--format", "json")) == ["envelope/more"]
    edit("keys/mini", WRONG, -1)
    assert checked(kata("check", "--format", "json")) == ["keys/mini"]


def test_after_a_pass_the_next_kata_is_checked(second, kata, answer, edit):
    edit("keys/mini", RIGHT, -10)
    kata("check")
    assert checked(kata("check", "--format", "json")) == ["envelope/more"]


def test_a_passed_kata_that_is_edited_again_is_checked_again(second, kata, answer, edit):
    edit("keys/mini", RIGHT, -10)
    kata("check")
    edit("keys/mini", WRONG, 10)
    assert checked(kata("check", "--format", "json")) == ["keys/mini"]


@pytest.mark.parametrize("word", ["keys/mini", "mini", "my-katas/keys/mini/answer.py", "my-katas/keys/mini"])
def test_a_kata_is_named_by_id_part_or_path(kata, answer, word):
    answer.write_text(RIGHT)
    assert kata("check", word).status == 0


@pytest.mark.parametrize("word", ["answer.py", ".", "mini", None])
def test_from_inside_its_folder_a_kata_is_checked_by_any_of_its_names(kata, answer, word, monkeypatch):
    answer.write_text(RIGHT)
    monkeypatch.chdir(answer.parent)
    assert kata("check", *filter(None, [word])).status == 0


def test_a_path_to_a_deleted_answer_says_that_it_is_not_there(kata, answer):
    answer.unlink()
    ran = kata("check", answer)
    assert ran.status == 1
    assert "answer.py is not there" in ran.said


def test_a_path_into_another_tree_checks_that_tree_and_notes_nothing(kata, answer, progress, write_answer):
    other = write_answer(RIGHT)
    answer.write_text(WRONG)
    assert kata("check", other / "keys" / "mini" / "answer.py").status == 0
    assert "passed" not in progress()


def test_paths_into_two_trees_are_refused(second, kata, answer, here, write_answer):
    ran = kata("check", write_answer(RIGHT) / "keys" / "mini" / "answer.py", here / "my-katas" / "envelope" / "more")
    assert ran.status == 2
    assert "one folder at a time" in ran.said


@pytest.mark.parametrize("tree", ["solutions", "katas"])
def test_the_kits_own_trees_go_by_name_from_anywhere(kata, here, tree):
    assert kata("check", "--answers", tree).status == (tree != "solutions")


@pytest.mark.parametrize("tree", ["solutions", "katas"])
def test_answers_names_any_tree_shaped_like_katas(kata, mini_root, tree):
    ran = kata("check", "--answers", mini_root / tree, "--format", "json")
    assert [entry["status"] == "pass" for entry in report(ran)["katas"]] == [tree == "solutions"]
    assert ran.status == (tree != "solutions")


def test_the_file_to_open_lies_in_the_tree_that_was_checked(kata, mini_root):
    assert str(mini_root / "katas/01-keys/01-mini/answer.py") in kata("check", "--answers", mini_root / "katas").out


@pytest.mark.parametrize(
    "source, status",
    [
        (RIGHT, "pass"),
        (WRONG, "fail"),
        ("def open_it(:\n", "error"),
        ("import os\nos._exit(0)\n", "error"),
        ("print('x' * 3_000_000)\n", "error"),
        (None, "error"),
    ],
)
def test_json_fits_the_published_schema_for_every_kind_of_answer(kata, answer, source, status):
    answer.unlink() if source is None else answer.write_text(source)
    ran = kata("check", "--format", "json")
    (entry,) = report(ran)["katas"]
    assert entry["status"] == status
    assert entry["score"] == sum(check["points"] for check in entry["checks"])
    assert ran.status == (status != "pass")
    assert ran.err == ""


def test_an_endless_loop_is_a_timeout_told_in_words(kata, answer, monkeypatch):
    monkeypatch.setattr("kms_katas.grading.run.CHECK_SECONDS", 0.3)
    answer.write_text("while True:\n    pass\n")
    ran = kata("check", "--format", "json")
    (entry,) = report(ran)["katas"]
    assert entry["status"] == "timeout"
    assert "loop" in entry["checks"][0]["message"]


def test_a_hidden_check_gives_away_nothing(kata, answer, mini_root):
    checks = mini_root / "tests" / "graders" / "01_keys" / "test_mini.py"
    text = checks.read_text().replace("@pytest.mark.points(2)", "@pytest.mark.points(2)\n@pytest.mark.hidden")
    checks.write_text(text.replace("That is not the secret.", "s3cr3t reason"))
    answer.write_text(WRONG + "\nprint('printed')\n")
    hidden = report(kata("check", "--format", "json"))["katas"][0]["checks"][0]
    assert set(hidden) == {"check", "title", "task", "status", "points", "max_points", "hidden"}
    shown = kata("check").said
    assert "The secret comes back." in shown
    assert "s3cr3t" not in shown


def test_the_seed_repeats_a_verdict(kata, answer):
    answer.write_text(WRONG)
    verdicts = [report(kata("check", "--format", "json", "--seed", seed))["katas"][0] for seed in (41, 41, 42)]
    for verdict in verdicts:
        verdict["seconds"] = 0
        for check in verdict["checks"]:
            check["seconds"] = 0
    assert verdicts[0] == verdicts[1]
    assert verdicts[0]["checks"][0]["actual"] != verdicts[2]["checks"][0]["actual"]


def test_the_line_that_a_failure_offers_repeats_it(kata, answer):
    answer.write_text(WRONG)
    first = kata("check").out
    line = next(line for line in first.splitlines() if "--seed" in line)
    assert kata(*line[line.index("kata ") :].split()[1:]).out == first


@pytest.mark.parametrize("format", ["json", "text"])
def test_output_goes_to_the_file_and_nowhere_else(kata, answer, here, format):
    answer.write_text(WRONG)
    there = kata("check", "--seed", "3", "--format", format, "--output", here / "report")
    assert (there.status, there.out) == (1, "")
    written = (here / "report").read_text("utf-8")
    if format == "json":
        assert json.loads(written)["katas"][0]["status"] == "fail"
    else:
        assert written == kata("check", "--seed", "3").out


def test_an_output_that_cannot_be_written_is_told_before_the_grading(kata, answer, here, monkeypatch):
    monkeypatch.setattr("kms_katas.cli.check.grade", lambda *_: pytest.fail("it was graded"))
    ran = kata("check", "--output", here / "nowhere" / "report")
    assert ran.status == 2
    assert "nowhere" in ran.err


def test_nothing_an_answer_says_acts_on_the_terminal(kata, answer):
    answer.write_text(
        "print('\\x1b[2J printed \\x07')\n"
        "def open_it(kms, blob):\n    raise type('E\\x1b[31m', (Exception,), {})('\\x1b]0;said\\x07 \\x9b2J \\u202e')\n"
    )
    ran = kata("check")
    assert "printed" in ran.out and "said" in ran.out
    assert all(character == "\n" or character.isprintable() for character in ran.out + ran.err)


@pytest.mark.parametrize(
    "content, told",
    [
        (b"def open_it(kms, blob)\n    pass\n", "line 1"),
        (b"# caf\xe9\n", "Save the file as UTF-8"),
        (b"", "no function `open_it`"),
        (b"\0", "answer.py"),
    ],
)
def test_a_file_that_cannot_run_is_told_in_a_sentence_once(kata, answer, content, told):
    answer.write_bytes(content)
    ran = kata("check")
    assert ran.status == 1
    assert told in ran.said
    assert "the same reason" in ran.said
    assert "Traceback" not in ran.said


@pytest.mark.parametrize(
    "content",
    [
        RIGHT.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + RIGHT.encode(),
        b"# coding: latin-1\n# \xe9\n" + RIGHT.encode(),
    ],
)
def test_line_ends_byte_order_mark_and_a_named_coding_do_no_harm(kata, answer, content):
    answer.write_bytes(content)
    assert kata("check").status == 0


def test_all_checks_every_kata_and_counts(second, kata, answer):
    answer.write_text(RIGHT)
    assert checked(kata("check", "--all", "--format", "json")) == ["keys/mini", "envelope/more"]
    ran = kata("check", "--all")
    assert ran.status == 1
    assert "1 of 2 katas passed, 3 of 6 points" in ran.said
