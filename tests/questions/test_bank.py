"""The bank of questions as a whole: no form gives an answer away, nothing is there twice, and no field is left out.

Not for the form of its files (tests/kit/test_kit_questions.py). Whether a question is right, readers must say.
"""

import re
from collections import Counter
from difflib import SequenceMatcher
from functools import cache
from itertools import combinations

import markdown
import pytest
from make.exams import questions_of
from make.katas import note_of
from make.site import made_pages

from kms_katas.kit import find_kit
from kms_katas.kit.claims import load_claims
from kms_katas.kit.exams import load_exams
from kms_katas.kit.questions import TOPICS, TRAPS, load_questions

KIT = find_kit()
DOCS = KIT.root / "docs"
EXAMS = load_exams(KIT.exams, KIT.katas, TOPICS)
CLAIMS = {claim.id for text in load_claims(KIT.claims) for claim in text.claims}
QUESTIONS = load_questions(KIT.questions, CLAIMS, EXAMS)
TASKS = [(exam, task) for exam in EXAMS.asked for task in exam.tasks]
TASK_IDS = [task.id for _, task in TASKS]

of_each_file = pytest.mark.parametrize("topic", sorted({question.topic for question in QUESTIONS}))
of_each_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)


def of_topic(topic):
    return [question for question in QUESTIONS if question.topic == topic]


def texts_of(question):
    """All that a reader sees of it, without its `code` and what it quotes."""
    texts = [question.scenario, *(text for option in question.options for text in (option.text, option.why))]
    return [re.sub(r'`[^`]*`|"[^"]*"', "", text) for text in texts]


def longest(question):
    """The place of the option that is longer than all others, if one is."""
    lengths = [len(option.text) for option in question.options]
    return lengths.index(max(lengths)) if lengths.count(max(lengths)) == 1 else None


def at_least(hits, chances):
    """How probable so many hits or more are where each has its own chance."""
    counts = [1.0]
    for chance in chances:
        counts = [
            (counts[n] if n < len(counts) else 0) * (1 - chance) + (counts[n - 1] if n else 0) * chance
            for n in range(len(counts) + 1)
        ]
    return sum(counts[hits:])


def test_how_probable_hits_are_is_counted_right():
    assert at_least(0, [0.25] * 7) == pytest.approx(1)
    assert at_least(3, [0.5] * 3) == pytest.approx(1 / 8)
    assert at_least(1, [0.25, 0.5]) == pytest.approx(1 - 0.75 * 0.5)


def test_the_longest_option_is_right_no_more_often_than_by_chance():
    told = [(question, longest(question)) for question in QUESTIONS if longest(question) is not None]
    hits = sum(place in question.right for question, place in told)
    chances = [len(question.right) / len(question.options) for question, _ in told]
    assert at_least(hits, chances) > 0.05, f"{hits} of {len(told)}; by chance it would be {sum(chances):.0f}"


@of_each_file
def test_in_no_file_is_the_longest_option_right_in_more_than_one_of_four(topic):
    single = [question for question in of_topic(topic) if len(question.right) == 1]
    given = [question.id for question in single if longest(question) in question.right]
    assert len(given) <= -(-len(single) // 4), f"make a wrong option longer in some of {', '.join(given)}"


ABSOLUTE = re.compile(r"\b(always|never|only|every|any|all|nobody|nothing|cannot)\b", re.IGNORECASE)


def test_words_that_leave_nothing_open_are_about_as_frequent_in_right_options_as_in_wrong_ones():
    shares = {}
    for right in (True, False):
        texts = [option.text for question in QUESTIONS for option in question.options if option.right is right]
        shares[right] = sum(bool(ABSOLUTE.search(text)) for text in texts) / len(texts)
    assert abs(shares[True] - shares[False]) < 0.1, f"right {shares[True]:.0%}, wrong {shares[False]:.0%}"


OTHERS = re.compile(
    r"\b(all|any|none|both|neither|each) of (the|these|those) (above|options|answers)\b|\bthe above\b"
    r"|^(all|any|none|both|neither) (of (these|those|them|the others)|others)\W*$",
    re.IGNORECASE,
)
LETTERS = re.compile(r"\b(option|answer|choice)s? \(?[A-E1-5]\b|\b[A-E] (and|or) [A-E]\b|^\(?[A-E][).] ")


@of_each_question
def test_options_stand_for_themselves(question):
    """They are shown in another order each time."""
    for option in question.options:
        assert not OTHERS.search(option.text), option.text
    for text in texts_of(question):
        assert not LETTERS.search(text), text


@pytest.mark.parametrize("text", ["All of the above", "None of these.", "Neither of them", "A and C", "B) It is"])
def test_an_option_that_leans_on_others_is_found(text):
    assert OTHERS.search(text) or LETTERS.search(text)


@of_each_question
def test_the_options_of_a_question_are_of_one_form(question):
    ends = {option.text[-1] in ".!" for option in question.options}
    assert len(ends) == 1, "end all options with a full stop, or none"


NUMBERS = {2: "two", 3: "three", 4: "four"}


@of_each_question
def test_a_question_with_several_right_options_says_how_many_and_others_ask_one(question):
    """Not in so many words where one is right: "Which two" is the mark of the others."""
    assert question.scenario.rstrip().endswith(("?", ".")), "the scenario ends with the question"
    asked = re.split(r"(?<=[.:?!]) ", " ".join(question.scenario.split()))
    number = NUMBERS.get(len(question.right))
    if number:
        assert any(re.search(rf"\b{number}\b", sentence, re.I) for sentence in asked[-2:]), f"say {number}"
    else:
        assert not re.search(r"\b(which|choose|what) (two|three|four)\b", asked[-1], re.I)


OLD_NAME = re.compile(r"\bCMKs?\b|\bcustomer master key", re.IGNORECASE)


@of_each_question
def test_keys_have_the_names_that_aws_gives_them_now(question):
    """Or the scenario quotes a text that has the old one."""
    if not OLD_NAME.search(question.scenario):
        assert not [text for text in texts_of(question) if OLD_NAME.search(text)]


@cache
def pages():
    """Every page below docs/, made or by hand, by its place."""
    made = {page.place: page.text for page in made_pages(KIT.root)}
    return {page.relative_to(DOCS).as_posix(): page.read_text("utf-8") for page in DOCS.rglob("*.md")} | made


@cache
def anchors(place):
    extensions = ["admonition", "attr_list", "footnotes", "md_in_html", "tables", "toc", "pymdownx.superfences"]
    return set(re.findall(r'\bid="([^"]+)"', markdown.markdown(pages()[place], extensions=extensions)))


@of_each_question
def test_a_note_that_a_question_names_is_there_with_its_anchor(question):
    for note in question.notes:
        place, _, anchor = note.partition("#")
        assert place in pages(), f"docs has no page {place}"
        assert not anchor or anchor in anchors(place), f"{place} has no {anchor}; it has {sorted(anchors(place))}"


@pytest.mark.parametrize(
    "note", sorted({note.partition("#")[0] for question in QUESTIONS for note in question.notes if "learn/" in note})
)
def test_a_note_that_questions_lead_to_takes_in_its_quiz(note):
    line = f'--8<-- "quiz/{note.removeprefix("learn/")}"'
    assert line in pages()[note].splitlines(), f"end docs/{note} with the line {line}"


def alike(one, other):
    match = SequenceMatcher(None, one, other, autojunk=False)
    return match.real_quick_ratio() > 0.8 and match.quick_ratio() > 0.8 and match.ratio() > 0.8


def test_no_two_questions_are_one():
    words = {question.id: question.scenario.lower().split() for question in QUESTIONS}
    assert [(one, other) for one, other in combinations(words, 2) if alike(words[one], words[other])] == []


def test_no_two_questions_have_the_same_options():
    seen = Counter(frozenset(option.text for option in question.options) for question in QUESTIONS)
    assert [options for options, times in seen.items() if times > 1] == []


def test_there_are_enough_questions():
    assert len(QUESTIONS) >= 220


def test_every_trap_is_covered():
    covered = {trap for question in QUESTIONS for trap in question.traps}
    assert set(range(1, TRAPS + 1)) - covered == set()


def test_difficulty_is_spread():
    counts = Counter(question.difficulty for question in QUESTIONS)
    assert all(0.2 <= counts[difficulty] / len(QUESTIONS) <= 0.5 for difficulty in (1, 2, 3)), counts


def test_about_one_in_five_has_several_right_options():
    several = sum(len(question.right) > 1 for question in QUESTIONS)
    assert 0.1 <= several / len(QUESTIONS) <= 0.3


@pytest.mark.parametrize("exam", EXAMS.asked, ids=lambda exam: exam.code)
def test_an_exam_has_questions_in_each_field_that_it_asks_for(exam):
    topics = Counter(question.topic for question in QUESTIONS if exam.code in question.exams)
    few = {
        area.name: f"{found} of {area.depth[exam.code]}"
        for area in EXAMS.areas
        if (found := sum(topics[topic] for topic in area.topics)) < area.depth[exam.code]
    }
    assert not few, f"write more, or name the exam in questions of these fields: {few}"


@pytest.mark.parametrize("exam, task", TASKS, ids=TASK_IDS)
def test_a_task_of_an_exam_has_questions_and_notes(exam, task):
    served = questions_of(exam, task, QUESTIONS)
    assert len(served) >= 3, f"{task.id}, {task.about}: it has {len(served)}"
    notes = {note.partition("#")[0] for question in served for note in question.notes}
    notes |= {note_of(kata) for kata in KIT.katas if task.is_practised_by(kata)}
    assert notes & set(pages()), f"{task.id}: no page of docs/ is about it"


@pytest.mark.parametrize("exam, task", TASKS, ids=TASK_IDS)
def test_a_task_of_an_exam_has_katas_or_says_why_not(exam, task):
    katas = [kata.id for kata in KIT.katas if task.is_practised_by(kata)]
    if katas:
        assert not task.no_kata, f"{katas[0]} is about it: take `no_kata` of {task.id} out of docs/exams.toml"
    else:
        assert task.no_kata, f"say in docs/exams.toml why there is no kata for {task.id}, {task.about}"


def test_few_tasks_are_without_a_kata():
    assert sum(bool(task.no_kata) for _, task in TASKS) <= 5
