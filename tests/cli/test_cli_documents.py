"""The `kata` command on a kata whose answer is two policies: every verb that names, shows, copies or reads files."""

import json
import re
import sys

import pytest

KATA = "katas/01-keys/02-doors"
SOLUTIONS = "solutions/01-keys/02-doors"
KEY, IAM = "key-policy.json", "iam-policy.json"

TOML = """
schema = "urn:kms-katas:kata:1"
id = "keys/doors"
title = "Doors"
level = 1
points = 2
minutes = 5
concepts = ["key-policy"]
exams = ["SCS-C03"]
prerequisites = []
services = ["kms"]
answer = ["key-policy.json", "iam-policy.json"]
browser = true
why = "Because."

[[task]]
title = "Open it"
hints = ["Vague.", "Direct."]

[[task]]
title = "Walk in"
hints = ["Vague.", "Direct."]
"""

CHECKS = '''
import pytest
from kms_katas.grading import expect
from kms_katas.grading.in_force import give, put_key_policy


@pytest.fixture
def key(lab):
    return lab.home.create_key()


@pytest.fixture
def ann(lab):
    return lab.account("444455556666").user("ann")


@pytest.fixture
def learner(ann):
    return ann


@pytest.mark.task(1)
def test_key_policy(answer, lab, ann, key):
    """The key policy names ann."""
    policy = answer.policy("key-policy.json")
    put_key_policy(policy, lab.home, key)
    expect("user/ann" in policy.text, "It does not name ann.", expected="ann", next_step="Name her.")


@pytest.mark.task(2)
def test_iam_policy(answer, ann):
    """The IAM policy lets her encrypt."""
    policy = answer.policy("iam-policy.json")
    give(policy, ann)
    expect("kms:Encrypt" in policy.text, "She cannot.", expected="kms:Encrypt", next_step="Let her.")
'''


def policies(key_sid, iam_sid, user="ann", action="kms:Encrypt"):
    owner = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}
    guest = {"Sid": key_sid, "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::444455556666:user/{user}"}}
    guest |= {"Action": "kms:Encrypt", "Resource": "*"}
    if user != "ann":
        guest["Principal"] = {"AWS": "444455556666"}
    mine = {"Sid": iam_sid, "Effect": "Allow", "Action": action, "Resource": "*"}
    texts = ([owner, guest], [mine])
    return {
        name: json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)
        for name, statements in zip((KEY, IAM), texts, strict=True)
    }


RIGHT = policies("Ann", "Walk")
REJECTED = {
    "locked": {**RIGHT, KEY: policies("Ann", "Walk", user="bob")[KEY]},
    "refused": {**RIGHT, KEY: RIGHT[KEY].replace("user/ann", "user/nobody")},
    "spaced": {**RIGHT, IAM: policies("Ann", "Walk in")[IAM]},
}


@pytest.fixture
def doors(mini_root):
    files = {f"{KATA}/kata.toml": TOML, f"{KATA}/README.md": "# Doors\n\n## 1. Open it\n\n## 2. Walk in\n"}
    trees = {KATA: policies("TODO1", "TODO2", user="bob", action="kms:ListAliases"), SOLUTIONS: RIGHT}
    trees |= {f"{SOLUTIONS}/accepted/same": RIGHT}
    trees |= {f"{SOLUTIONS}/rejected/{name}": texts for name, texts in REJECTED.items()}
    for tree, texts in trees.items():
        files |= {f"{tree}/{name}": text for name, text in texts.items()}
    files["tests/graders/01_keys/test_doors.py"] = CHECKS
    refused_by = {"locked": "test_key_policy", "refused": "test_key_policy", "spaced": "test_iam_policy"}
    files[f"{SOLUTIONS}/answers.toml"] = 'schema = "urn:kms-katas:answers:1"\n' + "".join(
        f'[rejected.{name}]\ncheck = "{check}"\nmistake = "It is."\n' for name, check in refused_by.items()
    )
    for name, text in files.items():
        (mini_root / name).parent.mkdir(parents=True, exist_ok=True)
        (mini_root / name).write_text(text, "utf-8")
    return mini_root


@pytest.fixture
def folder(doors, kata, here):
    """The learner's folder for the kata."""
    kata("init")
    return here / "my-katas" / "keys" / "doors"


def write(folder, texts):
    for name, text in texts.items():
        (folder / name).write_text(text)


def test_init_puts_all_files_down_and_the_first_to_open_is_the_one_with_task_1(folder, kata):
    assert {path.name for path in folder.iterdir()} == {KEY, IAM, "README.md"}
    ran = kata("check", "doors")
    assert "not started yet" in ran.said
    assert re.search(rf"look for TODO1: my-katas.keys.doors.{KEY}", ran.said)


def test_a_change_in_the_second_file_is_an_edit(folder, kata):
    write(folder, {IAM: RIGHT[IAM]})
    ran = kata("check")
    assert "keys/doors" in ran.said
    assert "not started" not in ran.said
    assert "You are at keys/doors" in kata().said


@pytest.mark.parametrize("name", [KEY, IAM])
def test_check_takes_the_path_of_either_file(folder, kata, name):
    write(folder, RIGHT)
    ran = kata("check", folder / name)
    assert (ran.status, ran.err) == (0, "")


def test_brief_and_the_first_screen_name_both_files(folder, kata):
    write(folder, {IAM: RIGHT[IAM]})
    for words in (("brief", "doors"), ()):
        assert kata(*words).said.count(".json") == 2


def test_reset_keeps_both_files_and_puts_both_starters_back(folder, kata, here):
    write(folder, RIGHT)
    assert kata("reset", "doors", "--yes").status == 0
    assert "TODO1" in (folder / KEY).read_text()
    assert "TODO2" in (folder / IAM).read_text()
    (backup,) = (here / "my-katas" / ".backups").iterdir()
    assert {path.name: path.read_text() for path in backup.iterdir()} == RIGHT


def test_solution_shows_both_files(folder, kata):
    ran = kata("solution", "doors", "--anyway")
    assert ran.out.index(KEY) < ran.out.index(IAM)
    assert ran.out.count('"Version"') == 2


def test_a_broken_file_says_where_and_no_more(folder, kata):
    write(folder, RIGHT | {IAM: '{\n  "Version": 1,\n'})
    ran = kata("check", "doors")
    assert ran.status == 1
    assert f"{IAM}, line 3, column 1" in ran.said
    assert "Traceback" not in ran.said


def test_check_starts_no_process_for_documents(folder, kata, warm_runner, monkeypatch):
    def refuse(*_):
        raise AssertionError("a process was started")

    for name in ("warm", "start"):
        monkeypatch.setattr(warm_runner, name, refuse)
    write(folder, RIGHT)
    assert kata("check", "doors").status == 0


def test_try_has_the_people_of_the_kata_and_the_policies_in_force(folder, kata, monkeypatch):
    write(folder, RIGHT)
    typed = iter(["ann.client('kms').encrypt(KeyId=key_id, Plaintext=b'x')['KeyId'] == key_id", "exit()"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    ran = kata("try", "doors")
    assert "True" in ran.out
    assert "ann is arn:aws:iam::444455556666:user/ann" in ran.said
    assert ran.said.count("In force") == 2
    assert "leave and come back" in ran.said


def test_in_the_prompt_why_explains_the_denial_that_came_last(folder, kata, monkeypatch):
    write(folder, RIGHT)
    monkeypatch.delattr(sys, "last_value", raising=False)
    lines = [
        "why()",
        "admin.describe_key(KeyId='x')",
        "why()",
        "ann.client('kms').put_key_policy(KeyId=key_id, Policy='{}')",
    ]
    typed = iter([*lines, "why()", "exit()"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    ran = kata("try", "doors")
    first, second, third = (
        ran.said.find(told)
        for told in ("No call was denied yet", "is no denial of this lab", "user/ann asked for kms:PutKeyPolicy")
    )
    assert 0 <= first < second < third
    assert "Next step:" in ran.said[third:]


def test_try_without_a_policy_that_counts_says_so_and_goes_on(folder, kata, monkeypatch):
    write(folder, REJECTED["spaced"] | {KEY: "{"})
    typed = iter(["admin.describe_key(KeyId=key_id)['KeyMetadata']['Arn'] == key_id", "exit()"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    ran = kata("try", "doors")
    assert f"Without {KEY}: {KEY}, line 1" in ran.said
    assert f"Without {IAM}: IAM refuses" in ran.said
    assert "True" in ran.out


def test_try_opens_where_a_fixture_of_the_checks_asks_for_a_policy_that_is_refused(doors, folder, kata, monkeypatch):
    grader = doors / "tests/graders/01_keys/test_doors.py"
    text = grader.read_text("utf-8").replace("answer, lab, ann, key):", "answer, lab, ann, key, mine):")
    mine = '\n\n@pytest.fixture\ndef mine(answer):\n    return answer.policy("key-policy.json")\n'
    grader.write_text(text + mine, "utf-8")
    write(folder, RIGHT | {KEY: "{"})
    typed = iter(["ann.arn", "exit()"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    ran = kata("try", "doors")
    assert f"Without {KEY}: {KEY}, line 1" in ran.said and "user/ann'" in ran.out


def test_a_kata_of_documents_in_order_has_no_fault(doors, kata):
    ran = kata("dev", "check", "--seeds", "1", "doors")
    assert (ran.status, ran.err) == (0, ""), ran.out


@pytest.mark.parametrize(
    "name, old, new, told",
    [
        (f"{KATA}/{KEY}", "TODO1", "Todo1", 'no statement with "Sid": "TODO1"'),
        (f"{KATA}/{IAM}", "TODO2", "TODO3", 'no statement with "Sid": "TODO2"'),
        (f"{KATA}/{KEY}", "TODO1", "TODO2", 'no statement with "Sid": "TODO1"'),
        (f"{KATA}/{IAM}", "{", "", "the starter is no policy"),
        (f"{KATA}/{IAM}", '"Effect": "Allow"', '"Effect": "Maybe"', "the starter is no policy"),
        (f"{SOLUTIONS}/accepted/same/{IAM}", "Walk", "TODO2", "it still has a TODO"),
        (f"{SOLUTIONS}/rejected/locked/{KEY}", "Ann", "TODO1", "it still has a TODO"),
        (f"{SOLUTIONS}/rejected/spaced/{IAM}", "Walk in", "WalkIn", "must fail test_iam_policy"),
    ],
)
def test_each_fault_of_a_kata_of_documents_is_told(doors, kata, name, old, new, told):
    text = (doors / name).read_text()
    assert old in text
    (doors / name).write_text(text.replace(old, new, 1))
    ran = kata("dev", "check", "--seeds", "1", "doors")
    assert ran.status == 1
    assert told in ran.said


def test_the_todo_of_task_1_stands_in_the_file_that_learners_open_first(doors, kata):
    toml = doors / KATA / "kata.toml"
    toml.write_text(toml.read_text().replace(f'["{KEY}", "{IAM}"]', f'["{IAM}", "{KEY}"]'))
    assert f"learners open {IAM}" in kata("dev", "check", "--seeds", "1", "doors").said


def test_a_starter_that_breaks_off_is_a_fault(doors, kata):
    starter = doors / KATA / IAM
    starter.write_text(starter.read_text().replace("TODO2", "TODO 2"))
    text = json.loads(starter.read_text())
    text["Statement"].append(text["Statement"][0] | {"Sid": "TODO2"})
    starter.write_text(json.dumps(text))
    assert "must fail, not break off" in kata("dev", "check", "--seeds", "1", "doors").said


def test_after_a_pass_a_reviewer_still_says_what_lint_finds_and_it_costs_nothing(folder, kata):
    idle = RIGHT[KEY].replace('"kms:Encrypt"', '["kms:Encrypt", "kms:Encryptt"]')
    write(folder, {**RIGHT, KEY: idle})
    ran = kata("check", "doors")
    assert ran.status == 0 and "2 of 2 points" in ran.said
    assert f"A reviewer of {KEY} would still say, at no cost of points:" in ran.said
    assert "kms:Encryptt" in ran.said and f"A reviewer of {IAM}" not in ran.said
    assert "reviewer" not in kata("check", "doors", "--format", "json").out


def test_policies_of_which_there_is_nothing_to_say_pass_without_a_reviewer(folder, kata):
    write(folder, {**RIGHT, IAM: RIGHT[IAM].replace('"*"', '"arn:aws:kms:us-east-1:111122223333:key/x"')})
    assert "reviewer" not in kata("check", "doors").said
