"""What every export begins with: which questions, in which order their options, what in a text is code."""

import io
import random
import zipfile
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.kit import KitError
from kms_katas.study.export import chosen, packed, pieces, shown_options

from .question_samples import question, questions, real, texts


@given(question(), st.randoms())
def test_the_order_of_the_file_changes_nothing_in_the_order_shown(one, chance):
    turned = list(one.options)
    chance.shuffle(turned)
    assert Counter(shown_options(one)) == Counter(one.options)
    assert shown_options(replace(one, options=tuple(turned))) == shown_options(one)


def test_the_right_option_of_the_bank_stands_at_each_place_about_as_often():
    places = Counter()
    for one in real():
        places[[option.right for option in shown_options(one)].index(True)] += 1
    assert all(places[place] > 0.1 * places.total() for place in range(4))


@given(texts)
def test_the_pieces_hold_all_but_the_backticks_that_mark_code(text):
    found = pieces(text)
    assert "".join(piece for piece, _ in found) == text.replace("`", "", text.count("`") // 2 * 2)
    assert not any("`" in piece for piece, is_code in found if is_code)


@pytest.mark.parametrize(
    "text, code", [("`a`", ["a"]), ("x `a` y `b c`", ["a", "b c"]), ("a ` b", []), ("`a` b ` c", ["a"]), ("", [])]
)
def test_code_is_what_stands_between_two_backticks(text, code):
    assert [piece for piece, is_code in pieces(text) if is_code] == code


@given(questions)
def test_a_topic_and_an_exam_leave_those_that_have_both(found):
    one = random.choice(found)
    left = chosen(found, one.topic.upper(), one.exams[0].upper())
    assert left == tuple(q for q in found if q.topic == one.topic and one.exams[0] in q.exams)
    assert one in left
    assert chosen(found) == found


@pytest.mark.parametrize("asked", [{"topic": "nothing"}, {"exam": "abc-c01"}])
def test_where_none_is_left_it_says_what_there_is(asked):
    found = real()
    with pytest.raises(KitError) as told:
        chosen(found, **asked)
    known = found[0].topic if "topic" in asked else found[0].exams[0]
    assert known in str(told.value)


@given(st.dictionaries(st.text("abc/.", min_size=1), st.binary()))
def test_a_package_holds_the_files_and_nothing_of_the_machine(files):
    package = packed(files)
    with zipfile.ZipFile(io.BytesIO(package)) as held:
        assert {entry.filename: held.read(entry) for entry in held.infolist()} == files
        assert {(entry.date_time, entry.create_system) for entry in held.infolist()} <= {((1980, 1, 1, 0, 0, 0), 3)}
    assert packed(files) == package
