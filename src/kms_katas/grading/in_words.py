"""What a check found, in a learner's words, from what was raised in it. Not for running it: see lane.py."""

from typing import Any

from botocore.exceptions import ClientError

from kms_katas.grading.expect import Rejected
from kms_katas.grading.outcome import (
    AnswerRaised,
    AnswerSkipped,
    AnswerTimeout,
    AnswerUnusable,
    Infra,
    NotStarted,
    PackageLacking,
    ProcessLost,
    why_here,
)
from kms_katas.grading.run import CHECK_SECONDS, CLOCK_FACTOR, KATA_SECONDS, Run
from kms_katas.grading.runner import TRIES, how_to_install


def in_words(raised: BaseException | None, run: Run) -> dict[str, Any]:
    """The fields of its result that say so. `raised` is None where nothing was.

    Raises what is no verdict: Infra, KeyboardInterrupt.
    """
    path = run.shown_path
    # Of several documents none is the one, unless what was raised names it.
    only = path if len(run.kata.answer) == 1 or not run.kata.documents_only else ""
    match raised:
        case None:
            return {"status": "pass"}
        case Rejected():
            found = {"status": "fail", "message": raised.message, "expected": raised.expected, "actual": raised.actual}
            return found | {"next_step": raised.next_step, "file": raised.file or only, "line": raised.line}
        case AnswerRaised():
            line = raised.frames[-1].line if raised.frames else 0
            path = run.part_name(raised.frames[-1].part) if raised.frames else path
            where = f"Look at line {line} of {path}: {raised.frames[-1].text}" if line else f"Look into {path}."
            where += why_here(raised, run.runner.isolation)
            found = {
                "status": "fail",
                "message": f"{raised.doing} raised {raised.type}: {raised.message}".strip(),
                "expected": "a result, no exception",
            }
            return found | {"next_step": where, "file": path, "line": line}
        case AnswerUnusable():
            return {
                "status": "error",
                "message": raised.message,
                "next_step": raised.next_step,
                "file": raised.file or only,
                "line": raised.line,
            }
        case AnswerTimeout():
            return _timeout(raised, run)
        case AnswerSkipped():
            what = f"`{raised.function}`" if raised.function else f"The top level of {path}"
            return {
                "status": "skipped",
                "message": f'Not run: {what} did not end in the check "{raised.before}", and this one needs it too.',
                "next_step": "Mend that check; this one runs again then.",
            }
        case PackageLacking():
            return {"status": "skipped", "message": f"Not run: {raised}.", "next_step": how_to_install(raised.package)}
        case ProcessLost() if not isinstance(raised, NotStarted):
            return {
                "status": "error",
                "message": f"This check was run {TRIES} times, and each time {raised}. So nothing is known about it.",
                "next_step": "Run it again. If it comes back: is the machine short of memory, or does your code send "
                "signals?",
            }
        case Infra() | KeyboardInterrupt():
            raise raised
        case AssertionError():
            message = str(raised).splitlines()[0] if str(raised) else "An assertion of the check does not hold."
            step = f"Compare {run.shown_paths} with the brief."
            return {"status": "fail", "message": message, "file": only, "next_step": step}
        case ClientError() if raised.response.get("Error", {}).get("Code") == "KMSInternalException":
            raise Infra(str(raised)) from raised
    return {
        "status": "error",
        "message": f"The check could not use what came back ({type(raised).__name__}: {raised}).",
        "next_step": "Compare what your function returns with the brief.",
        "file": only,
    }


def _timeout(raised: AnswerTimeout, run: Run) -> dict[str, Any]:
    """Which limit, as it is on this machine, and what usually leads there."""
    seconds, of = (KATA_SECONDS, "a whole kata") if run.is_over else (CHECK_SECONDS, "a check")
    kind = "of computing" if raised.computing else "on the clock"
    seconds *= 1 if raised.computing else CLOCK_FACTOR
    limit = f"{seconds:g} seconds {kind} for {of}"
    here = f" ({seconds * run.slowness:.1f} on this machine, which is slower)" if run.slowness > 1.05 else ""
    cause, step = "A loop that does not end", f"Look for a loop in {run.shown_path}."
    if run.kata.documents_only:
        cause, step = "A policy of hundreds of statements", f"Make {run.shown_paths} shorter."
    elif not raised.computing:
        cause = "Waiting for what never comes, such as a lock, a thread or input,"
        step = f"Look for a wait in {run.shown_path}."
    return {
        "status": "timeout",
        "message": f"Stopped: the limit is {limit}{here}. {cause} is the usual cause.",
        "next_step": step,
        "expected": f"an answer within {limit}",
    }
