"""The levels none, lite and full: what an answer can reach at each, and that the verdict says which it was."""

import os
import platform
import secrets
import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import kms_katas
from kms_katas.grading.forked import ForkedRunner
from kms_katas.grading.outcome import Infra
from kms_katas.grading.runner import VARIABLE, Runner, best_runner
from kms_katas.grading.spawned import SpawnedRunner
from kms_katas.kit import KitError, find_kit

from .conftest import Grade, Hold, by_both_runners, first, statuses

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'


@pytest.fixture(scope="session")
def best(runner_called: Callable[[str], Runner]) -> str:
    """The best level that works on this machine."""
    return runner_called("forked").isolation


@pytest.fixture(params=["forked:lite", "spawned:lite", "forked:full"])
def closed(request: pytest.FixtureRequest, runner_called: Callable[[str], Runner], best: str) -> Runner:
    level = request.param.partition(":")[2]
    if best == "none" or (level, best) == ("full", "lite"):
        pytest.skip(f"this machine has no {level}: {runner_called('forked').lacks}")
    return runner_called(request.param)


REACH = """
import os, socket, subprocess, sys, threading, ctypes, mmap, signal, tempfile, resource, time

def attempt(kind, *words):
    return ATTEMPTS[kind](*words)

def read(path):
    with open(path, "rb") as file:
        return len(file.read(100))

def write(path):
    with open(path, "ab") as file:
        return file.write(b"x")

def run_away(pid):
    os.kill(pid, 0)

ATTEMPTS = {
    "read": read, "write": write, "list": os.listdir, "make a folder": os.mkdir, "remove": os.unlink,
    "link": lambda path: os.link(path, path + "2"), "symlink": lambda path: os.symlink("/etc/passwd", path),
    "rename": lambda path: os.rename(path, path + "2"), "change": lambda path: os.chmod(path, 0o777),
    "cut": lambda path: os.truncate(path, 0), "set times": lambda path: os.utime(path, (0, 0)),
    "temporary": lambda: tempfile.TemporaryFile().close(),
    "socket": lambda *kind: socket.socket(*kind).close(),
    "send": lambda kind, address: socket.socketpair(socket.AF_UNIX, kind)[0].sendto(b"x", address),
    "fork": os.fork, "start": lambda: subprocess.run([sys.executable, "-c", "1"]),
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "signal": lambda pid: os.kill(pid, 0), "everybody": lambda: os.kill(-1, 0),
    "raise limits": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)),
    "memory file": lambda: os.memfd_create("x"), "become": lambda: os.setuid(os.getuid()),
    "root": lambda: os.chroot("/"), "session": os.setsid,
}
"""


def refused(answer: object, *words: object) -> str:
    """The exception that an attempt raises; empty when it works."""
    raised = answer.raises("attempt", *words)  # type: ignore[attr-defined]
    return "" if raised is None else str(raised.type)


def test_an_answer_reads_no_file_but_python_and_its_packages(
    closed: Runner, hold: Hold, tmp_path: Path, mini_root: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(secrets.token_hex())
    answer = hold(REACH, runner=closed)
    assert answer.call("attempt", "read", os.__file__) == 100
    package = Path(kms_katas.__file__).parent
    kit = find_kit()
    closed_files = [secret, Path(__file__), mini_root / "solutions/01-keys/01-mini/answer.py", Path("/etc/passwd")]
    closed_files += [package / "__init__.py", package / "child/wire.py", package / "grading/lane.py"]
    closed_files += [next(kit.solutions.rglob("answer.py")), next(kit.graders.rglob("test_*.py"))]
    closed_files += [Path("/proc/self/environ"), Path(f"/proc/{os.getpid()}/environ"), Path("/proc/self/maps")]
    for path in closed_files:
        assert refused(answer, "read", str(path)) in ("PermissionError", "FileNotFoundError"), path
    for folder in ("/", "/tmp", "/proc", str(kit.root), str(kit.solutions), str(package), str(Path.home())):
        assert refused(answer, "list", folder) in ("PermissionError", "FileNotFoundError"), folder


def test_an_answer_writes_nothing(closed: Runner, hold: Hold, tmp_path: Path) -> None:
    answer, here = hold(REACH, runner=closed), tmp_path / "here"
    here.write_text("as it was")
    new = str(tmp_path / "new")
    for words in (
        *(("write", str(here)), ("write", new), ("write", "/dev/shm/x"), ("make a folder", new), ("symlink", new)),
        *(("remove", str(here)), ("link", str(here)), ("rename", str(here)), ("change", str(here))),
        *(("cut", str(here)), ("set times", str(here)), ("write", os.__file__), ("temporary",), ("memory file",)),
    ):
        assert refused(answer, *words) in ("PermissionError", "FileNotFoundError"), words
    assert here.read_text() == "as it was" and not Path(new).exists()


def test_an_answer_reaches_no_network_and_nobody(closed: Runner, hold: Hold) -> None:
    answer = hold(REACH, runner=closed)
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, 16):
        assert refused(answer, "socket", int(family), int(socket.SOCK_DGRAM)) == "PermissionError", family
    for words in (("fork",), ("start",), ("exec",), ("signal", os.getpid()), ("signal", os.getppid()), ("everybody",)):
        assert refused(answer, *words) == "PermissionError", words
    for words in (("raise limits",), ("become",), ("root",), ("session",)):
        assert refused(answer, *words) in ("PermissionError", "ValueError"), words


def test_an_answer_writes_to_no_socket_that_others_listen_at(closed: Runner, hold: Hold, tmp_path: Path) -> None:
    answer, place = hold(REACH, runner=closed), str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(place)
        listening.setblocking(False)
        assert refused(answer, "send", int(socket.SOCK_DGRAM), place) == "PermissionError"
        with pytest.raises(BlockingIOError):
            listening.recv(1)


def test_memory_is_bounded_and_its_end_is_an_exception(closed: Runner, hold: Hold) -> None:
    answer = hold(
        """
        import mmap
        def take(size):
            return len(b"x" * size)
        def share(size):
            return len(mmap.mmap(-1, size))
        """,
        runner=closed,
    )
    assert answer.call("take", 100_000_000) == 100_000_000
    for way in ("take", "share"):
        raised = answer.raises(way, 1_000_000_000)
        assert raised is not None and raised.type in ("MemoryError", "OSError")


def test_what_right_answers_need_is_there(closed: Runner, hold: Hold) -> None:
    answer = hold(
        """
        import asyncio, threading, secrets, uuid, zoneinfo, datetime, boto3
        from concurrent.futures import ThreadPoolExecutor
        def use():
            import sqlite3, decimal, xml.etree.ElementTree, urllib.request, multiprocessing, logging.handlers
            with ThreadPoolExecutor(40) as pool:
                total = sum(pool.map(lambda number: number, range(100)))
            async def later():
                await asyncio.sleep(0)
                return total
            boto3.client("s3")
            zone = zoneinfo.ZoneInfo("Europe/Vienna")
            return [asyncio.run(later()), len(secrets.token_bytes(8)), len(str(uuid.uuid4())), str(zone)]
        """,
        runner=closed,
    )
    assert answer.call("use") == [4950, 8, 36, "Europe/Vienna"]


def test_a_value_cannot_be_carried_from_one_process_of_an_answer_to_the_next(
    closed: Runner, hold: Hold, tmp_path: Path
) -> None:
    answer = hold(REACH, runner=closed)
    for place in (tmp_path, Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), Path("/dev/mqueue")):
        assert refused(answer, "write", str(place / secrets.token_hex(4))), place


def test_at_full_the_rest_of_the_machine_is_not_even_there(
    hold: Hold, runner_called: Callable[[str], Runner], best: str
) -> None:
    if best != "full":
        pytest.skip(f"this machine has no full: {runner_called('forked').lacks}")
    answer = hold("import os\ndef there(path):\n    return os.path.exists(path)\n", runner=runner_called("forked:full"))
    assert answer.call("there", os.__file__)
    for path in (kms_katas.__file__, __file__, "/etc/passwd", "/proc/self", str(find_kit().solutions)):
        assert not answer.call("there", path), path


def test_what_was_closed_is_told_to_the_learner(closed: Runner, grade: Grade) -> None:
    verdict = grade("def open_it(kms, blob):\n    return open('/etc/passwd').read()\n", runner=closed)
    assert statuses(verdict) == ["fail", "fail"]
    told = first(verdict).message + first(verdict).next_step
    assert ("PermissionError" in told and "closed off" in told) or "FileNotFoundError" in told


def test_a_course_s_own_kit_is_hidden_though_it_lies_among_the_packages(tmp_path: Path, hold: Hold, best: str) -> None:
    if best == "none":
        pytest.skip("this machine closes nothing off")
    import email

    kit = Path(email.__file__).parent
    runner = ForkedRunner("lite", (kit,))
    try:
        answer = hold(REACH, runner=runner)
        assert refused(answer, "read", str(kit / "message.py")) == "PermissionError"
        assert refused(answer, "list", str(kit)) == "PermissionError"
        assert answer.call("attempt", "read", os.__file__) == 100
    finally:
        runner.close()


@by_both_runners
def test_the_verdict_says_the_level_and_how_the_process_was_started(grade: Grade, runner: Runner, best: str) -> None:
    verdict = grade(RIGHT)
    assert verdict.passed and verdict.isolation == best and verdict.runner == runner.name


@pytest.mark.parametrize("level", ["none", "lite", "full"])
def test_the_level_that_is_asked_for_is_the_one_that_is_had(
    grade: Grade, runner_called: Callable[[str], Runner], level: str, best: str
) -> None:
    ranked = ["none", "lite", "full"]
    if ranked.index(level) > ranked.index(best):
        pytest.skip(f"this machine has no {level}")
    verdict = grade(RIGHT, runner=runner_called(f"forked:{level}"))
    assert verdict.passed and verdict.isolation == level


@pytest.mark.parametrize("make", [ForkedRunner, SpawnedRunner])
def test_a_level_that_cannot_be_had_is_a_fault_of_the_kit_with_its_reason(make: Callable[[str], Runner]) -> None:
    runner = make("moonlight")
    try:
        with pytest.raises(Infra, match=r"closed off.*'moonlight'"):
            runner.start()
    finally:
        runner.close()


def test_the_in_process_runner_refuses_a_level_that_it_cannot_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "inprocess")
    with pytest.raises(KitError, match="inside the grader"):
        best_runner("lite")
    best_runner("none").close()


def test_where_a_level_is_missing_the_next_one_serves_and_the_reason_is_said(
    monkeypatch: pytest.MonkeyPatch, grade: Grade, tmp_path: Path
) -> None:
    """A Python beside this one whose machine has no name that the list of system calls is written for."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("nothing to take away here")
    python, beside = tmp_path / "python", tmp_path / "beside.py"
    # It is called as `python -I -m kms_katas.child WORDS`. By a shell: the first line of a script takes no path with a
    # space, which the folder of this Python may have.
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I {shlex.quote(str(beside))} "$@"\n')
    beside.write_text(
        "import platform, runpy, sys\nplatform.machine = lambda: 'vax'\n"
        "del sys.argv[1:4]\nrunpy.run_module('kms_katas.child', run_name='__main__')\n"
    )
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    runner = ForkedRunner()
    try:
        assert (runner.isolation, "vax" in runner.lacks) == ("none", True)
        verdict = grade(RIGHT, runner=runner)
        assert verdict.passed and verdict.isolation == "none"
    finally:
        runner.close()
