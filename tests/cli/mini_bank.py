"""A small bank of questions and an exam for the mini kit. It tests nothing."""

import random

from kms_katas.kit.questions import load_questions

EXAMS = """
schema = "urn:kms-katas:exams:1"
judgement = "Ours."

[[area]]
name = "All"
topics = ["rotation", "grants", "states"]
depth = { scs-c03 = 2 }

[[exam]]
code = "scs-c03"
name = "Security, Specialty"
status = "current"
questions = 65
minutes = 170
about = "It asks."
source = "A copy of the guide."
confirmed = 2026-11-22
second_hand = true
doubt = "Somebody doubts it."
domain = [ { number = 4, name = "Identity", weight = 20 }, { number = 5, name = "Data protection", weight = 20 } ]
[[exam.task]]
number = "4.2"
about = "who may use a key"
practised = []
no_kata = "None yet."
[[exam.task]]
number = "5.3"
about = "rotation"
practised = ["keys"]

[[exam]]
code = "sap-c02"
name = "Architect"
status = "ended"
questions = 0
minutes = 0
about = "It has ended."
source = "A post."
confirmed = 2026-11-22
second_hand = true
doubt = ""
domain = []
task = []
"""
TASKS = {"rotation": "5.3", "grants": "4.2", "states": "5.3"}


def write_bank(root):
    """Four questions in each topic, the second with two right options. Every `text` and `why` is a word of its own."""
    folder = root / "docs" / "questions"
    folder.mkdir(parents=True)
    (root / "docs" / "exams.toml").write_text(EXAMS)
    for topic, task in TASKS.items():
        lines = ['schema = "urn:kms-katas:questions:1"', f'topic = "{topic}"']
        for number in range(1, 5):
            right = set(random.sample(range(4), 2 if number == 2 else 1))
            lines += [
                "[[question]]",
                f'id = "{topic}/q-{number}"',
                f'scenario = "{_word()} happens to `a key`. What is it?"',
            ]
            lines += [
                "difficulty = 2",
                'exams = ["scs-c03"]',
                f'tasks = ["scs-c03 {task}"]',
                "traps = []",
                'claims = ["A1"]',
            ]
            lines += [
                f'notes = ["learn/{topic}/page.md#part-{number}"]',
                'sources = ["A guide"]',
                "confirmed = 2026-11-22",
            ]
            for place in range(4):
                lines += ["[[question.option]]", f'text = "{_word()}"', f'why = "{_word()}"']
                lines += ["right = true"] if place in right else []
        (folder / f"{topic}.toml").write_text("\n".join(lines) + "\n")
    return {question.id: question for question in load_questions(folder)}


def _word():
    return "".join(random.choices("bcdfghjklmnpqrstvwxz", k=14))
