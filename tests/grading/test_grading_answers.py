"""What an answer may hand back, raise and print, and what its process looks like from inside.

Each answer runs in a real child.
"""

import math
import os
import re
import secrets
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import kms_katas
from kms_katas.grading.expect import Rejected
from kms_katas.grading.outcome import AnswerRaised, AnswerUnusable
from kms_katas.grading.runner import MAX_OUTPUT
from kms_katas.lab import Lab

from .conftest import Grade, Hold, by_both_open_runners, by_both_runners, first, statuses

ECHO = "def echo(value):\n    return value\n"


@by_both_runners
def test_plain_data_goes_in_and_comes_out_the_same(hold: Hold) -> None:
    moment = datetime.now(UTC)
    value = {"a": [1, 2.5, None, True, "ü\ud800", b"\x00\xff", (1, "x"), moment], (1, 2): {b"k": {}}, 5: -math.inf}
    assert hold(ECHO).call("echo", value) == value
    assert math.isnan(hold(ECHO).call("echo", math.nan))


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ("{1}", "set"),
        ("bytearray(b'x')", "bytearray"),
        ("(x for x in 'ab')", "generator"),
        ("Thing()", "Thing"),
        ("Thing", "type"),
        ("print", "builtin_function_or_method"),
        ("open('/dev/null')", "TextIOWrapper"),
        ("[{'deep': Thing()}]", "Thing"),
        ("datetime.date.today()", "datetime.date"),
        ("kms()", "KMS"),
    ],
)
def test_a_result_of_any_other_type_is_named_to_the_learner(hold: Hold, made: str, name: str) -> None:
    answer = hold(f"""
        import boto3, datetime
        class Thing:
            pass
        def kms():
            return boto3.client("kms")
        def make():
            return {made}
    """)
    with pytest.raises(Rejected) as refused:
        answer.call("make")
    assert name in refused.value.message and "bytes" in refused.value.expected and refused.value.next_step


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("2 ** 9000", "8192 bits"),
        ("[0] * 200_000", "100000 items"),
        ("endless()", "20 deep"),
        ("b'x' * 40_000_000", "bytes"),
    ],
)
@by_both_runners
def test_a_result_that_is_too_large_is_refused_with_the_limit(hold: Hold, made: str, words: str) -> None:
    answer = hold(f"""
        def endless():
            value = []
            value.append(value)
            return value
        def make():
            return {made}
    """)
    with pytest.raises(Rejected, match=words):
        answer.call("make")


def test_a_result_that_breaks_when_it_is_read_is_what_the_answer_raised(hold: Hold) -> None:
    answer = hold("""
        class Trap(dict):
            def items(self):
                raise OSError("trap")
        def make():
            return Trap(a=1)
    """)
    with pytest.raises(AnswerRaised, match="OSError: trap"):
        answer.call("make")


def test_an_exception_crosses_as_type_message_and_the_learners_own_lines(hold: Hold) -> None:
    text = secrets.token_hex(8)
    answer = hold(f"""
        def outer(kms):
            return inner(kms)
        def inner(kms):
            raise LookupError("{text}")
    """)
    with pytest.raises(AnswerRaised) as raised:
        answer.call("outer", answer.client())
    assert (raised.value.type, raised.value.message, raised.value.code) == ("LookupError", text, "")
    assert [(frame.line, frame.function) for frame in raised.value.frames] == [(3, "outer"), (5, "inner")]
    assert "inner(kms)" in raised.value.frames[0].text


def test_an_error_of_aws_crosses_with_its_code_and_no_frame_of_anybody_else(hold: Hold) -> None:
    answer = hold("""
        def ask(kms):
            kms.describe_key(
                KeyId="alias/nothing")
    """)
    with pytest.raises(AnswerRaised) as raised:
        answer.call("ask", answer.client())
    assert (raised.value.type, raised.value.code) == ("NotFoundException", "NotFoundException")
    assert [frame.function for frame in raised.value.frames] == ["ask"]


def test_no_frame_and_no_path_of_the_kit_is_in_what_a_learner_sees(grade: Grade) -> None:
    verdict = grade("""
        def open_it(kms, blob):
            return sorted([1, 2], key=lambda entry: kms.decrypt(CiphertextBlob=b"x"))
    """)
    shown = repr(verdict)
    for path in (str(Path(kms_katas.__file__).parent), "site-packages", "kms_katas/", sys.prefix):
        assert path not in shown
    assert first(verdict).line == 3 and first(verdict).status == "fail"


def test_a_syntax_error_names_its_line(grade: Grade) -> None:
    verdict = grade("def open_it(kms, blob):\n    return kms.decrypt(\n\n\nx = = 1\n")
    assert set(statuses(verdict)) == {"error"}
    assert "SyntaxError" in first(verdict).message and first(verdict).line > 0


@pytest.mark.parametrize(
    "source",
    ["", "open_it = 5", "def open_it(): pass", "def open_it(kms, blob, more): pass", "def other(kms, blob): pass"],
)
def test_a_function_that_is_not_as_the_brief_says_is_told_so(grade: Grade, source: str) -> None:
    verdict = grade(source)
    assert set(statuses(verdict)) == {"error"}
    assert "open_it" in first(verdict).message and first(verdict).next_step


def test_warnings_cost_nothing(grade: Grade) -> None:
    verdict = grade("""
        import warnings
        warnings.warn("at import", DeprecationWarning)
        def open_it(kms, blob):
            warnings.warn("in the call", UserWarning)
            unclosed = open("/dev/null")
            return kms.decrypt(CiphertextBlob=blob)["Plaintext"]
    """)
    assert verdict.passed


RAISED_IN_A_CALL = {
    "raise SystemExit(0)": "SystemExit",
    "import sys; sys.exit('bye')": "SystemExit",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "raise MemoryError": "MemoryError",
    "return b'x' * (1 << 62)": "MemoryError",
    "return open_it(kms, blob)": "RecursionError",
    "raise GeneratorExit": "GeneratorExit",
    "raise AssertionError('pass')": "AssertionError",
    "raise Unreadable": "Unreadable",
    "raise Strange": "Strange",
    "raise ClientError('broken', 'Op')": "AttributeError",
    "raise Broken": "Broken",
    "raise StopIteration": "StopIteration",
    "raise ExceptionGroup('many', [ValueError(1)])": "ExceptionGroup",
}


@pytest.mark.parametrize("line", RAISED_IN_A_CALL)
def test_whatever_a_call_raises_fails_the_check_by_name_and_the_next_check_runs(grade: Grade, line: str) -> None:
    verdict = grade(f"""
from botocore.exceptions import ClientError
count = 0
class Unreadable(Exception):
    def __str__(self):
        raise ValueError
class Text(str):
    def __getitem__(self, _):
        return object()
class Strange(Exception):
    def __str__(self):
        return Text("text")
class Broken(ClientError):
    def __init__(self):
        self.response = property()
def open_it(kms, blob):
    {line}
""")
    assert statuses(verdict) == ["fail", "fail"]
    assert RAISED_IN_A_CALL[line] in first(verdict).message


def test_an_exception_whose_class_hides_its_name_still_crosses(hold: Hold) -> None:
    answer = hold("""
        class Meta(type):
            __name__ = property(lambda self: 1 / 0)
        class Hidden(Exception, metaclass=Meta):
            pass
        def ask():
            raise Hidden("text")
    """)
    with pytest.raises(AnswerRaised, match="text"):
        answer.call("ask")


@pytest.mark.parametrize(
    "line", ["import sys; sys.exit(0)", "raise SystemExit", "raise KeyboardInterrupt", "1 / 0", "exit()"]
)
def test_an_answer_that_stops_at_import_is_an_error_with_its_reason(grade: Grade, line: str) -> None:
    verdict = grade(f"{line}\ndef open_it(kms, blob): pass\n")
    assert statuses(verdict) == ["error", "error"]
    assert "stops while Python reads it" in first(verdict).message


@pytest.mark.parametrize("line", ["os._exit(0)", "os.abort()", "ctypes.string_at(0)", "os.closerange(0, 50)"])
@by_both_runners
def test_a_process_that_ends_itself_is_no_pass_and_the_next_check_runs(grade: Grade, line: str) -> None:
    at_import, in_call = grade(
        f"import ctypes, os\n{line}\n", f"import ctypes, os\ndef open_it(kms, blob):\n    {line}\n    return blob\n"
    )
    for verdict in (at_import, in_call):
        assert statuses(verdict) == ["error", "error"]
        assert "ended its own process" in first(verdict).message and first(verdict).next_step


def test_a_module_that_answers_every_name_with_an_error_is_told_so(hold: Hold) -> None:
    answer = hold("def __getattr__(name):\n    raise OSError(name)\n")
    with pytest.raises((AnswerRaised, AnswerUnusable), match="ask"):
        answer.call("ask")


def test_a_function_whose_signature_cannot_be_read_is_called_or_told_so(hold: Hold) -> None:
    answer = hold("""
        class Odd:
            __signature__ = "none"
            def __call__(self, value):
                return value
        ask = Odd()
    """)
    try:
        assert answer.call("ask", 5) == 5
    except AnswerUnusable as told:
        assert "ask" in told.message


EQUAL_TO_ALL = """
class Same(bytes):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = bytes.__hash__
def open_it(kms, blob):
    return Same(b"whatever")
"""


def test_a_result_that_says_it_equals_everything_loses_that_on_the_way(grade: Grade) -> None:
    assert first(grade(EQUAL_TO_ALL)).status == "fail"


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


TIME = """
import time, datetime
def now():
    return datetime.datetime.now(datetime.timezone.utc)
def utc():
    return datetime.datetime.utcnow()
def stamp():
    return time.time()
def nap(seconds):
    before, began = time.time(), time.perf_counter()
    time.sleep(seconds)
    return time.time() - before
def ask(clock):
    return clock.now()
"""


@by_both_runners
def test_time_in_the_answer_is_the_labs_time(hold: Hold, lab: Lab) -> None:
    answer = hold(TIME)
    for _ in range(2):
        lab.clock.advance(days=400.5)
        now = lab.clock.now()
        assert answer.call("now") == now
        assert answer.call("utc") == now.replace(tzinfo=None)
        assert answer.call("stamp") == now.timestamp()
        assert answer.call("ask", answer.clock) == now


@pytest.mark.parametrize("name", ["monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"])
def test_clocks_that_tick_move_on_with_the_labs(hold: Hold, lab: Lab, name: str) -> None:
    """An age by time.monotonic is right, and a wait by it ends: it never stands."""
    answer = hold(f"""
import time
from time import {name} as imported
unit = 10**9 if "_ns" in "{name}" else 1
def both():
    return imported() / unit, time.{name}() / unit
def wait():
    until = time.{name}() + unit * 0.01
    while time.{name}() < until:
        pass
def nap(seconds):
    before = time.{name}()
    time.sleep(seconds)
    return (time.{name}() - before) / unit
""")
    before = answer.call("both")
    step = secrets.randbelow(10**6) + 100
    lab.clock.advance(seconds=step)
    for earlier, later in zip(before, answer.call("both"), strict=True):
        assert step <= later - earlier < step + 60
    assert step <= answer.call("nap", step) < step + 60
    answer.call("wait")


@pytest.mark.skipif(not hasattr(time, "clock_gettime"), reason="Windows has no clock_gettime")
def test_a_clock_by_its_number_moves_on_with_the_labs_unless_it_counts_computing(hold: Hold, lab: Lab) -> None:
    answer = hold("""
import time
def read(name):
    clock = getattr(time, name)
    return time.clock_gettime(clock), time.clock_gettime_ns(clock) / 10**9
""")
    names = {"CLOCK_MONOTONIC": 1000, "CLOCK_REALTIME": 1000, "CLOCK_PROCESS_CPUTIME_ID": 0}
    before = {name: answer.call("read", name) for name in names}
    lab.clock.advance(seconds=1000)
    for name, step in names.items():
        for earlier, later in zip(before[name], answer.call("read", name), strict=True):
            assert step <= later - earlier < step + 60


@pytest.mark.parametrize(
    "wait",
    [
        "asyncio.run(asyncio.wait_for(asyncio.sleep(60), 0.02))",
        "queue.Queue().get(timeout=0.02)",
        "threading.Barrier(2).wait(0.02)",
        "pool.submit(threading.Event().wait, 0.1).result(timeout=0.02)",
        "list(concurrent.futures.as_completed([pool.submit(threading.Event().wait, 0.1)], timeout=0.02))",
    ],
)
def test_a_wait_with_a_timeout_ends_wherever_the_labs_clock_stands(hold: Hold, lab: Lab, wait: str) -> None:
    answer = hold(f"""
import asyncio, concurrent.futures, queue, threading
def wait():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        {wait}
""")
    lab.clock.advance(days=400)
    assert answer.raises("wait").type in ("TimeoutError", "Empty", "BrokenBarrierError")


@by_both_runners
def test_what_is_due_by_a_librarys_own_clock_comes_due_when_the_answer_sleeps(hold: Hold) -> None:
    answer = hold("""
import asyncio, sched, time
def by_asyncio():
    async def main():
        loop = asyncio.get_running_loop()
        due = loop.create_future()
        loop.call_later(600, due.set_result, "due")
        time.sleep(601)
        return await due
    return asyncio.run(main())
def by_sched():
    done, scheduler = [], sched.scheduler()
    for seconds in (600, 60):
        scheduler.enter(seconds, 1, done.append, (seconds,))
    scheduler.run()
    return done
""")
    assert answer.call("by_asyncio") == "due"
    assert answer.call("by_sched") == [60, 600]


@by_both_runners
def test_sleeping_moves_the_labs_clock_and_costs_no_time(hold: Hold, lab: Lab) -> None:
    answer, before = hold(TIME), lab.clock.now()
    assert answer.call("nap", 86400) == 86400
    assert lab.clock.now() - before == timedelta(days=1)


def test_sleeping_backwards_raises_as_in_python(hold: Hold, lab: Lab) -> None:
    raised, before = hold(TIME).raises("nap", -1), lab.clock.now()
    assert raised is not None and raised.type == "ValueError"
    assert lab.clock.now() == before


@by_both_runners
def test_streams_give_fresh_bytes_and_count_reads_and_writes(hold: Hold) -> None:
    answer = hold("""
        import shutil
        def copy(source, sink, chunk):
            while data := source.read(chunk):
                sink.write(data)
        def whole(source):
            return source.read()
        def wrong(source, sink):
            source.write(b"x")
    """)
    source, sink, other = answer.stream(10_000), answer.sink(), answer.stream(50)
    answer.call("copy", source, sink, 4096)
    assert bytes(sink.data) == source.content(0, 10_000)
    assert (source.reads, source.largest_read, sink.writes) == (4, 4096, 3)
    assert answer.call("whole", other) == other.content(0, 50) != source.content(0, 50)
    assert answer.raises("wrong", other, sink) is not None


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
