"""What can come of calling an answer, other than a value."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Frame:
    """One line of the learner's own code on the way to an exception."""

    line: int
    function: str
    text: str


class AnswerRaised(Exception):
    """The answer raised. `type` is the exception's class name, `code` the AWS error code or "", `frames` the learner's own, outermost first."""

    def __init__(self, doing: str, type: str, message: str, code: str = "", frames: tuple[Frame, ...] = ()) -> None:
        super().__init__(f"{doing} raised {type}: {message}")
        self.doing, self.type, self.message, self.code, self.frames = doing, type, message, code, frames


class AnswerUnusable(Exception):
    """The answer cannot be run at all: no such file, no such function, its top level raised. The sentence says which."""

    def __init__(self, message: str, next_step: str, line: int = 0) -> None:
        super().__init__(message)
        self.message, self.next_step, self.line = message, next_step, line


class AnswerTimeout(BaseException):
    """A time limit passed. Not an Exception: a check that catches those must not swallow it."""


class Infra(BaseException):
    """The kit's own machinery failed. Never a verdict."""


def read_raised(data: dict[str, Any], doing: str) -> AnswerRaised:
    """The child's report of an exception, as far as it is well-formed."""
    frames = tuple(Frame(int(f["line"]), str(f["function"]), str(f["text"])[:200]) for f in data["frames"])
    return AnswerRaised(doing, str(data["type"])[:200], str(data["message"]), str(data["code"])[:200], frames)
