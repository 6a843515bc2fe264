"""`kata dev export`: the file, its place, and what is said where there is none."""

import csv
import io
import secrets

import pytest

from kms_katas.kit import find_kit
from kms_katas.kit.questions import load_questions

QUESTION = """
[[question]]
id = "{topic}/{name}"
scenario = "Which one, {name}?"
difficulty = 1
exams = ["{exam}"]
tasks = []
traps = []
claims = ["A1"]
notes = []
sources = ["A guide, 2026"]
confirmed = 2026-11-21
option = [{{ text = "a", why = "It is." , right = true }}, {{ text = "b", why = "No." }},
          {{ text = "c", why = "No." }}, {{ text = "d", why = "No." }}]
"""


@pytest.fixture
def bank(mini_root):
    """By id: a topic for two exams, and another."""
    folder = mini_root / "docs" / "questions"
    folder.mkdir(parents=True)
    names = [secrets.token_hex(3) for _ in range(3)]
    for topic, exams in (("rotation", ["scs-c03", "saa-c03"]), ("grants", ["scs-c03"])):
        text = f'schema = "urn:kms-katas:questions:1"\ntopic = "{topic}"\n'
        for exam in exams:
            text += QUESTION.format(topic=topic, name=f"q-{names.pop()}", exam=exam)
        (folder / f"{topic}.toml").write_text(text, "utf-8")
    return {question.id: question for question in load_questions(find_kit(mini_root).questions)}


def ids(file):
    return {row["id"] for row in csv.DictReader(io.StringIO(file.read_text("utf-8"), newline=""))}


@pytest.mark.parametrize("format, ending", [("qti", "zip"), ("anki", "apkg"), ("csv", "csv")])
def test_a_folder_gets_a_file_of_the_usual_name_the_same_each_time(kata, here, bank, format, ending):
    if format == "anki":
        pytest.importorskip("genanki")
    ran = kata("dev", "export", ".", "--format", format)
    assert (ran.status, ran.said) == (0, f"3 questions in kms-questions.{ending}.")
    written = (here / f"kms-questions.{ending}").read_bytes()
    assert kata("dev", "export", here / f"mine.{ending}", "--format", format).status == 0
    assert (here / f"mine.{ending}").read_bytes() == written


def test_topic_and_exam_choose_what_is_in_it(kata, here, bank):
    assert kata("dev", "export", "a.csv", "--format", "csv", "--topic", "rotation").status == 0
    assert ids(here / "a.csv") == {name for name in bank if name.startswith("rotation/")}
    ran = kata("dev", "export", "a.csv", "--format", "csv", "--topic", "rotation", "--exam", "SCS-C03")
    (one,) = ids(here / "a.csv")
    assert ran.said == "1 question in a.csv."
    assert (bank[one].topic, bank[one].exams) == ("rotation", ("scs-c03",))


@pytest.mark.parametrize(
    "words, said",
    [
        (("a.txt", "--format", "qti"), "a file of the format qti ends with .zip"),
        (("nowhere/a.csv", "--format", "csv"), "The file nowhere/a.csv cannot be written"),
        ((".", "--format", "csv", "--topic", "nothing"), "There are grants, rotation."),
        ((".", "--format", "csv", "--topic", "grants", "--exam", "saa-c03"), "of the topic grants is for the exam"),
    ],
)
def test_what_cannot_be_exported_is_said_and_leaves_no_file(kata, here, bank, words, said):
    ran = kata("dev", "export", *words)
    assert ran.status == 2
    assert said in ran.said
    assert not list(here.iterdir())


def test_a_kit_without_questions_is_told_so(kata, here):
    ran = kata("dev", "export", ".", "--format", "csv")
    assert ran.status == 2
    assert "holds no questions" in ran.said


def test_without_genanki_nothing_is_written_and_the_way_to_it_is_told(kata, here, bank, monkeypatch):
    monkeypatch.setattr("kms_katas.study.export_anki.find_spec", lambda name: None)
    ran = kata("dev", "export", ".", "--format", "anki")
    assert ran.status == 2
    assert 'pip install "kms-katas[anki]"' in ran.said
    assert not list(here.iterdir())
