"""An exam's page: its dates and weights, who says so, and for each task its katas, notes and questions."""

from dataclasses import replace

import pytest
from make.exams import exam_page, exam_pages, questions_of
from make.katas import page_of
from make.paths import EXAM_PATHS

from kms_katas.kit import find_kit
from kms_katas.kit.exams import load_exams
from kms_katas.kit.questions import load_questions

KIT = find_kit()
EXAMS = load_exams(KIT.exams)
QUESTIONS = load_questions(KIT.questions, exams=EXAMS)
PAGES = {page.place: page.text for page in exam_pages(KIT, EXAMS, QUESTIONS, EXAM_PATHS)}

each = pytest.mark.parametrize("exam", EXAMS.asked, ids=lambda exam: exam.code)


def section(exam, task):
    """What the page says of a task."""
    head = task.number if "." in task.number else f"Domain {task.number}" if task.domain else "The whole exam"
    return PAGES[exam_page(exam)].partition(f"### {head}\n")[2].partition("\n#")[0]


@each
def test_a_page_says_whether_its_knowledge_is_second_hand_from_where_and_when(exam):
    text = PAGES[exam_page(exam)]
    assert ("AWS's exam guide itself was not read" in text) == exam.second_hand
    assert exam.source in text and f"Confirmed {exam.confirmed}" in text
    assert ("**Not confirmed:**" in text) == bool(exam.doubt) and exam.doubt in text


def test_knowledge_at_first_hand_is_not_called_second_hand():
    exam = replace(EXAMS.asked[0], second_hand=False)
    pages = exam_pages(KIT, replace(EXAMS, exams=(exam,)), QUESTIONS, ())
    (text,) = [page.text for page in pages if page.place == exam_page(exam)]
    assert "was not read" not in text and exam.source in text


@each
def test_a_page_has_the_dates_and_the_weights(exam):
    text = PAGES[exam_page(exam)]
    for domain in exam.domains:
        assert f"| {domain.number}. {domain.name} | {domain.weight}% |" in text
    assert all(str(day) in text for day in (exam.begins, exam.ends) if day and exam.status != "ended")
    assert not exam.minutes or f"takes {exam.minutes} minutes" in text


@each
def test_a_task_has_its_katas_or_why_there_are_none_and_the_number_of_its_questions(exam):
    for task in exam.tasks:
        text = section(exam, task)
        for kata in KIT.katas:
            assert (f"]({'../'}{page_of(kata)})" in text) == task.is_practised_by(kata)
        assert ("No kata yet" in text) == bool(task.no_kata)
        assert f"**{len(questions_of(exam, task, QUESTIONS))} question" in text


@each
def test_a_page_says_how_deep_each_field_goes_and_that_this_is_our_judgement(exam):
    text = PAGES[exam_page(exam)]
    assert EXAMS.judgement in text
    for area in EXAMS.areas:
        assert f"| {area.name} | {area.depth[exam.code]} |" in text


@each
def test_a_page_leads_to_the_path_where_there_is_one(exam):
    assert (f"](../learn/paths/{exam.code}.md)" in PAGES[exam_page(exam)]) == (exam.code in EXAM_PATHS)


def test_the_page_of_all_exams_has_each_of_them():
    text = PAGES["exams/index.md"]
    for exam in EXAMS.exams:
        assert (f"[{exam.code.upper()}]({exam.code}.md)" if exam.tasks else f"| {exam.code.upper()} |") in text
