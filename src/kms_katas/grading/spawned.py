"""The runner that starts a fresh process for each answer, for systems that cannot fork: macOS and Windows. Any has it.

One process is always being made ready ahead. Nothing here needs more than pipes and threads; the two places where
systems differ, how a process leads its own family and how the family is ended, say so. The branches for Windows were
written from the documentation and have not been run by us; there, an answer that loops outlives a grader that was
killed, because no limit on its CPU ends it. How far an answer is kept away from the machine is the isolation level's,
as in forked.py.
"""

import contextlib
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from kms_katas.child import wire
from kms_katas.grading.bridged import START_SECONDS, BridgedAnswer
from kms_katas.grading.environment import PROCESS_ENVIRONMENT
from kms_katas.grading.outcome import AnswerTimeout, Infra, NotStarted
from kms_katas.grading.runner import BEST, AnswerProcess

CHUNK = 1 << 16
CHUNKS_WAITING = 64
"""What is read ahead of an answer's process: it waits when it says more before anybody listens."""
ENDING_SECONDS = 1.0
"""How long a process that hung up may take to be gone."""
MARK_SECONDS = 0.5
"""How long to wait for a mark that does not come: the answer did away with it, or somebody holds its pipe open."""


class SpawnedRunner:
    """The next process is made ready while the current one is used."""

    name = "spawned"

    def __init__(self, isolation: str = BEST, hidden: Iterable[Path] = ()) -> None:
        self._arguments = [isolation, *map(str, hidden)]
        self._next: _SpawnedAnswer | None = None
        self.preparations = frozenset[str]()
        self._said: dict[str, Any] = {}

    @property
    def isolation(self) -> str:
        return str(self._told()["ready"])

    @property
    def lacks(self) -> str:
        return str(self._told()["lacks"])

    def warm(self) -> None:
        if self._next is None:
            self._next = _SpawnedAnswer([",".join(sorted(self.preparations)), *self._arguments])

    def start(self) -> AnswerProcess:
        self.warm()
        answer, self._next = self._next, None
        assert answer is not None
        self._said = answer.wait_until_ready()
        self.warm()
        return answer

    def _told(self) -> dict[str, Any]:
        """What the last process said of itself when it was ready."""
        if not self._said:
            self.start().close()
        return self._said

    def close(self) -> None:
        if self._next is not None:
            self._next.close()
            self._next = None


class MarkedOutput:
    """What an answer printed, in whatever pieces it comes, and how many marks stood in it so far."""

    def __init__(self, mark: bytes) -> None:
        self.mark, self.marks = mark, 0
        self._waiting = b""

    def text_of(self, piece: bytes, *, last: bool) -> bytes:
        """The text in the next piece, without marks. What may be the beginning of a mark waits for its end."""
        *parts, rest = (self._waiting + piece).split(self.mark)
        self.marks += len(parts)
        begun = range(0 if last else min(len(self.mark) - 1, len(rest)), 0, -1)
        waiting = next((size for size in begun if rest.endswith(self.mark[:size])), 0)
        self._waiting = rest[len(rest) - waiting :]
        return b"".join((*parts, rest[: len(rest) - waiting]))


class _SpawnedAnswer(BridgedAnswer):
    def __init__(self, arguments: list[str]) -> None:
        super().__init__(0)
        self._marked = MarkedOutput(secrets.token_hex(16).encode())
        self._marks_due = 0
        self._open = {"frames", "output"}
        self._heard: queue.Queue[tuple[str, bytes]] = queue.Queue(CHUNKS_WAITING)
        self._to_say: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._said: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._closed = False
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-X",
                    "utf8",
                    "-I",
                    "-m",
                    "kms_katas.child.spawned",
                    self._marked.mark.decode(),
                    *arguments,
                ],
                env=PROCESS_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                **_ITS_OWN_FAMILY,
            )
        except OSError as error:
            raise Infra(f"no process could be started to run an answer in ({error})") from error
        self._pid = self._process.pid
        assert self._process.stdin and self._process.stdout and self._process.stderr
        # Each thread closes its own pipe: closed by another, its number could be somebody else's file by then.
        self._threads = [
            threading.Thread(target=self._write, args=(self._process.stdin,), daemon=True),
            threading.Thread(target=self._read, args=("frames", self._process.stdout), daemon=True),
            threading.Thread(target=self._read, args=("output", self._process.stderr), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def wait_until_ready(self) -> dict[str, Any]:
        """Until it can take an order; what it says of itself. Raises NotStarted, and Infra where it cannot be had."""
        deadline = time.monotonic() + START_SECONDS
        try:
            while (said := wire.take_frame(self.received)) is None and "frames" in self._open:
                self._hear(deadline)
            if said is None:
                self.read_output()
                lines = self.take_output().strip().splitlines() or ["it said nothing"]
                raise NotStarted(f"the process that runs an answer ended by itself: {lines[-1]}")
            if "ready" not in said:
                raise Infra(f"answers cannot be closed off as far as was asked for: {said.get('lacks')}")
            return said
        except AnswerTimeout:
            self.close()
            raise Infra(f"no process was ready to run an answer within {START_SECONDS:g} seconds") from None
        except BaseException:
            self.close()
            raise

    def send(self, message: dict[str, Any], deadline: float) -> None:
        self._to_say.put(wire.frame(message))
        try:
            arrived = self._said.get(timeout=max(0.001, deadline - time.monotonic()))
        except queue.Empty:
            raise AnswerTimeout from None
        if not arrived:
            raise self.ended()

    def receive(self, deadline: float) -> None:
        with contextlib.suppress(AnswerTimeout):
            self._hear(deadline)
        if "frames" not in self._open:
            raise self.ended()

    def read_output(self) -> None:
        """Up to the mark that belongs to this order, or to the end; what is later is told with the next order."""
        self._marks_due += 1
        deadline = time.monotonic() + MARK_SECONDS
        with contextlib.suppress(AnswerTimeout):
            while (
                self._marked.marks < self._marks_due and "output" in self._open and len(self.received) <= wire.MAX_FRAME
            ):
                self._hear(deadline)
        self._marks_due = self._marked.marks

    def how_it_ended(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(ENDING_SECONDS)
        return None

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        _end_family(self._process)
        self._to_say.put(None)
        # A reader waits while nobody takes what it read. One whose pipe outlives the family is left to itself.
        deadline = time.monotonic() + MARK_SECONDS
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                self._heard.get(timeout=0.002)

    def _hear(self, deadline: float) -> None:
        """Wait for what comes next from either pipe, and put it where it belongs. Raises AnswerTimeout."""
        remaining = deadline - time.monotonic()
        try:
            if remaining <= 0:
                raise AnswerTimeout
            pipe, data = self._heard.get(timeout=remaining)
        except queue.Empty:
            raise AnswerTimeout from None
        if not data:
            self._open.discard(pipe)
        if pipe == "frames":
            self.received += data
        else:
            self.printed(self._marked.text_of(data, last=not data))

    def _read(self, pipe: str, source: IO[bytes]) -> None:
        with source, contextlib.suppress(OSError):
            while not self._closed and (data := source.read(CHUNK)):
                self._heard.put((pipe, data))
        self._heard.put((pipe, b""))

    def _write(self, sink: IO[bytes]) -> None:
        with contextlib.suppress(OSError), sink:
            while (data := self._to_say.get()) is not None:
                left = memoryview(data)
                while left:
                    left = left[sink.write(left) :]
                self._said.put(True)
        self._said.put(False)


if sys.platform == "win32":  # not run by us
    _ITS_OWN_FAMILY: dict[str, Any] = {
        "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    }

    def _kill_family(pid: int) -> None:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], capture_output=True, check=False)

else:
    _ITS_OWN_FAMILY: dict[str, Any] = {"start_new_session": True}

    def _kill_family(pid: int) -> None:
        # macOS says PermissionError of a family that has ended already.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _strays(pid: int) -> set[int]:
    """What runs below a process, also outside its family: Linux tells it (CONFIG_PROC_CHILDREN), elsewhere none."""
    found: set[int] = set()
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # gone meanwhile
            for child in map(int, path.read_text().split()):
                ended = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
                found |= _strays(child) if ended else {child} | _strays(child)
    return found


def _end_strays(pid: int) -> None:
    """An answer that is stopped starts no more of them. One that let go of them before it ended leaves them behind."""
    deadline = time.monotonic() + ENDING_SECONDS
    while (left := _strays(pid)) and time.monotonic() < deadline:
        for number in (pid, *left):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGSTOP if number == pid else signal.SIGKILL)


def _end_family(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started, as far as that can be found, and collect it."""
    if sys.platform == "linux" and process.poll() is None:
        _end_strays(process.pid)
    _kill_family(process.pid)
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
