"""The statistics of a cohort: every answer is counted once, in whatever order they come, and nothing hidden is told."""

import csv
import io
import json
import random
from collections import Counter
from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.reports.statistics import MAX_SAID, statistics_of
from kms_katas.reports.statistics_csv import STATISTICS_COLUMNS, as_statistics_csv
from kms_katas.reports.statistics_json import STATISTICS_SCHEMA_FILE, as_statistics_json

from .samples import EVERY_KIND, HOSTILE, PASSED, SECRET, check, hidden, texts, verdict_of, verdicts, with_text


def answer(kata, verdict, untouched, alike):
    """`alike`: with the checks that the other answers to a kata have, too."""
    same = [
        replace(check, check=f"test_{at}", title=f"It holds {at}.", task=1, max_points=at, hidden=False)
        for at, check in enumerate(verdict.checks)
    ]
    return replace(verdict, kata=kata, untouched=untouched, checks=tuple(same) if alike else verdict.checks)


names = st.one_of(texts, st.sampled_from(["ann", "bob"]))
katas = st.sampled_from(["keys/mini", "envelope/more", "keys/other"])
cohorts = st.dictionaries(st.tuples(names, katas), st.tuples(verdicts, st.booleans(), st.booleans()), max_size=6).map(
    lambda found: [(name, answer(kata, *about)) for (name, kata), about in found.items()]
)
NOT_JUDGED = check("error", check="grading", message="The kit itself failed. So nothing is known about the answer.")


def only(graded):
    (kata,) = statistics_of(graded).katas
    return kata


@settings(max_examples=40)  # each is a cohort of many verdicts
@given(cohorts)
def test_every_answer_passed_or_stopped_somewhere_or_is_untouched_or_unknown(graded):
    cohort = statistics_of(graded)
    for kata in cohort.katas:
        stopped = sum(len(check.stopped) for check in kata.checks)
        assert kata.passed + stopped + len(kata.untouched) + len(kata.unknown) == kata.answers
    assert cohort.answers == len(graded)
    assert cohort.passed == sum(verdict.passed for _, verdict in graded)


@settings(max_examples=40)  # each is a cohort of many verdicts
@given(cohorts)
def test_the_counts_of_checks_are_those_of_the_answers_that_were_begun(graded):
    cohort = statistics_of(graded)
    for kata in cohort.katas:
        begun = [
            verdict
            for name, verdict in graded
            if verdict.kata == kata.kata and (verdict.passed or not verdict.untouched or name in kata.unknown)
        ]
        counted = Counter(check.status for verdict in begun for check in verdict.checks)
        assert sum(check.passed for check in kata.checks) == counted["pass"]
        assert sum(check.failed for check in kata.checks) == counted["fail"]
        assert sum(check.errors for check in kata.checks) == counted["error"]
        assert sum(check.timeouts for check in kata.checks) == counted["timeout"]
        assert sum(check.skipped for check in kata.checks) == counted["skipped"]


@settings(max_examples=40)  # each is a cohort of many verdicts
@given(cohorts)
def test_points_of_katas_and_of_learners_add_up_alike(graded):
    cohort = statistics_of(graded)
    assert sum(learner.score for learner in cohort.learners) == sum(verdict.score for _, verdict in graded)
    for kata in cohort.katas:
        assert sum(answers for _, answers in kata.scores) == kata.answers - len(kata.unknown)
        assert all(0 <= score <= kata.max_score for score, _ in kata.scores)
    assert Counter(name for name, _ in graded) == {learner.name: learner.answers for learner in cohort.learners}


SCHEMA = jsonschema.Draft202012Validator(json.loads(STATISTICS_SCHEMA_FILE.read_text("utf-8")))


@settings(max_examples=40)  # each is a cohort of many verdicts
@given(cohorts)
def test_the_json_is_of_its_published_schema(graded):
    SCHEMA.validate(json.loads(as_statistics_json(graded)))


def test_the_schema_asks_for_all_that_the_json_has():
    data = json.loads(as_statistics_json([("ann", verdict_of(check("fail")))]))
    (kata,), (learner,) = data["katas"], data["learners"]
    (one,) = kata["checks"]
    for place in (data, kata, *kata["scores"], one, *one["said"], learner):
        for name in list(place):
            without = place.pop(name)
            assert not SCHEMA.is_valid(data), name
            place[name] = without


@settings(max_examples=40)  # each is a cohort of many verdicts
@given(cohorts, st.randoms())
def test_the_order_in_which_answers_come_does_not_matter(graded, chance):
    mixed = chance.sample(graded, len(graded))
    assert as_statistics_json(mixed) == as_statistics_json(graded)
    assert as_statistics_csv(mixed) == as_statistics_csv(graded)


def test_a_learner_is_stopped_by_the_first_check_that_does_not_pass():
    first, second, third = (check("pass", number=number) for number in (1, 2, 3))
    fails = {number: check("fail", number=number) for number in (1, 2, 3)}
    graded = [
        ("ann", verdict_of(first, fails[2], fails[3])),
        ("bob", verdict_of(first, second, check("timeout", number=3))),
        ("cyd", verdict_of(first, second, third)),
        ("dan", verdict_of(first, check("skipped", number=2), fails[3])),
        ("eve", verdict_of(first, check("error", number=2), fails[3])),
    ]
    random.shuffle(graded)
    assert [check.stopped for check in only(graded).checks] == [(), ("ann", "eve"), ("bob", "dan")]


def test_where_all_were_skipped_the_first_of_them_stops():
    kata = only([("ann", verdict_of(check("pass"), check("skipped", number=2), check("skipped", number=3)))])
    assert [check.stopped for check in kata.checks] == [(), ("ann",), ()]


def test_the_starter_is_no_fault_found_by_a_check():
    kata = only([("ann", verdict_of(check("fail"), untouched=True)), ("bob", verdict_of(check("fail")))])
    assert kata.untouched == ("ann",)
    assert [(check.failed, check.stopped) for check in kata.checks] == [(1, ("bob",))]
    nobody = only([("ann", verdict_of(check("fail"), untouched=True))])
    assert [(check.title, check.not_passed) for check in nobody.checks] == [("Sentence 1.", 0)]


@pytest.mark.parametrize(
    "lost",
    [
        verdict_of(NOT_JUDGED),
        verdict_of(check("pass"), check("error", message="It was lost. So nothing is known about it.")),
        verdict_of(),
    ],
)
def test_what_nothing_is_known_of_is_no_zero_and_stops_at_nothing(lost):
    kata = only([("ann", lost), ("bob", verdict_of(check("pass"))), ("cyd", verdict_of(check("pass")))])
    assert kata.unknown == ("ann",)
    assert kata.scores == ((1, 2),) and kata.median_score == 1
    assert not any(check.stopped for check in kata.checks)


def test_an_answer_cannot_say_that_nothing_is_known_of_it():
    raised = check("error", message="It could not use (ValueError: So nothing is known about it.).")
    assert only([("ann", verdict_of(raised))]).unknown == ()


def test_the_commonest_message_comes_first_and_few_are_kept():
    said = ["often"] * 3 + ["twice"] * 2 + [f"once {number:02}" for number in range(20)]
    random.shuffle(said)
    (found,) = only([(str(at), verdict_of(check("fail", message=text))) for at, text in enumerate(said)]).checks
    assert [(one.message, one.answers) for one in found.said[:3]] == [("often", 3), ("twice", 2), ("once 00", 1)]
    assert len(found.said) == MAX_SAID


def test_checks_of_two_kits_that_differ_are_counted_apart():
    old, new = verdict_of(check("fail")), verdict_of(check("fail", title="Otherwise."), checks_digest="cd" * 32)
    kata = only([("ann", old), ("bob", new)])
    assert {(check.title, check.stopped) for check in kata.checks} == {
        ("Sentence 1.", ("ann",)),
        ("Otherwise.", ("bob",)),
    }
    assert len(kata.checks_digests) == 2


@pytest.mark.parametrize("make", [as_statistics_json, as_statistics_csv])
def test_nothing_that_a_hidden_check_found_is_told(make):
    assert SECRET not in make([("ann", EVERY_KIND), ("bob", verdict_of(hidden("error"), hidden("pass")))])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_name_comes_out_of_the_json_as_it_went_in(hostile):
    (learner,) = json.loads(as_statistics_json([(hostile, PASSED)]))["learners"]
    assert learner["name"].replace("\\ud800", "\ud800") == hostile


@settings(max_examples=40)  # each is a cohort of many verdicts
@given(cohorts)
def test_the_csv_has_a_line_for_each_check_and_names_nobody(graded):
    text = as_statistics_csv([(f"learner-{at}-", verdict) for at, (_, verdict) in enumerate(graded)])
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(text.splitlines()) - 1
    assert [set(row) for row in rows] == [set(STATISTICS_COLUMNS)] * len(rows)
    assert {row["kata"] for row in rows} == {verdict.kata for _, verdict in graded}
    assert "learner-" not in text


@given(texts)
def test_no_cell_is_a_formula(text):
    for row in csv.reader(io.StringIO(as_statistics_csv([(text, with_text(text))]), newline="")):
        assert not any(found.lstrip().startswith(("=", "+", "-", "@")) for found in row)
