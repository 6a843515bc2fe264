"""The runner that forks each answer from a warm process, which never held the lab, the checks or the solutions. Linux.

Not a sandbox: it keeps verdicts out of the answer's reach, not the answer away from the machine.
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from kms_katas.child import wire
from kms_katas.grading.bridged import START_SECONDS, BridgedAnswer
from kms_katas.grading.environment import PROCESS_ENVIRONMENT
from kms_katas.grading.outcome import AnswerTimeout, Infra
from kms_katas.grading.runner import AnswerProcess

AHEAD = 2
"""Most katas need one process, and another in which nothing is remembered."""


class ForkedRunner:
    """Its warm process starts when it is asked for, and is waited for only when the first answer is run."""

    isolation = "process"

    def __init__(self) -> None:
        self._warm: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._reaping = False
        self._ahead: list[_ForkedAnswer] = []

    def warm(self) -> None:
        """The first time, start the warm process; later, fork AHEAD answers from it, which practise meanwhile."""
        if self._warm is not None:
            while len(self._ahead) < AHEAD:
                self._ahead.append(self._fork(b"ahead"))
            return
        self._control, theirs = socket.socketpair()
        self._control.settimeout(START_SECONDS)
        try:
            self._warm = subprocess.Popen(
                [sys.executable, "-I", "-m", "kms_katas.child", str(theirs.fileno())],
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

    def start(self) -> AnswerProcess:
        if self._ahead:
            return self._ahead.pop(0)
        if self._warm is None:
            self.warm()
        return self._fork(b"fork")

    def _fork(self, word: bytes) -> "_ForkedAnswer":
        if not self._ready:
            self._hear(b"ready")
            self._ready = True
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

    def end(self, pid: int) -> None:
        """Kill a child with its process group and have it collected. That this is done is heard with the next word."""
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
        self._say(b"reap %d" % pid)
        self._reaping = True

    def close(self) -> None:
        if self._warm is None:
            return
        for answer in self._ahead:
            with contextlib.suppress(Infra):
                answer.close()
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._warm.wait(5)
            return
        self._warm.kill()
        self._warm.wait()

    def _say(self, word: bytes, *descriptors: int) -> None:
        if self._reaping:
            self._reaping = False
            self._hear()
        try:
            socket.send_fds(self._control, [word], descriptors)
        except OSError as error:
            raise Infra(f"the process that runs answers is gone ({error})") from error

    def _hear(self, expected: bytes | None = None) -> bytes:
        try:
            word = self._control.recv(64)
        except OSError as error:
            raise Infra(f"the process that runs answers does not speak ({error})") from error
        if not word or (expected and word != expected):
            raise Infra("the process that runs answers ended by itself")
        return word


class _ForkedAnswer(BridgedAnswer):
    def __init__(self, runner: ForkedRunner, pid: int, connection: socket.socket, output: int) -> None:
        super().__init__()
        self._runner, self._pid, self._connection, self._output_end = runner, pid, connection, output
        self._closed = False
        os.set_blocking(output, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ)
        self._selector.register(output, selectors.EVENT_READ)

    def send(self, message: dict[str, Any], deadline: float) -> None:
        self._connection.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            wire.send_frame(self._connection, message)
        except TimeoutError as error:
            raise AnswerTimeout from error
        except wire.Closed as error:
            raise self.ended() from error

    def receive(self, deadline: float) -> None:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise AnswerTimeout
        for key, _ in self._selector.select(remaining):
            if key.fd == self._output_end:
                self.read_output()
                continue
            try:
                data = self._connection.recv(1 << 20)
            except ConnectionError:
                data = b""
            if not data:
                raise self.ended()
            self.received += data

    def read_output(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._output_end, 1 << 16):
                self.printed(data)
            # End of file: nobody can print any more, and a closed pipe would wake the selector for ever.
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._output_end)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._selector.close()
            self._connection.close()
            os.close(self._output_end)
            self._runner.end(self._pid)
