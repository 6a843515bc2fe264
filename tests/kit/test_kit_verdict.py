"""The verdict: its score, its status, and its published form, for whatever checks it holds."""

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.kit import CheckResult, KmsCall, Verdict
from kms_katas.kit.verdict import SCHEMA_FILE, published
from kms_katas.reports.json_report import as_json

STATUSES = ("pass", "fail", "error", "timeout", "skipped")
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text("utf-8")))
PUBLIC = {"check", "title", "task", "status", "points", "max_points", "hidden"}

texts = st.text(max_size=8)
kms_calls = st.builds(KmsCall, texts, texts, texts, texts)
checks = st.builds(
    CheckResult,
    check=texts,
    title=texts,
    task=st.integers(1, 5),
    status=st.sampled_from(STATUSES),
    max_points=st.integers(0, 20),
    message=texts,
    called=texts,
    actual=texts,
    expected=texts,
    next_step=texts,
    calls=st.lists(kms_calls, max_size=2).map(tuple),
    file=texts,
    line=st.integers(0, 999),
    output=texts,
    hidden=st.booleans(),
    seconds=st.floats(0, 10),
)


def verdict_of(found, **other):
    fields = {"seed": 7, "kit_version": "0", "checks_digest": "0" * 64, "isolation": "process"} | other
    return Verdict("keys/mini", tuple(found), **fields)


verdicts = st.builds(verdict_of, st.lists(checks, max_size=5))


def hidden_check(secret, status="fail"):
    fields = dict.fromkeys(("message", "called", "actual", "expected", "next_step", "file", "output"), secret)
    return CheckResult(
        "test_it",
        "Its sentence.",
        1,
        status,
        2,
        hidden=True,
        line=3,
        calls=(KmsCall(secret, secret, secret),),
        **fields,
    )


@given(verdicts)
def test_every_verdict_fits_the_published_schema(verdict):
    VALIDATOR.validate(json.loads(as_json([verdict])))


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("status", STATUSES)
def test_every_status_fits_the_published_schema(status, hidden):
    check = CheckResult("test_it", "Its sentence.", 1, status, 2, hidden=hidden)
    VALIDATOR.validate(json.loads(as_json([verdict_of([check])])))


def test_the_schema_is_strict():
    data = json.loads(as_json([verdict_of([hidden_check("x")])]))
    data["katas"][0]["checks"][0]["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(data)


@given(verdicts)
def test_the_score_is_the_sum_of_what_its_checks_earned(verdict):
    data = verdict.as_data()
    assert data["score"] == sum(check["points"] for check in data["checks"])
    assert data["max_score"] == sum(check["max_points"] for check in data["checks"])
    assert 0 <= data["score"] <= data["max_score"]


@given(verdicts)
def test_a_check_earns_all_of_its_points_or_none(verdict):
    for check in verdict.checks:
        assert check.points == (check.max_points if check.status == "pass" else 0)


@given(verdicts)
def test_it_passes_when_every_check_passed_and_there_is_one(verdict):
    passed = [check.status for check in verdict.checks]
    assert (verdict.status == "pass") is verdict.passed is (passed != [] and set(passed) == {"pass"})


@given(verdicts, st.randoms())
def test_the_order_of_the_checks_changes_neither_score_nor_status(verdict, random):
    shuffled = list(verdict.checks)
    random.shuffle(shuffled)
    other = verdict_of(shuffled)
    assert (other.score, other.max_score, other.status) == (verdict.score, verdict.max_score, verdict.status)


@given(st.lists(checks, max_size=4), checks)
def test_one_more_check_never_lowers_the_score(found, more):
    assert verdict_of([*found, more]).score >= verdict_of(found).score


@pytest.mark.parametrize("status", STATUSES)
def test_a_hidden_check_publishes_its_sentence_and_points_only(status):
    secret = "s3cr3t"
    data = verdict_of([hidden_check(secret, status)]).as_data()
    assert set(data["checks"][0]) == PUBLIC
    assert secret not in json.dumps(data)


@given(verdicts)
def test_of_a_verdict_with_hidden_checks_the_time_and_the_names_are_those_of_the_others(verdict):
    data, shown = verdict.as_data(), [check for check in verdict.checks if not check.hidden]
    if len(shown) == len(verdict.checks):
        assert data["seconds"] == round(verdict.seconds, 4)
    else:
        assert data["seconds"] == round(sum(check.seconds for check in shown), 4)
    names = [check["check"] for check in data["checks"] if check["hidden"]]
    assert names == [f"hidden_{number}" for number in range(1, len(names) + 1)]
    assert [check["check"] for check in data["checks"] if not check["hidden"]] == [check.check for check in shown]


def test_an_answer_cannot_put_control_characters_into_the_json():
    check = CheckResult("test_it", "Its sentence.", 1, "fail", 2, message="\x1b[2J\x9b", output="\x07\u202e\ud800")
    assert all(character == "\n" or character.isprintable() for character in as_json([verdict_of([check])]))


@given(verdicts)
def test_what_was_published_is_read_back_as_it_was(verdict):
    data = json.loads(json.dumps(verdict.as_data()))
    again = published(data).as_data()
    # Where checks are hidden it is the sum over the others, each of them rounded.
    assert again.pop("seconds") == pytest.approx(data.pop("seconds"), abs=1e-3)
    assert again == data
