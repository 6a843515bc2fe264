"""Identity policies that an answer's function made: as IAM stores them, and judged over every request of a matrix.

Not for policies in files, which have lines to point at: those are in judge.py.
"""

import json
from collections.abc import Callable
from typing import NoReturn

from kms_katas.grading.answer import Answer
from kms_katas.grading.expect import reject
from kms_katas.grading.in_force import fault_of_statement
from kms_katas.grading.judge import order_of, send
from kms_katas.grading.matrix import Matrix, Wrong
from kms_katas.grading.show import show
from kms_katas.policy import NamedPolicy, PolicyError, parse_document
from kms_katas.policy.document import statements

_READY = "Return a dict that `json.dumps` turns into a policy document."


def stored_policy(name: str, document: object) -> NamedPolicy:
    """The policy in `document`, which came from an answer. Raises Rejected for one that IAM would not store."""
    try:
        parsed = parse_document(json.dumps(document))
    except PolicyError as error:
        said, next_step = str(error), _READY
    except (TypeError, ValueError, RecursionError):
        said, next_step = "it is no JSON.", _READY
    else:
        fault = next(filter(None, map(fault_of_statement, statements(parsed))), None)
        if fault is None:
            return NamedPolicy(name, parsed)
        said, next_step = fault
    reject(
        f"IAM refuses {name}: {said}",
        expected="an identity policy that IAM stores",
        next_step=next_step,
        actual=show(document),
    )


def judge_role(answer: Answer, matrix: Matrix, role: str, harm: Callable[[str], str]) -> None:
    """Refuse the answer unless every request of one role, the matrix's caller, is decided as it is wanted.

    `harm` says in one sentence what it means that the role has a permission on the first of the matrix's targets. What
    is decided otherwise is sent in the lab as evidence, where it can be. Leaves the decisions on which the verdict
    rests in `answer.decisions`. Raises Rejected, AnswerTimeout, and Infra where `decide` and the lab disagree.
    """
    decisions = []
    for cell, wanted, decision in matrix.decided(answer.in_time):
        if decision.allowed is not wanted:
            answer.decisions.append(decision)
            if order_of(cell):
                send(answer, cell, allowed=decision.allowed)
            _refuse(Wrong(cell, decision), role, harm(cell.action) if cell.target is matrix.targets[0] else "")
        decisions.append(decision)
    answer.decisions += decisions


def _refuse(wrong: Wrong, role: str, harm: str) -> NoReturn:
    """`harm` is empty for what is not the key that the role is for."""
    what = f"{wrong.cell.action} on {wrong.cell.target.name} {wrong.cell.circumstance.name}".rstrip()
    if not wrong.decision.allowed:
        reject(
            f"The {role} cannot call {what}, and its task needs that: {_because(wrong)}.",
            expected=f"allowed: {what}",
            next_step=f"Allow it in the {role}'s policy, with the ARN of the key as Resource; no Condition is needed.",
        )
    reject(
        f"The {role} can call {what}: {_because(wrong)}. "
        + (harm or "Whoever breaks into the role gets all that its policy gives."),
        expected=f"denied: {what}",
        next_step=f"List in the {role}'s policy exactly the permissions that its functions use, without a wildcard."
        if harm
        else f"Let the Resource in the {role}'s policy be the ARN of the key alone, and leave out what needs no key.",
    )


def _because(wrong: Wrong) -> str:
    """Which statement decided: "statement 1 of the worker's policy allows it"."""
    found = wrong.decision.statement
    if found is None:
        return f"no statement of {wrong.cell.caller.identity[0].name} allows it"
    return f"statement {found.index + 1} of {found.policy} {'allows' if wrong.decision.allowed else 'denies'} it"
