"""A verdict as a learner reads it in a terminal. Not for choosing what to grade or what to say after it."""

from collections.abc import Iterable, Iterator

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kms_katas.kit.verdict import BAR, CheckResult, KmsCall, Verdict
from kms_katas.reports.public import MAX_CALLS, facts, hidden_note, one_line, points, safe

_MARKS = {
    "pass": ("✓", "green"),
    "fail": ("✗", "red"),
    "error": ("!", "red"),
    "timeout": ("!", "yellow"),
    "skipped": ("-", "yellow"),
}


def as_text(verdict: Verdict, title: str) -> RenderableType:
    """The whole verdict: a line for each check, and under each that did not pass all that helps to mend it."""
    return Group(_heading(verdict, title), Text(), *_checks(verdict.checks), *_hidden_note(verdict))


def first_failure(verdict: Verdict, title: str) -> RenderableType:
    """The first check that did not pass, whole, and a count of the rest."""
    number, check = next((number, check) for number, check in enumerate(verdict.checks) if check.status != "pass")
    others = sum(check.status != "pass" for check in verdict.checks[number + 1 :])
    rest = (
        [Text(f"  And {others} more {'check does' if others == 1 else 'checks do'} not pass yet.", style="dim")]
        if others
        else []
    )
    return Group(_heading(verdict, title), Text(), *_checks([check]), *rest)


def in_short(verdict: Verdict, title: str) -> RenderableType:
    """A line for each check; below them, where the eye is, the first that did not pass and shows why, whole."""
    failing = [check for check in verdict.checks if check.status != "pass"]
    told = next((check for check in failing if not check.hidden), None)
    which = "it" if len(failing) == 1 else "the first of them" if told is failing[0] else "the first that tells why"
    lines = [Text(), *map(_line, verdict.checks), *_hidden_note(verdict)]
    if told:
        lines += [Text(f"\n  Why {which} does not pass:", style="dim"), Padding(_failure(told), (0, 0, 0, 4))]
    return Group(_heading(verdict, title), *lines)


def _heading(verdict: Verdict, title: str) -> Text:
    earned = points(verdict), "green" if verdict.passed else "red"
    return Text.assemble((verdict.kata, "bold"), "  ", one_line(title), "  ", earned)


def _checks(checks: Iterable[CheckResult]) -> Iterator[RenderableType]:
    told: set[tuple[str, str]] = set()
    for check in checks:
        yield _line(check)
        if check.status == "pass" and check.message and not check.hidden:
            yield Padding(_Drawn(safe(check.message)), (0, 0, 1, 4))
        if check.status == "pass" or check.hidden:
            continue
        # One fault that stops every check (a syntax error, or a loop on the file's top level) is told once.
        stopped = check.status in ("error", "skipped") or (check.status == "timeout" and not check.called)
        if stopped and (check.status, check.message) in told:
            yield Padding(Text("for the same reason", style="dim"), (0, 0, 0, 12))
            continue
        told.add((check.status, check.message))
        yield Padding(_failure(check), (0, 0, 1, 4))


class _Drawn:
    """Sentences, and lines of a drawing: those go on behind their bar where they are too long."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max(options.max_width - len(BAR), 20)
        for line in self._text.split("\n"):
            if not line.startswith(BAR):
                yield Text(line)
                continue
            drawn = line.removeprefix(BAR)
            for at in range(0, max(len(drawn), 1), room):
                yield Text.assemble((BAR, "cyan"), drawn[at : at + room])


def _line(check: CheckResult) -> RenderableType:
    """Mark, task, sentence and points; a long sentence goes on under itself."""
    mark, style = _MARKS[check.status]
    passed = check.status == "pass"
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True, style="dim")
    start = Text.assemble("  ", (mark, style), f" task {check.task}")
    points = "" if passed else f"{check.points} of {check.max_points}"
    table.add_row(start, Text(safe(check.title), style="" if passed else "bold"), points)
    return table


def _failure(check: CheckResult) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in facts(check):
        style = "cyan" if name == "next" else ""
        table.add_row(name, _calls(check.calls) if name == "KMS calls" else Text(text, style=style))
    return Group(Text(safe(check.message), style="red"), table)


def _calls(calls: tuple[KmsCall, ...]) -> RenderableType:
    if not calls:
        return Text("none")
    lines = [_call(call) for call in calls[:MAX_CALLS]]
    if len(calls) > MAX_CALLS:
        lines.append(Text(f"… and {len(calls) - MAX_CALLS} more", style="dim"))
    return Group(*lines)


def _call(call: KmsCall) -> Text:
    outcome = ("ok", "green") if call.outcome == "ok" else (safe(call.outcome), "red")
    about = "  ".join(part for part in (safe(call.target), safe(call.detail)) if part)
    return Text.assemble(safe(call.operation), " → ", outcome, "  ", (about, "dim"))


def _hidden_note(verdict: Verdict) -> Iterator[RenderableType]:
    if note := hidden_note([verdict]):
        yield Text(f"  {note}", style="dim")
