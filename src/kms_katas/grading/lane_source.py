"""Where the processes of lanes come from: forked from one that has collected the checks, or each started by itself.

Not for what is said to a lane (lanes.py), nor for what it does (lane_process.py).
"""

import contextlib
import json
import os
import platform
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from kms_katas.grading.outcome import Infra, NotStarted
from kms_katas.grading.runner import BEST

LANE_SECONDS = 300.0
"""A lane that says nothing for so long is taken for dead. An answer's own limits are far below, on any machine."""
MAX_LINE = 16 * 1024 * 1024
"""Bytes of one verdict on its way from a lane."""
ENDING_SECONDS = 1.0
"""How long what hung up may take to be gone by itself, so that it is known how it ended."""


class LaneProcess(Protocol):
    """One lane's process, in the hands of one thread."""

    def say(self, line: bytes) -> None:
        """When it is gone, that is heard at once."""

    def hear(self) -> bytes:
        """The next line; one without its end when the process is gone, or silent for LANE_SECONDS."""

    def end(self, at_once: bool) -> int:
        """End it, and give its exit status, minus the signal that ended it. It has ENDING_SECONDS to do so by itself,
        unless it is to be `at_once`.
        """


class LaneSource(Protocol):
    """Used by the threads of all lanes."""

    renews: bool
    """Whether a new lane costs less than what an old one has come to hold."""

    @property
    def ended(self) -> int:
        """The exit status of what lanes are forked from, minus the signal that ended it, when it is gone."""

    def start(self) -> LaneProcess:
        """A new lane. Raises NotStarted when none could be had this time, and Infra when none ever can."""

    def close(self) -> None:
        """No lane is started any more: one that is waited for never comes."""


def lane_source(
    root: Path, katas: Iterable[str], isolation: str | None, lend: Callable[[], socket.socket | None]
) -> LaneSource:
    """`lend` gives a copy of a warm process for each lane, or None: see ForkedRunner. Raises Infra."""
    arguments = [str(root), isolation or BEST, *katas]
    return ForkedLanes(arguments, lend) if platform.system() == "Linux" else SpawnedLanes(arguments)


class ForkedLanes:
    """Forked from one process, which has the checks and what they need: all of that is in memory once.

    That process grades nothing. When it was killed its lanes go on, and for the next one it is replaced.
    """

    renews = True

    def __init__(self, arguments: list[str], lend: Callable[[], socket.socket | None]) -> None:
        self._arguments, self._lend = arguments, lend
        self._lock = threading.Lock()
        self._closed = False
        self._first = _FirstProcess(arguments)

    @property
    def ended(self) -> int:
        return self._first.ended

    def start(self) -> LaneProcess:
        with self._lock:
            if self._closed:
                raise NotStarted("the lanes are closed")
            if self._first.gone:
                self._first = _FirstProcess(self._arguments)
            ours, theirs = socket.socketpair()
            lent = None
            try:
                lent = self._lend()
                said = self._first.ask(b"lane", *(end.fileno() for end in (theirs, lent) if end))
                if "failed" in said:
                    raise Infra(str(said["failed"]))
                return _ForkedLane(self._first, int(said["lane"]), ours)
            except BaseException:
                ours.close()
                raise
            finally:
                for end in (theirs, lent):
                    if end:
                        end.close()

    def close(self) -> None:
        self._closed = True
        self._first.kill()  # who waits for it has the lock
        with self._lock:
            self._first.let_go()


class _FirstProcess:
    """The process that lanes are forked from, at the other end of a socket."""

    def __init__(self, arguments: list[str]) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        self._control.settimeout(LANE_SECONDS)
        self._replies = self._control.makefile("rb")
        try:
            self._process = _started(theirs.fileno(), arguments, pass_fds=[theirs.fileno()])
        except BaseException:
            self._replies.close()
            self._control.close()
            raise
        finally:
            theirs.close()
        self.gone = False
        """Whether it is known to be."""
        self.ended = 0
        """Then its exit status, minus the signal that ended it."""

    def ask(self, word: bytes, *descriptors: int) -> dict[str, Any]:
        """Its reply. Raises NotStarted."""
        with self._lock:
            line = b""
            if not self.gone:
                with contextlib.suppress(OSError):  # gone: but why may have been said before
                    socket.send_fds(self._control, [word], descriptors)
                with contextlib.suppress(OSError):
                    line = self._replies.readline(MAX_LINE)
            if not line.endswith(b"\n"):
                self._let_go()
                raise NotStarted("the process that lanes are forked from ended")
        said: dict[str, Any] = json.loads(line)
        return said

    def kill(self) -> None:
        self._process.kill()

    def let_go(self) -> None:
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self.gone:
            return
        self.gone = True
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_SECONDS)
        self._process.kill()
        self.ended = self._process.wait()
        self._replies.close()
        self._control.close()


class _ForkedLane:
    def __init__(self, first: _FirstProcess, pid: int, connection: socket.socket) -> None:
        self._first, self._pid, self._connection = first, pid, connection
        try:
            # Of a process that is nobody's child any more the number may become another's; this stays.
            self._handle = os.pidfd_open(pid)
        except ProcessLookupError:
            raise NotStarted("the process of a lane ended") from None
        connection.settimeout(LANE_SECONDS)
        self._told = connection.makefile("rb")

    def say(self, line: bytes) -> None:
        with contextlib.suppress(OSError):
            self._connection.sendall(line)

    def hear(self) -> bytes:
        with contextlib.suppress(OSError):
            return self._told.readline(MAX_LINE)
        return b""

    def end(self, at_once: bool) -> int:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
        try:
            if not at_once:
                select.select([self._handle], [], [], ENDING_SECONDS)
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            select.select([self._handle], [], [])
            return int(self._first.ask(b"ended %d" % self._pid)["ended"])
        except NotStarted:
            return -signal.SIGKILL
        finally:
            os.close(self._handle)
            self._told.close()
            self._connection.close()


class SpawnedLanes:
    """Each a process that collects the checks by itself, for systems that cannot fork."""

    renews = False
    ended = 0
    """There is nothing that could end."""

    def __init__(self, arguments: list[str]) -> None:
        self._arguments = arguments
        self._closed = False

    def start(self) -> LaneProcess:
        if self._closed:
            raise NotStarted("the lanes are closed")
        return _SpawnedLane(_started("-", self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE))

    def close(self) -> None:
        self._closed = True


class _SpawnedLane:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def say(self, line: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def hear(self) -> bytes:
        assert self._process.stdout is not None
        watchdog = threading.Timer(LANE_SECONDS, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            return self._process.stdout.readline(MAX_LINE)
        finally:
            watchdog.cancel()

    def end(self, at_once: bool) -> int:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0 if at_once else ENDING_SECONDS)
        self._process.kill()
        status = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        return status


def _started(control: object, arguments: list[str], **descriptors: Any) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-I", "-m", "kms_katas.grading.lane_process", str(control), *arguments]
    silent: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    try:
        return subprocess.Popen(command, **(silent | descriptors))
    except OSError as error:
        raise Infra(f"no process could be started for a lane ({error})") from error
