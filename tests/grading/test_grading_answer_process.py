"""What an answer's process looks like from inside: what it prints and reads, its threads, what it holds."""

import os
import re
import secrets
from typing import Any

import pytest

from kms_katas.grading.runner import MAX_OUTPUT
from kms_katas.lab import Lab

from .conftest import Grade, Hold, by_both_open_runners, by_both_runners, first, statuses


@by_both_open_runners
def test_what_is_printed_is_kept_and_shown_with_the_check_that_printed_it(grade: Grade) -> None:
    words = secrets.token_hex(8)
    verdict = grade(f"""
        import os, sys
        def open_it(kms, blob):
            print("{words}")
            print("to stderr", file=sys.stderr)
            os.write(1, b"raw ")
            os.system("echo shell")
            return kms.decrypt(CiphertextBlob=blob)["Plaintext"]
    """)
    assert verdict.passed
    for check in verdict.checks:
        assert all(text in check.output for text in (words, "to stderr", "raw ", "shell"))
        assert check.output.count(words) == 1


@by_both_runners
def test_what_a_call_printed_is_there_when_the_call_is_over(hold: Hold) -> None:
    answer, said = hold("import os\ndef say(words):\n    os.write(2, words)\n"), ""
    for _ in range(300):
        words = secrets.token_hex(8)
        answer.call("say", words.encode())
        said += words
        assert answer.output == said


@by_both_runners
def test_nothing_that_is_printed_comes_out_of_the_grader(grade: Grade, capfd: pytest.CaptureFixture[str]) -> None:
    grade(
        """
        import os
        print("one")
        os.write(2, b"two")
        def open_it(kms, blob):
            print("three")
        """
    )
    assert capfd.readouterr() == ("", "")


@by_both_runners
def test_only_the_first_16_kib_are_kept(hold: Hold) -> None:
    answer = hold("def shout(size):\n    print('x' * size)\n")
    for _ in range(5):
        answer.call("shout", 10_000)
    assert len(answer.output) == MAX_OUTPUT
    answer.restart()
    answer.call("shout", 10_000)
    assert len(answer.output) == MAX_OUTPUT


@by_both_runners
def test_what_is_forgotten_is_what_the_module_kept_and_a_restart_takes_the_process_too(hold: Hold) -> None:
    answer = hold(
        "import sys\nkept = []\nsys.kept = getattr(sys, 'kept', [])\n"
        "def keep():\n    for each in (kept, sys.kept):\n        each.append(0)\n    return len(kept), len(sys.kept)\n"
    )
    assert [answer.call("keep") for _ in range(2)] == [(1, 1), (2, 2)]
    answer.forget()
    assert answer.call("keep") == (1, 3)
    answer.restart()
    assert answer.call("keep") == (1, 1)


@by_both_runners
def test_what_comes_from_random_can_be_foretold_and_what_comes_from_secrets_cannot(hold: Hold) -> None:
    answer, drawn = (
        hold("import random, secrets\ndef draw():\n    return random.randbytes(8), secrets.token_bytes(8)\n"),
        [],
    )
    for foretold in (True, True, False, False):
        answer.forget(foretold=foretold)
        drawn.append(answer.call("draw"))
    assert drawn[0][0] == drawn[1][0]
    assert len({each for each, _ in drawn}) == 3
    assert len({each for _, each in drawn}) == 4


@by_both_runners
def test_an_answer_that_prints_without_end_is_stopped_at_once_and_told_why(grade: Grade) -> None:
    verdict = grade("def open_it(kms, blob):\n    while True:\n        print('x' * 1000)\n")
    assert statuses(verdict) == ["error", "error"]
    assert "printed more than 1024 KiB" in first(verdict).message  # and no time limit had to pass for it


@by_both_runners
def test_stdin_is_empty(hold: Hold) -> None:
    answer = hold("""
        import os, sys
        def read():
            return sys.stdin.read() + os.read(0, 10).decode()
        def ask():
            return input()
    """)
    assert answer.call("read") == ""
    raised = answer.raises("ask")
    assert raised is not None and raised.type == "EOFError"


THREADS = """
import threading

def together(kms, key, count):
    got, failed = [], []
    def work(number):
        try:
            blob = kms.encrypt(KeyId=key, Plaintext=b"%d" % number)["CiphertextBlob"]
            got.append((number, kms.decrypt(CiphertextBlob=blob)["Plaintext"]))
        except BaseException as error:
            failed.append(repr(error))
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return sorted(got), failed

def leave_running(kms):
    def work():
        while True:
            try:
                kms.list_keys()
            except Exception:
                pass
    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()

def read_on(source):
    def work():
        while True:
            threading.Event().wait(0.001)
            try:
                source.read(1)
            except Exception:
                pass
    threading.Thread(target=work, daemon=True).start()

def read_all(source):
    return b"".join(iter(lambda: source.read(100), b""))

def echo(value):
    return value
"""


@by_both_runners
def test_threads_may_use_the_client_at_once(hold: Hold, lab: Lab) -> None:
    answer = hold(THREADS)
    key = lab.home.admin.client("kms").create_key()["KeyMetadata"]["KeyId"]
    got, failed = answer.call("together", answer.client(), key, 12)
    assert failed == []
    assert got == [(number, b"%d" % number) for number in range(12)]


@by_both_runners
def test_threads_that_go_on_after_the_call_confuse_no_later_call(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = hold(THREADS)
    answer.call("leave_running", answer.client())
    for number in range(60):
        assert answer.call("echo", number) == number


@by_both_runners
@pytest.mark.parametrize("handed", [False, True])
def test_a_thread_that_reads_on_speaks_for_no_stream_of_the_next_check(hold: Hold, handed: bool) -> None:
    answer, content = hold(THREADS), secrets.token_bytes(20_000)
    answer.call("read_on", answer.stream(10_000, handed=handed))
    answer._gate.streams.clear()  # as at the start of each check
    answer.forget()
    assert answer.call("echo", 1) == 1
    for _ in range(3):
        source = answer.stream(content, handed=handed)
        assert answer.call("read_all", source) == content
        assert source.reads == 201 and source.position == len(content)
        answer._gate.streams.clear()


INSIDE = """
import os, sys

def modules():
    return sorted(sys.modules)

def environment():
    return dict(os.environ)

def descriptors():
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink("/proc/self/fd/" + name)
        except OSError:
            pass
    return found

def session():
    return os.getsid(0), os.getpid()

def reachable():
    import gc
    return sorted({type(thing).__module__ for thing in gc.get_objects()})
"""


@by_both_runners
def test_the_child_has_loaded_no_lab_no_checks_and_no_pytest(hold: Hold) -> None:
    answer = hold(INSIDE)
    loaded = answer.call("modules") + answer.call("reachable")
    foreign = ("moto", "pytest", "_pytest", "kms_katas.lab", "kms_katas.grading", "kms_katas.kit", "kms_katas.policy")
    assert [name for name in loaded if name.startswith(foreign)] == []


@by_both_open_runners
def test_the_child_holds_no_descriptor_but_its_own(hold: Hold) -> None:
    hold(INSIDE).call("descriptors")
    held = hold(INSIDE).call("descriptors")
    kinds = sorted(re.sub(r"[:\[].*", "", target) for target in held.values())
    assert set(kinds) <= {"/dev/null", "pipe", "socket", "/proc/" + kinds[-1]} or kinds == []
    pipes = {target for target in held.values() if target.startswith("pipe")}
    assert (kinds.count("socket"), len(pipes)) in [(1, 1), (0, 3)]


@by_both_runners
def test_the_child_leads_a_session_of_its_own(hold: Hold) -> None:
    session, process = hold(INSIDE).call("session")
    assert session == process != os.getpid()


@by_both_runners
def test_the_environment_of_the_grader_stays_outside(hold: Hold, monkeypatch: pytest.MonkeyPatch, learner: Any) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "SECRET_OF_THE_GRADER", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "hostile")
    inside = hold(INSIDE).call("environment")
    assert "hostile" not in inside.values() and "PYTEST_CURRENT_TEST" not in inside
    assert inside["AWS_ACCESS_KEY_ID"] == learner.access_key_id


@by_both_runners
def test_what_an_answer_kept_in_its_module_is_gone_after_a_restart(hold: Hold) -> None:
    answer = hold(
        """
        import builtins
        kept = []
        def keep():
            kept.append(1)
            builtins.kept = kept
            return len(kept)
        def found():
            return hasattr(builtins, "kept")
        """
    )
    assert [answer.call("keep"), answer.call("keep")] == [1, 2]
    answer.restart()
    assert answer.call("found") is False
