"""Verdicts in GitHub Actions: annotations in the log, a job summary in Markdown, and logs that no answer commands.

Limits: github.com/actions/runner, src/Runner.Worker/ExecutionContext.cs (4,096 characters of a message; 10 annotations
of a kind in a step), github.com/actions/toolkit, docs/problem-matchers.md (50 annotations in a job), and GitHub's page
on job summaries (1 MiB in a step, or all of it is dropped).
"""

import re
from collections.abc import Iterable

from kms_katas.kit.verdict import CheckResult, Verdict
from kms_katas.reports.public import cut, hidden_note, one_line, points, public, told, total

MAX_ANNOTATIONS = 10
MAX_MESSAGE = 4096
MAX_SUMMARY = 1024 * 1024
_MAX_TITLE = 200
_FURTHER = "\nWhat is not here did not fit into a job summary: 1 MiB.\n"


def as_annotations(graded: Iterable[tuple[str, Verdict]]) -> str:
    """A line for each check that did not pass, at the learner's line; of more than ten, nine and their number.

    For (learner, verdict); the learner may be empty. Skipped checks get none: they say no more than the check before.
    """
    failed = [
        (": ".join(filter(None, (one_line(learner), verdict.kata))), public(check))
        for learner, verdict in graded
        for check in verdict.checks
        if check.status not in ("pass", "skipped")
    ]
    shown = failed if len(failed) <= MAX_ANNOTATIONS else failed[: MAX_ANNOTATIONS - 1]
    lines = [_annotation(kata, check) for kata, check in shown]
    if len(shown) < len(failed):
        lines.append(f"::error title=More::{len(failed) - len(shown)} more checks did not pass: see the job summary.")
    return "".join(f"{line}\n" for line in lines)


def as_summary(graded: Iterable[tuple[str, Verdict]], room: int = MAX_SUMMARY) -> str:
    """Markdown: a table for each (learner, verdict), and below them what each failed check says.

    The learner may be empty. At most `room` bytes of UTF-8; nothing where not even the first line has room.
    """
    graded = list(graded)
    note = hidden_note(verdict for _, verdict in graded)
    blocks = [f"**{in_total(graded)}** {note}".rstrip() + "\n"]
    blocks += [_table(learner, verdict) for learner, verdict in graded]
    blocks += [
        _details(_heading(learner, verdict), public(check))
        for learner, verdict in graded
        for check in verdict.checks
        if check.status != "pass" and not check.hidden
    ]
    room -= len(_FURTHER.encode())
    kept: list[str] = []
    for block in blocks:
        room -= len(block.encode()) + 1
        if room < 0:
            return "\n".join(kept) + _FURTHER if kept else ""
        kept.append(block)
    return "\n".join(kept)


def in_total(graded: Iterable[tuple[str, Verdict]]) -> str:
    """How many katas passed, in a sentence; of several learners, how many answers."""
    graded = list(graded)
    return total((verdict for _, verdict in graded), "answer" if any(learner for learner, _ in graded) else "kata")


def for_log(text: str) -> str:
    """`text` with no line that GitHub's runner takes for a command: `::` at a line's start, `##[` anywhere."""
    return "\n".join(
        re.sub(r"^(\s*):(?=:)", r"\1: ", line).replace("##[", "# #[") for line in re.split("\r\n|\r|\n", text)
    )


def _annotation(whose: str, check: CheckResult) -> str:
    title = f"{whose}, task {check.task}: {check.title}"
    properties = {"title": cut(title, _MAX_TITLE)}
    if check.file:
        properties = {"file": check.file, "line": str(max(check.line, 1))} | properties
    told_of = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    # Half, because the runner counts a character beyond 16 bits as two.
    return f"::error {told_of}::{_data(cut(for_log(told(check) or check.title), MAX_MESSAGE // 2))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(one_line(text)).replace(":", "%3A").replace(",", "%2C")


def _heading(learner: str, verdict: Verdict) -> str:
    return ": ".join(filter(None, (_literal(one_line(learner)), verdict.kata)))


def _table(learner: str, verdict: Verdict) -> str:
    rows = [f"### {_heading(learner, verdict)}: {verdict.status}, {points(verdict)}", "", "| | task | check | points |"]
    rows.append("|---|---|---|---|")
    for check in map(public, verdict.checks):
        earned = f"{check.points} of {check.max_points}"
        rows.append(f"| {check.status} | {check.task} | {_prose(check.title)} | {earned} |")
    return "\n".join([*rows, "", f"Seed {verdict.seed}.", ""])


def _prose(text: str) -> str:
    """One line that Markdown shows as it is: every sign that could mean something is escaped, and `www.` links none."""
    escaped = re.sub(r"([^\w\s.,;?%]|_|(?<=www)\.)", r"\\\1", text, flags=re.IGNORECASE)
    return escaped.replace("\\@", "&#64;")


def _literal(text: str) -> str:
    """One line of a stranger's as code: GitHub mentions nobody and links nothing in there."""
    marks = _fence(text, 1)
    return f"{marks} {text} {marks}" if text else ""


def _details(heading: str, check: CheckResult) -> str:
    text = told(check)
    fence = _fence(text, 3)
    return f"#### {heading}: {_prose(check.title)}\n\n{fence}text\n{text}\n{fence}\n"


def _fence(text: str, least: int) -> str:
    return "`" * max(least, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
