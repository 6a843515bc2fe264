"""`kata quiz`: questions from the list, by hand and from a file; what is explained and what is noted."""

import csv
import io
import json
import random
import subprocess
import sys

import pytest

from kms_katas.study.progress import NAME, Progress
from kms_katas.study.quiz import letters, order_of


@pytest.fixture
def seed():
    return random.randrange(2**31)


@pytest.fixture
def noted(here):
    return lambda: Progress.load(here / "my-katas" / NAME).answered


@pytest.fixture
def right_answers(typing, bank, answer, seed, here):
    """The lines that answer a quiz with this seed, once it was looked through; nothing is noted of that."""

    def found(*words):
        file = here / "my-katas" / NAME
        before = file.read_bytes()
        typing(["a", "ab"] * 20, "quiz", "--seed", seed, *words)
        asked = Progress.load(file).answered
        file.write_bytes(before)
        shown = {
            one.question: letters(bank[one.question].right, order_of(bank[one.question], one.seed)) for one in asked
        }
        out = typing([], "quiz", "--seed", seed, *words)
        assert out.status == 0
        return shown

    return found


def in_order(typing, bank, seed, right, *words):
    """The same answers in the order in which the questions come."""
    lines, asked = [], 0
    while asked < len(right):
        out = typing(lines, "quiz", "--seed", seed, *words).out
        shown = sorted((out.find(one.scenario), name) for name, one in bank.items() if one.scenario in out)
        lines.append(right[shown[asked][1]])
        asked += 1
    return lines


def test_the_list_has_every_question_and_says_how_it_was_last_answered(kata, bank, answer, here):
    progress = here / "my-katas" / NAME
    progress.write_text(
        progress.read_text()
        + "answered grants/q-1 2026-01-01T00:00:00Z 1 1 wrong\nanswered grants/q-1 2026-01-02T00:00:00Z 1 1 right\n"
    )
    listed = json.loads(kata("quiz", "--list", "--format", "json").out)
    assert {entry["id"] for entry in listed["questions"]} == set(bank)
    entry = next(entry for entry in listed["questions"] if entry["id"] == "grants/q-1")
    assert entry["last"] == "right"
    assert [option["right"] for option in entry["options"]] == [option.right for option in bank["grants/q-1"].options]
    assert all(name in kata("quiz", "--list").out for name in bank)


def test_a_topic_and_an_exam_narrow_the_list(kata, bank):
    listed = json.loads(kata("quiz", "Rotation", "--exam", "SCS-C03", "--list", "--format", "json").out)
    assert {entry["id"] for entry in listed["questions"]} == {name for name in bank if name.startswith("rotation/")}
    one = json.loads(kata("quiz", "states/q-3", "--list", "--format", "json").out)
    assert [entry["id"] for entry in one["questions"]] == ["states/q-3"]


def test_the_table_for_programs_of_tables_reads_back(kata, bank):
    rows = list(csv.DictReader(io.StringIO(kata("quiz", "--list", "--format", "csv").out)))
    assert {row["id"] for row in rows} == set(bank)
    for row in rows:
        options = {(option.text, option.right, option.why) for option in bank[row["id"]].options}
        right = row["right"].split()
        assert {(row[f"option_{n}"], str(n) in right, row[f"why_{n}"]) for n in range(1, 5)} == options
        assert row["option_5"] == ""


@pytest.mark.parametrize("words", [["nonsense"], ["--exam", "abc-c01"], ["--format", "json"]])
def test_what_there_is_not_is_told_in_a_sentence(kata, bank, words):
    done = kata("quiz", *words)
    assert done.status == 2
    assert len(done.err.splitlines()) == 1


def test_a_kit_without_questions_says_so(kata):
    done = kata("quiz")
    assert done.status == 2
    assert "no questions" in done.err


def test_right_answers_from_a_file_are_all_right_and_noted_at_once(typing, bank, seed, right_answers, noted):
    right = right_answers("--count", 5)
    assert noted() == ()
    lines = in_order(typing, bank, seed, right, "--count", 5)
    done = typing(lines, "quiz", "--seed", seed, "--count", 5)
    assert done.status == 0
    assert "5 of 5 right" in done.out
    latest = {answer.question: answer for answer in noted()}
    assert set(latest) == set(right)
    for name, answer in latest.items():
        assert answer.right
        assert frozenset(answer.chosen) == bank[name].right


def test_each_option_of_an_answered_question_is_explained_and_none_before(typing, bank, answer):
    before = typing([], "quiz", "states/q-1")
    after = typing(["b"], "quiz", "states/q-1")
    for option in bank["states/q-1"].options:
        assert option.text in before.out
        assert option.why not in before.out
        assert option.why in after.out
    # An id may give the answer away.
    assert "q-1" not in before.out
    assert "states/q-1" in after.out
    assert "docs/learn/states/page.md#part-1" in after.out


def test_a_wrong_answer_gives_status_1_and_is_noted_as_wrong(typing, bank, answer, noted):
    statuses = {typing([letter], "quiz", "states/q-1").status for letter in "abcd" * 6}
    assert statuses == {0, 1}
    assert {one.right for one in noted()} == {True, False}
    assert all(one.right is (frozenset(one.chosen) == bank["states/q-1"].right) for one in noted())


@pytest.mark.parametrize("line", ["", "f", "ab", "9", "\udcff", "?", "what", "\x1b[A"])
def test_what_is_no_answer_is_told_and_asked_again_and_nothing_is_noted(typing, bank, answer, noted, line):
    done = typing([line], "quiz", "states/q-1")
    assert done.out.count("Your answer") == 2
    assert noted() == ()
    assert "\x1b" not in done.out


def test_where_the_input_ends_or_is_left_what_was_answered_is_kept(typing, bank, answer, noted):
    for lines in (["a", "ab"], ["a", "ab", "q"], ["s", "a", "ab"]):
        before = len(noted())
        done = typing(lines, "quiz", "grants")
        assert len(noted()) > before
        assert "not answered" in done.out


def test_without_a_workspace_it_says_that_nothing_is_noted_and_makes_none(typing, bank, here):
    done = typing(["a"], "quiz", "states/q-1")
    assert "nothing is noted" in done.said
    assert list(here.iterdir()) == []


def test_texts_of_a_kit_move_no_cursor(typing, bank, mini_root):
    file = mini_root / "docs" / "questions" / "states.toml"
    file.write_text(file.read_text().replace("happens to", "happens\\u202e\\u009b2J to"))
    done = typing(["a"], "quiz", "states/q-1")
    assert not {"\u202e", "\u009b", "\x1b"} & set(done.out)


@pytest.mark.parametrize("words", [["quiz", "--list"], ["quiz"], ["exam"], ["exam", "scs-c03"], ["review"]])
def test_questions_load_neither_boto3_nor_moto_nor_pytest(mini_root, bank, answer, words):
    script = (
        "import sys\nfrom kms_katas import cli\n"
        "try:\n    cli.main()\nexcept SystemExit as left:\n    assert not left.code, left.code\n"
        "heavy = {'boto3', 'botocore', 'moto', 'pytest', '_pytest', 'cryptography', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    command = [sys.executable, "-c", script, "--kit", str(mini_root), *words]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("verb", ["quiz", "exam", "review"])
def test_the_help_of_questions_fits_a_small_screen(run, monkeypatch, verb):
    monkeypatch.setenv("COLUMNS", "80")
    assert [line for line in run(verb, "--help").out.splitlines() if len(line) > 80] == []
