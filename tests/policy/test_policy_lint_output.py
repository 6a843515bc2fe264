"""Findings as text, JSON and SARIF, and what holds of them for any policy."""

import json
import random
import uuid

from hypothesis import given
from hypothesis import strategies as st

from kms_katas.policy.document import OPERATORS, parse_document
from kms_katas.policy.kms_table import condition_keys, permissions
from kms_katas.policy.lint import RULES, as_json, as_sarif, as_text, lint

WORDS = st.sampled_from(
    ["*", "a", "", "kms:*", "${aws:username}", "arn:aws:iam::111122223333:root", "111122223333", "?"]
)
NAMES = WORDS | st.text(max_size=5)
MANY = NAMES | st.lists(NAMES, max_size=3)
ACTIONS = st.sampled_from([permission.name for permission in permissions().values()]) | NAMES
OPERATOR = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "ForAnyValue:", "ForAllValues:"]),
        st.sampled_from(sorted(OPERATORS - {"null"})),
        st.sampled_from(["", "IfExists"]),
    ),
) | st.just("Null")
KEYS = st.sampled_from([key.name for key in condition_keys()]) | NAMES
VALUES = st.booleans() | st.integers(-9, 9**9) | MANY | st.sampled_from(["10.0.0.0/8", "2030-01-01", "true", "1"])
STATEMENT = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Sid": NAMES,
        "Resource": MANY,
        "Condition": st.dictionaries(OPERATOR, st.dictionaries(KEYS, VALUES, max_size=3), max_size=3),
    },
)
ELEMENTS = st.fixed_dictionaries(
    {},
    optional={
        "Principal": st.just("*") | st.dictionaries(st.sampled_from(["AWS", "Service", "Federated"]), MANY, max_size=2),
        "Action": ACTIONS | st.lists(ACTIONS, max_size=3),
    },
) | st.fixed_dictionaries({"NotAction": ACTIONS, "NotPrincipal": st.dictionaries(st.just("AWS"), MANY, max_size=1)})
POLICY = st.lists(st.builds(lambda one, other: one | other, STATEMENT, ELEMENTS), min_size=1, max_size=3)
KINDS = st.sampled_from(["key-policy", "identity-policy"])


def text_of(statements, indent=1):
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=indent)


@given(POLICY, KINDS)
def test_lint_takes_every_policy_that_can_be_parsed_and_tells_places_inside_it_in_order(statements, kind):
    text = text_of(statements)
    parse_document(text)
    found = lint(text, kind=kind)
    lines = text.split("\n")
    assert [one.place for one in found] == sorted(one.place for one in found)
    for one in found:
        assert one.id in RULES
        assert lines[one.place.line - 1][one.place.column - 1] in '"{[tf-0123456789'
        assert one.sentence.endswith(".")
        assert one.fix.endswith(".")


@given(POLICY, KINDS, st.randoms(use_true_random=False))
def test_the_order_of_statements_changes_no_finding_but_its_place(statements, kind, draw):
    bare = [{name: value for name, value in one.items() if name != "Sid"} for one in statements]
    shuffled = draw.sample(bare, k=len(bare))

    def told(order):
        return sorted(
            (one.id, one.level, one.sentence.partition("Statement ")[2][1:], one.fix)
            for one in lint(text_of(order), kind=kind)
        )

    assert told(bare) == told(shuffled)


@given(POLICY, KINDS)
def test_layout_changes_no_finding_but_its_place(statements, kind):
    def told(indent):
        return [(one.id, one.sentence) for one in lint(text_of(statements, indent), kind=kind)]

    assert told(None) == told(3)


@given(POLICY)
def test_joining_a_principal_in_a_list_changes_nothing(statements):
    """A value may stand alone or in a list of one."""

    def listed(value):
        return {name: [one] if isinstance(one, str) else one for name, one in value.items()}

    def joined(statement):
        return {
            name: listed(value) if name in ("Principal", "NotPrincipal") and value != "*" else value
            for name, value in statement.items()
        }

    def told(order):
        return [(one.id, one.sentence) for one in lint(text_of(order))]

    assert told(statements) == told([joined(one) for one in statements])


def findings():
    statement = {"Sid": uuid.uuid4().hex, "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    return {f"a b/{uuid.uuid4().hex}.json": lint(text_of([statement, statement])), "clean.json": []}


def test_text_has_a_line_with_the_place_for_each_finding_and_a_count():
    found = findings()
    [(name, ones), _] = found.items()
    lines = as_text(found).splitlines()
    for one in ones:
        assert any(
            line.startswith(f"{name}:{one.place.line}:{one.place.column}: {one.level} {one.id}: ") for line in lines
        )
    assert lines[-1].startswith(f"{len(ones)} findings in 2 files")
    assert as_text({"clean.json": []}).startswith("No findings")


def test_json_has_every_file_and_every_part_of_a_finding():
    found = findings()
    report = json.loads(as_json(found))
    assert report["schema"] == "urn:kms-katas:lint:1"
    assert [file["file"] for file in report["files"]] == list(found)
    [(_, ones), _] = found.items()
    for plain, one in zip(report["files"][0]["findings"], ones, strict=True):
        assert (plain["id"], plain["level"], plain["sentence"], plain["fix"]) == (
            one.id,
            one.level,
            one.sentence,
            one.fix,
        )
        assert (plain["line"], plain["column"]) == one.place
        assert [(other["line"], other["column"]) for other in plain["others"]] == list(one.others)


def test_sarif_has_what_the_standard_requires():
    """SARIF 2.1.0: sections 3.13 (log), 3.14 (run), 3.18 (tool), 3.19.23 (rules), 3.27 (result), 3.30 (region)."""
    found = findings()
    log = json.loads(as_sarif(found))
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"]
    assert [rule["id"] for rule in rules] == list(RULES)
    assert len(run["results"]) == sum(map(len, found.values()))
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        for location in result["locations"] + result.get("relatedLocations", []):
            place = location["physicalLocation"]
            assert " " not in place["artifactLocation"]["uri"]
            assert min(place["region"].values()) >= 1


def test_a_finding_of_a_broken_policy_can_be_written_too():
    broken = random.choice(['{"Statement": ', '{"Statement": [], "Statement": []}', "[]", '{"Statment": {}}'])
    found = {"broken.json": lint(broken)}
    assert found["broken.json"]
    results = json.loads(as_sarif(found))["runs"][0]["results"]
    assert {result["ruleId"] for result in results} <= {"J1", "J2", "J3", "J4"}
