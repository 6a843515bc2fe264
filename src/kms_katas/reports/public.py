"""What of a verdict may be shown, in characters that only show. Every format begins here; no format is made here."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from kms_katas.kit.plain import one_line as one_line
from kms_katas.kit.plain import safe as safe
from kms_katas.kit.verdict import CheckResult, KmsCall, Verdict

MAX_CALLS = 8
_MAX_PRINTED = 10, 600
"""Lines, and characters, of what an answer printed."""


def public(check: CheckResult) -> CheckResult:
    """The check as others may see it: texts made safe; of a hidden one its sentence, task, status and points.

    Its name is the verdict's to give: Verdict.shown_names.
    """
    if check.hidden:
        return CheckResult("hidden", one_line(check.title), check.task, check.status, check.max_points, hidden=True)
    texts = {name: safe(value) for name, value in vars(check).items() if isinstance(value, str) and name != "status"}
    calls = tuple(KmsCall(*map(safe, vars(call).values())) for call in check.calls)
    return replace(check, **texts | {"title": one_line(check.title)}, calls=calls)  # type: ignore[arg-type]


def facts(check: CheckResult) -> Iterator[tuple[str, str]]:
    """(name, text) of all that helps to mend the check, after its message. Nothing of a hidden one."""
    check = public(check)
    if check.called:
        yield "called", check.called
        yield "came back", check.actual or "nothing"
    elif check.actual:
        yield "found", check.actual
    if check.expected:
        yield "expected", check.expected
    if check.called:
        yield "KMS calls", _calls(check.calls)
    if check.output:
        yield "printed", _printed(check.output)
    if check.next_step:
        yield "next", check.next_step


def told(check: CheckResult) -> str:
    """The message and the facts, as plain lines; of a check that passed, what there is to show now. Empty for a hidden
    check."""
    lines = [public(check).message] if public(check).message else []
    if check.status == "pass":
        return "\n".join(lines)
    for name, text in facts(check):
        lines.append(f"{name}: {text}" if "\n" not in text else "\n  ".join([f"{name}:", *text.split("\n")]))
    return "\n".join(lines)


def why(verdict: Verdict) -> str:
    """In one line: what the first check that did not pass says. Of a hidden one, its sentence."""
    failed = next((check for check in verdict.checks if check.status not in ("pass", "skipped")), None)
    return "" if failed is None else one_line(failed.title if failed.hidden else failed.message)


def points(verdict: Verdict) -> str:
    return f"{verdict.score} of {verdict.max_score} points"


def hidden_note(verdicts: Iterable[Verdict]) -> str:
    """How many checks are hidden, in a sentence. Empty where none is."""
    checks = [check for verdict in verdicts for check in verdict.checks]
    hidden = sum(check.hidden for check in checks)
    if not hidden:
        return ""
    be, show = ("is", "it shows its") if hidden == 1 else ("are", "they show their")
    return f"{hidden} of these {len(checks)} checks {be} hidden: {show} sentence only."


def total(verdicts: Iterable[Verdict], noun: str = "kata") -> str:
    """How many katas passed, and all points, in a sentence. `noun`: what else there is one verdict for each of."""
    verdicts = list(verdicts)
    passed, score = sum(verdict.passed for verdict in verdicts), sum(verdict.score for verdict in verdicts)
    katas = f"1 {noun}" if len(verdicts) == 1 else f"{len(verdicts)} {noun}s"
    return f"{passed} of {katas} passed, {score} of {sum(verdict.max_score for verdict in verdicts)} points."


def cut(text: str, most: int) -> str:
    """At most `most` characters; what is cut ends with a sign of it."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _calls(calls: tuple[KmsCall, ...]) -> str:
    lines = ["  ".join(filter(None, (f"{c.operation} → {c.outcome}", c.target, c.detail))) for c in calls[:MAX_CALLS]]
    if len(calls) > MAX_CALLS:
        lines.append(f"… and {len(calls) - MAX_CALLS} more")
    return "\n".join(lines) or "none"


def _printed(output: str) -> str:
    lines, characters = _MAX_PRINTED
    start = "\n".join(output[:characters].rstrip("\n").split("\n")[:lines])
    return start + ("" if start == output.rstrip("\n") else "\n… and more")
