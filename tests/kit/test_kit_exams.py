"""What the exams ask for: the loader, what it refuses, and that the file of this kit is whole."""

import random
from datetime import date

import pytest

from kms_katas.kit import KitError, find_kit
from kms_katas.kit.exams import STATUSES, WHOLE, load_exams
from kms_katas.kit.questions import TOPICS

KIT = find_kit()
EXAMS = load_exams(KIT.exams, KIT.katas, TOPICS)

TEXT = """schema = "urn:kms-katas:exams:1"
judgement = "Ours."
[[area]]
name = "Turning"
topics = ["rotation"]
depth = { abc-c01 = 3 }
[[area]]
name = "Lending"
topics = ["grants"]
depth = { abc-c01 = 1 }
[[exam]]
code = "abc-c01"
name = "A, Associate"
status = "ending"
begins = 2025-01-02
ends = 2027-03-04
about = "It is."
questions = 65
minutes = 130
source = "A page."
confirmed = 2026-11-21
second_hand = true
doubt = ""
domain = [{ number = 4, name = "Security", weight = 30 }]
[[exam.task]]
number = "4.2"
about = "keys"
practised = ["keys"]
[[exam.task]]
number = "4"
about = "logs"
practised = []
no_kata = "Not yet."
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        (tmp_path / "exams.toml").write_text(text, "utf-8")
        return tmp_path / "exams.toml"

    return write


def refused(file, *known):
    with pytest.raises(KitError) as error:
        load_exams(file, *known)
    return str(error.value).splitlines()


def test_an_exam_is_read_whole(written, mini_kit):
    questions = random.randrange(1, 100)
    text = TEXT.replace("questions = 65", f"questions = {questions}").replace('["keys"]', '["keys/mini"]')
    exams = load_exams(written(text), mini_kit.katas, TOPICS)
    exam = exams.exam("ABC-C01")
    assert exams.asked == exams.exams == (exam,)
    assert (exam.code, exam.status, exam.questions, exam.minutes) == ("abc-c01", "ending", questions, 130)
    assert (exam.begins, exam.ends, exam.confirmed) == (date(2025, 1, 2), date(2027, 3, 4), date(2026, 11, 21))
    assert (exam.second_hand, exam.doubt, exam.source) == (True, "", "A page.")
    first, second = exam.tasks
    assert (first.id, first.domain, second.id, second.domain) == ("abc-c01 4.2", 4, "abc-c01 4", 4)
    assert exam.domain_of(first) == exam.domain_of(second) == exam.domains[0]
    assert (first.practised, second.no_kata) == (("keys/mini",), "Not yet.")
    assert exams.shares("abc-c01") == {"Turning": 0.75, "Lending": 0.25}


def test_a_question_serves_the_tasks_that_it_names(written):
    exam = load_exams(written(TEXT)).exams[0]
    assert exam.tasks_of(["abc-c01"], ["abc-c01 4.2", "xyz-c01 4"]) == exam.tasks[:1]
    assert exam.tasks_of(["abc-c01"], []) == ()
    assert exam.tasks_of(["xyz-c01"], ["abc-c01 4.2"]) == ()


def test_a_kata_practises_a_task_by_its_track_or_by_itself_where_it_names_the_exam(written, mini_kit):
    (kata,) = mini_kit.katas
    for practised, counts in (("keys", True), ("keys/mini", True), ("grants", False)):
        text = TEXT.replace('["keys"]', f'["{practised}"]').replace("abc-c01", "scs-c03")
        assert load_exams(written(text)).exams[0].tasks[0].is_practised_by(kata) is counts
    assert not load_exams(written(TEXT)).exams[0].tasks[0].is_practised_by(kata)


@pytest.mark.parametrize(
    "line, instead, told",
    [
        ('code = "abc-c01"', 'code = "ABC-C01"', "`code` must be like scs-c03"),
        ('status = "ending"', 'status = "old"', "Take one of current"),
        ("questions = 65", "questions = -1", "`questions` must be a whole number"),
        ("ends = 2027-03-04", 'ends = "2027"', "`ends` must be a day"),
        ("second_hand = true", 'second_hand = "no"', "true or false"),
        ('doubt = ""\n', "", "`doubt` is missing"),
        ('about = "It is."', 'about = ""', "`about` must be one line of text"),
        ("weight = 30", "weight = 101", "each of `domain`"),
        ('number = "4.2"', 'number = "4.x"', "`number` must be like"),
        ('number = "4.2"', 'number = "5.2"', "there is no domain 5"),
        ('number = "4.2"', 'number = "4"', "the task 4 is there twice"),
        ('practised = ["keys"]', 'practised = ["kees"]', "'kees' is neither a track nor a kata"),
        ('no_kata = "Not yet."', 'later = "Not yet."', "it must have `number`, `about` and `practised`"),
        ("abc-c01 = 3", "abc-c01 = 5", "from 0 to 4"),
        ("abc-c01 = 3", "abd-c01 = 3", "look at abc-c01, abd-c01"),
        ('topics = ["grants"]', 'topics = ["rotation"]', "'rotation' is in two areas"),
        ('topics = ["grants"]', 'topics = ["money"]', "'money' is no topic"),
        ('judgement = "Ours."', 'judgement = ""', "`judgement`"),
        ('judgement = "Ours."', 'judgement = "Ours."\nmore = 1', "`more` is nothing"),
        ('"urn:kms-katas:exams:1"', '"urn:other:1"', "this kit reads schema"),
        ("[[area]]", "[[area", "cannot be read"),
    ],
)
def test_what_is_wrong_is_told_with_the_file(written, mini_kit, line, instead, told):
    file = written(TEXT.replace(line, instead, 1))
    lines = refused(file, mini_kit.katas, TOPICS)
    assert any(told in one for one in lines) and all(one.startswith(f"{file}: ") for one in lines)


def test_all_faults_are_told_at_once(written):
    assert len(refused(written(TEXT.replace("questions = 65", "questions = 1.5").replace('["keys"]', '[" "]')))) == 2


def test_a_file_that_is_not_there_is_told(tmp_path):
    (line,) = refused(tmp_path / "none.toml")
    assert "cannot be read" in line


def test_every_exam_that_a_kata_names_is_there():
    named = {code for kata in KIT.katas for code in kata.exams}
    assert {code for code in named if not EXAMS.exam(code)} == set()


def test_every_topic_of_questions_is_in_an_area():
    assert {topic for area in EXAMS.areas for topic in area.topics} == set(TOPICS)


@pytest.mark.parametrize("exam", EXAMS.exams, ids=lambda exam: exam.code)
def test_the_weights_of_an_exam_add_up_and_its_days_fit_its_status(exam):
    assert sum(domain.weight for domain in exam.domains) in (0, 100)
    assert (exam.status in ("ending", "ended")) == bool(exam.ends)
    assert exam.status in STATUSES and (exam.status != "coming" or exam.begins)


@pytest.mark.parametrize("exam", EXAMS.asked, ids=lambda exam: exam.code)
def test_an_exam_whose_tasks_nobody_has_seen_says_so(exam):
    if exam.tasks[0].number == WHOLE:
        assert len(exam.tasks) == 1 and exam.second_hand and exam.doubt


@pytest.mark.parametrize("exam", EXAMS.asked, ids=lambda exam: exam.code)
def test_every_kata_of_an_exam_belongs_to_one_of_its_tasks(exam):
    asked = [kata for kata in KIT.katas if exam.code.upper() in kata.exams]
    lost = [kata.id for kata in asked if not any(task.is_practised_by(kata) for task in exam.tasks)]
    assert not lost, f"say in docs/exams.toml which task of {exam.code} they practise"
