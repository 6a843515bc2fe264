"""`kata doctor`: a line for each thing that the kit needs, whatever of it is broken, and never a traceback."""

import importlib.metadata
import json
import os
import platform
import secrets
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import time_machine

from kms_katas.cli import doctor as doctor_module
from kms_katas.cli.file_events import FileEvents
from kms_katas.grading.outcome import AnswerTimeout, Infra

LINES = ["Python", "packages", "kit", "workspace", "file events", "clock", "terminal", "answers"]
LINES += ["isolation", "network"]


@pytest.fixture
def listened(monkeypatch):
    """Leaves out the one probe that takes a second, where a test is not about it."""
    monkeypatch.setattr(doctor_module, "_network", lambda place: ("ok", "not tried", ""))


@pytest.fixture
def doctor(kata):
    """`doctor()`: the exit status, and what was found by name."""

    def examine():
        ran = kata("doctor", "--format", "json")
        assert ran.err == ""
        data = json.loads(ran.out)
        assert data["schema"] == "urn:kms-katas:doctor:1"
        lines = {line["name"]: line for line in data["lines"]}
        assert list(lines) == LINES
        return ran.status, lines

    return examine


def problems(lines):
    return {name for name, line in lines.items() if line["status"] == "problem"}


def test_on_a_machine_in_order_no_line_is_a_problem(kata, doctor):
    kata("init")
    status, lines = doctor()
    assert (status, {line["status"] for line in lines.values()}) == (0, {"ok"}), lines
    assert platform.python_version() in lines["Python"]["said"]
    assert f"moto {importlib.metadata.version('moto')}" in lines["packages"]["said"]
    assert "1 kata" in lines["kit"]["said"]
    assert "keys/mini" in lines["network"]["said"]


def test_for_people_there_is_a_line_for_each_and_a_last_word(kata, listened):
    ran = kata("doctor")
    assert ran.status == 0
    assert [name for name in LINES if name not in ran.out] == []
    assert ran.out.rstrip().endswith("Nothing is in the way of an exercise.")


def test_it_leaves_no_file_behind(kata, doctor, here, listened):
    kata("init")
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    doctor()
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("version, told", [(None, "moto is missing"), ("4.0.1", "moto is 4.0.1")])
def test_a_package_that_is_missing_or_of_another_version_is_named(doctor, listened, monkeypatch, version, told):
    real = importlib.metadata.version

    def versions(name):
        if name == "moto" and version is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return version if name == "moto" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", versions)
    status, lines = doctor()
    assert (status, problems(lines)) == (1, {"packages"})
    assert told in lines["packages"]["said"]
    assert "install" in lines["packages"]["do"]


@pytest.mark.parametrize("name", ["watchfiles", "packaging.requirements", "kms_katas.grading.runner"])
def test_a_module_that_cannot_be_loaded_breaks_one_line_and_no_other(doctor, kata, listened, monkeypatch, name):
    kata("init")
    monkeypatch.setitem(sys.modules, name, None)
    status, lines = doctor()
    touched = [line for line in lines.values() if f"import of {name} halted" in line["said"]]
    assert (status, len(touched)) == (0, 1), lines


@pytest.mark.parametrize("name", ["typer", "rich.console", "rich.text"])
def test_without_what_the_command_itself_is_made_of_there_is_a_sentence(name):
    program = (
        f"import sys; sys.modules[{name!r}] = None; sys.argv = ['kata', 'doctor'];"
        "from kms_katas.cli import main; main()"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 3
    assert name in ran.stderr
    assert "Install kms-katas again" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_without_a_kit_the_line_says_so(run, here, listened):
    ran = run("--kit", here, "doctor", "--format", "json")
    lines = {line["name"]: line for line in json.loads(ran.out)["lines"]}
    assert (ran.status, problems(lines)) == (1, {"kit"})
    assert "is not a kit" in lines["kit"]["said"]


def test_a_kata_that_cannot_be_read_is_a_problem_of_the_kit(doctor, mini_root):
    (mini_root / "katas/01-keys/01-mini/kata.toml").write_text("= broken")
    status, lines = doctor()
    assert (status, problems(lines)) == (1, {"kit"})
    assert "01-keys/01-mini" in lines["kit"]["said"]
    assert lines["network"]["status"] == "unknown"


@pytest.mark.parametrize(
    "content, told", [(b"kms-katas-progress 99\n", "newer version"), (b"\xff\xfe", "cannot be read")]
)
def test_a_progress_file_that_cannot_be_used_is_told(doctor, kata, here, listened, content, told):
    kata("init")
    (here / "my-katas" / "kata-progress.txt").write_bytes(content)
    status, lines = doctor()
    assert (status, problems(lines)) == (1, {"workspace"})
    assert told in lines["workspace"]["said"]


def test_a_workspace_that_cannot_be_written_is_told(doctor, kata, listened, monkeypatch):
    kata("init")
    real = tempfile.mkstemp

    def read_only(*words, dir=None, **options):
        if dir is not None and "my-katas" in str(dir):
            raise PermissionError(13, "Permission denied", str(dir))
        return real(*words, dir=dir, **options)

    monkeypatch.setattr(tempfile, "mkstemp", read_only)
    status, lines = doctor()
    assert (status, problems(lines)) == (1, {"workspace"})
    assert "cannot be written: Permission denied" in lines["workspace"]["said"]


def test_a_folder_that_is_gone_ends_no_line_but_its_own(kata, here, listened):
    here.rmdir()
    ran = kata("doctor", "--format", "json")
    lines = {line["name"]: line for line in json.loads(ran.out)["lines"]}
    assert lines["workspace"]["status"] == "unknown"
    assert lines["answers"]["status"] == "ok"


def test_where_no_events_come_watch_is_said_to_look_by_itself(doctor, kata, listened, monkeypatch):
    kata("init")
    monkeypatch.setattr(FileEvents, "come", lambda self: False)
    status, lines = doctor()
    assert status == 0
    assert "none come here" in lines["file events"]["said"]


def test_a_clock_of_1970_is_told(doctor, listened):
    with time_machine.travel(secrets.randbelow(86400)):
        status, lines = doctor()
    assert (status, problems(lines)) == (1, {"clock"})
    assert "1970-01-01" in lines["clock"]["said"]
    assert lines["clock"]["do"]


def test_files_that_are_dated_otherwise_than_the_clock_are_told():
    with time_machine.travel(datetime(2090, 1, 1, tzinfo=UTC)):
        status, said, do = doctor_module._clock()
    assert (status, bool(do)) == ("problem", True)
    assert "seconds off" in said


def test_a_clock_of_the_time_limits_that_stands_still_is_told(monkeypatch):
    monkeypatch.setattr(doctor_module.time, "monotonic", lambda: 5.0)
    status, said, _ = doctor_module._clock()
    assert (status, "evenly" in said) == ("problem", True)


@pytest.mark.parametrize("encoding, told", [("ascii", "written as + and x"), ("utf-8", "utf-8")])
def test_the_terminals_encoding_is_told(kata, listened, monkeypatch, encoding, told):
    monkeypatch.setenv("TERM", "dumb")
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    program = "from kms_katas.cli.doctor import _terminal; print(_terminal())"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert ran.stdout.startswith("('ok'")
    assert told in ran.stdout


def raises(error):
    def order(*words):
        raise error

    return order


@pytest.mark.parametrize(
    "order, told",
    [
        (raises(Infra("it is gone")), "it is gone"),
        (raises(AnswerTimeout()), "10 seconds"),
        (lambda *words: {"done": 41}, "something else"),
    ],
)
def test_a_runner_that_does_not_run_is_told(doctor, listened, monkeypatch, order, told):
    process = SimpleNamespace(order=order, close=lambda: None)
    runner = SimpleNamespace(isolation="none", lacks="", start=lambda: process, close=lambda: None)
    monkeypatch.setattr("kms_katas.grading.runner.best_runner", lambda *_: runner)
    status, lines = doctor()
    assert (status, problems(lines)) == (1, {"answers"})
    assert told in lines["answers"]["said"]


def test_a_wrong_choice_of_runner_is_told(run, mini_root, listened, monkeypatch):
    monkeypatch.setenv("KATA_RUNNER", "sprinter")
    ran = run("--kit", mini_root, "doctor")
    assert ran.status == 1
    assert "KATA_RUNNER=sprinter names no runner" in ran.said


TRYING = """
import os, socket

def open_it(kms, blob):
    try:
        {attempt}
    except OSError:
        pass
    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]
"""


@pytest.mark.parametrize(
    "attempt, told",
    [
        ("socket.create_connection(('127.0.0.1', 9), 0.1)", "socket.connect ('127.0.0.1', 9)"),
        ("socket.getaddrinfo('kms.invalid', 443)", "socket.getaddrinfo ('kms.invalid', 443)"),
        ("open(os.path.expanduser('~/.aws/credentials')).read()", "the file credentials"),
    ],
)
def test_what_grading_tries_of_network_and_credentials_is_overheard(doctor, mini_root, attempt, told):
    answer = mini_root / "solutions/01-keys/01-mini/answer.py"
    answer.write_text(TRYING.format(attempt=attempt))
    status, lines = doctor()
    assert (status, problems(lines)) == (1, {"network"})
    assert told in lines["network"]["said"]


@pytest.mark.parametrize(
    "level, lacks, told",
    [
        ("none", "no Landlock here", "can read your files"),
        ("lite", "no namespaces here", "reaches no network"),
        ("full", "", "namespaces of its own"),
    ],
)
def test_the_level_of_isolation_is_told_and_what_the_next_one_lacks(doctor, listened, monkeypatch, level, lacks, told):
    process = SimpleNamespace(order=lambda *words: {"done": 42}, close=lambda: None)
    runner = SimpleNamespace(isolation=level, lacks=lacks, start=lambda: process, close=lambda: None)
    monkeypatch.setattr("kms_katas.grading.runner.best_runner", lambda *_: runner)
    status, lines = doctor()
    line = lines["isolation"]
    assert (status, line["status"]) == (0, "ok") and line["said"].startswith(f"{level}: ") and told in line["said"]
    assert lacks in line["do"] and bool(line["do"]) == bool(lacks)
