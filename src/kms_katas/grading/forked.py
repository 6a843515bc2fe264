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
from kms_katas.grading.environment import NO_AWS_SETTINGS
from kms_katas.grading.outcome import AnswerTimeout, AnswerUnusable, Infra, not_an_answer
from kms_katas.grading.runner import MAX_OUTPUT, AnswerProcess, Reply

MAX_PRINTED = 1024 * 1024
"""Bytes that an answer may print before it is stopped."""
START_SECONDS = 60.0


class ForkedRunner:
    """Starts its warm process at once and waits for it only when the first answer is run."""

    isolation = "process"

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        self._control.settimeout(START_SECONDS)
        self._ready = False
        self._warm = subprocess.Popen(
            [sys.executable, "-I", "-m", "kms_katas.child", str(theirs.fileno())],
            env=_ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            process_group=0,
        )
        theirs.close()

    def start(self) -> AnswerProcess:
        if not self._ready:
            self._hear(b"ready")
            self._ready = True
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        try:
            self._say(b"fork", theirs.fileno(), write_end)
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
        """Kill a child with its process group and collect it."""
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
        self._say(b"reap %d" % pid)
        self._hear()

    def close(self) -> None:
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._warm.wait(5)
            return
        self._warm.kill()
        self._warm.wait()

    def _say(self, word: bytes, *descriptors: int) -> None:
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


class _ForkedAnswer:
    def __init__(self, runner: ForkedRunner, pid: int, connection: socket.socket, output: int) -> None:
        self._runner, self._pid, self._connection, self._output_end = runner, pid, connection, output
        self._received = bytearray()
        self._printed = bytearray()
        self._printed_length = 0
        self._closed = False
        os.set_blocking(output, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ)
        self._selector.register(output, selectors.EVENT_READ)

    def order(self, message: dict[str, Any], reply: Reply, deadline: float) -> dict[str, Any]:
        try:
            self._send(message, deadline)
            while True:
                said = self._next_frame(deadline)
                if "outcome" in said:
                    self._read_output()
                    outcome = said["outcome"]
                    if not isinstance(outcome, dict) or len(outcome) != 1:
                        raise wire.WireError("an outcome of the wrong form")
                    return outcome
                self._send(reply(said), deadline)
        except wire.WireError as error:
            raise not_an_answer(error) from error

    def _send(self, message: dict[str, Any], deadline: float) -> None:
        self._connection.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            wire.send_frame(self._connection, message)
        except TimeoutError as error:
            raise AnswerTimeout from error
        except wire.Closed as error:
            raise self._ended() from error

    def _next_frame(self, deadline: float) -> dict[str, Any]:
        while (frame := wire.take_frame(self._received)) is None:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise AnswerTimeout
            for key, _ in self._selector.select(remaining):
                if key.fd == self._output_end:
                    self._read_output()
                    continue
                try:
                    data = self._connection.recv(1 << 20)
                except ConnectionError:
                    data = b""
                if not data:
                    raise self._ended()
                self._received += data
        return frame

    def _ended(self) -> AnswerUnusable:
        self._read_output()
        return AnswerUnusable(
            "Your code ended its own process before it answered.",
            "Look for exit(), quit(), os._exit() or a crash in a library, and return a value in its place.",
        )

    def _read_output(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._output_end, 1 << 16):
                self._printed_length += len(data)
                self._printed += data[: MAX_OUTPUT - len(self._printed)]
                if self._printed_length > MAX_PRINTED:
                    raise AnswerUnusable(
                        f"Your code printed more than {MAX_PRINTED // 1024} KiB and was stopped.",
                        "Look for a print() in a loop that does not end.",
                    )
            # End of file: nobody can print any more, and a closed pipe would wake the selector for ever.
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._output_end)

    def take_output(self) -> str:
        printed, self._printed = self._printed, bytearray()
        return printed.decode("utf-8", "replace")

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._selector.close()
            self._connection.close()
            os.close(self._output_end)
            self._runner.end(self._pid)


_ENVIRONMENT = {
    "PATH": os.defpath,
    "HOME": "/",
    "LANG": "C.UTF-8",
    **NO_AWS_SETTINGS,
}
