"""Hostile answers at the best level that works here: right verdict, right words, nothing left running, nothing written.

One table of every kind, and where kinds that need more than a verdict are held:

| kind | where |
|---|---|
| patched boto3, json, wire, pytest, builtins, checks; forged frames and results; gc walks | test_grading_cheats.py |
| endless loops at import and in calls, sleeping, ignored signals, locks, half a frame | test_grading_limits.py |
| os._exit, abort, segfault, closed descriptors | test_grading_answers.py |
| killing its own process, the warm process, the lane | test_grading_lost.py, test_grading_lanes.py |
| reading and writing files, /proc, sockets, starting processes, signals | test_grading_isolation.py |
| giant, deep and endless results, frames of many parts | test_grading_answers.py, test_grading_bounds.py |
| floods of calls, others' access keys, moto's headers and endpoints, changed requests | test_grading_gate*.py |
| links out of a submission | test_grading_lanes.py |
| files that are none: pipes, devices, sockets, loops of links; giant ones | test_grading_odd_files.py |
| daemons in a session of their own, stopping the warm process, at `none` | test_grading_strays.py |
| policies: deep, large, in other codings, doubled names | test_grading_documents.py |
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kms_katas.grading.lane import grade_in_lane
from kms_katas.grading.runner import Runner
from kms_katas.kit import Kit

from .conftest import Grade, first, statuses
from .test_grading_limits import descendants, running

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'

HOSTILE: dict[str, tuple[str, str, str]] = {
    "memory bomb": (
        "def open_it(kms, blob):\n    kept = []\n    while True:\n        kept.append(bytearray(50_000_000))\n",
        "fail",
        "MemoryError",
    ),
    "fork bomb": (
        """
        import os
        def open_it(kms, blob):
            for _ in range(40):
                try: os.fork()
                except OSError: pass
            return blob
        """,
        "fail",
        "not the secret",
    ),
    "thread bomb": (
        """
        import threading
        def open_it(kms, blob):
            for _ in range(5000):
                threading.Thread(target=threading.Event().wait, daemon=True).start()
            return blob
        """,
        "fail",
        "can't start new thread",
    ),
    "walks the frames above it": (
        """
        import sys
        def open_it(kms, blob):
            frame = sys._getframe()
            while frame:
                for name, value in list(frame.f_locals.items()) + list(frame.f_globals.items()):
                    if isinstance(value, (bytes, bytearray)) and len(value) == 20:
                        return bytes(value)
                frame = frame.f_back
            return blob
        """,
        "fail",
        "not the secret",
    ),
    "registers what runs at the end": (
        """
        import atexit, os, sys
        def finish():
            os.write(1, b'{"outcome":{"done":true}}')
            open("/tmp/kata-hostile", "w")
            while True: pass
        atexit.register(finish)
        sys.exitfunc = finish
        def open_it(kms, blob):
            return blob
        """,
        "fail",
        "not the secret",
    ),
    "leaves threads that go on": (
        """
        import threading
        def work():
            while True: pass
        def open_it(kms, blob):
            for _ in range(4):
                threading.Thread(target=work, daemon=True).start()
            return blob
        """,
        "fail",
        "not the secret",
    ),
    "traces everything": (
        """
        import sys
        def trace(frame, event, argument):
            if event == "return":
                frame.f_locals["outcome"] = {"done": True}
            return trace
        sys.settrace(trace)
        sys.setprofile(lambda *_: None)
        def open_it(kms, blob):
            return blob
        """,
        "fail",
        "not the secret",
    ),
    "reads the reference answer by every path": (
        """
        import glob, os, sys
        def open_it(kms, blob):
            places = ["/", "/root", "/home", os.getcwd(), "/proc/self/cwd", "/proc/1/root", *sys.path]
            for place in places:
                for pattern in ("/solutions/**/answer.py", "/*/solutions/**/answer.py", "/**/kata-progress.txt"):
                    for name in glob.glob(place + pattern, recursive=False):
                        try:
                            exec(open(name).read(), globals())
                            return globals()["open_it"](kms, blob)
                        except (OSError, KeyError):
                            pass
            return blob
        """,
        "fail",
        "not the secret",
    ),
    "asks moto's own endpoint": (
        """
        import botocore.awsrequest
        from kms_katas.child.serving import bridge
        def open_it(kms, blob):
            request = botocore.awsrequest.AWSPreparedRequest(
                "POST", "http://motoapi.amazonaws.com/moto-api/reset", {}, b"", False)
            return bridge.send_request(request).content
        """,
        "fail",
        "no network here",
    ),
    "an import that is absent": (
        "import a_package_that_nobody_has\ndef open_it(kms, blob):\n    return blob\n",
        "error",
        "No module named 'a_package_that_nobody_has'",
    ),
    "recursion without end": (
        "def open_it(kms, blob):\n    return open_it(kms, blob)\n",
        "fail",
        "RecursionError",
    ),
    "a result that pretends to be plain data": (
        "class Pretender:\n    __class__ = property(lambda self: bool)\n"
        "def open_it(kms, blob):\n    return Pretender()\n",
        "fail",
        "cannot be written as plain data",
    ),
    "one long text many times": (
        "def open_it(kms, blob):\n    return [b'x' * 10_000_000] * 90_000\n",
        "fail",
        "bytes, which cannot leave",
    ),
    "more keys than a dictionary should have": (
        "def open_it(kms, blob):\n    return dict.fromkeys(range(50_000))\n",
        "fail",
        "dictionary keys, which cannot leave",
    ),
    "an exception whose traceback is a trap": (
        """
        class Trap(Exception):
            __traceback__ = property(lambda self: 1 / 0)
        def open_it(kms, blob):
            raise Trap("caught")
        """,
        "fail",
        "Trap: caught",
    ),
    "a syntax error that was made by hand": (
        """
        def open_it(kms, blob):
            error = SyntaxError("made")
            error.filename, error.lineno, error.text = __file__, object(), 5
            raise error
        """,
        "fail",
        "SyntaxError: made",
    ),
    "a crash in a library": (
        "import ctypes\ndef open_it(kms, blob):\n    return ctypes.string_at(0)\n",
        "error",
        "ended its own process before it answered (SIGSEGV)",
    ),
    "a module beside it": (
        "import helper\ndef open_it(kms, blob):\n    return blob\n",
        "error",
        "No module named 'helper'",
    ),
    "a result that is never done": (
        "def open_it(kms, blob):\n    return (number for number in iter(int, 1))\n",
        "fail",
        "generator",
    ),
}


@pytest.fixture
def untouched_machine(tmp_path: Path) -> Iterator[None]:
    """Nothing is written to where an answer might write, and nothing runs on that was not running."""
    places = [Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), Path.cwd()]
    found = {place: set(os.listdir(place)) for place in places if place.is_dir()}
    yield
    for place, names in found.items():
        new = {name for name in set(os.listdir(place)) - names if "hostile" in name}
        assert not new, (place, new)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_answer_gets_its_verdict_and_its_words_and_leaves_nothing(
    grade: Grade, runner: Runner, kind: str, untouched_machine: None
) -> None:
    source, status, words = HOSTILE[kind]
    before = descendants(os.getpid())
    verdict, right = grade(source, RIGHT)
    assert first(verdict).status == status and not verdict.passed, verdict
    assert words in first(verdict).message and first(verdict).next_step
    assert first(verdict).points == 0
    assert right.passed
    left, deadline = descendants(os.getpid(), before), time.monotonic() + 5
    while len(left) > 1 and time.monotonic() < deadline:
        left = {pid for pid in left if running(pid)}
    assert len(left) <= 1  # the warm process


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (RIGHT.replace("\n", "\r\n").encode(), "pass", ""),
        (RIGHT.replace("\n", "\r").encode(), "pass", ""),
        (b"\xef\xbb\xbf" + RIGHT.encode(), "pass", ""),
        (b"# -*- coding: latin-1 -*-\n# \xe9\n" + RIGHT.encode(), "pass", ""),
        (b"# \xe9\n" + RIGHT.encode(), "error", "not text in utf-8"),
        (RIGHT.encode("utf-16"), "error", "not text in utf-8"),
        (b"# coding: nothing\n" + RIGHT.encode(), "error", "not text in nothing"),
        (b"# coding: undefined\n" + RIGHT.encode(), "error", "not text in undefined"),
        (RIGHT.encode() + b"\0", "error", "null bytes"),
        (b"", "error", "no function `open_it`"),
    ],
    ids=["CRLF", "CR", "mark", "declared", "latin-1", "utf-16", "unknown coding", "undefined", "null", "empty"],
)
def test_a_file_in_any_coding_is_graded_or_told(
    mini_kit: Kit, runner: Runner, write_answer: Callable[[str], Path], data: bytes, status: str, words: str
) -> None:
    answers = write_answer("")
    (answers / "keys/mini/answer.py").write_bytes(data)
    verdict = grade_in_lane(mini_kit, mini_kit.katas, runner, lambda lane: lane.grade(mini_kit.katas[0], answers))
    assert set(statuses(verdict)) == {status}
    assert words in first(verdict).message


def test_the_table_names_files_that_are_there() -> None:
    here = Path(__file__)
    for name in re.findall(r"test_grading_\w+\*?\.py", sys.modules[__name__].__doc__ or ""):
        assert list(here.parent.glob(name)), name
