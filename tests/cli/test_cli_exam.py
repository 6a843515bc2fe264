"""`kata exam`: what is typed is kept, nothing is said before the end, and the end says where to go on."""

import json
import random

import pytest

from kms_katas.study.progress import NAME, Progress
from kms_katas.study.quiz import letters, order_of
from kms_katas.study.sitting import sittings


@pytest.fixture
def progress_file(here):
    return here / "my-katas" / NAME


@pytest.fixture
def sat(progress_file):
    """The exams in the progress file."""
    return lambda: sittings(Progress.load(progress_file))


@pytest.fixture
def begun(typing, bank, answer, sat):
    """An exam of eight questions that was begun and left at once."""
    assert typing(["q"], "exam", "scs-c03", "--count", 8).status == 0
    return sat()[0]


def right_letters(one, bank):
    question = bank[one.question]
    return letters(question.right, order_of(question, one.seed))


def wrong_letters(one, bank):
    question = bank[one.question]
    wrong = random.sample(sorted(set(range(4)) - question.right), len(question.right))
    return letters(wrong, order_of(question, one.seed))


def test_it_draws_by_weight_and_notes_all_that_it_asks_before_the_first_answer(begun, bank):
    assert len({one.question for one in begun.asked}) == 8
    assert sorted(one.task for one in begun.asked) == ["4.2"] * 4 + ["5.3"] * 4
    assert begun.minutes == 21  # 170 minutes for 65 questions
    assert begun.done is None


def test_left_and_begun_again_it_goes_on_with_the_same_questions_and_answers(typing, bank, begun, sat):
    first = begun.asked[0]
    typing([right_letters(first, bank)], "exam", "scs-c03")
    done = typing([], "exam", "SCS-C03")
    (now,) = sat()
    assert now.asked == begun.asked
    assert now.chosen == {1: bank[first.question].right}
    assert "1 of 8 questions answered" in done.out
    assert "Question 2 of 8" in done.out


def test_nothing_tells_right_from_wrong_before_the_end(typing, bank, begun):
    shown = []
    for answers in (right_letters, wrong_letters):
        done = typing([answers(one, bank) for one in begun.asked], "exam", "scs-c03")
        assert not any(option.why in done.out for question in bank.values() for option in question.options)
        shown.append(done.out.count("Question "))
        typing(["g 1", *(["-", "n"] * 8)], "exam", "scs-c03")
    assert shown[0] == shown[1]


def test_the_result_counts_each_domain_and_task_and_says_what_to_read(typing, bank, begun, sat):
    missed = random.choice(begun.asked)
    lines = [(wrong_letters if one == missed else right_letters)(one, bank) for one in begun.asked]
    done = typing([*lines, "end"], "exam", "scs-c03")
    assert "7 of 8" in done.out
    (now,) = sat()
    assert now.done
    record = json.loads(typing([], "exam", now.id, "--show", "--format", "json").out)
    assert (record["right"], record["of"]) == (7, 8)
    assert {entry["task"]: entry["right"] for entry in record["tasks"]} == {
        f"scs-c03 {task}": 3 if task == missed.task else 4 for task in ("4.2", "5.3")
    }
    assert [entry["number"] for entry in record["questions"] if not entry["right"]] == [missed.number]
    assert f"docs/{bank[missed.question].notes[0]}" in done.out
    assert ("brief keys/mini" in done.out) is (missed.task == "5.3")
    assert "second hand" in done.said
    assert "Somebody doubts it." in done.said


def test_one_that_is_over_is_shown_again_with_every_reason(typing, bank, begun):
    typing([*(wrong_letters(one, bank) for one in begun.asked), "end"], "exam", "scs-c03")
    for words in (["scs-c03", "--show"], [begun.id]):
        done = typing([], "exam", *words)
        assert done.status == 0
        for one in begun.asked:
            assert all(option.why in done.out for option in bank[one.question].options)


def test_one_may_go_back_and_the_last_answer_counts(typing, bank, begun, sat):
    first, second = begun.asked[:2]
    lines = [wrong_letters(first, bank), wrong_letters(second, bank), "p", right_letters(second, bank)]
    typing([*lines, "g 1", right_letters(first, bank)], "exam", "scs-c03")
    assert sat()[0].chosen == {1: bank[first.question].right, 2: bank[second.question].right}
    typing(["g 2", "-"], "exam", "scs-c03")
    assert sat()[0].unanswered == (2, 3, 4, 5, 6, 7, 8)


def test_flags_stay_until_they_are_taken_off(typing, bank, begun, sat):
    typing(["f", "g 5", "f"], "exam", "scs-c03")
    assert sat()[0].flagged == {1, 5}
    assert "5 - flag" in typing(["f", "l"], "exam", "scs-c03").out
    assert sat()[0].flagged == {5}


def test_an_end_with_open_questions_is_asked_for_twice(typing, bank, begun, sat, progress_file):
    typing(["end", "n", "end", "q"], "exam", "scs-c03")
    assert sat()[0].done is None
    typing(["end", "end"], "exam", "scs-c03")
    assert sat()[0].done
    assert len(Progress.load(progress_file).answered) == 8


def test_one_of_which_nothing_is_left_stands_in_the_way_of_no_other(typing, bank, answer, progress_file, sat):
    with progress_file.open("a") as file:
        file.write("exam 0badcafe scs-c03 2026-01-02T03:04:05Z 5\nexam-question 0badcafe 1 5.3 rotation/gone 7\n")
    assert typing([], "exam", "scs-c03", "--count", 3).status == 0
    assert [len(one.asked) for one in sat()] == [1, 3]
    assert typing([], "exam", "0badcafe").status == 2


@pytest.mark.parametrize("line", ["zz", "g 9", "g 0", "abc", "\udcff", "exam", "?"])
def test_what_is_no_answer_changes_nothing(typing, bank, begun, progress_file, line):
    before = [text for text in progress_file.read_text().splitlines() if "clock" not in text]
    assert typing([line], "exam", "scs-c03").status == 0
    assert [text for text in progress_file.read_text().splitlines() if "clock" not in text] == before


def test_when_its_time_is_over_it_ends_and_a_later_answer_does_not_count(typing, bank, begun, progress_file, sat):
    with progress_file.open("a") as file:
        file.write(f"exam-clock {begun.id} {begun.minutes * 60}\n")
    done = typing([right_letters(begun.asked[0], bank)], "exam", "scs-c03")
    assert "time is over" in done.out
    assert sat()[0].chosen == {}
    assert sat()[0].done


@pytest.mark.parametrize(
    "words",
    [["abc-c01"], ["sap-c02"], ["scs-c03", "--show"], ["scs-c03", "--format", "json"], ["--count", "3"], ["--show"]],
)
def test_what_cannot_be_sat_or_shown_is_told_in_a_sentence(kata, bank, answer, words):
    done = kata("exam", *words)
    assert done.status == 2
    assert len(done.err.splitlines()) == 1


def test_a_new_length_is_not_forced_upon_one_that_goes_on(kata, begun):
    done = kata("exam", "scs-c03", "--count", 3)
    assert done.status == 2
    assert "goes on with it" in done.err


def test_without_a_workspace_none_begins(kata, bank, here):
    assert kata("exam", "scs-c03").status == 2
    assert list(here.iterdir()) == []


def test_the_list_names_exams_and_those_one_sat(typing, kata, begun):
    typing(["end", "end"], "exam", "scs-c03")
    text = kata("exam").out
    assert begun.id in text
    assert "0 of 8" in text
    listed = json.loads(kata("exam", "--format", "json").out)
    assert [entry["code"] for entry in listed["exams"]] == ["scs-c03"]
    assert [(entry["id"], entry["over"]) for entry in listed["sat"]] == [(begun.id, True)]


def test_a_question_that_left_the_kit_does_not_stop_an_exam(typing, bank, begun, mini_root, progress_file):
    gone = begun.asked[0]
    topic = gone.question.split("/")[0]
    file = mini_root / "docs" / "questions" / f"{topic}.toml"
    file.write_text(file.read_text().replace(f'"{gone.question}"', f'"{topic}/renamed"'))
    done = typing(["end", "end"], "exam", "scs-c03")
    assert "0 of 7" in done.out
    assert "1 question that it asked is no longer in this kit, and does not count." in done.said
    answered = {answer.question for answer in Progress.load(progress_file).answered}
    assert answered == {one.question for one in begun.asked} - {gone.question}
    assert typing([], "exam", begun.id).status == 0


def test_an_option_that_left_the_kit_counts_as_no_answer(typing, bank, begun, progress_file):
    with progress_file.open("a") as file:
        file.write(f"exam-answer {begun.id} 1 5 9\n")
    done = typing(["l"], "exam", "scs-c03")
    assert "0 of 8 questions answered" in done.out
    assert "8 not answered" in done.out
    assert "Your answer so far" not in done.out


def test_what_it_says_after_the_last_question_names_one_that_there_is(typing, bank, begun):
    assert "`g 1` goes to question 1" in typing([""] * 8, "exam", "scs-c03").out
