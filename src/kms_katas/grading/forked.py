"""The runner that forks each answer from a warm process, which never held the lab, the checks or the solutions. Linux.

How far an answer is kept away from the machine is the isolation level's: kms_katas/child/sandbox.py.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kms_katas.child import wire
from kms_katas.grading.bridged import START_SECONDS, BridgedAnswer
from kms_katas.grading.environment import PROCESS_ENVIRONMENT
from kms_katas.grading.one_cpu import bring_here
from kms_katas.grading.outcome import AnswerTimeout, Infra, NotStarted, ProcessLost
from kms_katas.grading.runner import BEST, TRIES, AnswerProcess

AHEAD = 2
"""Most katas need one process, and another in which nothing is remembered."""
MAX_WORD = 1024
"""Bytes of the longest word of the warm process."""


class ForkedRunner:
    """Its warm process starts when it is asked for, and is waited for only when the first answer is run.

    One that was killed is replaced when the next answer is to be run.
    """

    name = "forked"

    def __init__(self, isolation: str = BEST, hidden: Iterable[Path] = ()) -> None:
        self._command = [isolation, *map(str, hidden)]
        self._warm: _WarmProcess | None = None
        self._ahead: list[_ForkedAnswer] = []
        self.preparations = frozenset[str]()

    @property
    def isolation(self) -> str:
        return self._told().level

    @property
    def lacks(self) -> str:
        return self._told().lacks

    def warm(self) -> None:
        """The first time, start the warm process; later, fork AHEAD answers from it, which practise meanwhile."""
        if self._warm is not None and not self._warm.gone:
            with contextlib.suppress(ProcessLost):
                while len(self._ahead) < AHEAD:
                    self._ahead.append(self._warm.fork(b"ahead", self.preparations))
                return
        self._current()

    def start(self) -> AnswerProcess:
        warm = self._current()
        answer = self._ahead.pop(0) if self._ahead else warm.fork(b"fork", self.preparations)
        answer.come_here()
        return answer

    def lend(self) -> socket.socket | None:
        """For adopt() in another process: the other end of a copy of the warm process. None when that was killed."""
        ours, theirs = socket.socketpair()
        try:
            self._current().copy(theirs)
        except BaseException as error:
            ours.close()
            if isinstance(error, ProcessLost):
                return None
            raise
        finally:
            theirs.close()
        return ours

    def adopt(self, lent: socket.socket) -> None:
        """Fork answers from the copy that was lent, until it is gone. Of the same level, and hiding the same."""
        self._warm = _WarmProcess(self._command, lent)

    def close(self) -> None:
        if self._warm is None:
            return
        for answer in self._ahead:
            answer.close()
        self._ahead.clear()
        self._warm.close()
        self._warm = None

    def _current(self) -> "_WarmProcess":
        """The warm process, or a new one where that is gone."""
        if self._warm is not None and self._warm.gone:
            self.close()
        if self._warm is None:
            self._warm = _WarmProcess(self._command)
        return self._warm

    def _told(self) -> "_WarmProcess":
        for _ in range(TRIES):
            with contextlib.suppress(ProcessLost):
                warm = self._current()
                warm.wait_until_ready()
                return warm
        raise NotStarted(f"the process that runs answers was lost {TRIES} times before it was ready")


class _WarmProcess:
    """The process that answers are forked from, at the other end of a socket."""

    def __init__(self, arguments: list[str], lent: socket.socket | None = None) -> None:
        self.level = self.lacks = ""
        self.pid = 0
        """Known once it is ready."""
        self.gone = False
        """Whether it is known to be."""
        self._reaping = False
        self._prepared = set[str]()
        self._process: subprocess.Popen[bytes] | None = None
        if lent:
            self._control = lent
            self._control.settimeout(START_SECONDS)
            return
        self._control, theirs = socket.socketpair()
        self._control.settimeout(START_SECONDS)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "kms_katas.child", str(theirs.fileno()), *arguments],
                env=PROCESS_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,
            )
        except OSError as error:
            self._control.close()
            raise Infra(f"no process could be started to run answers in ({error})") from error
        finally:
            theirs.close()

    def wait_until_ready(self) -> None:
        """Until it said its level. Raises NotStarted, and Infra where that level does not work here."""
        if self.level:
            return
        try:
            word, _, rest = self._hear().decode().partition(" ")
        except ProcessLost as lost:
            raise NotStarted(str(lost)) from lost
        if word == "lacks":
            self.gone = True
            raise Infra(f"answers cannot be closed off as far as was asked for: {rest}")
        self.level, pid, self.lacks = rest.split(" ", 2)
        self.pid = int(pid)

    def fork(self, word: bytes, preparations: frozenset[str]) -> "_ForkedAnswer":
        self.wait_until_ready()
        for preparation in sorted(preparations - self._prepared):
            self._say(preparation.encode())
            self._hear()
            self._prepared.add(preparation)
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        try:
            self._say(word, theirs.fileno(), write_end)
            pid = int(self._hear())
        except BaseException:
            ours.close()
            os.close(read_end)
            raise
        finally:
            theirs.close()
            os.close(write_end)
        return _ForkedAnswer(self, pid, ours, read_end)

    def copy(self, control: socket.socket) -> None:
        """Have it copy itself, when it is ready; the copy is at the other end of `control`. Raises ProcessLost."""
        self._say(b"again", control.fileno())

    def how_it_ended(self, pid: int) -> int | None:
        """Of a child that hung up: its exit status, minus its signal, None while it lives. Raises ProcessLost."""
        self._say(b"ended %d" % pid)
        word = self._hear()
        return None if word == b"alive" else int(word)

    def end(self, pid: int) -> None:
        """Kill a child with its process group and have it collected. That this is done is heard with the next word."""
        for kill in (os.killpg, os.kill):
            # Its children end with it; then their numbers may be somebody else's.
            if kill is os.killpg or not self.gone:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLost):
            self._say(b"reap %d" % pid)
            self._reaping = True

    def close(self) -> None:
        self._control.close()
        if self._process is None:
            return  # lent: it ends by itself, or with the process that it is a copy of
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
            return
        self._process.kill()
        self._process.wait()

    def _say(self, word: bytes, *descriptors: int) -> None:
        if self.pid:
            # At `none` an answer may have stopped it; what is not stopped takes no notice.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGCONT)
        if self._reaping:
            self._reaping = False
            self._hear()
        try:
            socket.send_fds(self._control, [word], descriptors)
        except OSError as error:
            self.gone = True
            raise ProcessLost(f"the process that runs answers is gone ({error})") from error

    def _hear(self) -> bytes:
        try:
            word = self._control.recv(MAX_WORD)
        except OSError as error:
            self.gone = True
            raise ProcessLost(f"the process that runs answers does not speak ({error})") from error
        if not word:
            self.gone = True
            raise ProcessLost("the process that runs answers ended by itself")
        return word


class _ForkedAnswer(BridgedAnswer):
    def __init__(self, warm: _WarmProcess, pid: int, connection: socket.socket, output: int) -> None:
        super().__init__(pid)
        self._warm, self._connection, self._output_end = warm, connection, output
        self._closed = False
        os.set_blocking(output, False)
        self._either = select.poll()
        self._either.register(connection, select.POLLIN)
        self._either.register(output, select.POLLIN)

    def come_here(self) -> None:
        """To the CPU of the calling thread, with what it was forked from, for the next one is wanted there too."""
        bring_here(self._warm.pid, self._pid)

    def send(self, message: dict[str, Any], deadline: float) -> None:
        frame, sent = wire.frame(message), 0
        try:
            with contextlib.suppress(BlockingIOError):
                sent = self._connection.send(frame, socket.MSG_DONTWAIT)
            if sent < len(frame):
                self._connection.settimeout(max(0.001, deadline - time.monotonic()))
                self._connection.sendall(memoryview(frame)[sent:])
                self._connection.settimeout(None)  # else the next one would wait for as long before it is not taken
        except TimeoutError as error:
            raise AnswerTimeout from error
        except ConnectionError as error:
            raise self.ended() from error

    def receive(self, deadline: float) -> None:
        for descriptor, _ in self._either.poll(max(0.0, deadline - time.monotonic()) * 1000):
            if descriptor == self._output_end:
                self.read_output()
                continue
            try:
                data = self._connection.recv(1 << 16)
            except ConnectionError:
                data = b""
            if not data:
                raise self.ended()
            self.received += data

    def read_output(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._output_end, 1 << 16):
                self.printed(data)
            # End of file: nobody can print any more, and a closed pipe would wake the poll for ever.
            with contextlib.suppress(KeyError):
                self._either.unregister(self._output_end)

    def how_it_ended(self) -> int | None:
        return self._warm.how_it_ended(self._pid)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._connection.close()
            os.close(self._output_end)
            self._warm.end(self._pid)
