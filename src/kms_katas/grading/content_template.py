"""The files of a kata that nobody has written yet, with a TODO for each thing to write.

Not for finding what is still to write: content_layout.py names every TODO that is left.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Literal

from kms_katas.kit import Kit, KitError
from kms_katas.kit.kata import FOLDER, ID, ROWS
from kms_katas.kit.table import read_pool, written

Kind = Literal["py", "json", "toml"]


@dataclass(frozen=True)
class NewKata:
    """Where a new kata goes: `id` is track/name, `folder` its path below katas/ with the numbers that are free."""

    id: str
    folder: str
    title: str
    level: int
    kind: Kind

    @property
    def grader(self) -> str:
        """Its checks, below tests/graders/."""
        name = self.id.split("/")[1].replace("-", "_")
        return f"{self.folder.split('/')[0].replace('-', '_')}/test_{name}.py"

    @property
    def note(self) -> str:
        """Its page among the notes, below docs/."""
        return f"learn/{self.id}.md"

    @property
    def nav_lines(self) -> Mapping[str, str]:
        """What mkdocs.yml needs, so that note and kata are found: the line to put under the track, by kind of page."""
        return {
            "Learn": f'          - "{_words(self.id.split("/")[1])}": {self.note}',
            "Katas": f"          - {json.dumps(self.title, ensure_ascii=False)}: katas/{self.id}.md",
        }


def new_kata(kit: Kit, kata_id: str, title: str, level: int, kind: Kind) -> NewKata:
    """The kata `kata_id` at the next free numbers; an empty title is made from the name. Raises KitError."""
    if not ID.fullmatch(kata_id):
        raise KitError(f"{kata_id!r} is not of the form track/name in small letters. Try one like keys/hello.")
    track, name = kata_id.split("/")
    tracks = _numbered(kit.starters)
    track_folder = f"{tracks.get(track) or _next(tracks):02}-{track}"
    katas = _numbered(kit.starters / track_folder)
    if name in katas:
        raise KitError(f"{kata_id} is there: katas/{track_folder}/{katas[name]:02}-{name}. Take another name.")
    folder = f"{track_folder}/{_next(katas):02}-{name}"
    return NewKata(kata_id, folder, " ".join(title.split()) or _words(name), level, kind)


def files_of(kata: NewKata) -> Mapping[str, str]:
    """The text of each file, by its path below the kit's root."""
    answers = _ANSWERS[kata.kind]
    names = {
        "id": kata.id,
        "title": kata.title,
        "quoted_title": json.dumps(kata.title, ensure_ascii=False),  # TOML writes such a text as JSON does
        "level": str(kata.level),
        "note": f"docs/{kata.note}",
        "answer": json.dumps(list(answers)),
        "task": _TASK,
    }
    starter, solution = f"katas/{kata.folder}", f"solutions/{kata.folder}"
    texts = {f"{starter}/README.md": _BRIEF[kata.kind], f"{starter}/kata.toml": _TOML}
    rows = ""
    if kata.kind == "toml":
        texts[f"{starter}/{ROWS}"] = _ROWS
        rows = written(read_pool(_ROWS.encode(), ROWS), 1)
    for folder, what in {
        starter: "what this file is for and what is left to do in it, in one sentence.",
        solution: "the reference answer.",
        f"{solution}/accepted/another-way": "another right answer, in another style; name its folder for it.",
        f"{solution}/rejected/first-mistake": "a wrong answer that people would write; name its folder for it.",
    }.items():
        marks = {"what": what, "number": "1" if folder == starter else "", "here": "", "todo": "TODO"}
        filled = "no" if "/rejected/" in folder else "yes"
        marks["rows"] = "" if folder == starter else rows.replace('answer = ""', f'answer = "{filled}"')
        if folder == starter:
            marks["here"] = "  # TODO 1: TODO: what to do here, in one line"
        texts |= {f"{folder}/{name}": Template(text).safe_substitute(marks) for name, text in answers.items()}
    texts[f"{solution}/answers.toml"] = _ANSWERS_TOML
    texts[f"tests/graders/{kata.grader}"] = _CHECKS[kata.kind]
    texts[f"docs/{kata.note}"] = _NOTE
    return {path: Template(text).substitute(names).lstrip("\n") for path, text in texts.items()}


def _numbered(folder: Path) -> dict[str, int]:
    """What lies in `folder` under names such as 01-keys, as {name: number}."""
    names = (path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ()
    return {name[3:]: int(name[:2]) for name in names if FOLDER.fullmatch(name)}


def _next(numbered: Mapping[str, int]) -> int:
    number = max(numbered.values(), default=0) + 1
    if number > 99:
        raise KitError("99 is taken, and a folder's number has two digits. Renumber the folders first.")
    return number


def _words(name: str) -> str:
    """`seal-and-open` as `Seal and open`."""
    return re.sub("-+", " ", name).strip().capitalize()


_TASK = "TODO: name the task"

_BRIEF_HEAD = """
# $title

TODO: the story in three sentences: who needs what at work, and what goes wrong until they have it.

## 1. $task

"""

_BRIEF_END = """
TODO: what to do, and what to leave alone.

## To read

- Our note: `$note`
- TODO: one page of AWS, by its title
"""

_BRIEF = {
    "py": f"""{_BRIEF_HEAD}Open `answer.py` and finish `do_it`:

    do_it(kms, value: bytes) -> bytes

- `kms` is a boto3 client for AWS KMS. TODO: what it may do.
- TODO: each parameter and the result, with type, shape and unit.

How it is used:

    TODO: one example that is no check
{_BRIEF_END}""",
    "json": f"""{_BRIEF_HEAD}Write `key-policy.json` and `iam-policy.json`:

- `key-policy.json` is the policy of the key. TODO: whose key it is, and its ARN.
- `iam-policy.json` is an identity policy. TODO: whose it is.
{_BRIEF_END}""",
}

_BRIEF[
    "toml"
] = f"""{_BRIEF_HEAD}`kata init` drew your rows into `table.toml`. In each `[row.N]`, fill in the empty text:

- `answer`: "yes" or "no". TODO: what it means.
{_BRIEF_END}"""

_ROWS = """
# What the rows of this kata are drawn from: one row of each group for each learner. `kata init` shows such a table.
schema = "urn:kms-katas:rows:1"

[answers]
answer = ["yes", "no"]

[[document]]
name = "first"
about = "TODO: what the text below is, in one line."
text = '''
TODO: what there is to read for a row.
'''

[[row]]
group = "first"
read = ["first"]
question = "TODO: what is asked, in one line or in several fields; several rows in each group."
"""

_TOML = """
schema = "urn:kms-katas:kata:1"
id = "$id"
title = $quoted_title
level = $level
points = 1
minutes = 15
concepts = ["TODO"]
exams = ["TODO"]
prerequisites = []
services = ["kms"]
answer = $answer
browser = false

why = '''
**In production.** TODO: what would have happened without this.

**The exam trap.** TODO: the wrong answer that this one makes look wrong.

**Another good solution.** TODO

**On a real account.** TODO: the lines for the AWS CLI, what they cost, how to clean up.
'''

[[task]]
title = "$task"
hints = [
  "TODO: a vague hint",
  "TODO: a direct one, which nearly gives it",
]
"""

_ANSWERS: Mapping[Kind, Mapping[str, str]] = {
    "py": {
        "answer.py": '''
"""$id: TODO: $what"""


def do_it(kms, value: bytes) -> bytes:
    """TODO: what it gives back, and what it raises."""
    return b""$here
'''
    },
    "toml": {
        "table.toml": """
# $id: TODO: $what$here
$rows
"""
    },
    "json": {
        "key-policy.json": """
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "OwnersAdministrators",
      "Effect": "Allow",
      "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
      "Action": "kms:*",
      "Resource": "*"
    },
    {
      "Sid": "$todo$number",
      "Effect": "Deny",
      "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
      "Action": "kms:Decrypt",
      "Resource": "*"
    }
  ]
}
""",
        "iam-policy.json": """
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "$todo$number",
      "Effect": "Deny",
      "Action": "kms:Decrypt",
      "Resource": "*"
    }
  ]
}
""",
    },
}

_ANSWERS_TOML = """
schema = "urn:kms-katas:answers:1"

[rejected.first-mistake]
check = "test_the_first_thing"
mistake = "TODO: the mistake in one sentence."
"""

_CHECKS_HEAD = '''
"""The checks of $id: TODO: what they hold, and what they leave to others, in one sentence."""

import pytest
'''

_CHECKS = {
    "py": f'''{_CHECKS_HEAD}
from kms_katas.grading import expect


@pytest.fixture
def key(lab):
    """The key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def learner(lab, key):
    """TODO: who the answer acts as, and what they may do."""
    statement = {{"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": key}}
    return lab.home.user("app", policies={{"use-the-key": {{"Version": "2012-10-17", "Statement": [statement]}}}})


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_the_first_thing(answer, lab, key, fresh):
    """TODO: the sentence that a learner reads."""
    secret = fresh.bytes(20)
    sealed = lab.home.admin.client("kms").encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]
    got = answer.call("do_it", answer.client(), sealed)
    expect(
        got == secret,
        "TODO: what is wrong, and why it matters.",
        expected="TODO",
        next_step="TODO: one thing to do now.",
    )


# TODO: one check for each behaviour, the refusals too. What KMS was asked is in `answer.calls`.
''',
    "json": f'''{_CHECKS_HEAD}from botocore.exceptions import ClientError

from kms_katas.grading import reject
from kms_katas.grading.in_force import give, put_key_policy


@pytest.fixture
def key(lab):
    """The key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def reader(lab):
    """TODO: whose identity policy it is."""
    return lab.account("444455556666").user("reader")


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_the_first_thing(answer, lab, key, reader, fresh):
    """TODO: the sentence that a learner reads."""
    sealed = lab.home.admin.client("kms").encrypt(KeyId=key, Plaintext=fresh.bytes(20))["CiphertextBlob"]
    put_key_policy(answer.policy("key-policy.json"), lab.home, key)
    give(answer.policy("iam-policy.json"), reader)
    try:
        reader.client("kms").decrypt(CiphertextBlob=sealed)
    except ClientError as error:
        reject(
            f"TODO: what is wrong, and why it matters. {{error}}",
            expected="TODO",
            next_step="TODO: one thing to do now.",
        )


# TODO: what must not be allowed. kms_katas.grading.judge goes through every request that matters.
''',
}

_CHECKS["toml"] = f'''{_CHECKS_HEAD}
from kms_katas.grading.judge_table import rows_must_be_right


def wrong(row, said):
    """Why the answer to a row does not hold, without a word on what does; empty where it holds."""
    # TODO: ask the kit what is right, as policy_rows.py asks policies: what a file says is right can be wrong.
    return "" if said["answer"] == "yes" else "TODO: why not."


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_the_first_thing(answer):
    """TODO: the sentence that a learner reads."""
    rows_must_be_right(
        answer,
        answer.table("table.toml"),
        misread=lambda row, said: "",
        wrong=wrong,
        solved=lambda row: "TODO: what to show of a row after the pass.",
    )
'''

_NOTE = """
# $title

For the kata [`$id`](../../katas/$id.md).

TODO: what one must know to understand this, each fact with a mark.[^first]

TODO: blocks of Python run in the lab of the kata, with `lab`, `kms`, `admin` and `key_id`.

[^first]: TODO: the source, and the day it was read.
"""
