"""What is other than in an earlier report: whose status and points, which checks, and what may be why."""

import dataclasses
import json

import pytest

from kms_katas.kit import CheckResult, KitError, Verdict
from kms_katas.reports.changes import as_changes, earlier_report
from kms_katas.reports.json_report import as_cohort


def verdict(*statuses, **other):
    checks = tuple(
        CheckResult(f"test_{number}", "It holds.", 1, status, 2, hidden=number == 2)
        for number, status in enumerate(statuses)
    )
    fields = {"seed": 7, "kit_version": "1", "checks_digest": "0" * 64, "isolation": "lite"} | other
    return Verdict("keys/mini", checks, **fields)


@pytest.fixture
def changes(tmp_path):
    """`changes(before, now)`: the lines, between two lists of (learner, verdict)."""

    def lines(before, now):
        path = tmp_path / "old.json"
        path.write_text(as_cohort(before), "utf-8")
        return as_changes(earlier_report(path), now).splitlines()

    return lines


def test_where_nothing_changed_one_line_says_so(changes):
    same = [("ann", verdict("pass", "fail")), ("b\udcff", verdict("fail"))]
    assert changes(same, same) == ["0 of 2 answers in both reports changed."]


def test_each_answer_and_each_check_that_changed_is_listed(changes):
    before = [("ann", verdict("pass", "fail")), ("bob", verdict("pass", "pass")), ("cy", verdict("fail", "fail"))]
    now = [("ann", verdict("pass", "pass")), ("bob", verdict("pass", "pass")), ("cy", verdict("timeout", "fail"))]
    assert changes(before, now) == [
        "2 of 3 answers in both reports changed.",
        "  ann  keys/mini: fail, 2 of 4 points -> pass, 4 of 4 points",
        "  cy  keys/mini: fail, 0 of 4 points -> timeout, 0 of 4 points",
        "  keys/mini  test_1: passed by 1 before, 2 now",
    ]


def test_points_count_where_the_status_is_the_same(changes):
    found = changes([("ann", verdict("fail", "fail"))], [("ann", verdict("pass", "fail"))])
    assert "  ann  keys/mini: fail, 0 of 4 points -> fail, 2 of 4 points" in found


def test_who_is_in_one_report_alone_is_named(changes):
    found = changes([("ann", verdict("pass"))], [("bob", verdict("pass"))])
    assert found == [
        "0 of 0 answers in both reports changed.",
        "  ann  keys/mini: only before",
        "  bob  keys/mini: only now",
    ]


@pytest.mark.parametrize(
    "field, value, told",
    [
        ("seed", 8, "--seed"),
        ("checks_digest", "1" * 64, "other checks"),
        ("isolation", "full", "another isolation"),
        ("kit_version", "2", "kms-katas 1 before, 2 now"),
    ],
)
def test_what_else_is_other_is_told(changes, field, value, told):
    now = dataclasses.replace(verdict("pass"), **{field: value})
    assert told in "\n".join(changes([("ann", verdict("pass"))], [("ann", now)]))


def test_a_hidden_check_keeps_its_name_to_itself(changes):
    found = changes([("ann", verdict("pass", "pass", "pass"))], [("ann", verdict("pass", "pass", "fail"))])
    assert "  keys/mini  hidden_1: passed by 1 before, 0 now" in found and "test_2" not in "".join(found)


def test_nothing_that_others_wrote_moves_a_cursor(changes):
    name = "ann\x1b[2J\nbob"
    found = changes([(name, verdict("pass"))], [(name, verdict("fail"))])
    assert len(found) == 3 and "\x1b" not in "".join(found)


def test_a_report_of_one_learner_is_no_report_of_a_cohort(tmp_path):
    (tmp_path / "old.json").write_text(json.dumps({"schema": "urn:kms-katas:report:1", "katas": []}))
    with pytest.raises(KitError, match="no report of a cohort"):
        earlier_report(tmp_path / "old.json")


def test_a_report_that_is_not_there_is_told(tmp_path):
    with pytest.raises(KitError, match="cannot be read"):
        earlier_report(tmp_path / "old.json")
