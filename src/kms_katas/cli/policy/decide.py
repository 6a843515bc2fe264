"""`kata policy decide` and `compare`: a file of questions, an answer for each. The files' format is policy/cases."""

import json
import shlex
import time
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from kms_katas.cli import KIT_FAILED, NOT_PASSED, PASSED, USED_WRONGLY, screen
from kms_katas.cli.policy.files import read_text, shown
from kms_katas.kit import KitError
from kms_katas.policy import PolicyError, Request
from kms_katas.policy.cases import Unreadable, as_case, read_cases, read_pairs
from kms_katas.reports.public import safe

DECISIONS_SCHEMA = "urn:kms-katas:decisions:1"
COMPARISONS_SCHEMA = "urn:kms-katas:comparisons:1"

_ALLOWED, _DENIED = Text("Allow", "green"), Text("Deny", "red")


def decide(file: str, format: str) -> int:
    """Every case of the file, decided. The exit status: 2 where one cannot be read; 1 where one is not decided as the
    file expects, or has a field that nobody knows; else 0."""
    from kms_katas.policy.telling import answer_data

    try:
        entries = read_cases(read_text(file))
    except PolicyError as error:
        raise KitError(f"{shown(file)}: {error}") from None
    answers: list[dict[str, Any]] = []
    for entry in entries:
        if isinstance(entry, Unreadable):
            nothing = dict.fromkeys(("decision", "kind", "layer", "statement"))
            answers.append(_answer(entry.id, nothing | {"open": []}, None, (), entry.sentence))
            continue
        decision = entry.decide()
        fits = entry.expected.fits(decision) if entry.expected else None
        answers.append(_answer(entry.id, answer_data(decision), fits, entry.notes))
    if format == "json":
        print(json.dumps({"schema": DECISIONS_SCHEMA, "decisions": answers}, indent=2))
    else:
        _show_decisions(answers, file)
    return _status(answers)


def _answer(id: str, found: dict[str, Any], fits: bool | None, notes: Sequence[str], error: str = "") -> dict[str, Any]:
    return {"id": id, **found, "as_expected": fits, "notes": list(notes), "error": error or None}


def _status(answers: list[dict[str, Any]]) -> int:
    if any(one["error"] for one in answers):
        return USED_WRONGLY
    if any(one["as_expected"] is False or one["notes"] for one in answers):
        return NOT_PASSED
    return PASSED


def _show_decisions(answers: list[dict[str, Any]], file: str) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("", "case", "decision", "kind", "layer", "statement"):
        least = max(len(one["id"]) for one in answers) if name == "case" else None
        table.add_column(name, no_wrap=name != "statement", min_width=least, overflow="fold")
    for one in answers:
        decision = Text("?", "yellow") if one["error"] else _ALLOWED if one["decision"] == "Allow" else _DENIED
        table.add_row(
            _mark(one),
            _cell(one["id"]),
            decision,
            one["kind"] or "",
            one["layer"] or "",
            _cell(_place(one["statement"])),
        )
    console = screen.console()
    console.print(table)
    _show_remarks(answers)
    allowed = sum(one["decision"] == "Allow" for one in answers)
    denied = sum(one["decision"] == "Deny" for one in answers)
    unusable = len(answers) - allowed - denied
    told = f"{screen.count(len(answers), 'case')}: {allowed} allowed, {denied} denied"
    screen.say(told + (f", {unusable} not decided." if unusable else "."))
    resting = [one["id"] for one in answers if one["open"]]
    if resting:
        screen.say(f"Resting on what AWS leaves open: {', '.join(resting)}.")
    wrong = _show_expectations(answers)
    why = wrong or next((one["id"] for one in answers if not one["error"]), None)
    if why is not None and file != "-":
        words = f"policy explain {shlex.quote(file)} --id {shlex.quote(why)}"
        console.print(Text.assemble("Why: ", (safe(screen.command(words)), "cyan")))


def _cell(text: str) -> Text:
    return Text(safe(text))


def _mark(one: dict[str, Any]) -> Text:
    match one["as_expected"]:
        case True:
            return Text("✓", "green")
        case False:
            return Text("✗", "red")
    return Text("·", "dim")


def _place(statement: dict[str, Any] | None) -> str:
    if statement is None:
        return ""
    if statement["policy"].startswith("grant "):
        return str(statement["policy"])
    sid = f' ("{statement["sid"]}")' if statement["sid"] else ""
    line = f", line {statement['line']}" if statement["line"] else ""
    return f"statement {statement['index'] + 1}{sid} of {statement['policy']}{line}"


def _show_remarks(answers: list[dict[str, Any]]) -> None:
    for one in answers:
        for note in one["notes"]:
            screen.say(f"{one['id']}: {note}", "yellow")
        if one["error"]:
            screen.say(f"{one['id']} cannot be used: {one['error']}", "red")


def _show_expectations(answers: list[dict[str, Any]]) -> str | None:
    """How many came out as expected; and the first that did not."""
    expected = [one for one in answers if one["as_expected"] is not None]
    wrong = [one["id"] for one in expected if not one["as_expected"]]
    if expected:
        told = f"{len(expected) - len(wrong)} of {len(expected)} as the file expects."
        told += f" Not as expected: {', '.join(wrong)}." if wrong else ""
        screen.say(told, "red" if wrong else "green")
    return wrong[0] if wrong else None


def compare(file: str, steps: int | None, format: str) -> int:
    """For every pair of the file whether all that the first policy allows the second allows as well.

    The exit status: 2 where a pair cannot be read; 1 where one is not as the file expects, or has a field that nobody
    knows; 3 where one is not decided; else 0.
    """
    from kms_katas.policy.proof import STEPS
    from kms_katas.policy.proof.draft import EVERYTHING
    from kms_katas.policy.proof.second import prove_with_both

    try:
        entries = read_pairs(read_text(file))
    except PolicyError as error:
        raise KitError(f"{shown(file)}: {error}") from None
    answers: list[dict[str, Any]] = []
    for entry in entries:
        if isinstance(entry, Unreadable):
            nothing = {"aWithinB": None, "counterexample": None, "seconds": 0.0, "reason": None, "prover": None}
            answers.append(_answer(entry.id, nothing, None, (), entry.sentence))
            continue
        began = time.perf_counter()
        sides = entry.first, entry.second
        proof, prover = prove_with_both("at most", *sides, key_arn=entry.key_arn, steps=steps or STEPS)
        seconds = round(time.perf_counter() - began, 6)
        within = {"proved": True, "refuted": False, "undecided": None}[proof.verdict]
        shows = proof.counterexample
        found = {
            "aWithinB": within,
            "counterexample": as_case(shows.request, EVERYTHING if shows.identity_allows else None) if shows else None,
            "seconds": seconds,
            "reason": _who_differs(shows.request) if shows else proof.reason,
            "prover": prover,
        }
        fits = None if within is None or entry.expected is None else entry.expected is within
        answers.append(_answer(entry.id, found, fits, entry.notes))
    if format == "json":
        print(json.dumps({"schema": COMPARISONS_SCHEMA, "comparisons": answers}, indent=2))
    else:
        _show_comparisons(answers)
    undecided = any(one["aWithinB"] is None for one in answers)
    return _status(answers) or (KIT_FAILED if undecided else PASSED)


def _who_differs(request: Request) -> str:
    return f"A lets {request.principal.arn} do {request.action}, B does not."


def _show_comparisons(answers: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("", "pair", "A within B", "why"):
        table.add_column(name, no_wrap=name != "why", overflow="fold")
    words = {True: Text("yes", "green"), False: Text("no", "red"), None: Text("not decided", "yellow")}
    for one in answers:
        why = "" if one["aWithinB"] else one["reason"]
        why = " ".join(filter(None, (why, "By z3." if one["prover"] == "z3" else "")))
        answer = Text("?", "yellow") if one["error"] else words[one["aWithinB"]]
        table.add_row(_mark(one), _cell(one["id"]), answer, _cell(why))
    screen.console().print(table)
    _show_remarks(answers)
    within = sum(one["aWithinB"] is True for one in answers)
    beyond = sum(one["aWithinB"] is False for one in answers)
    undecided = sum(one["aWithinB"] is None and not one["error"] for one in answers)
    told = f"{screen.count(len(answers), 'pair')}: {within} within, {beyond} not"
    screen.say(told + (f", {undecided} not decided." if undecided else "."))
    _show_expectations(answers)
