"""The ledger of claims as a whole: it is complete, each demonstrable claim has a test, and its figures are AWS's.

Not for the form of its files (tests/kit/test_kit_claims.py), nor for the claims themselves (test_claims_*.py).
"""

import ast
import html
import re
from pathlib import Path

import pytest
from botocore.loaders import Loader

from kms_katas.kit import find_kit
from kms_katas.kit.claims import Figure, load_claims
from kms_katas.kit.exams import load_exams

KIT = find_kit()
EXAMS = {exam.code for exam in load_exams(KIT.exams).exams}
TEXTS = load_claims(KIT.claims, {kata.id for kata in KIT.katas}, EXAMS)
CLAIMS = {claim.id: claim for text in TEXTS for claim in text.claims}

NUMBERS = {"A": 25, "B": 24, "C": 63, "D": 25}
"""How many claims each text makes."""
ONE_ROW = (("C6", "C7"), ("C55", "C56", "C57"), ("C59", "C60"))
"""Claims that the research counted as one each, for they say one thing: so it counts 133, and the ledger has 137."""

FILES = sorted(Path(__file__).parent.glob("test_claims_*.py"))
MODEL = Loader().load_service_model("kms", "service-2")


def shown_in(file):
    tree = ast.parse(file.read_text("utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def claims_of(test):
    """The claims that the decorators of a test name."""
    calls = [mark for mark in test.decorator_list if isinstance(mark, ast.Call)]
    marks = [call for call in calls if ast.unparse(call.func) == "pytest.mark.claim"]
    return [ast.literal_eval(claim) for mark in marks for claim in mark.args]


SHOWN = {claim: test.name for file in FILES for test in shown_in(file) for claim in claims_of(test)}


def test_the_ledger_has_every_claim_of_the_four_texts():
    wanted = [f"{letter}{number}" for letter, count in NUMBERS.items() for number in range(1, count + 1)]
    assert list(CLAIMS) == wanted
    assert len(wanted) - sum(len(row) - 1 for row in ONE_ROW) == 133


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS.values() if claim.demonstrable], ids=lambda one: one.id)
def test_a_demonstrable_claim_has_a_test_that_is_marked_with_it(claim):
    assert claim.id in SHOWN, (
        f'Mark the test that shows {claim.id} with @pytest.mark.claim("{claim.id}"), or say `demonstrable = false`.'
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_test_of_a_text_is_marked_with_demonstrable_claims_of_it_and_says_what_it_shows(file):
    """The page of a claim shows the test, and above it the test's docstring."""
    letter = file.stem.removeprefix("test_claims_")[0].upper()
    for test in shown_in(file):
        assert ast.get_docstring(test), f"{test.name} lacks the sentence that its page begins with."
        assert claims_of(test), f"{test.name} is marked with no claim."
        for claim in claims_of(test):
            assert claim.startswith(letter), f"{test.name} shows {claim}: move it to a file of that text."
            assert claim in CLAIMS, f"{test.name} shows {claim}, which is not in the ledger."
            assert CLAIMS[claim].demonstrable, f"{test.name} shows {claim}, and the ledger says that nothing can."


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_mark_of_a_claim_stands_at_a_test(file):
    marks = file.read_text("utf-8").count("mark.claim")
    assert marks == sum(ast.unparse(mark).startswith("pytest.mark.claim(") for mark in decorators(file))


def decorators(file):
    return [mark for test in shown_in(file) for mark in test.decorator_list]


def text_of(kind, name):
    """AWS's text about an operation, or about a shape and its members, as one line without markup."""
    found = MODEL[kind][name]
    parts = [
        found.get("documentation", ""),
        *(one.get("documentation", "") for one in found.get("members", {}).values()),
    ]
    apart = re.sub(r"</?(p|li|ul|ol|dl|dt|dd|note|important)\b[^>]*>", " ", " ".join(parts))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", apart)).split())


def fault(figure):
    """What the installed model of KMS says otherwise; nothing where it agrees."""
    kind, name = ("operations", figure.operation) if figure.operation else ("shapes", figure.shape)
    if name not in MODEL[kind]:
        return f"KMS has no {name} among its {kind}."
    if figure.says:
        said = re.search(rf"(?<![\w,.-]){re.escape(figure.says)}(?![\w-])", text_of(kind, name))
        return "" if said else f"The text about {name} no longer says {figure.says!r}."
    now = MODEL[kind][name].get(figure.bound)
    return "" if now == figure.value else f"The {figure.bound} of {name} is {now}, and not {figure.value}."


FIGURES = [(claim, figure) for claim in CLAIMS.values() for figure in claim.figures]


@pytest.mark.parametrize(
    "claim, figure", FIGURES, ids=[f"{claim.id}-{number}" for number, (claim, _) in enumerate(FIGURES)]
)
def test_a_figure_of_a_claim_is_the_one_of_the_installed_model_of_kms(claim, figure):
    wrong = fault(figure)
    assert not wrong, f"{claim.id}: {wrong} Read it, and mend the claim and what it says of {figure}."


@pytest.mark.parametrize(
    "figure, told",
    [
        (Figure(shape="RotationPeriodInDaysType", bound="min", value=90), ""),
        (Figure(shape="RotationPeriodInDaysType", bound="min", value=9), "is 90, and not 9"),
        (Figure(shape="KeySpec", bound="max", value=9), "is None"),
        (Figure(shape="NoSuchShape", bound="max", value=9), "no NoSuchShape"),
        (Figure(operation="RotateKeyOnDemand", says="maximum of 25 times"), ""),
        (Figure(operation="RotateKeyOnDemand", says="26 times"), "no longer says '26 times'"),
        (Figure(operation="Sign", says="96"), "no longer says '96'"),
        (Figure(operation="CreateKeys", says="4096"), "no CreateKeys"),
        (Figure(shape="ScheduleKeyDeletionRequest", says="30"), ""),
    ],
)
def test_a_figure_that_the_model_does_not_have_is_told(figure, told):
    found = fault(figure)
    assert told in found and bool(found) == bool(told)
