"""The totals of a course: weights, what hints cost, what is late, and what is not known."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.kit import CheckResult, Verdict
from kms_katas.kit.course import Assignment, Cost, Course
from kms_katas.reports.course_totals import Help, Standing, as_course_csv, as_course_json, as_course_lines, totals

DUE = datetime(2026, 3, 4, 12, tzinfo=UTC)
NOBODY = Standing({}, {})


def verdict(kata, *passed, message=""):
    checks = (
        CheckResult(f"test_{number}", "T.", 1, "pass" if good else "fail", points, message=message)
        for number, (points, good) in enumerate(passed)
    )
    return Verdict(kata, tuple(checks), 1, "0", "0" * 64, "lite")


def lost(kata):
    check = CheckResult("grading", "T.", 1, "error", 5, message="It was lost. So nothing is known about the answer.")
    return Verdict(kata, (check,), 1, "0", "0" * 64, "none")


def course(**costs):
    return Course("T", ">=0", (Assignment("a/a", Fraction(1), DUE), Assignment("b/b", Fraction(3))), **costs)


def total(graded, standing=NOBODY, **costs):
    (found,) = totals(course(**costs), [("ann", verdict) for verdict in graded], standing)
    return found


def test_each_kata_counts_by_its_weight_whatever_its_own_points():
    assert total([verdict("a/a", (1, True), (1, False)), verdict("b/b", (30, True))]).points == Fraction(7, 2)


def test_what_was_not_handed_in_gives_nothing_and_still_counts():
    found = total([verdict("b/b", (2, True))])
    assert (found.points, found.of, found.per_cent) == (3, 4, 75)


def test_a_starter_that_nobody_touched_was_not_handed_in():
    # As a workspace holds it: one of its checks passes all the same, and it is not late, for it is nothing yet.
    starter = replace(verdict("a/a", (1, True), (4, False)), untouched=True)
    standing = Standing({"ann": {"a/a": Help(1)}}, {"ann": DUE + timedelta(seconds=1)})
    found = total([starter, verdict("b/b", (2, True))], standing, hint=Cost(Fraction(1)))
    assert (found.points, found.of, found.late) == (3, 4, ())
    (line,) = csv.DictReader(io.StringIO(as_course_csv([found])))
    assert (line["handed_in"], line["katas"], line["a/a"], line["cost"]) == ("1", "2", "0", "0")
    assert json.loads(as_course_json(course(), [found]))["learners"][0]["katas"][0]["status"] == "absent"


def test_who_hands_in_starters_alone_has_a_total_all_the_same():
    assert total([replace(verdict("a/a", (1, True), (4, False)), untouched=True)]).points == 0


def test_a_kata_of_another_course_does_not_count():
    assert total([verdict("b/b", (2, True)), verdict("c/c", (2, True))]).of == 4


def test_hints_take_points_or_shares_off_and_never_more_than_was_earned():
    graded = [verdict("b/b", (6, True), (4, False))]
    for hints, cost, left in (
        (1, Cost(Fraction(1, 2)), Fraction(11, 2)),
        (3, Cost(Fraction(10), per_cent=True), Fraction(3)),
        (9, Cost(Fraction(10), per_cent=True), Fraction(0)),
    ):
        standing = Standing({"ann": {"b/b": Help(hints)}}, {})
        assert total(graded, standing, hint=cost).points == 3 * left / 10


def test_a_solution_that_was_shown_costs_once():
    standing = Standing({"ann": {"b/b": Help(0, solution=True)}}, {})
    assert total([verdict("b/b", (6, True))], standing, solution=Cost(Fraction(50), True)).points == Fraction(3, 2)


@pytest.mark.parametrize("seconds, late", [(-1, ()), (0, ()), (1, ("a/a",))])
def test_late_is_what_came_after_the_time_that_is_due(seconds, late):
    standing = Standing({}, {"ann": DUE + timedelta(seconds=seconds)})
    assert total([verdict("a/a", (1, True)), verdict("b/b", (1, True))], standing).late == late


def test_of_whom_no_time_is_known_nothing_is_late():
    assert [part.late for part in total([verdict("a/a", (1, True))]).parts] == [None, None]


def test_what_the_kit_could_not_judge_is_no_zero():
    found = total([verdict("a/a", (1, True)), lost("b/b")])
    assert (found.points, found.not_known) == (None, ("b/b",))
    (line,) = csv.DictReader(io.StringIO(as_course_csv([found])))
    assert (line["points"], line["a/a"], line["b/b"], line["not_known"]) == ("", "1", "", "b/b")
    assert "grade that again" in as_course_lines([found])[0][1]


names = st.text(min_size=1, max_size=9)
marks = st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=4)


@given(st.dictionaries(names, st.tuples(marks, st.integers(0, 9)), max_size=5), st.fractions(0, 4, max_denominator=9))
def test_totals_add_up_and_stay_within_their_bounds(learners, cost):
    graded = [(name, verdict("b/b", *passed)) for name, (passed, _) in learners.items()]
    standing = Standing({name: {"b/b": Help(hints)} for name, (_, hints) in learners.items()}, {})
    found = totals(course(hint=Cost(cost)), graded, standing)
    assert [one.name for one in found] == list(learners)
    for one in found:
        assert one.points == sum(part.points for part in one.parts) and 0 <= one.points <= one.of
    data = json.loads(as_course_json(course(), found))
    assert [entry["name"] for entry in data["learners"]] == list(learners)
    assert len(list(csv.reader(io.StringIO(as_course_csv(found))))) == len(learners) + 1


def test_a_name_that_a_spreadsheet_would_compute_is_text():
    found = totals(course(), [("=1+1\x1b", verdict("b/b", (1, True)))], NOBODY)
    assert "\"'=1+1" in as_course_csv(found) and "\x1b" not in as_course_csv(found) + str(as_course_lines(found))


def test_of_one_kata_the_total_is_that_of_this_kata():
    (found,) = totals(course(), [("ann", verdict("b/b", (1, True)))], NOBODY, "b/b")
    assert (found.points, found.of) == (3, 3)
