"""`kata review`: what is due, how long it takes, and that going over it moves it on."""

import json
import random
from datetime import UTC, date, datetime, timedelta

import pytest

from kms_katas.study.progress import NAME, Progress
from kms_katas.study.workspace import Workspace


@pytest.fixture
def with_lines(answer, here):
    """Adds lines to the progress file."""

    def add(*lines):
        with (here / "my-katas" / NAME).open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    return add


def ago(days):
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def items(kata):
    return json.loads(kata("review", "--list", "--format", "json").out)["items"]


def test_who_has_done_nothing_is_told_where_to_begin(kata, bank, answer):
    done = kata("review")
    assert done.status == 0
    assert "kata quiz" in done.out


def test_where_you_stand_names_it_once_a_question_was_answered(kata, bank, answer, with_lines):
    assert "kata review" not in kata().out
    with_lines(f"answered grants/q-1 {ago(3)} 1 1 wrong")
    assert "kata review" in kata().out


def test_it_says_what_is_due_and_how_long_it_takes(kata, bank, with_lines):
    with_lines(
        f"answered grants/q-1 {ago(3)} 1 1 wrong",
        f"answered grants/q-2 {ago(3)} 1 1 wrong",
        f"answered grants/q-3 {ago(0)} 1 1 right",
        f"passed keys/mini {date.today() - timedelta(days=300)}",
    )
    done = kata("review", "--list")
    assert "2 questions and 1 kata, about 7 minutes" in done.out
    assert {(entry["kind"], entry["id"], entry["minutes"]) for entry in items(kata)} == {
        ("question", "grants/q-1", 1),
        ("question", "grants/q-2", 1),
        ("question", "grants/q-3", 1),
        ("kata", "keys/mini", 5),
    }
    assert "grants/q-3" not in done.out


def test_a_question_that_is_gone_over_comes_up_later(typing, kata, bank, with_lines):
    with_lines(f"answered grants/q-1 {ago(3)} 1 1 wrong")
    (before,) = items(kata)
    done = typing([random.choice("abcd")], "review")
    assert "Question 1 of 1" in done.out
    (after,) = items(kata)
    assert after["due"] > before["due"]
    assert "Nothing is due today" in kata("review").out


def test_the_input_that_ends_leaves_the_rest_due(typing, kata, bank, with_lines):
    with_lines(*(f"answered grants/q-{n} {ago(n)} 1 1 wrong" for n in (1, 3, 4)))
    done = typing(["a"], "review")
    assert "2 questions left" in done.said
    assert "Due today: 2 questions" in kata("review", "--list").out


def test_no_more_are_asked_than_one_wants_and_the_longest_due_first(typing, bank, with_lines):
    with_lines(*(f"answered grants/q-{n} {ago(n + 1)} 1 1 wrong" for n in (1, 3, 4)))
    done = typing(["a"], "review", "--count", 1)
    assert "Question 1 of 1" in done.out
    assert "this was  grants/q-4" in done.out


def test_a_kata_that_is_due_is_solved_again_and_a_pass_without_that_moves_nothing(kata, bank, answer, with_lines, here):
    with_lines(f"passed keys/mini {date.today() - timedelta(days=300)}")
    assert "kata reset keys/mini" in kata("review").out
    (before,) = items(kata)
    answer.write_text('def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n')
    solved = answer.read_text()
    assert kata("check", "keys/mini").status == 0
    assert items(kata) == [before]
    assert kata("reset", "keys/mini", "--yes").status == 0
    assert items(kata) == [before]
    answer.write_text(solved)
    assert kata("check", "keys/mini").status == 0
    (after,) = items(kata)
    assert after["due"] > before["due"]
    assert Workspace(here / "my-katas").progress().passed("keys/mini")


def test_a_kata_that_was_never_passed_is_not_begun_again(kata, bank, answer):
    kata("reset", "keys/mini", "--yes")
    assert not any(line.startswith("begun") for line in Progress.load(answer.parents[2] / NAME).lines)
