"""`kata dev check`: each fault of the content, made in the mini kit, is told in one sentence that names the place."""

import re
import shutil

import pytest

KATA = "katas/01-keys/01-mini"
TOML = f"{KATA}/kata.toml"
BRIEF = f"{KATA}/README.md"
STARTER = f"{KATA}/answer.py"
SOLUTIONS = "solutions/01-keys/01-mini"
ANSWERS = f"{SOLUTIONS}/answers.toml"
CHECKS = "tests/graders/01_keys/test_mini.py"


@pytest.fixture
def dev_check(kata):
    return lambda *words: kata("dev", "check", "--seeds", "1", *words)


@pytest.fixture
def sentence(dev_check):
    """The one fault that `kata dev check` finds."""

    def find():
        ran = dev_check()
        assert (ran.status, ran.err) == (1, "")
        *findings, count = ran.out.splitlines()
        assert count == "1 fault.", ran.out
        return " ".join(findings)

    return find


@pytest.fixture
def change(mini_root):
    """Replaces a text in a file of the kit."""

    def change_it(name, old, new):
        text = (mini_root / name).read_text("utf-8")
        assert old in text
        (mini_root / name).write_text(text.replace(old, new), "utf-8")

    return change_it


def test_a_kit_in_order_has_no_fault(kata):
    ran = kata("dev", "check", "--seeds", "2")
    assert (ran.status, ran.err) == (0, "")
    assert "1 kata in order" in ran.said
    assert "2 seeds" in ran.said


@pytest.mark.parametrize(
    "name, old, new, told",
    [
        (TOML, "schema = ", "schemo = ", "schema"),
        (TOML, "minutes = 5", "minutes = 4", "4 minutes"),
        (TOML, "minutes = 5", "minutes = 31", "31 minutes"),
        (TOML, 'why = "Because."', 'why = " "', "`why` is empty"),
        (TOML, '["decrypt"]', "[]", "`concepts`"),
        (TOML, '["SCS-C03"]', "[]", "`exams`"),
        (TOML, 'services = ["kms"]', "services = []", "`services`"),
        (TOML, 'services = ["kms"]', 'services = ["kms", "braket"]', "`services` lists braket"),
        (TOML, "prerequisites = []", 'prerequisites = ["keys/gone"]', "keys/gone"),
        (TOML, '["Vague.", "Direct."]', '["Vague."]', "2 to 5 hints"),
        (TOML, '["Vague.", "Direct."]', '["1", "2", "3", "4", "5", "6"]', "2 to 5 hints"),
        (TOML, '["Vague.", "Direct."]', '["Vague.", ""]', "2 to 5 hints"),
        (TOML, "points = 3", "points = 4", "4 points"),
        (BRIEF, "## 1. Open it", "## 1. Open that", "must agree"),
        (BRIEF, "Do it.", "Do it.\n" * 60, "fewer than 60"),
        (STARTER, "TODO 1", "to do", "no TODO 1"),
        (STARTER, "return blob", 'return kms.decrypt(CiphertextBlob=blob)["Plaintext"]', "must fail"),
        (STARTER, "    return blob", "  return (", "does not run"),
        (CHECKS, "def test_", "def check_", "has no check"),
        (CHECKS, "import pytest\n", "import nothing_of_the_kind\n", "nothing_of_the_kind"),
        (CHECKS, "import pytest\n", "import pytest (\n", "cannot be loaded"),
        (CHECKS, "@pytest.mark.points(2)", "@pytest.mark.pionts(2)", "pionts"),
        (CHECKS, '    """The secret comes back."""\n', "", "no docstring"),
        (CHECKS, "@pytest.mark.task(1)\ndef test_kms", "@pytest.mark.task(2)\ndef test_kms", "task 2"),
        (f"{SOLUTIONS}/answer.py", "kms.decrypt", "kms.encrypt", "the reference answer does not pass"),
        (f"{SOLUTIONS}/answer.py", "    return", "    # TODO 1\n    return", "still has a TODO"),
        (f"{SOLUTIONS}/accepted/plain/answer.py", "decrypt", "encrypt", "accepted/plain does not pass"),
        (
            f"{SOLUTIONS}/rejected/nothing/answer.py",
            "None",
            'kms.decrypt(CiphertextBlob=blob)["Plaintext"]',
            "fails none",
        ),
        (
            ANSWERS,
            '[rejected.raises]\ncheck = "test_comes_back"',
            '[rejected.raises]\ncheck = "test_gone"',
            "test_gone",
        ),
        (ANSWERS, "answers:1", "answers:2", "urn:kms-katas:answers:1"),
        (ANSWERS, "schema", "= schema", "cannot be read"),
        (
            ANSWERS,
            '[rejected.raises]\ncheck = "test_comes_back"\nmistake = "It is."',
            "rejected.raises = 1",
            "`mistake`",
        ),
        (ANSWERS, '[rejected.raises]\ncheck = "test_comes_back"', "[rejected.raises]\ncheck = 1", "`check`"),
        (ANSWERS, '[rejected.raises]\ncheck = "test_comes_back"', "[rejected.raises]\nchek = 1", "`check`"),
    ],
)
def test_a_fault_in_a_file_is_told(sentence, change, name, old, new, told):
    change(name, old, new)
    assert told in sentence()


@pytest.mark.parametrize(
    "name, old, new, told",
    [
        (TOML, 'id = "keys/mini"', 'id = "keys/maxi"', "does not match its folder"),
        (TOML, "level = 1", "level = 5", "level 5"),
        (TOML, "level = 1", "level = 0", "level 0"),
        (CHECKS, 'next_step="Ask KMS."', 'next_step=""', "rejected/nothing without a message or a next step"),
    ],
)
def test_a_fault_that_has_others_in_its_train_is_told(dev_check, change, name, old, new, told):
    change(name, old, new)
    ran = dev_check()
    assert ran.status == 1
    assert told in ran.said


UNSETTLED = """
    guest = lab.home.user("guest")
    condition = {"StringEquals": {"kms:EncryptionContextKeys": "env"}}
    guest.allow({"Statement": [{"Effect": EFFECT, "Action": "kms:Encrypt", "Resource": "*", "Condition": condition}]})
    try:
        guest.client("kms").encrypt(KeyId=key, Plaintext=secret, EncryptionContext={"env": "prod"})
    except Exception:
        pass
"""


@pytest.mark.parametrize("effect, faults", [("Allow", 5), ("Deny", 0)])
def test_a_verdict_that_rests_on_what_aws_leaves_open_is_told(dev_check, change, effect, faults):
    """A list under StringEquals: AWS does not say whether it holds. A Deny that could hold as well changes nothing."""
    text = "    secret = fresh.bytes(20)\n"
    change(CHECKS, text, text + UNSETTLED.replace("EFFECT", repr(effect)))
    ran = dev_check()
    assert (ran.status, ran.said.count("multi-valued-without-qualifier")) == (bool(faults), faults)
    for name in ("the reference answer", "accepted/plain", "rejected/nothing"):
        assert (f"the verdict on {name} rests on" in ran.said) is bool(faults)


@pytest.mark.parametrize(
    "name, told",
    [
        (TOML, "kata.toml cannot be read"),
        (BRIEF, "the brief, is missing"),
        (CHECKS, "the checks are missing"),
        (ANSWERS, "answers.toml cannot be read"),
        (f"{SOLUTIONS}/answer.py", "answer.py is missing"),
        (f"{SOLUTIONS}/accepted/plain/answer.py", "answer.py is missing"),
    ],
)
def test_a_missing_file_is_told(dev_check, mini_root, name, told):
    (mini_root / name).unlink()
    ran = dev_check()
    assert ran.status == 1
    assert told in ran.said


def test_a_missing_starter_is_told(dev_check, mini_root):
    (mini_root / STARTER).unlink()
    assert "the starter answer.py is missing" in dev_check().said


def test_too_few_other_answers_are_told(sentence, mini_root):
    shutil.rmtree(mini_root / SOLUTIONS / "accepted" / "plain")
    assert f"{SOLUTIONS}/accepted: it has 0 answers" in sentence()


def test_a_rejected_answer_and_its_entry_go_together(dev_check, mini_root, change):
    change(ANSWERS, "[rejected.raises]", "[rejected.other]")
    said = dev_check().said
    assert "rejected.other" in said
    assert "rejected.raises" in said


@pytest.mark.parametrize(
    "name",
    [
        f"{KATA}/notes.txt",
        f"{SOLUTIONS}/accepted/plain/more.py",
        "tests/graders/01_keys/test_gone.py",
        "katas/01-keys/Bad/answer.py",
    ],
)
def test_a_file_that_nothing_reads_is_told(sentence, mini_root, name):
    (mini_root / name).parent.mkdir(exist_ok=True)
    (mini_root / name).write_text("")
    assert sentence().startswith(f"{name}: nothing in the kit reads this file")


def test_caches_are_no_stray_files(dev_check, mini_root):
    (mini_root / "tests/graders/01_keys/__pycache__").mkdir(exist_ok=True)
    (mini_root / "tests/graders/01_keys/__pycache__/x.pyc").write_text("")
    assert dev_check().status == 0


def test_two_katas_with_one_id_are_told(dev_check, mini_root):
    shutil.copytree(mini_root / KATA, mini_root / "katas/01-keys/02-mini")
    assert "the id keys/mini is that of 01-keys/01-mini too" in dev_check().said


def test_a_task_without_a_check_is_told(sentence, change):
    change(TOML, '"Direct."]', '"Direct."]\n\n[[task]]\ntitle = "More"\nhints = ["1", "2"]')
    change(BRIEF, "Do it.", "Do it.\n\n## 2. More\n\nMore.")
    change(STARTER, "TODO 1", "TODO 1, TODO 2")
    assert "no check belongs to task 2" in sentence()


def test_an_empty_kit_is_told(sentence, mini_root):
    for name in ("katas/01-keys", "solutions/01-keys", "tests/graders/01_keys"):
        shutil.rmtree(mini_root / name)
    assert "there is no kata here" in sentence()


def test_a_fault_that_shows_on_some_values_only_is_found_with_more_seeds(kata, mini_root):
    answer = mini_root / SOLUTIONS / "accepted" / "plain" / "answer.py"
    answer.write_text(
        "def open_it(kms, blob):\n    plaintext = kms.decrypt(CiphertextBlob=blob)['Plaintext']\n"
        "    return plaintext if plaintext[0] < 128 else None\n"
    )
    ran = kata("dev", "check", "--seeds", "8")
    assert ran.status == 1
    assert "accepted/plain does not pass on seed" in ran.said


def test_checks_that_cannot_be_loaded_hide_no_fault_of_another_kata(dev_check, mini_root):
    for name, suffix in ((KATA, "katas/01-keys/02-more"), (SOLUTIONS, "solutions/01-keys/02-more")):
        shutil.copytree(mini_root / name, mini_root / suffix)
    toml = mini_root / "katas/01-keys/02-more/kata.toml"
    toml.write_text(toml.read_text().replace("keys/mini", "keys/more").replace("points = 3", "points = 9"))
    shutil.copy(mini_root / CHECKS, mini_root / "tests/graders/01_keys/test_more.py")
    (mini_root / CHECKS).write_text("import nothing_of_the_kind\n\ndef test_it(): pass\n")
    ran = dev_check()
    assert "nothing_of_the_kind" in ran.said
    assert "keys/more: kata.toml says 9 points" in ran.said
    assert ran.out.splitlines()[-1] == "2 faults."


def test_a_named_kata_is_proved_alone(dev_check, mini_root):
    assert "1 kata in order" in dev_check("mini").said


def test_of_a_named_kata_alone_the_faults_are_told(kata, dev_check):
    kata("dev", "new", "keys/second")
    assert "02-second" in dev_check().out
    assert "1 kata in order" in dev_check("mini").said


def test_every_fault_is_one_line_without_a_traceback(dev_check, mini_root):
    (mini_root / CHECKS).write_text("def test_it():\n    pass\n\nraise ValueError('first\\nsecond')\n")
    ran = dev_check()
    assert not re.search(r"Traceback|^E ", ran.out, re.M)
    assert len(ran.out.splitlines()) <= 3


def test_katas_that_are_as_they_were_recorded_are_tried_on_fewer_seeds(kata, change, mini_root):
    def seeds(*words):
        [line] = [line for line in kata("dev", "check", *words).out.splitlines() if line.startswith("keys/mini")]
        return int(re.search(r"on (\d+) seeds?", line)[1])

    assert seeds("--unchanged-seeds", "1") == 5  # nothing is recorded yet
    assert seeds("--unchanged-seeds", "1") == 1
    assert seeds() == 5
    change(f"{SOLUTIONS}/rejected/reversed/answer.py", "blob[::-1]", "blob[::-1] # no")
    assert seeds("--unchanged-seeds", "1", "--seeds", "2") == 2
    assert seeds("--unchanged-seeds", "1", "--seeds", "3") == 3  # so few are not recorded
    assert seeds("--unchanged-seeds", "1") == 5
    for place in (BRIEF, TOML, STARTER, CHECKS, f"{SOLUTIONS}/accepted/plain/answer.py", ANSWERS):
        (mini_root / place).write_text((mini_root / place).read_text("utf-8") + "\n", "utf-8")
        assert seeds("--unchanged-seeds", "1") == 5, place


def test_a_kata_changes_with_what_all_checks_share(kata, mini_root):
    kata("dev", "check")
    (mini_root / "tests" / "graders" / "conftest.py").write_text("SHARED = 1\n", "utf-8")
    assert "on 5 seeds" in kata("dev", "check", "--unchanged-seeds", "1").out
    assert "on 1 seed " in kata("dev", "check", "--unchanged-seeds", "1").out


def test_what_has_a_fault_is_not_recorded(kata, change, mini_root):
    change(TOML, "points = 3", "points = 4")
    assert kata("dev", "check").status == 1
    assert not (mini_root / "solutions" / "checked.json").exists()


@pytest.mark.parametrize("content", ["", "[]", '{"schema": "urn:kms-katas:checked:1", "checked": 3}', "{"])
def test_a_record_that_cannot_be_read_counts_for_nothing_and_is_written_anew(kata, mini_root, content):
    (mini_root / "solutions" / "checked.json").write_text(content, "utf-8")
    ran = kata("dev", "check", "--unchanged-seeds", "1")
    assert ran.status == 0 and "on 5 seeds" in ran.out
    assert "on 1 seed " in kata("dev", "check", "--unchanged-seeds", "1").out


def test_several_processes_find_the_same_faults_as_one(kata, change, monkeypatch):
    change(f"{SOLUTIONS}/accepted/plain/answer.py", "decrypt", "encrypt")
    change(TOML, "points = 3", "points = 4")
    alone = kata("dev", "check", "--seeds", "2")
    monkeypatch.setattr("kms_katas.grading.content_proof.ALONE", 1)
    together = kata("dev", "check", "--seeds", "2")
    assert together.status == alone.status == 1
    assert together.out == alone.out
