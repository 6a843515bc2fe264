"""The quiz at the end of a note, in a real browser: by mouse and by keys, kept, begun anew, whole without scripts."""

import random
from pathlib import Path

import pytest

from kms_katas.kit import find_kit
from kms_katas.kit.questions import load_questions

pytestmark = pytest.mark.browser

KIT = find_kit(Path(__file__).parents[2])
BY_ID = {question.id: question for question in load_questions(KIT.questions)}
LED_TO = {note.partition("#")[0] for question in BY_ID.values() for note in question.notes}
NOTES = sorted(note.removesuffix(".md") for note in LED_TO if note.startswith("learn/"))
KEPT = "() => JSON.parse(localStorage.getItem('kms-katas:quiz') ?? '{}')"


def plain(text):
    return " ".join(text.replace("`", "").split())


class Shown:
    """A question on a page, and what the bank says of it."""

    def __init__(self, page, element):
        self.page, self.element = page, element
        self.question = BY_ID[element.get_attribute("data-question")]
        self.right = {plain(option.text) for option in self.question.options if option.right}

    @property
    def boxes(self):
        """Its inputs, by what the reader sees beside them."""
        labels = self.element.query_selector_all("label")
        return {plain(label.query_selector("span").inner_text()): label.query_selector("input") for label in labels}

    def choose(self, texts):
        for text, box in self.boxes.items():
            if box.get_attribute("type") == "checkbox" or text in texts:
                box.set_checked(text in texts)

    def check(self):
        self.element.query_selector("button").click()

    @property
    def said(self):
        return self.element.query_selector("[role=status]").inner_text()

    @property
    def marks(self):
        return [mark.inner_text().strip() for mark in self.element.query_selector_all(".mark")]

    @property
    def is_open(self):
        return self.element.query_selector("details").evaluate("details => details.open")

    def wrong(self):
        """As many options as are right, not all of them right."""
        others = [text for text in self.boxes if text not in self.right]
        return {random.choice(others), *list(self.right)[1:]}


@pytest.fixture
def quiz(page, site):
    """The tab at a note with a quiz, with what was kept gone."""
    page.goto(f"{site.url}{random.choice(NOTES)}/")
    page.evaluate("localStorage.removeItem('kms-katas:quiz')")
    page.reload()
    page.wait_for_selector(".question fieldset")
    return page


def shown(page):
    return [Shown(page, element) for element in page.query_selector_all(".question")]


def sum_of(page):
    return page.inner_text(".quiz .sum [role=status]").strip()


def test_each_question_has_all_its_options_and_a_box_or_a_circle_for_each(quiz):
    for one in shown(quiz):
        assert set(one.boxes) == {plain(option.text) for option in one.question.options}
        kind = "radio" if len(one.right) == 1 else "checkbox"
        assert {box.get_attribute("type") for box in one.boxes.values()} == {kind}
        assert plain(one.element.query_selector("legend").inner_text()) == plain(one.question.scenario)
        assert not one.is_open


def test_the_right_answer_is_told_opened_counted_and_kept(quiz):
    questions = shown(quiz)
    for number, one in enumerate(questions, 1):
        one.choose(one.right)
        one.check()
        assert one.said.startswith("✓ Right")
        assert one.marks.count("✓ right") == len(one.right)
        assert one.is_open
        assert sum_of(quiz) == f"{number} of {len(questions)} right."
    quiz.reload()
    quiz.wait_for_selector(".question fieldset")
    assert sum_of(quiz) == f"{len(questions)} of {len(questions)} right."
    assert all("right before" in one.said for one in shown(quiz))


def test_a_wrong_answer_is_told_with_words_and_the_right_one_is_not(quiz):
    for one in shown(quiz):
        one.choose(one.wrong())
        one.check()
        assert one.said.startswith("✗ Not right")
        assert "✗ not right" in one.marks
        assert not one.is_open
        assert sum_of(quiz).startswith("0 of")
        one.choose(one.right)
        assert one.said == "" and set(one.marks) == {""}


def test_a_right_answer_stays_counted_when_a_wrong_one_follows(quiz):
    one = random.choice(shown(quiz))
    for texts in (one.right, one.wrong()):
        one.choose(texts)
        one.check()
    assert sum_of(quiz).startswith("1 of")


def test_nothing_chosen_is_no_answer(quiz):
    one = random.choice(shown(quiz))
    one.check()
    assert one.said.startswith("Choose")
    assert quiz.evaluate(KEPT) == {}


def test_start_over_forgets_the_questions_of_this_page_alone(quiz):
    other = "topic/of-another-page"
    quiz.evaluate(f"localStorage.setItem('kms-katas:quiz', JSON.stringify({{'{other}': true}}))")
    one = random.choice(shown(quiz))
    one.choose(one.right)
    one.check()
    assert quiz.evaluate(KEPT) == {other: True, one.question.id: True}
    quiz.click(".quiz .sum button")
    assert quiz.evaluate(KEPT) == {other: True}
    assert (one.said, one.is_open) == ("", False)
    assert not any(box.is_checked() for box in one.boxes.values())
    assert sum_of(quiz).startswith("0 of")


def test_what_is_kept_that_is_no_json_is_as_nothing(quiz):
    quiz.evaluate("localStorage.setItem('kms-katas:quiz', '{')")
    quiz.reload()
    quiz.wait_for_selector(".question fieldset")
    assert sum_of(quiz).startswith("0 of")


def test_a_question_is_answered_by_keys_alone(quiz):
    one = random.choice(shown(quiz))
    boxes = list(one.boxes.items())
    boxes[0][1].focus()
    if len(one.right) == 1:
        quiz.keyboard.press("Space")
        while not one.boxes[min(one.right)].is_checked():
            quiz.keyboard.press("ArrowDown")
        quiz.keyboard.press("Tab")
    else:
        for text, _ in boxes:
            if text in one.right:
                quiz.keyboard.press("Space")
            quiz.keyboard.press("Tab")
    assert quiz.evaluate("document.activeElement.textContent") == "Check"
    quiz.keyboard.press("Enter")
    assert one.said.startswith("✓ Right")


def test_a_screen_reader_hears_the_question_with_its_options_and_what_is_said(quiz):
    one = random.choice(shown(quiz))
    kind = "radio" if len(one.right) == 1 else "checkbox"
    group = quiz.get_by_role("group", name=plain(one.question.scenario), exact=True)
    assert group.get_by_role(kind).count() == len(one.question.options)
    for option in one.question.options:
        assert group.get_by_role(kind, name=plain(option.text), exact=True).count() == 1


def test_without_scripts_the_options_are_a_list_and_the_answer_can_be_opened(site, browser):
    context = browser.tab.context.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}{random.choice(NOTES)}/")
    for element in page.query_selector_all(".question"):
        question = BY_ID[element.get_attribute("data-question")]
        seen = [plain(item.inner_text()) for item in element.query_selector_all(".options li")]
        assert sorted(seen) == sorted(plain(option.text) for option in question.options)
        assert not element.query_selector(".answer li").is_visible()
        element.query_selector("summary").click()
        told = [plain(item.inner_text()) for item in element.query_selector_all(".answer li")]
        for option in question.options:
            mark = "✓ Right:" if option.right else "✗ Not right:"
            assert f"{mark} {plain(option.text)} {plain(option.why)}" in told
    assert not page.query_selector(".quiz button")
    context.close()


SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


@SCHEMES
def test_axe_finds_nothing_in_a_quiz_that_was_answered(quiz, axe, scheme):
    quiz.emulate_media(color_scheme=scheme)
    quiz.reload()
    quiz.wait_for_selector(".question fieldset")
    first, *others = shown(quiz)
    first.choose(first.wrong())
    first.check()
    for one in others:
        one.choose(one.right)
        one.check()
    quiz.mouse.move(0, 0)  # the last button has the focus, and no pointer over it
    assert axe(quiz) == []


@SCHEMES
def test_axe_finds_nothing_on_the_page_of_an_exam(page, site, axe, scheme):
    page.emulate_media(color_scheme=scheme)
    for name in ("exams/", "exams/scs-c03/"):
        page.goto(site.url + name)
        assert axe(page) == []
