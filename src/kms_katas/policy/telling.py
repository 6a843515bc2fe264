"""A decision for programs and for pages: as JSON and as Markdown. Its sentences are those of explanation.py."""

from collections.abc import Mapping
from typing import Any

from .context import condition_context
from .decision import Decision, Step
from .denial import denial_message
from .explanation import explain, near_misses
from .points import OPEN_POINTS
from .statement import StatementRef

SCHEMA = "urn:kms-katas:decision:1"


def answer_data(decision: Decision) -> dict[str, Any]:
    """The answer alone: what was decided, by which layer and statement, and on which open points it rests."""
    return {
        "decision": "Allow" if decision.allowed else "Deny",
        "kind": decision.kind,
        "layer": decision.layer,
        "statement": None if decision.statement is None else _statement(decision.statement),
        "open": list(decision.open),
    }


def decision_data(decision: Decision) -> dict[str, Any]:
    """The whole of it, in the published form: decision.schema.json. For json.dumps.

    `message` is what AWS says, null where it allows; `trace` is every statement looked at, in order.
    """
    request = decision.request
    return {
        "schema": SCHEMA,
        **answer_data(decision),
        "request": {
            "principal": request.principal.arn,
            "action": request.action,
            "resource": request.resource,
            "context": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in sorted(condition_context(request).items())
            },
        },
        "message": None if decision.allowed else denial_message(decision),
        "explanation": list(explain(decision)),
        "near_misses": [_step(step) for step in near_misses(decision)],
        "trace": [_step(step) for step in decision.trace],
    }


def as_markdown(decision: Decision) -> str:
    """A page: the answer, the sentences, and a table of every statement that was looked at."""
    asked, *lines = explain(decision)
    page = [f"## {'Allowed' if decision.allowed else 'Denied'}: {_cell(decision.request.action)}", "", _escaped(asked)]
    page += ["", *(f"- {_escaped(line)}" for line in lines)]
    if not decision.allowed:
        page += ["", "AWS says:", "", f"    {denial_message(decision)}"]
    if decision.trace:
        page += ["", "| policy | statement | line | effect | applies | why |", "|---|---|---|---|---|---|"]
        page += [_row(step) for step in decision.trace]
    return "\n".join(page)


def _statement(ref: StatementRef) -> dict[str, Any]:
    """`index` counts from 0; `line` and `column` from 1, and are null where no text was read."""
    return {
        "policy": ref.policy,
        "index": ref.index,
        "sid": ref.sid,
        "line": ref.line or None,
        "column": ref.column or None,
    }


def _step(step: Step) -> Mapping[str, Any]:
    return {
        "layer": step.layer,
        "level": step.level or None,
        "statement": _statement(step.statement),
        "effect": step.effect,
        "applies": step.applies,
        "failed": list(step.failed),
        "reason": f"{step.reason}.",
        "open": [{"point": one, "sentence": f"{OPEN_POINTS[one].sentence}."} for one in step.open],
    }


def _row(step: Step) -> str:
    place = str(step.index + 1) + (f" ({step.sid})" if step.sid else "")
    cells = (step.policy, place, str(step.statement.line or ""), step.effect, "yes" if step.applies else "no")
    return f"| {' | '.join(map(_cell, cells))} | {_cell(step.reason)} |"


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split())).replace("|", "\\|")


def _escaped(text: str) -> str:
    """As Markdown shows it letter for letter: in a policy * and _ are no emphasis, and < begins no tag."""
    for sign in "\\`*_<[":
        text = text.replace(sign, f"\\{sign}")
    return text
