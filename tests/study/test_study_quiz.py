"""Which questions come next, how their options are shuffled, and what a typed answer means."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.study.progress import Answered
from kms_katas.study.quiz import LETTERS, is_right, letters, next_questions, order_of, typed

from .drawn_banks import question

seeds = st.integers(0, 2**31 - 1)
orders = st.integers(4, 5).flatmap(lambda many: st.permutations(range(many)))
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@given(seeds, st.integers(4, 5))
def test_shuffled_options_are_all_there_and_the_seed_tells_their_order(seed, many):
    one = question("a", options=many)
    assert sorted(order_of(one, seed)) == list(range(many))
    assert order_of(one, seed) == order_of(one, seed)


def test_every_option_comes_first_with_some_seed():
    assert {order_of(question("a"), seed)[0] for seed in range(100)} == {0, 1, 2, 3}


@given(orders, st.data())
def test_letters_and_numbers_with_anything_between_mean_the_same_options(order, data):
    chosen = data.draw(st.sets(st.sampled_from(order), min_size=1))
    marks = [(LETTERS.upper(), LETTERS, "12345")[data.draw(st.integers(0, 2))][order.index(one)] for one in chosen]
    between = data.draw(st.sampled_from(["", " ", ", ", ",", " and ", "; "]))
    assert typed(between.join(marks), order) == chosen


@given(orders, st.data())
def test_what_is_shown_as_the_answer_can_be_typed(order, data):
    chosen = data.draw(st.sets(st.sampled_from(order), min_size=1))
    assert typed(letters(chosen, order), order) == chosen


@given(orders, st.text(max_size=5))
def test_anything_else_is_no_answer(order, text):
    allowed = set(LETTERS[: len(order)] + LETTERS[: len(order)].upper() + "12345"[: len(order)] + " ,;")
    if typed(text, order) is None:
        return
    assert set("".join(text.split())) <= allowed | set("and")


@pytest.mark.parametrize("text", ["", " ", ",", "f", "0", "6", "-", "a?", "e", "5", "İ"])
def test_what_is_no_option_of_four_is_no_answer(text):
    assert typed(text, (2, 0, 3, 1)) is None


@given(st.sets(st.integers(0, 4), min_size=1, max_size=4), st.sets(st.integers(0, 4)))
def test_only_all_right_options_and_no_other_are_right(right, chosen):
    assert is_right(question("a", options=5, right=right), chosen) is (right == chosen)


@given(st.lists(st.sampled_from(["right", "wrong", "new"]), max_size=12), st.integers(1, 15), seeds)
def test_new_questions_come_before_those_missed_and_those_before_those_known(states, count, seed):
    bank = [question(f"q-{number}") for number in range(len(states))]
    answered = [
        Answered(NOON + timedelta(days=number), one.id, state == "right", 1, (0,))
        for number, (one, state) in enumerate(zip(bank, states, strict=True))
        if state != "new"
    ]
    chosen = next_questions(bank, answered, count, seed)
    turns = [("new", "wrong", "right").index(states[int(one.id.split("-")[1])]) for one in chosen]
    assert turns == sorted(turns)
    assert len(set(chosen)) == len(chosen) == min(count, len(bank))
    known = [one.id for one, turn in zip(chosen, turns, strict=True) if turn == 2]
    assert known == [answer.question for answer in answered if answer.question in known]


def test_an_answer_that_came_later_stands():
    one, other = question("one"), question("other")
    answered = [Answered(NOON + timedelta(hours=2), one.id, False, 1, (1,)), Answered(NOON, one.id, True, 1, (0,))]
    answered.append(Answered(NOON, other.id, True, 1, (0,)))
    assert next_questions([other, one], answered, 1, 0) == (one,)
