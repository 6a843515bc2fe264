"""Every part of a policy knows its line and column, and every fault is told with them."""

import copy
import json
import pickle
import random
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.policy import PolicyError, parse_document
from kms_katas.policy.document import Document, faults
from kms_katas.policy.positions import Place, positions

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
LAYOUTS = st.sampled_from([None, 0, 1, 3, "\t", "\n\n "])


def paths(value: Any, path: tuple[str | int, ...] = ()):
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inner:
        yield from paths(item, (*path, step))


def offset(text: str, place: Place) -> int:
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1


@given(VALUES, LAYOUTS, st.booleans())
def test_what_stands_at_a_place_is_the_entry(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    where = positions(text)
    read = json.JSONDecoder().raw_decode
    for path, item in paths(value):
        assert read(text, offset(text, where.value(path)))[0] == item
        begins = read(text, offset(text, where.entry(path)))[0]
        assert begins == (path[-1] if path and isinstance(path[-1], str) else item)


@given(VALUES, LAYOUTS)
def test_a_text_has_no_other_entries(value, indent):
    assert set(positions(json.dumps(value, indent=indent)).values) == {path for path, _ in paths(value)}


@given(VALUES, VALUES, st.text(max_size=4))
def test_both_places_of_a_repeated_name_are_found_and_the_last_counts(first, last, name):
    text = "[ {" + f"{json.dumps(name)}: {json.dumps(first)},\n {json.dumps(name)}: {json.dumps(last)}" + "} ]"
    where = positions(text)
    [repeat] = [repeat for repeat in where.repeats if repeat.path == (0, name)]
    assert repeat.places == (Place(1, 4), Place(2, 2))
    assert json.JSONDecoder().raw_decode(text, offset(text, where.value((0, name))))[0] == last


def policy(*statements: str, head: str = "") -> str:
    return "{\n" + head + '"Statement": [\n' + ",\n".join(statements) + "]}"


GOOD = '{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}'


def test_a_document_gives_the_place_of_statements_elements_values_and_condition_keys():
    key = f"kms:EncryptionContext:{uuid.uuid4().hex}"
    last = (
        '{"Effect": "Deny",\n "Principal": "*", "Action": ["kms:Encrypt",\n   "kms:Decrypt"],\n'
        f' "Resource": "*", "Condition": {{"StringEquals": {{\n"{key}": "x"}}}}}}'
    )
    document = parse_document(policy(GOOD, last))
    assert document.statement_place(1) == Place(4, 1)
    assert document.place(("Statement", 1, "Action")) == Place(5, 20)
    assert document.place(("Statement", 1, "Action", 1)) == Place(6, 4)
    assert document.place(("Statement", 1, "Condition", "StringEquals", key)) == Place(8, 1)
    assert document.value_place(("Statement", 1, "Condition", "StringEquals", key)) == Place(8, len(key) + 5)


def test_a_statement_without_its_list_has_its_place():
    assert parse_document(f'{{"Statement":\n  {GOOD}}}').statement_place(0) == Place(2, 3)


def test_what_is_not_there_has_no_place():
    with pytest.raises(KeyError):
        parse_document(policy(GOOD)).place(("Statement", 1))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda document: pickle.loads(pickle.dumps(document))])
def test_a_copy_of_a_document_keeps_its_places(again):
    document = parse_document("\n" * random.randrange(9) + policy(GOOD))
    other = again(document)
    assert isinstance(other, Document)
    assert other == document
    assert other.statement_place(0) == document.statement_place(0)


BAD = [
    ('{"Effect": "Allow",\n "Effects": "x"}', "J3", Place(4, 2), '"Effects"'),
    ('{"Effect": "Allow", "Action":\n ["kms:*", 7]}', "J4", Place(4, 12), "a number"),
    ('{"Effect":\n "allow"}', "J4", Place(3, 2), '"allow"'),
    ('{"Effect": "Allow", "Action": "a", \n"NotAction": "b"}', "J4", Place(4, 1), "both"),
    ('{"Action": "a"}', "J4", Place(3, 1), 'no "Effect"'),
    ('{"Effect": "Allow", "Condition": {\n"StringEqual": {}}}', "J3", Place(4, 1), "StringEqual"),
    ('{"Effect": "Allow", "Condition": {"Bool": {"a":\n {}}}}', "J4", Place(3, 44), "an object"),
    ('{"Effect": "Allow", "Principal": {"AWS": "*",\n"Aws": "*"}}', "J3", Place(4, 1), "Aws"),
    ('{"Effect": "Allow",\n\n "Effect": "Allow"}', "J2", Place(5, 2), "twice"),
]


@pytest.mark.parametrize(("statement", "rule", "place", "says"), BAD, ids=[case[3] for case in BAD])
def test_a_fault_is_told_with_its_rule_and_its_place(statement, rule, place, says):
    [found] = faults(policy(statement))
    assert (found.id, found.level, found.place) == (rule, "error", place)
    assert says in found.sentence


def test_both_places_of_a_repeated_name_are_told():
    [found] = faults(policy('{"Effect": "Allow",\n "Effect": "Deny"}'))
    assert (found.others, found.place) == ((Place(3, 2),), Place(4, 2))


def test_all_faults_are_told_and_the_first_is_raised():
    chosen = random.sample(BAD, k=4)
    text = policy(*(case[0] for case in chosen), head='"Versoin": "2012-10-17",\n')
    found = faults(text)
    assert {fault.id for fault in found} == {case[1] for case in chosen} | {"J3"}
    assert len(found) == 5
    with pytest.raises(PolicyError) as caught:
        parse_document(text)
    assert (caught.value.sentence, caught.value.place) == (found[0].sentence, found[0].place)
    assert str(found[0].place) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [("", Place(1, 1)), ("{\n ]", Place(2, 2)), ('{"Id": "NaN",\n "Version": NaN}', Place(2, 13)), ("[" * 99999, None)],
)
def test_text_that_is_no_json_is_one_fault(text, place):
    [found] = faults(text)
    assert found.id == "J1"
    assert place is None or found.place == place


@given(st.text(alphabet='{}[]":, \n*aE1', max_size=40) | VALUES.map(json.dumps))
def test_faults_never_raises_and_agrees_with_parse_document(text):
    found = faults(text)
    if found:
        with pytest.raises(PolicyError):
            parse_document(text)
    else:
        assert parse_document(text) == json.loads(text)
