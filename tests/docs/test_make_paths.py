"""The paths: each kata after what it builds on, and every kata of an exam on its path."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from make.paths import EXAM_PATHS, in_order, path_pages

from kms_katas.kit import find_kit
from kms_katas.kit.exams import load_exams

KIT = find_kit()
KATA = KIT.katas[0]
EXAMS = load_exams(KIT.exams)


def named(number, before=()):
    return replace(KATA, id=f"t/k{number}", prerequisites=tuple(f"t/k{other}" for other in before))


@st.composite
def katas(draw):
    """Katas that build on others of lower numbers, in any order."""
    size = draw(st.integers(1, 9))
    before = [draw(st.sets(st.integers(0, number - 1))) if number else set() for number in range(size)]
    return draw(st.permutations([named(number, others) for number, others in enumerate(before)]))


@given(katas())
def test_each_kata_stands_after_what_it_builds_on(katas):
    ordered = in_order(katas)
    ids = [kata.id for kata in ordered]
    assert sorted(ids) == sorted(kata.id for kata in katas)
    for kata in ordered:
        assert set(kata.prerequisites) <= set(ids[: ids.index(kata.id)])


@given(katas(), st.randoms())
def test_a_part_of_the_katas_comes_with_all_that_it_builds_on_and_no_more(katas, chance):
    wanted = {kata.id for kata in katas if chance.random() < 0.3}
    ids = [kata.id for kata in in_order(katas, wanted)]
    needed = {other for kata in katas if kata.id in ids for other in kata.prerequisites}
    assert set(ids) <= wanted | needed
    assert wanted | needed <= set(ids)


def test_katas_that_build_on_nothing_stay_in_the_order_of_their_folders():
    katas = [named(number) for number in random.sample(range(99), 9)]
    assert list(in_order(katas)) == katas


def test_katas_in_a_circle_are_each_there_once():
    katas = [named(1, [3]), named(2, [1]), named(3, [2])]
    assert {kata.id for kata in in_order(katas)} == {kata.id for kata in katas}


@pytest.mark.parametrize("code", EXAM_PATHS)
def test_the_path_of_an_exam_has_every_kata_of_the_exam(code):
    (page,) = [page.text for page in path_pages(KIT, EXAMS) if page.place == f"learn/paths/{code}.md"]
    assert f"](../../exams/{code}.md)" in page
    for kata in KIT.katas:
        if code.upper() in kata.exams:
            assert page.count(f"/katas/{kata.id}.md)") == 1


def test_a_kit_without_a_first_hour_has_no_page_of_it(mini_kit):
    (mini_kit.root / "docs").mkdir()
    assert "learn/paths/first-hour.md" not in {page.place for page in path_pages(mini_kit)}
