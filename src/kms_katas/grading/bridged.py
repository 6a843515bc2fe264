"""The grader's end of the bridge to an answer in a process of its own: orders seen through, what it prints kept.

Not for how such a process is started, spoken to and ended: forked.py, spawned.py.
"""

import contextlib
import math
import os
import signal
import sys
import time
from abc import ABC, abstractmethod
from typing import Any

from kms_katas.child import wire
from kms_katas.grading.outcome import AnswerTimeout, AnswerUnusable, Infra, ProcessLost, not_an_answer
from kms_katas.grading.runner import MAX_OUTPUT, Reply

MAX_PRINTED = 1024 * 1024
"""Bytes that an answer may print before it is stopped."""
START_SECONDS = 60.0
"""How long a process may take until it is ready for its first answer."""
LOOK_SECONDS = 0.05
"""How often to look at what a process has computed that says nothing."""
FAULT = 70
"""The exit status of a process that could not begin: child/serving.py."""
BY_OTHERS = {
    FAULT,
    *(
        -number
        for number in (
            signal.SIGTERM,
            signal.SIGINT,
            *(getattr(signal, name) for name in ("SIGKILL", "SIGHUP", "SIGQUIT") if hasattr(signal, name)),
        )
    ),
}
"""How a process ends that did not end itself: by the kernel for want of memory, or by somebody's hand.

An answer that sends itself such a signal gets no more than its check run again, to the same end: see lane.py.
"""


class BridgedAnswer(ABC):
    """One answer's process. It is trusted with nothing: whatever comes from there is checked or bounded here."""

    def __init__(self, pid: int) -> None:
        self.received = bytearray()
        self._pid = pid
        self._printed = bytearray()
        self._printed_length = 0
        self._own_cpu = self._lab_cpu = 0.0
        self._held_up: float | None = None
        self._excused = 0.0

    def order(self, message: dict[str, Any], reply: Reply, deadline: float, cpu: float = math.inf) -> dict[str, Any]:
        """See runner.AnswerProcess."""
        limits = _Limits(self, deadline, self.cpu_used() + cpu)
        try:
            return self._see_through(message, reply, limits)
        finally:
            self._excused += limits.excused()

    def _see_through(self, message: dict[str, Any], reply: Reply, limits: "_Limits") -> dict[str, Any]:
        refused: dict[str, Any] | None = None
        try:
            self.send(message, limits.deadline)
            while True:
                said = self._next_frame(limits)
                if "outcome" in said:
                    self.read_output()
                    outcome = said["outcome"]
                    if not isinstance(outcome, dict) or len(outcome) != 1:
                        raise wire.WireError("an outcome of the wrong form")
                    return outcome if refused is None else _raised(refused)
                began = time.thread_time()
                replied = refused or reply(said)
                self._lab_cpu += time.thread_time() - began
                if said.get("reply") is False:
                    refused = replied if "refused" in replied else None
                    continue
                refused = None
                self.send(replied, limits.deadline)
        except wire.WireError as error:
            raise not_an_answer(error) from error

    def spent(self) -> tuple[float, float, float]:
        """See runner.AnswerProcess."""
        cpu = self.cpu_used()
        return cpu, self._excused, cpu - self._lab_cpu

    def cpu_used(self) -> float:
        """Seconds of computing. Where the system does not tell of other processes, the lab's part alone."""
        if sys.platform == "linux":
            # What clock_getcpuclockid(3) gives for the clock of another process: one system call, in nanoseconds.
            with contextlib.suppress(OSError):
                self._own_cpu = time.clock_gettime((~self._pid << 3) | 2)
        return self._own_cpu + self._lab_cpu

    @property
    def held_up_before(self) -> float:
        """What held_up() said last."""
        return self.held_up() if self._held_up is None else self._held_up

    def held_up(self) -> float:
        """Seconds in which the process, or the grader's, could have run and the machine ran others.

        Linux tells it (proc(5), schedstat); elsewhere it is 0.
        """
        if sys.platform == "linux":
            with contextlib.suppress(OSError, ValueError, IndexError):
                self._held_up = sum(_run_delay(f"/proc/{process}/task") for process in ("self", self._pid))
        return self._held_up or 0.0

    @abstractmethod
    def send(self, message: dict[str, Any], deadline: float) -> None:
        """Send one frame. Raises AnswerTimeout at the deadline, and ended() when nobody takes it."""

    @abstractmethod
    def receive(self, deadline: float) -> None:
        """Wait for anything to come: add to `received`, or call printed().

        Returns at the deadline at the latest. Raises ended() when nothing can come any more.
        """

    @abstractmethod
    def read_output(self) -> None:
        """Call printed() with all that was printed until now."""

    @abstractmethod
    def close(self) -> None:
        """End the process, whatever it is doing."""

    @abstractmethod
    def how_it_ended(self) -> int | None:
        """Of a process that hung up: its exit status, minus the signal that ended it, None while it lives.

        Raises ProcessLost.
        """

    def _next_frame(self, limits: "_Limits") -> dict[str, Any]:
        if self.received:
            limits.look()  # it asks on without having waited for a reply
        while (frame := wire.take_frame(self.received)) is None:
            self.receive(min(limits.deadline, time.monotonic() + LOOK_SECONDS))
            limits.look()
        return frame

    def printed(self, data: bytes) -> None:
        """Note what was printed. Raises AnswerUnusable when it is too much."""
        self._printed_length += len(data)
        self._printed += data[: MAX_OUTPUT - len(self._printed)]
        if self._printed_length > MAX_PRINTED:
            raise AnswerUnusable(
                f"Your code printed more than {MAX_PRINTED // 1024} KiB and was stopped.",
                "Look for a print() in a loop that does not end.",
            )

    def take_output(self) -> str:
        printed, self._printed = self._printed, bytearray()
        return printed.decode("utf-8", "replace")

    def ended(self) -> AnswerUnusable | Infra:
        """What to raise when the process is found to have hung up: whose doing that was decides it."""
        self.read_output()
        how = self.how_it_ended()
        if how in BY_OTHERS:
            by = "could not begin" if how == FAULT else f"was ended from outside ({_signal_name(how)})"
            return ProcessLost(f"the process that ran the answer {by}")
        crash = f" ({_signal_name(how)})" if how is not None and how < 0 else ""
        return AnswerUnusable(
            f"Your code ended its own process before it answered{crash}.",
            "Look for exit(), quit(), os._exit() or a crash in a library, and return a value in its place.",
        )


class _Limits:
    """Until when one order may take. Time that the machine gave to others does not count."""

    def __init__(self, answer: BridgedAnswer, deadline: float, most_cpu: float) -> None:
        self._answer, self._most_cpu, self._until = answer, most_cpu, deadline
        self._began, self._before = time.monotonic(), answer.held_up_before
        self.deadline = deadline

    def look(self) -> None:
        """Raises AnswerTimeout."""
        if self._answer.cpu_used() > self._most_cpu:
            raise AnswerTimeout(computing=True)
        if time.monotonic() >= self.deadline:
            self.deadline = self._until + self.excused()
            if time.monotonic() >= self.deadline:
                raise AnswerTimeout

    def excused(self) -> float:
        """Seconds since the order began that do not count."""
        took = time.monotonic() - self._began
        # Where it took no time, there is nothing to ask the system for.
        return 0.0 if took < LOOK_SECONDS else max(0.0, min(took, self._answer.held_up() - self._before))


def _raised(refused: dict[str, Any]) -> dict[str, Any]:
    """The outcome of a call after whose last question there was a refusal that it did not wait for."""
    return {"raised": {"type": "LabRefused", "message": refused["refused"], "code": "", "frames": []}}


def _run_delay(tasks: str) -> float:
    """Seconds that threads waited for a processor, though they had something to do."""
    nanoseconds = 0
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/schedstat") as file:
            nanoseconds += int(file.read().split()[1])
    return nanoseconds / 1e9


def _signal_name(status: int | None) -> str:
    try:
        return signal.Signals(-(status or 0)).name
    except ValueError:
        return f"status {status}"
