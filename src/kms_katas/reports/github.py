"""Verdicts in GitHub Actions: annotations in the log, a job summary in Markdown, and logs that no answer commands.

Limits: github.com/actions/runner, src/Runner.Worker/ExecutionContext.cs (4,096 characters of a message; 10 annotations
of a kind in a step), and GitHub's page on job summaries (1 MiB in a step, or all of it is dropped).
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


def as_annotations(verdicts: Iterable[Verdict]) -> str:
    """A line for each check that did not pass, at the learner's line; of more than ten, nine and their number.

    Skipped checks get none: they say no more than the check before.
    """
    failed = [
        (verdict.kata, public(check))
        for verdict in verdicts
        for check in verdict.checks
        if check.status not in ("pass", "skipped")
    ]
    shown = failed if len(failed) <= MAX_ANNOTATIONS else failed[: MAX_ANNOTATIONS - 1]
    lines = [_annotation(kata, check) for kata, check in shown]
    if len(shown) < len(failed):
        lines.append(f"::error title=More::{len(failed) - len(shown)} more checks did not pass: see the job summary.")
    return "".join(f"{line}\n" for line in lines)


def as_summary(verdicts: Iterable[Verdict]) -> str:
    """Markdown: a table for each kata, and below them what each failed check says. At most 1 MiB of UTF-8."""
    verdicts = list(verdicts)
    blocks = [f"**{total(verdicts)}** {hidden_note(verdicts)}".rstrip() + "\n", *map(_table, verdicts)]
    blocks += [
        _details(verdict.kata, public(check))
        for verdict in verdicts
        for check in verdict.checks
        if check.status != "pass" and not check.hidden
    ]
    room = MAX_SUMMARY - len(_FURTHER.encode())
    kept: list[str] = []
    for block in blocks:
        room -= len(block.encode()) + 1
        if room < 0:
            return "\n".join(kept) + _FURTHER
        kept.append(block)
    return "\n".join(kept)


def for_log(text: str) -> str:
    """`text` with no line that GitHub's runner takes for a command: `::` at a line's start, `##[` anywhere."""
    return "\n".join(
        re.sub(r"^(\s*):(?=:)", r"\1: ", line).replace("##[", "# #[") for line in re.split("\r\n|\r|\n", text)
    )


def _annotation(kata: str, check: CheckResult) -> str:
    title = f"{kata}, task {check.task}: {check.title}"
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


def _table(verdict: Verdict) -> str:
    rows = [f"### {verdict.kata}: {verdict.status}, {points(verdict)}", "", "| | task | check | points |"]
    rows.append("|---|---|---|---|")
    for check in map(public, verdict.checks):
        earned = f"{check.points} of {check.max_points}"
        rows.append(f"| {check.status} | {check.task} | {_prose(check.title)} | {earned} |")
    return "\n".join([*rows, "", f"Seed {verdict.seed}.", ""])


def _prose(text: str) -> str:
    """One line that Markdown shows as it is: every sign that could mean something is escaped."""
    return re.sub(r"([^\w\s.,;?%])", r"\\\1", text).replace("\\@", "&#64;")


def _details(kata: str, check: CheckResult) -> str:
    text = told(check)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"#### {kata}: {_prose(check.title)}\n\n{fence}text\n{text}\n{fence}\n"
