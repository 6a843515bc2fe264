"""`kata dev new`: what it makes loads at once, and `kata dev check` names every part of it that nobody has written."""

import json
import secrets
from pathlib import Path

import pytest

KINDS = ["py", "json", "toml"]


@pytest.fixture
def files(mini_root):
    """The files of the kit, by path, with their content."""
    return lambda: {
        path.relative_to(mini_root).as_posix(): path.read_bytes()
        for path in mini_root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_that_is_made_is_told_as_unfinished(kata, files, kind):
    before = files()
    assert kata("dev", "new", "keys/new-one", "--answer", kind).status == 0
    made = {name: content for name, content in files().items() if name not in before}
    assert {name: files()[name] for name in before} == before
    ran = kata("dev", "check")
    assert ran.status == 1
    told = ran.out.replace("\n", " ")
    # The TODO in the policies of a starter is the learner's, and nothing else is to be written there.
    policies = {f"katas/01-keys/02-new-one/{name}.json" for name in ("key-policy", "iam-policy")}
    assert {name for name in made if f"{name}:" not in told} == (policies if kind == "json" else set())
    assert "01-keys/02-new-one/rejected: it has 1" in told


@pytest.mark.parametrize("kind", KINDS)
def test_the_new_kata_is_listed_and_its_starter_fails_its_checks(kata, here, kind):
    title = f'A "title" \\ {secrets.token_hex(4)}'
    kata("dev", "new", "aliases/new-one", "--answer", kind, "--level", "3", "--title", title)
    listed = json.loads(kata("list", "--format", "json").out)["katas"]
    assert [(entry["id"], entry["title"], entry["level"]) for entry in listed[1:]] == [("aliases/new-one", title, 3)]
    ran = kata("check", "new-one", "--answers", "katas", "--format", "json")
    assert ran.status == 1, ran
    (verdict,) = json.loads(ran.out)["katas"]
    assert (verdict["status"], [check["status"] for check in verdict["checks"]]) == ("fail", ["fail"])


def test_numbers_are_the_next_free_ones(kata, mini_root):
    (mini_root / "katas" / "07-late" / "04-first").mkdir(parents=True)
    for kata_id in ("keys/b", "keys/c", "late/b", "brand-new/b"):
        assert kata("dev", "new", kata_id).status == 0
    made = {path.parent.relative_to(mini_root / "katas").as_posix() for path in mini_root.glob("katas/*/*/kata.toml")}
    assert made == {"01-keys/01-mini", "01-keys/02-b", "01-keys/03-c", "07-late/05-b", "08-brand-new/01-b"}


@pytest.mark.parametrize(
    "name",
    ["tests/graders/01_keys/test_new_one.py", "docs/learn/keys/new-one.md", "solutions/01-keys/02-new-one/answer.py"],
)
def test_a_file_in_the_way_is_named_and_nothing_is_made(kata, mini_root, files, name):
    (mini_root / name).parent.mkdir(parents=True, exist_ok=True)
    (mini_root / name).write_text(secrets.token_hex(8))
    before = files()
    ran = kata("dev", "new", "keys/new-one")
    assert ran.status == 2
    assert f"{name}: in the way" in ran.said
    assert files() == before


def test_a_kit_that_cannot_be_written_gets_a_sentence_and_no_half_of_a_kata(kata, mini_root, files):
    (mini_root / "docs").write_text("a file where a folder should be")
    before = files()
    ran = kata("dev", "new", "keys/new-one")
    assert ran.status == 2
    assert "cannot be written" in ran.said
    assert "No file was made" in ran.said
    assert files() == before


@pytest.mark.parametrize(
    "words, told",
    [
        (["keys/mini"], "keys/mini is there: katas/01-keys/01-mini"),
        (["mini"], "track/name"),
        (["Keys/Mini"], "track/name"),
        (["keys/../x"], "track/name"),
        (["keys/x", "--level", "5"], "--level"),
        (["keys/x", "--answer", "xml"], "--answer"),
    ],
)
def test_a_wrong_word_gets_a_sentence(kata, files, words, told):
    before = files()
    ran = kata("dev", "new", *words)
    assert ran.status == 2
    assert told in ran.said
    assert files() == before


def test_the_lines_for_the_menu_are_told_where_there_is_one(kata, mini_root):
    assert "mkdocs.yml" not in kata("dev", "new", "keys/a").said
    (mini_root / "mkdocs.yml").write_text("site_name: A course\n")
    said = kata("dev", "new", "keys/b-and-c", "--title", 'Say "b"').said
    assert '- "B and c": learn/keys/b-and-c.md' in said
    assert '- "Say \\"b\\"": katas/keys/b-and-c.md' in said
    assert (mini_root / "mkdocs.yml").read_text() == "site_name: A course\n"


OPENED = '    return kms.decrypt(CiphertextBlob=value)["Plaintext"]\n'
POLICY = {"Version": "2012-10-17", "Statement": []}
OWNER = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}
READER = {"AWS": "arn:aws:iam::444455556666:root"}


def code(body):
    return {"answer.py": f'"""Opens what was sealed."""\n\n\ndef do_it(kms, value):\n{body}'}


def policies(action, other="kms:Decrypt"):
    half = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {
        "key-policy.json": json.dumps(POLICY | {"Statement": [OWNER, half | {"Principal": READER}]}),
        "iam-policy.json": json.dumps(POLICY | {"Statement": [half | {"Action": other}]}),
    }


def table(answer):
    asked = "TODO: what is asked, in one line or in several fields; several rows in each group."
    return {"table.toml": f'table = 1\n\n[row.1]\nread = ["first"]\nquestion = "{asked}"\nanswer = "{answer}"\n'}


CONTENT = {
    "toml": {
        "": table("yes"),
        "accepted/another-way": table("Yes"),
        "rejected/first-mistake": table("no"),
        "rejected/b": table(""),
        "rejected/c": table("perhaps"),
    },
    "py": {
        "": code(OPENED),
        "accepted/another-way": code(
            "    opened = kms.decrypt(CiphertextBlob=value)\n    return opened['Plaintext']\n"
        ),
        "rejected/first-mistake": code("    return value\n"),
        "rejected/b": code("    return b''\n"),
        "rejected/c": code("    raise ValueError\n"),
    },
    "json": {
        "": policies("kms:Decrypt"),
        "accepted/another-way": policies("kms:*"),
        "rejected/first-mistake": policies("kms:Encrypt"),
        "rejected/b": policies("kms:Decrypt", "kms:Encrypt"),
        "rejected/c": policies("kms:DescribeKey"),
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_once_its_todos_are_done_the_kata_is_in_order_and_grades(kata, mini_root, kind):
    kata("dev", "new", "keys/new-one", "--answer", kind)
    solutions = mini_root / "solutions/01-keys/02-new-one"
    for folder, texts in CONTENT[kind].items():
        for name, text in texts.items():
            (solutions / folder).mkdir(parents=True, exist_ok=True)
            (solutions / folder / name).write_text(text)
    answers = solutions / "answers.toml"
    entries = answers.read_text()
    first = entries[entries.index("[rejected") :]
    answers.write_text(entries + "".join(first.replace("first-mistake", name) for name in "bc"))
    for path in unfinished(mini_root):
        write_the_todos(path)
    ran = kata("dev", "check", "--seeds", "2", "new-one")
    assert (ran.status, ran.err) == (0, ""), ran.said
    assert "1 kata in order" in ran.said
    assert kata("check", "new-one", "--answers", "solutions").status == 0


def unfinished(root: Path):
    return [path for path in root.rglob("*") if path.is_file() and b"TODO" in path.read_bytes()]


def write_the_todos(path: Path):
    """Every TODO but the learner's own becomes a text that somebody wrote."""
    kept = {"TODO 1": "\0", "TODO1": "\1"}
    text = path.read_text("utf-8")
    for todo, sign in kept.items():
        text = text.replace(todo, sign)
    text = text.replace("TODO", "Written")
    for todo, sign in kept.items():
        text = text.replace(sign, todo)
    path.write_text(text, "utf-8")
