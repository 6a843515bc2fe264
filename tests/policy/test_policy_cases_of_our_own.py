"""`decide` against cases_of_our_own.json, through the reader of `kata policy decide`: every operator, kind of
principal, layer, operation class and condition key of KMS at least once. What the form means is in README.md beside it.
"""

import json
from pathlib import Path

import pytest

from kms_katas.policy import explain
from kms_katas.policy.cases import Case, read_cases
from kms_katas.policy.document import OPERATORS
from kms_katas.policy.evaluate import CROSS_ACCOUNT
from kms_katas.policy.kms_table import permissions

TEXT = Path(__file__).with_name("cases_of_our_own.json").read_text()
SAID = {case["id"]: case for case in json.loads(TEXT)["cases"]}
CASES = [case for case in read_cases(TEXT) if isinstance(case, Case)]
GRADED = [case for case in CASES if "disputed" not in SAID[case.id]]


def test_every_case_is_read_and_nothing_of_it_is_left_over():
    assert [case.id for case in CASES] == list(SAID)
    assert [case.notes for case in CASES if case.notes] == []


@pytest.mark.parametrize("case", GRADED, ids=lambda case: case.id)
def test_a_request_is_decided_as_the_documentation_says(case):
    decision = case.decide()
    assert case.expected is not None and case.expected.fits(decision), SAID[case.id]["title"]
    assert not decision.open, SAID[case.id]["title"]


@pytest.mark.parametrize("case", [case for case in CASES if case not in GRADED], ids=lambda case: case.id)
def test_a_disputed_request_is_marked_open(case):
    assert case.decide().open


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_decision_can_be_told(case):
    decision = case.decide()
    lines = explain(decision)
    assert lines[-1].startswith("Next step: ") is not decision.allowed
    assert all(line.endswith(".") for line in lines)


def test_every_operator_and_every_permission_across_accounts_has_a_case():
    assert {name for name in OPERATORS if f'"{name}"' in TEXT.lower()} == OPERATORS
    asked = {case.request.action.lower() for case in CASES}
    assert asked >= CROSS_ACCOUNT
    on_keys = {name for name, one in permissions().items() if one.on_a_key} - {"kms:synchronizemultiregionkey"}
    assert asked >= on_keys
