"""What can come of calling an answer, other than a value."""

from dataclasses import dataclass

MAX_MESSAGE = 2000
MAX_FRAMES = 20
MAX_LINE = 10**6


@dataclass(frozen=True)
class Frame:
    """One line of the learner's own code on the way to an exception. `part`: in which part of it, see Run.parts."""

    line: int
    function: str
    text: str
    part: int = 0


class AnswerRaised(Exception):
    """The answer raised.

    `type` is the exception's class name, `code` the AWS error code or "", `frames` the learner's own, outermost first.
    """

    def __init__(self, doing: str, type: str, message: str, code: str = "", frames: tuple[Frame, ...] = ()) -> None:
        super().__init__(f"{doing} raised {type}: {message}")
        self.doing, self.type, self.message, self.code, self.frames = doing, type, message, code, frames


class AnswerUnusable(Exception):
    """The answer cannot be used at all: no such file, no such function, a policy that AWS refuses, a start that raises.

    The sentence says which. `file` is the path as a learner types it; empty: the answer's first file.
    """

    def __init__(self, message: str, next_step: str, line: int = 0, file: str = "") -> None:
        super().__init__(message)
        self.message, self.next_step, self.line, self.file = message, next_step, line, file


class AnswerTimeout(BaseException):
    """A time limit passed: of `computing`, or of the clock. Not an Exception: a check must not swallow it."""

    def __init__(self, *, computing: bool = False) -> None:
        super().__init__("a time limit passed")
        self.computing = computing


class AnswerSkipped(BaseException):
    """A check asks again for what did not end in another check, whose title `before` is."""

    def __init__(self, function: str, before: str) -> None:
        super().__init__(f"{function} did not end before")
        self.function, self.before = function, before


class PackageLacking(Exception):
    """The exercise is about a package that is not installed here: nothing is known of the answer."""

    def __init__(self, kata: str, package: str) -> None:
        super().__init__(f"{kata} is about the package {package}, which is not installed here")
        self.package = package


class Infra(BaseException):
    """The kit's own machinery failed. Never a verdict."""


class ProcessLost(Infra):
    """A process was ended by somebody else's hand: the answer's own, or the one that answers are forked from.

    Whoever ran the check runs it again: see lane.py.
    """


class NotStarted(ProcessLost):
    """It was lost before any answer ran in it: whatever ended it, no answer did."""


_REFUSED = ("PermissionError", "FileNotFoundError", "URLError", "gaierror")
"""What closing off looks like from inside: refused, or, at `full` and for temporary files, not there."""


def why_here(raised: AnswerRaised, isolation: str) -> str:
    """What to add to an exception whose cause is how answers are run and not what is written in them; else nothing."""
    if raised.type == "MemoryError" and isolation != "none":
        return " An answer may take 512 MiB of memory."
    if raised.type in _REFUSED and not raised.code and isolation != "none":
        return (
            " Your code runs closed off: no files (no temporary ones either), no network, no other process. The "
            "exercise needs none."
        )
    if raised.type == "ModuleNotFoundError":
        return " Python's own modules and the installed packages can be imported; all else belongs into the answer."
    return ""


def not_an_answer(why: object) -> AnswerUnusable:
    """What the answer's process said follows no rule of the bridge: `why`."""
    return AnswerUnusable(
        f"The answer's process sent something that is not an answer: {why}.",
        "Let your functions only take their arguments and return their result.",
    )


def read_raised(data: object, doing: str) -> AnswerRaised:
    """The child's report of an exception, cut to a length that can be shown.

    Raises AnswerUnusable for anything else.
    """
    match data:
        case {"type": str(type), "message": str(message), "code": str(code), "frames": list(frames)}:
            kept = tuple(_frame(frame) for frame in frames[:MAX_FRAMES])
            return AnswerRaised(doing, type[:200], message[:MAX_MESSAGE], code[:200], kept)
    raise not_an_answer("an exception of the wrong form")


def _frame(data: object) -> Frame:
    match data:
        case {"line": int(line), "function": str(function), "text": str(text)} if 0 <= line <= MAX_LINE:
            part = data.get("part", 0) if isinstance(data, dict) else 0
            return Frame(line, function[:200], text[:200], part if type(part) is int else 0)
    raise not_an_answer("an exception of the wrong form")
