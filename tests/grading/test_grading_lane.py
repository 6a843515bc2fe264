"""Checks are collected once, by nobody else's settings; plain pytest and every runner give the same verdicts."""

import os
import secrets
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import boto3
import pytest

from kms_katas.grading.inprocess import InProcessRunner
from kms_katas.grading.lane import Lane, grade_in_lane
from kms_katas.grading.outcome import AnswerTimeout, Infra
from kms_katas.grading.runner import Runner
from kms_katas.kit import Kit, Verdict, find_kit

from .conftest import Grade, Hold, first, statuses

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
TELLS_WHAT_IT_GOT = (
    'def open_it(kms, blob):\n    print(blob.hex())\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
)
ANSWERS = ("", "accepted/plain", "rejected/nothing", "rejected/reversed", "rejected/raises")

WriteAnswer = Callable[[str], Path]


@pytest.fixture
def in_process() -> Iterator[Runner]:
    runner = InProcessRunner()
    yield runner
    runner.close()


def plain_pytest(kit: Kit, *arguments: str) -> dict[str, str]:
    """Status of each check under pytest itself, without a lane."""
    report = kit.root / f"{secrets.token_hex(4)}.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "kms_katas.grading.plugin",
        f"--rootdir={kit.root}",
        "--confcutdir=.",
    ]
    command += ["--import-mode=importlib", f"--junitxml={report}", *arguments, str(kit.graders)]
    ended = subprocess.run(command, cwd=kit.root, capture_output=True, text=True, check=False)
    assert report.exists(), ended.stdout + ended.stderr
    cases = ElementTree.parse(report).iter("testcase")
    return {str(case.get("name")): "fail" if list(case.iter("failure")) else "pass" for case in cases}


def test_plain_pytest_checks_the_reference_answers_unless_told_otherwise(mini_kit: Kit) -> None:
    assert plain_pytest(mini_kit) == {"test_comes_back": "pass", "test_kms_did_it": "pass"}


def test_plain_pytest_gives_the_verdict_of_the_lane(mini_kit: Kit, grade: Grade, write_answer: WriteAnswer) -> None:
    source = "def open_it(kms, blob):\n    kms.decrypt(CiphertextBlob=blob)\n    return blob\n"
    verdict = grade(source, seed=7)
    found = plain_pytest(mini_kit, f"--answers={write_answer(source)}", "--seed=7")
    assert (
        found
        == {check.check: check.status for check in verdict.checks}
        == {"test_comes_back": "fail", "test_kms_did_it": "pass"}
    )


def test_plain_pytest_has_the_packages_of_a_kata_ready_as_a_lane_has(mini_kit: Kit, write_answer: WriteAnswer) -> None:
    about = Path(mini_kit.starters) / mini_kit.katas[0].folder / "kata.toml"
    about.write_text('packages = ["colorsys"]\n' + about.read_text("utf-8"), "utf-8")
    source = 'import sys\n\nREADY = "colorsys" in sys.modules\n\n\ndef open_it(kms, blob):\n'
    source += '    opened = kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n    return opened if READY else b""\n'
    found = plain_pytest(mini_kit, f"--answers={write_answer(source)}")
    assert found == {"test_comes_back": "pass", "test_kms_did_it": "pass"}


def test_the_same_seed_gives_the_same_values_and_another_seed_others(grade: Grade) -> None:
    outputs = [[check.output for check in grade(TELLS_WHAT_IT_GOT, seed=seed).checks] for seed in (5, 5, 6)]
    assert outputs[0] == outputs[1]
    assert not set(outputs[0]) & set(outputs[2])


def test_without_a_seed_the_values_are_new_and_the_verdict_says_which_seed_repeats_them(grade: Grade) -> None:
    one, other = grade(TELLS_WHAT_IT_GOT), grade(TELLS_WHAT_IT_GOT)
    assert one.seed != other.seed and first(one).output != first(other).output
    assert first(grade(TELLS_WHAT_IT_GOT, seed=one.seed)).output == first(one).output


def test_two_checks_of_one_run_get_different_values(grade: Grade) -> None:
    one, other = grade(TELLS_WHAT_IT_GOT).checks
    assert one.output and one.output != other.output


def test_a_lane_collects_once_and_grades_many_times(mini_root: Path, runner: Runner, write_answer: WriteAnswer) -> None:
    checks = mini_root / "tests/graders/01_keys/test_mini.py"
    counter = mini_root / "collected"
    checks.write_text(
        checks.read_text("utf-8") + f"\nwith open({str(counter)!r}, 'a') as file:\n    file.write('x')\n", "utf-8"
    )
    kit = find_kit(mini_root)
    right, wrong = write_answer(RIGHT) / "keys/mini/answer.py", "def open_it(kms, blob):\n    return b''\n"

    def body(lane: Lane) -> list[list[str]]:
        found = []
        for number in range(12):
            right.write_text(wrong if number % 2 else RIGHT, "utf-8")
            found.append(statuses(lane.grade(kit.katas[0], right.parent.parent.parent)))
        return found

    assert grade_in_lane(kit, kit.katas, runner, body) == [["pass", "pass"], ["fail", "fail"]] * 6
    assert counter.read_text() == "x"


def test_a_lane_of_another_kit_in_the_same_process_uses_that_kits_checks(mini_root: Path, grade: Grade) -> None:
    assert grade(RIGHT).passed
    checks = mini_root / "tests/graders/01_keys/test_mini.py"
    # Longer: Python takes what it compiled for a file of the same second and length.
    checks.write_text(checks.read_text("utf-8").replace('["Decrypt"]', '["Encrypt"]') + "\n", "utf-8")
    assert statuses(grade(RIGHT, kit=find_kit(mini_root))) == ["pass", "fail"]


def test_a_lane_leaves_the_modules_of_the_process_as_they_were(grade: Grade) -> None:
    before = {name for name in sys.modules if name.startswith("tests.graders")}
    grade(RIGHT)
    assert {name for name in sys.modules if name.startswith("tests.graders")} == before


HOSTILE = {
    "pytest.ini": "[pytest]\naddopts = --collect-only --co -k nothing\npython_functions = none_*\n",
    "tox.ini": "[pytest]\naddopts = --collect-only\n",
    "setup.cfg": "[tool:pytest]\naddopts = --collect-only\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = ['--collect-only']\n",
    "conftest.py": """
import pytest
open({note!r}, 'a').write('conftest')
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    item.obj = lambda *a, **k: None
""",
    "sitecustomize.py": "open({note!r}, 'a').write('sitecustomize')\n",
    "kms.py": "open({note!r}, 'a').write('kms')\n",
    "evil.py": "open({note!r}, 'a').write('evil')\n",
    "test_evil.py": "def test_pass(): pass\n",
}


def test_settings_and_plugins_near_the_answer_or_in_the_environment_have_no_say(
    grade: Grade, write_answer: WriteAnswer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "note"
    answers = write_answer("")
    for folder in (answers, answers / "keys", answers / "keys" / "mini"):
        for name, text in HOSTILE.items():
            (folder / name).write_text(text.replace("{note!r}", repr(str(note))), "utf-8")
    monkeypatch.chdir(answers / "keys" / "mini")
    monkeypatch.syspath_prepend(answers)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only -k nothing --maxfail=1")
    monkeypatch.setenv("PYTEST_PLUGINS", "evil,conftest")
    monkeypatch.setenv("PYTEST_THEME", "nothing")
    wrong, right = grade("def open_it(kms, blob):\n    return blob\n", RIGHT)
    assert statuses(wrong) == ["fail", "fail"] and right.passed
    assert [check.check for check in right.checks] == ["test_comes_back", "test_kms_did_it"]
    assert not note.exists()
    assert os.environ["PYTEST_ADDOPTS"].startswith("--collect-only")


def test_checks_that_cannot_be_collected_are_a_fault_of_the_kit_and_no_verdict(mini_root: Path, grade: Grade) -> None:
    (mini_root / "tests/graders/01_keys/test_mini.py").write_text("import nothing_at_all\n", "utf-8")
    with pytest.raises(Infra, match="nothing_at_all"):
        grade(RIGHT, kit=find_kit(mini_root))


@pytest.mark.parametrize("name", ["[2026] kms", "100% é"] + ["a::b"] * (os.name != "nt"))
def test_the_kit_may_lie_in_a_folder_of_any_name(mini_root: Path, grade: Grade, tmp_path: Path, name: str) -> None:
    here = Path.cwd()
    kit = find_kit(mini_root.rename(tmp_path / name))
    assert grade(RIGHT, kit=kit).passed
    assert Path.cwd() == here


def test_every_runner_gives_the_same_verdicts(
    mini_kit: Kit, runner_called: Callable[[str], Runner], in_process: Runner
) -> None:
    def body(lane: Lane) -> list[Verdict]:
        folder = mini_kit.solutions / mini_kit.katas[0].folder
        return [lane.grade_folder(mini_kit.katas[0], folder / name, 3) for name in ANSWERS]

    told = [
        [
            (check.check, check.status, check.message, check.called, check.actual, check.calls, check.line)
            for check in verdict.checks
        ]
        for runner in (runner_called("forked"), runner_called("spawned"), in_process)
        for verdict in grade_in_lane(mini_kit, mini_kit.katas, runner, body)
    ]
    assert told[:5] == told[5:10] == told[10:]
    assert [{status for _, status, *_ in checks} for checks in told[:5]] == [
        {"pass"},
        {"pass"},
        {"fail"},
        {"fail"},
        {"fail"},
    ]


def test_ctrl_c_in_an_answer_ends_an_in_process_run(in_process: Runner, grade: Grade) -> None:
    with pytest.raises(KeyboardInterrupt):
        grade("def open_it(kms, blob):\n    raise KeyboardInterrupt\n", runner=in_process)


def test_an_in_process_answer_that_came_too_late_is_a_timeout(in_process: Runner) -> None:
    load = {"order": "load", "source": "", "path": "answer.py", "environment": {}, "now": 0.0}
    with pytest.raises(AnswerTimeout):
        in_process.start().order(load, lambda question: {}, time.monotonic())


def test_the_in_process_runner_leaves_the_process_as_it_found_it(in_process: Runner, hold: Hold) -> None:
    environment, session, sleep = dict(os.environ), boto3.DEFAULT_SESSION, time.sleep
    output, now = sys.stdout, datetime.now()
    answer = hold(
        """
        import os, boto3
        def ask():
            os.environ["NEW"] = "1"
            print("x")
            boto3.client("kms").list_keys()
            raise SystemExit
        """,
        runner=in_process,
    )
    raised = answer.raises("ask")
    assert raised is not None and raised.type == "SystemExit" and answer.output == "x\n"
    assert (dict(os.environ), boto3.DEFAULT_SESSION, time.sleep, sys.stdout) == (environment, session, sleep, output)
    assert abs((datetime.now() - now).total_seconds()) < 60


TWO_LEARNERS = '''
import pytest


@pytest.fixture
def learner(lab, request):
    role = lab.home.role("worker")
    role.allow({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    return role.session("job") if "session" in request.node.name else lab.home.admin


def test_a_session(answer, lab):
    """A session."""
    assert answer.call("who")
    assert [call.error_code for call in answer.calls] == [None]


def test_b_user(answer, lab):
    """A user."""
    assert answer.call("who")
    assert [(call.error_code, call.principal_arn) for call in answer.calls] == [(None, lab.home.admin.arn)]


def test_c_session(answer, lab):
    """A session again."""
    assert answer.call("who")
    assert [call.error_code for call in answer.calls] == [None]
'''


@pytest.mark.parametrize("made", ["boto3.client('kms')", "boto3.session.Session().client('kms')"])
def test_a_plain_client_is_the_learner_of_its_own_check(
    mini_root: Path, grade: Grade, in_process: Runner, runner: Runner, made: str
) -> None:
    (mini_root / "tests/graders/01_keys/test_mini.py").write_text(TWO_LEARNERS, "utf-8")
    for each in (runner, in_process):
        verdict = grade(
            f"import boto3\ndef who():\n    return {made}.list_keys()['Keys'] == []\n",
            kit=find_kit(mini_root),
            runner=each,
        )
        assert statuses(verdict) == ["pass"] * 3, verdict


def test_the_runner_starts_before_anything_slow_is_imported() -> None:
    program = (
        "import sys, kms_katas.grading.forked; print({'boto3', 'moto', 'pytest', 'kms_katas.lab'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
