"""Drawing the KMS part of an exam by its weights, and scoring it."""

import random
from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kms_katas.kit.exams import Area, Exams
from kms_katas.study.exam import Asked, draw, minutes_for, score, shares

from .drawn_banks import CODE, exam_of, exams, question, questions

seeds = st.integers(0, 2**31 - 1)


@given(st.data(), exams(), st.integers(1, 60), seeds)
def test_nothing_is_asked_twice_nothing_of_another_exam_and_as_much_as_there_is(data, drawn, count, seed):
    exam, of_all = drawn
    bank = data.draw(questions(exam))
    usable = {one.id for one in bank if exam.tasks_of(one.exams, one.tasks)}
    asked = draw(exam, of_all, bank, count, seed)
    assert len({one.question for one in asked}) == len(asked) == min(count, len(usable))
    assert {one.question for one in asked} <= usable
    assert [one.number for one in asked] == list(range(1, len(asked) + 1))


@given(st.data(), exams(), st.integers(1, 60), seeds)
def test_each_question_is_asked_for_a_task_that_it_serves(data, drawn, count, seed):
    exam, of_all = drawn
    bank = {one.id: one for one in data.draw(questions(exam))}
    for one in draw(exam, of_all, bank.values(), count, seed):
        served = exam.tasks_of(bank[one.question].exams, bank[one.question].tasks)
        assert one.task in {task.number for task in served}


@given(exams(), st.integers(0, 200))
def test_shares_add_up_and_none_is_off_by_a_whole_question(drawn, count):
    exam, _ = drawn
    weights = {task.domain: 0 for task in exam.tasks}
    weights |= {domain.number: domain.weight for domain in exam.domains if domain.number in weights}
    if not all(weights.values()):
        weights = dict.fromkeys(weights, 1)
    given_out = shares(exam, count)
    assert sum(given_out.values()) == count
    for number, weight in weights.items():
        assert abs(given_out[number] - count * weight / sum(weights.values())) < 1


@given(st.lists(st.integers(1, 40), min_size=2, max_size=6), st.integers(0, 60))
def test_what_is_left_over_goes_to_the_domains_that_miss_most(weights, count):
    given_out = shares(exam_of([f"{n}.1" for n in range(1, len(weights) + 1)], dict(enumerate(weights, 1))), count)
    more = {n: given_out[n] * sum(weights) - count * weight for n, weight in enumerate(weights, 1)}
    # Who got one more than its whole part is now above its exact share; nobody below missed more than that.
    assert all(more[up] - sum(weights) <= more[down] for up in more for down in more if more[up] > 0 >= more[down])


@given(st.data(), exams(), st.integers(1, 12), seeds)
def test_where_there_are_enough_questions_each_domain_gets_its_share(data, drawn, count, seed):
    exam, of_all = drawn
    # Enough: as many as are asked for each task alone; and others that serve several, which must not get in the way.
    own = [
        question(f"{task.number.replace('.', '-')}-{n}", tasks=[task.id]) for task in exam.tasks for n in range(count)
    ]
    bank = [*own, *data.draw(questions(exam, 10))]
    asked = draw(exam, of_all, bank, count, seed)
    domain_of = {task.number: task.domain for task in exam.tasks}
    assert Counter(domain_of[one.task] for one in asked) == Counter(shares(exam, count))


def test_a_domain_that_has_few_gets_what_could_serve_others_too():
    exam = exam_of(["1.1", "2.1"], {1: 50, 2: 50})
    of_all = Exams((exam,), (Area("a", ("rotation",), {CODE: 1}),), "Ours.")
    both = [question(f"both-{n}", tasks=[f"{CODE} 1.1", f"{CODE} 2.1"]) for n in range(3)]
    bank = [*both, *(question(f"one-{n}", tasks=[f"{CODE} 1.1"]) for n in range(3))]
    for seed in range(20):
        assert Counter(one.task for one in draw(exam, of_all, bank, 6, seed)) == {"1.1": 3, "2.1": 3}


@given(st.data(), exams(), st.integers(1, 30), seeds)
def test_a_seed_draws_the_same_in_whatever_order_the_files_are(data, drawn, count, seed):
    exam, of_all = drawn
    bank = data.draw(questions(exam))
    again = data.draw(st.permutations(bank))
    assert draw(exam, of_all, bank, count, seed) == draw(exam, of_all, again, count, seed)


@given(st.integers(1, 10), seeds)
def test_what_was_answered_before_comes_where_no_others_are_left(count, seed):
    exam = exam_of(["1.1"], {1: 50})
    of_all = Exams((exam,), (Area("a", ("rotation",), {CODE: 1}),), "Ours.")
    bank = [question(f"q-{n}", tasks=[f"{CODE} 1.1"]) for n in range(10)]
    known = {one.id for one in bank[:5]}
    asked = {one.question for one in draw(exam, of_all, bank, count, seed, known)}
    assert len(asked & known) == max(0, count - 5)


def test_a_field_that_an_exam_asks_deeper_comes_up_more_often():
    exam = exam_of(["1.1"], {1: 50})
    depth = {"rotation": 4, "grants": 1}
    of_all = Exams((exam,), tuple(Area(topic, (topic,), {CODE: of}) for topic, of in depth.items()), "Ours.")
    bank = [question(f"q-{n}", topic, tasks=[f"{CODE} 1.1"]) for topic in depth for n in range(30)]
    topics = Counter(one.question.split("/")[0] for seed in range(100) for one in draw(exam, of_all, bank, 5, seed))
    assert topics["rotation"] > 2 * topics["grants"] > 0


@st.composite
def answered_exams(data):
    exam, of_all = data(exams())
    bank = {one.id: one for one in data(questions(exam))}
    asked = draw(exam, of_all, bank.values(), data(st.integers(1, 30)), data(seeds))
    chosen = {
        one.number: frozenset(data(st.sets(st.integers(0, 4), max_size=3))) for one in asked if data(st.booleans())
    }
    return exam, asked, chosen, bank


@given(answered_exams())
def test_a_score_is_between_nothing_and_all_and_its_parts_add_up(sat):
    exam, asked, chosen, bank = sat
    result = score(exam, asked, chosen, bank)
    assert 0 <= result.whole.right <= result.whole.of == len(asked)
    for parts in (result.domains, result.tasks):
        assert sum(part.right for part in parts.values()) == result.whole.right
        assert sum(part.of for part in parts.values()) == result.whole.of
        assert all(0 <= part.right <= part.of for part in parts.values())
    assert len(result.wrong) == result.whole.of - result.whole.right


@given(answered_exams(), st.randoms(use_true_random=False))
def test_the_order_of_answering_changes_no_score(sat, chance):
    exam, asked, chosen, bank = sat
    mixed, pairs = list(asked), list(chosen.items())
    chance.shuffle(mixed)
    chance.shuffle(pairs)
    assert score(exam, asked, chosen, bank) == score(exam, mixed, dict(pairs), bank)


@given(answered_exams())
def test_all_right_options_and_no_other_are_right_and_nothing_else_is(sat):
    exam, asked, _, bank = sat
    right = {one.number: bank[one.question].right for one in asked}
    assert score(exam, asked, right, bank).whole.right == len(asked)
    for change in (lambda places: places ^ {0}, lambda places: places ^ {3}, lambda places: frozenset()):
        other = {number: change(places) for number, places in right.items()}
        assert score(exam, asked, other, bank).whole.right == 0


@given(st.integers(1, 100), st.integers(1, 100), st.integers(1, 300))
def test_the_time_is_in_proportion_to_that_of_the_exam_and_never_nothing(count, questions, minutes):
    exam = replace(exam_of(["1.1"], {1: 50}), questions=questions, minutes=minutes)
    assert abs(minutes_for(exam, count) - count * minutes / questions) <= 1
    assert minutes_for(exam, count) >= 1
    assert minutes_for(replace(exam, minutes=0, questions=0), count) == 2 * count


def test_a_question_that_the_kit_no_longer_has_does_not_count():
    exam = exam_of(["1.1"], {1: 50})
    kept = question("kept", tasks=[f"{CODE} 1.1"])
    asked = [Asked(1, "1.1", "rotation/gone", random.randrange(9)), Asked(2, "1.1", kept.id, random.randrange(9))]
    result = score(exam, asked, {2: kept.right}, {kept.id: kept})
    assert (result.whole.right, result.whole.of, [one.number for one in result.gone]) == (1, 1, [1])
