"""Gradescope, Classroom 50 and Exercism: each file keeps to its service's rules, and the points are the verdict's."""

import json
from datetime import UTC, datetime, timedelta, timezone

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.reports.classroom50 import VARIABLES, as_classroom50
from kms_katas.reports.exercism import MAX_FILE, MAX_OUTPUT, as_exercism
from kms_katas.reports.gradescope import as_gradescope

from .samples import BROKEN, EVERY_KIND, PASSED, check, hidden, several, verdict_of, verdicts

NOW = datetime(2026, 11, 22, 7, 8, 9, tzinfo=UTC)
RUNNER = {
    "CLASSROOM": "cs-principles",
    "ASSIGNMENT": "hello",
    "SUBMISSION_TAG": "submit/2026-11-22T07-00-00Z-a1b2c3d",
    "COMMIT_URL": "https://github.example/commit/1",
    "RELEASE_URL": "https://github.example/releases/1",
}

# The rules below are those of the services' own pages, in our words. An object takes the fields named and no others.
TEXT, COUNT, NUMBER = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "number", "minimum": 0}
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
TEXT_FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}


def object_of(properties, required=None, **other):
    required = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False} | other


def list_of(items, **other):
    return {"type": "array", "items": items} | other


# github.com/gradescope/autograder_samples, docs/specs.md; its documentation on the formats of texts.
GRADESCOPE = object_of(
    {
        "score": NUMBER,
        "execution_time": NUMBER,
        "output": TEXT,
        "output_format": TEXT_FORMAT,
        "test_output_format": TEXT_FORMAT,
        "test_name_format": TEXT_FORMAT,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
        "tests": list_of(
            object_of(
                {
                    "score": NUMBER,
                    "max_score": NUMBER,
                    "status": {"enum": ["passed", "failed"]},
                    "name": TEXT,
                    "number": TEXT,
                    "output": TEXT,
                    "visibility": VISIBILITY,
                    "tags": list_of(TEXT),
                },
                ["score"],
            )
        ),
    },
    ["score", "tests"],
)
# github.com/foundation50/classroom50, wiki/Advanced-Autograding.md and schemas/result-v1.schema.json.
INSTANT = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$"}
NAME = {"type": "string", "minLength": 1}
CLASSROOM50 = object_of(
    {
        "schema": {"const": "classroom50/result/v1"},
        **dict.fromkeys(("classroom", "assignment", "owner", "commit", "release", "review"), NAME),
        "assignment_type": {"enum": ["individual", "group"]},
        "submission": {"type": "string", "pattern": "^submit/"},
        **dict.fromkeys(("datetime", "graded_at"), INSTANT),
        **dict.fromkeys(("score", "max-score"), COUNT),
        "tests": list_of(
            object_of(
                {"test-name": NAME, "passed": {"type": "boolean"}, "score": COUNT, "max-score": COUNT},
                additionalProperties=True,
            )
        ),
    }
)
# github.com/exercism/docs, building/tooling/test-runners/interface.md, version 3.
EXERCISM_TEST = object_of(
    {
        "name": TEXT,
        "test_code": TEXT,
        "status": {"enum": ["pass", "fail", "error"]},
        "message": {"type": "string", "minLength": 1},
        "output": {"type": "string", "maxLength": 500},
        "task_id": {"type": "integer", "minimum": 1},
    },
    ["name", "status", "test_code"],
    anyOf=[{"properties": {"status": {"const": "pass"}}}, {"required": ["message"]}],
)
EXERCISM = {
    "oneOf": [
        object_of({"version": {"const": 3}, "status": {"const": "error"}, "message": NAME, "tests": list_of({})}),
        object_of(
            {
                "version": {"const": 3},
                "status": {"enum": ["pass", "fail"]},
                "message": {"type": "null"},
                "tests": list_of(EXERCISM_TEST, minItems=1),
            }
        ),
    ]
}


def valid(text, schema):
    data = json.loads(text)
    jsonschema.Draft202012Validator(schema).validate(data)
    return data


@given(several)
def test_gradescope_gets_a_test_for_each_check_and_the_points_of_the_verdicts(found):
    data = valid(as_gradescope(found), GRADESCOPE)
    assert data["score"] == sum(test["score"] for test in data["tests"]) == sum(verdict.score for verdict in found)
    assert sum(test["max_score"] for test in data["tests"]) == sum(verdict.max_score for verdict in found)
    checks = [check for verdict in found for check in verdict.checks]
    assert [test["status"] == "passed" for test in data["tests"]] == [check.status == "pass" for check in checks]


@given(several)
def test_gradescope_lays_out_no_text_and_hides_no_total(found):
    data = valid(as_gradescope(found), GRADESCOPE)
    assert {data[name] for name in ("output_format", "test_output_format", "test_name_format")} == {"text"}
    assert {test["visibility"] for test in data["tests"]} == {data["visibility"]} == {"visible"}
    assert data["stdout_visibility"] == "hidden"


def test_gradescope_keeps_what_repeats_the_verdict():
    (about,) = json.loads(as_gradescope([EVERY_KIND]))["extra_data"]["kms-katas"]
    assert (about["seed"], about["checks_digest"]) == (EVERY_KIND.seed, EVERY_KIND.checks_digest)


@given(several)
def test_classroom50_gets_whole_points_that_add_up(found):
    data = valid(as_classroom50(found, RUNNER, NOW), CLASSROOM50)
    assert data["score"] == sum(test["score"] for test in data["tests"]) == sum(verdict.score for verdict in found)
    assert data["max-score"] == sum(test["max-score"] for test in data["tests"])
    assert all(test["score"] <= test["max-score"] for test in data["tests"])
    assert all(test["passed"] == (test["status"] == "pass") for test in data["tests"])


def test_classroom50_is_told_what_its_runner_said():
    told = RUNNER | {"OWNER": "alice", "ASSIGNMENT_TYPE": "group", "REVIEW_URL": "https://github.example/compare"}
    data = valid(as_classroom50([PASSED], told, NOW), CLASSROOM50)
    assert [data[name.lower().removesuffix("_tag").removesuffix("_url")] for name in VARIABLES] == list(RUNNER.values())
    assert (data["owner"], data["assignment_type"], data["review"]) == ("alice", "group", told["REVIEW_URL"])


def test_classroom50_without_anything_to_compare_reviews_the_commit():
    assert json.loads(as_classroom50([PASSED], RUNNER, NOW))["review"] == RUNNER["COMMIT_URL"]


@given(st.integers(-23, 23))
def test_classroom50_times_are_utc_wherever_it_runs(hours):
    local = NOW.astimezone(timezone(timedelta(hours=hours)))
    assert json.loads(as_classroom50([PASSED], RUNNER, local))["graded_at"] == "2026-11-22T07:08:09Z"


@given(verdicts)
def test_exercism_gets_every_check_in_order_or_one_error(verdict):
    data = valid(as_exercism(verdict), EXERCISM)
    judged = [check.status in ("pass", "fail") for check in verdict.checks]
    assert (data["status"] == "error") is not any(judged)
    assert (data["status"] == "pass") is verdict.passed
    if any(judged):
        assert [test["task_id"] for test in data["tests"]] == [check.task for check in verdict.checks]


def test_exercism_tells_an_answer_that_does_not_run_once():
    data = valid(as_exercism(BROKEN), EXERCISM)
    assert data["status"] == "error"
    assert data["message"].count("does not parse") == 1


@pytest.mark.parametrize("length", [MAX_OUTPUT - 1, MAX_OUTPUT, MAX_OUTPUT + 1, 16_384])
def test_exercism_gets_at_most_500_characters_of_output_and_is_told_so(length):
    (test,) = valid(as_exercism(verdict_of(check("fail", output="x" * length))), EXERCISM)["tests"]
    assert len(test["output"]) == min(length, MAX_OUTPUT)
    assert ("truncated" in test["output"]) is (length > MAX_OUTPUT)


def test_exercism_gets_no_file_that_is_too_large():
    long = "\U0001f511" * 16_000
    found = [check("fail", number=number, message=long, actual=long, called=long) for number in range(1, 60)]
    text = as_exercism(verdict_of(*found))
    assert len(text.encode()) <= MAX_FILE
    assert len(valid(text, EXERCISM)["tests"]) == 59


def test_exercism_says_that_all_is_hidden_where_nothing_else_may_be_said():
    assert "hidden" in valid(as_exercism(verdict_of(hidden("error"))), EXERCISM)["message"]
