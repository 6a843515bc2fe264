"""The loader of the bank of questions: what a file may say, and a sentence for everything else."""

import random
import secrets
from datetime import date

import pytest

from kms_katas.kit import KitError, find_kit
from kms_katas.kit.exams import load_exams
from kms_katas.kit.questions import SCHEMA, TOPICS, TRAPS, Option, load_questions

EXAMS = load_exams(find_kit().exams)
FIELDS = {
    "id": '"rotation/a"',
    "scenario": '"""\nIt is so.\nIs it?\n"""',
    "difficulty": "2",
    "exams": '["scs-c03"]',
    "tasks": '["scs-c03 5.3"]',
    "traps": "[5]",
    "claims": '["A10"]',
    "notes": '["learn/rotation/on-demand.md#what-it-costs"]',
    "sources": '["The guide, 2026"]',
    "confirmed": "2026-11-21",
}
OPTIONS = [{"text": '"Yes"', "right": "true", "why": '"So it is."'}] + [
    {"text": f'"No, {number}"', "why": '"So it is not."'} for number in range(3)
]


def table(head, fields):
    return f"{head}\n" + "".join(f"{name} = {value}\n" for name, value in fields.items() if value is not None)


def question(options=OPTIONS, **fields):
    return table("[[question]]", FIELDS | fields) + "".join(table("[[question.option]]", option) for option in options)


def head(topic="rotation"):
    return f'schema = "{SCHEMA}"\ntopic = "{topic}"\n'


@pytest.fixture
def bank(tmp_path):
    """Writes files into a folder and gives it."""

    def write(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.toml").write_text(text, "utf-8")
        return tmp_path

    return write


def refused(folder, **known):
    with pytest.raises(KitError) as error:
        load_questions(folder, **known)
    return str(error.value).splitlines()


def test_a_question_is_read_whole(bank):
    text, why, difficulty = secrets.token_hex(), secrets.token_hex(), random.choice([1, 2, 3])
    trap = random.randint(1, TRAPS)
    options = [{"text": f'"{text}"', "why": f'"{why}"'}, *OPTIONS]
    fields = {"id": '"grants/one"', "difficulty": str(difficulty), "traps": f"[{trap}]", "exams": '["saa-c03"]'}
    file = head("grants") + question(options, **fields, tasks='["saa-c03 1.3"]')
    (one,) = load_questions(bank(grants=file), {"A10"}, EXAMS)
    assert (one.id, one.topic, one.difficulty, one.traps) == ("grants/one", "grants", difficulty, (trap,))
    assert one.scenario == "It is so.\nIs it?"
    assert (one.exams, one.tasks, one.claims) == (("saa-c03",), ("saa-c03 1.3",), ("A10",))
    assert (one.notes, one.sources) == (("learn/rotation/on-demand.md#what-it-costs",), ("The guide, 2026",))
    assert one.confirmed == date(2026, 11, 21)
    assert one.options[:2] == (Option(text, why), Option("Yes", "So it is.", right=True))
    assert one.right == {1}


def test_the_questions_of_all_files_come_by_topic_in_the_order_of_each_file(bank):
    names = random.sample(range(100), 3)
    ids = [f"rotation/{name}" for name in names]
    rotation = head() + "".join(question(id=f'"{one}"') for one in ids)
    folder = bank(rotation=rotation, grants=head("grants") + question(id='"grants/z"'))
    assert [one.id for one in load_questions(folder)] == ["grants/z", *ids]


@pytest.mark.parametrize(
    "name, value, told",
    [
        ("id", '"grants/a"', "such as rotation/"),
        ("id", '"rotation/A b"', "in small letters"),
        ("scenario", '" "', "`scenario` must be text"),
        ("scenario", "7", "`scenario` must be text"),
        ("difficulty", "4", "1, 2 or 3"),
        ("difficulty", "true", "1, 2 or 3"),
        ("exams", "[]", "`exams` must name one or more"),
        ("exams", '["scs-c02"]', "is of an exam that is not in `exams`"),
        ("tasks", '["scs-c03 5.9"]', "scs-c03 has scs-c03 1.1"),
        ("tasks", "[]", "no task of scs-c03 is in `tasks`"),
        ("traps", "[0]", f"from 1 to {TRAPS}"),
        ("traps", f"[{TRAPS + 1}]", f"from 1 to {TRAPS}"),
        ("traps", "[5, 5]", "twice in `traps`"),
        ("claims", '["A99"]', "'A99' is not in the ledger"),
        ("claims", '"A10"', "`claims` must be a list"),
        ("notes", '["docs/Learn.md"]', "a page below docs/"),
        ("notes", '["../learn/rotation/on-demand.md"]', "a page below docs/"),
        ("sources", "[]", "`sources` must name"),
        ("confirmed", '"2026-11-21"', "not in quotes"),
        ("confirmed", "2026-11-21T00:00:00Z", "must be a day"),
        ("confirmed", None, "`confirmed` is missing"),
        ("remark", '"x"', "`remark` is nothing that a question has"),
    ],
)
def test_a_wrong_field_is_told_with_the_file_and_the_question(bank, name, value, told):
    folder = bank(rotation=head() + question(**{name: value}))
    lines = refused(folder, claims={"A10"}, exams=EXAMS)
    assert any(told in line for line in lines)
    known = value.strip('"') if name == "id" else "rotation/a"
    assert all(line.startswith(f"{folder / 'rotation.toml'}: {known}: ") for line in lines)


def test_an_exam_of_one_task_need_not_be_named_by_it(bank):
    exam = random.choice([exam for exam in EXAMS.asked if len(exam.tasks) == 1])
    text = question(exams=f'["{exam.code}"]', tasks="[]")
    (one,) = load_questions(bank(rotation=head() + text), exams=EXAMS)
    assert exam.tasks_of(one.exams, one.tasks) == exam.tasks


def test_a_question_names_a_claim_or_a_note(bank):
    for name in ("claims", "notes"):
        assert load_questions(bank(rotation=head() + question(**{name: "[]"})))
    (line,) = refused(bank(rotation=head() + question(claims="[]", notes="[]")))
    assert "name a claim or a note" in line


@pytest.mark.parametrize(
    "options, told",
    [
        (OPTIONS[:3], "three"),
        ([*OPTIONS, {"text": '"5"', "why": '"w"'}, {"text": '"6"', "why": '"w"'}], "6 options"),
        ([*OPTIONS[1:], {"text": '"No, 9"', "why": '"w"'}], "none of its options are right"),
        ([option | {"right": "true"} for option in OPTIONS], "all of its options are right"),
        ([*OPTIONS, OPTIONS[-1]], "'No, 2' is there twice"),
        ([*OPTIONS, {"text": '"5"'}], "option 5 must have `text` and `why`"),
        ([*OPTIONS, {"text": '"5"', "why": '" "'}], "option 5: `text` must be one line and `why`"),
        ([*OPTIONS, {"text": '"""5\n6"""', "why": '"w"'}], "option 5: `text` must be one line"),
        ([*OPTIONS, {"text": '"5"', "why": '"w"', "right": '"yes"'}], "option 5: `right`"),
        ([*OPTIONS, {"text": '"5"', "why": '"w"', "letter": '"E"'}], "option 5 must have"),
    ],
)
def test_wrong_options_are_told(bank, options, told):
    (line,) = refused(bank(rotation=head() + question(options)))
    assert told.replace("three", "it has 3 options. It must have four or five") in line


@pytest.mark.parametrize(
    "text, told",
    [
        ("schema = [\n", "cannot be read"),
        ('schema = "urn:other:1"\n', SCHEMA),
        (head(), "[[question]]"),
        (head("money") + question(id='"rotation/a"'), "the topic 'money' is none"),
        (head("grants") + question(), "Name the file grants.toml"),
        ('note = "x"\n' + head() + question(), "`note` is nothing"),
        (head() + question() + question(), "rotation/a: another question has this id"),
    ],
)
def test_a_file_of_another_shape_is_told(bank, text, told):
    folder = bank(rotation=text)
    (line,) = refused(folder)
    assert told in line and line.startswith(f"{folder / 'rotation.toml'}: ")


def test_all_faults_of_all_files_are_told_at_once(bank):
    wrong = question(difficulty="0", traps="[99]")
    folder = bank(rotation=head() + wrong, grants="schema = 1", states=head("states") + question(id='"states/a"'))
    assert len(refused(folder)) == 3


def test_a_folder_without_questions_is_told(tmp_path):
    (line,) = refused(tmp_path / "none")
    assert "holds no questions" in line


def test_topics_are_each_there_once():
    assert len(set(TOPICS)) == len(TOPICS)
