"""The one way in which a check refuses an answer: a sentence, what was expected, what came back, and one next step."""

from typing import NoReturn


class Rejected(AssertionError):
    """A check did not pass. `actual` empty means: what the last call of the answer gave back."""

    def __init__(self, message: str, *, expected: str, next_step: str, actual: str = "") -> None:
        super().__init__(message)
        self.message, self.expected, self.next_step, self.actual = message, expected, next_step, actual


def reject(message: str, *, expected: str, next_step: str, actual: str = "") -> NoReturn:
    """Refuse the answer.

    `message` says what is wrong in one or two sentences that teach; `next_step` one thing to do now.
    """
    __tracebackhide__ = True
    raise Rejected(message, expected=expected, next_step=next_step, actual=actual)


def expect(condition: bool, message: str, *, expected: str, next_step: str, actual: str = "") -> None:
    """Refuse the answer unless `condition` holds."""
    __tracebackhide__ = True
    if not condition:
        reject(message, expected=expected, next_step=next_step, actual=actual)
