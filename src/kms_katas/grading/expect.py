"""The one way in which a check refuses an answer: a sentence, what was expected, what came back, and one next step."""

from typing import NoReturn


class Rejected(AssertionError):
    """A check did not pass. `actual` empty means: what the last call of the answer gave back.

    `file` and `line` say where in the answer, as a learner types the path; empty: its only file.
    """

    def __init__(
        self, message: str, *, expected: str, next_step: str, actual: str = "", file: str = "", line: int = 0
    ) -> None:
        super().__init__(message)
        self.message, self.expected, self.next_step, self.actual = message, expected, next_step, actual
        self.file, self.line = file, line


def reject(message: str, *, expected: str, next_step: str, actual: str = "", file: str = "", line: int = 0) -> NoReturn:
    """Refuse the answer.

    `message` says what is wrong in one or two sentences that teach; `next_step` one thing to do now; `file` and `line`
    where, if an answer has several files.
    """
    __tracebackhide__ = True
    raise Rejected(message, expected=expected, next_step=next_step, actual=actual, file=file, line=line)


def expect(condition: bool, message: str, *, expected: str, next_step: str, actual: str = "") -> None:
    """Refuse the answer unless `condition` holds."""
    __tracebackhide__ = True
    if not condition:
        reject(message, expected=expected, next_step=next_step, actual=actual)
