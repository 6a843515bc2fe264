"""The grader's end of the bridge to an answer in a process of its own: orders seen through, what it prints kept.

Not for how such a process is started, spoken to and ended: forked.py, spawned.py.
"""

from abc import ABC, abstractmethod
from typing import Any

from kms_katas.child import wire
from kms_katas.grading.outcome import AnswerUnusable, not_an_answer
from kms_katas.grading.runner import MAX_OUTPUT, Reply

MAX_PRINTED = 1024 * 1024
"""Bytes that an answer may print before it is stopped."""
START_SECONDS = 60.0
"""How long a process may take until it is ready for its first answer."""


class BridgedAnswer(ABC):
    """One answer's process. It is trusted with nothing: whatever comes from there is checked or bounded here."""

    def __init__(self) -> None:
        self.received = bytearray()
        self._printed = bytearray()
        self._printed_length = 0

    def order(self, message: dict[str, Any], reply: Reply, deadline: float) -> dict[str, Any]:
        """See runner.AnswerProcess."""
        try:
            self.send(message, deadline)
            while True:
                said = self._next_frame(deadline)
                if "outcome" in said:
                    self.read_output()
                    outcome = said["outcome"]
                    if not isinstance(outcome, dict) or len(outcome) != 1:
                        raise wire.WireError("an outcome of the wrong form")
                    return outcome
                self.send(reply(said), deadline)
        except wire.WireError as error:
            raise not_an_answer(error) from error

    @abstractmethod
    def send(self, message: dict[str, Any], deadline: float) -> None:
        """Send one frame. Raises AnswerTimeout at the deadline, and ended() when nobody takes it."""

    @abstractmethod
    def receive(self, deadline: float) -> None:
        """Wait for anything to come: add to `received`, or call printed().

        Raises AnswerTimeout at the deadline, and ended() when nothing can come any more.
        """

    @abstractmethod
    def read_output(self) -> None:
        """Call printed() with all that was printed until now."""

    @abstractmethod
    def close(self) -> None:
        """End the process, whatever it is doing."""

    def _next_frame(self, deadline: float) -> dict[str, Any]:
        while (frame := wire.take_frame(self.received)) is None:
            self.receive(deadline)
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

    def ended(self) -> AnswerUnusable:
        """What to raise when the process is found to have ended."""
        self.read_output()
        return AnswerUnusable(
            "Your code ended its own process before it answered.",
            "Look for exit(), quit(), os._exit() or a crash in a library, and return a value in its place.",
        )
