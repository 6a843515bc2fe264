"""The `kata` command on a kata whose answer is code and a policy: each verb minds both files, each as what it is."""

import json
import sys

import pytest

KATA = "katas/01-keys/02-thief"
SOLUTIONS = "solutions/01-keys/02-thief"
CODE, KEY = "answer.py", "key-policy.json"

TOML = """
schema = "urn:kms-katas:kata:1"
id = "keys/thief"
title = "Thief"
level = 1
points = 2
minutes = 5
concepts = ["key-policy"]
exams = ["SCS-C03"]
prerequisites = []
services = ["kms"]
answer = ["answer.py", "key-policy.json"]
browser = true
why = "Because."

[[task]]
title = "Take it"
hints = ["Vague.", "Direct."]

[[task]]
title = "Lock it"
hints = ["Vague.", "Direct."]
"""

CHECKS = '''
import pytest
from kms_katas.grading import expect
from kms_katas.grading.in_force import put_key_policy

OPEN = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}


@pytest.fixture
def thief(lab):
    return lab.home.user("thief")


@pytest.fixture
def learner(thief):
    return thief


@pytest.fixture
def key(lab, thief):
    return lab.home.create_key({"Version": "2012-10-17", "Statement": [OPEN]})


@pytest.mark.task(1)
def test_it_is_taken(answer, lab, key, fresh):
    """The thief gets it."""
    secret = fresh.bytes(8)
    got = answer.call("take", answer.client(), lab.home.seal(key, secret))
    expect(got == secret, "That is not it.", expected="it", next_step="Ask KMS.")


@pytest.mark.task(2)
def test_it_is_locked(answer, lab, key, thief):
    """The key policy names no thief."""
    policy = answer.policy("key-policy.json")
    put_key_policy(policy, lab.home, key)
    expect("thief" not in policy.text, "It names the thief.", expected="no thief", next_step="Name the owner.")
'''


def code(body):
    return f"def take(kms, blob):\n    return {body}\n"


def policy(sid, *principals):
    statement = {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": principals}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


THIEF = "arn:aws:iam::111122223333:user/thief"
RIGHT = {CODE: code('kms.decrypt(CiphertextBlob=blob)["Plaintext"]'), KEY: policy("Owner", "111122223333")}
STARTER = {CODE: code("blob  # TODO 1"), KEY: policy("TODO2", "111122223333", THIEF)}
REJECTED = {
    "copied": ("test_it_is_taken", {**RIGHT, CODE: code("blob")}),
    "left-open": ("test_it_is_locked", {**RIGHT, KEY: policy("Open", "111122223333", THIEF)}),
    "owner-shut-out": ("test_it_is_locked", {**RIGHT, KEY: policy("Gone", "arn:aws:iam::111122223333:user/gone")}),
}


@pytest.fixture
def thief(mini_root):
    trees = {KATA: STARTER, SOLUTIONS: RIGHT, f"{SOLUTIONS}/accepted/same": RIGHT}
    trees |= {f"{SOLUTIONS}/rejected/{name}": texts for name, (_, texts) in REJECTED.items()}
    files = {f"{tree}/{name}": text for tree, texts in trees.items() for name, text in texts.items()}
    files |= {f"{KATA}/kata.toml": TOML, f"{KATA}/README.md": "# Thief\n\n## 1. Take it\n\n## 2. Lock it\n"}
    files["tests/graders/01_keys/test_thief.py"] = CHECKS
    files[f"{SOLUTIONS}/answers.toml"] = 'schema = "urn:kms-katas:answers:1"\n' + "".join(
        f'[rejected.{name}]\ncheck = "{check}"\nmistake = "It is."\n' for name, (check, _) in REJECTED.items()
    )
    for name, text in files.items():
        (mini_root / name).parent.mkdir(parents=True, exist_ok=True)
        (mini_root / name).write_text(text, "utf-8")
    return mini_root


@pytest.fixture
def folder(thief, kata, here):
    """The learner's folder for the kata."""
    kata("init")
    return here / "my-katas" / "keys" / "thief"


def write(folder, texts):
    for name, text in texts.items():
        (folder / name).write_text(text)


def test_a_wrong_policy_that_kms_refuses_and_one_that_a_check_refuses_are_both_wrong_answers(thief, kata):
    ran = kata("dev", "check", "--seeds", "1", "thief")
    assert (ran.status, ran.err) == (0, ""), ran.out


def test_code_that_does_not_run_is_no_wrong_answer(thief, kata):
    (thief / SOLUTIONS / "rejected" / "copied" / CODE).write_text("def take(:\n")
    assert "must fail test_it_is_taken" in kata("dev", "check", "--seeds", "1", "thief").said


@pytest.mark.parametrize("name, sid", [(CODE, "TODO 1"), (KEY, "TODO2")])
def test_a_task_without_a_todo_in_either_file_is_a_fault_that_names_both_ways(thief, kata, name, sid):
    starter = thief / KATA / name
    starter.write_text(starter.read_text().replace(sid, "nothing"))
    number = sid[-1]
    ran = kata("dev", "check", "--seeds", "1", "thief")
    assert f'no TODO {number} and no statement with "Sid": "TODO{number}"' in ran.said


def test_the_untouched_starter_sends_the_learner_to_the_code_and_an_edit_of_the_policy_is_an_edit(folder, kata):
    ran = kata("check", "thief")
    assert "not started yet" in ran.said and "look for TODO 1" in ran.said
    write(folder, {KEY: RIGHT[KEY]})
    ran = kata("check", "thief")
    assert "not started yet" not in ran.said and "That is not it." in ran.said


def test_a_broken_policy_is_told_by_its_own_name_and_leaves_the_code_its_points(folder, kata):
    write(folder, RIGHT | {KEY: "{"})
    ran = kata("check", "thief", "--format", "json")
    taken, locked = json.loads(ran.out)["katas"][0]["checks"]
    assert (taken["status"], locked["status"]) == ("pass", "error")
    assert locked["file"].endswith(KEY) and KEY in locked["message"]


def test_after_a_pass_the_policy_is_reviewed_and_the_code_is_not(folder, kata):
    write(folder, RIGHT | {KEY: RIGHT[KEY].replace('"kms:*"', '["kms:*", "kms:Encryptt"]')})
    ran = kata("check", "thief")
    assert ran.status == 0
    assert f"A reviewer of {KEY}" in ran.said and f"A reviewer of {CODE}" not in ran.said


def test_reset_keeps_both_files_and_puts_both_starters_back(folder, kata, here):
    write(folder, RIGHT)
    assert kata("reset", "thief", "--yes").status == 0
    assert {name: (folder / name).read_text() for name in STARTER} == STARTER
    (backup,) = (here / "my-katas" / ".backups").iterdir()
    assert {path.name: path.read_text() for path in backup.iterdir()} == RIGHT


def test_try_puts_the_policy_in_force_and_defines_the_functions(folder, kata, monkeypatch):
    write(folder, RIGHT | {KEY: policy("Open", "111122223333", THIEF)})
    typed = iter(["take(kms, lab.home.seal(key_id, b'loot'))", "exit()"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    ran = kata("try", "thief")
    assert "b'loot'" in ran.out
    assert f"In force: {KEY}" in ran.said and f"And what {CODE} defines" in ran.said


def test_what_try_puts_in_force_is_the_learners_policy(folder, kata, monkeypatch):
    write(folder, RIGHT)
    typed = iter(["take(kms, lab.home.seal(key_id, b'loot'))", "exit()"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    ran = kata("try", "thief")
    assert "b'loot'" not in ran.out


def test_grade_weighs_both_files(folder, kata, here):
    for name, texts in {"ann": RIGHT, "bob": REJECTED["left-open"][1]}.items():
        place = here / "handed-in" / name / "keys" / "thief"
        place.mkdir(parents=True)
        write(place, texts)
    ran = kata("grade", here / "handed-in", "--kata", "thief", "--format", "json")
    found = {entry["name"]: entry["verdict"]["score"] for entry in json.loads(ran.out)["submissions"]}
    assert found == {"ann": 2, "bob": 1}
