"""Identity policies that an answer's function made, one for each role: as IAM stores them, and judged over every
request to a key with the default key policy.

Not for policies in files, which have lines to point at: those are in judge.py.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from kms_katas.grading.answer import Answer
from kms_katas.grading.expect import reject
from kms_katas.grading.in_force import caller, fault_of_statement, give
from kms_katas.grading.judge import order_of, send
from kms_katas.grading.matrix import ELSEWHERE, PLAIN, THROUGH_S3, Cell, Circumstance, Matrix, Target, Wrong
from kms_katas.grading.show import show
from kms_katas.lab import Principal
from kms_katas.lab.kms.default_policy import default_key_policy
from kms_katas.policy import NamedPolicy, PolicyError, parse_document
from kms_katas.policy.document import statements

_READY = "Return a dict like the policies in the IAM user guide: Version, and Statement with Effect, Action, Resource."


def judge_roles(
    answer: Answer,
    documents: Mapping[str, object],
    key: str,
    work: Sequence[Mapping[str, str]],
    wanted: Callable[[str, Cell], bool | None],
    harm: Callable[[str, str], str],
) -> dict[str, Principal]:
    """A session of each role, new in the home account, under its policy in `documents`.

    Refuses the answer unless every request of every role is decided as it is `wanted`, given the role and the cell: on
    `key`, which has the default key policy, on another key of the account, on none; with each encryption context in
    `work`, without one, from elsewhere and through S3. `harm` says in one sentence what it means that a role has a
    permission on the key. What is decided otherwise is sent in the lab as evidence, where it can be; the decisions on
    which the verdict rests are left in `answer.decisions`. Raises Rejected, AnswerTimeout, and Infra where `decide` and
    the lab disagree.
    """
    home = answer.lab.home
    default = NamedPolicy("the default key policy", parse_document(default_key_policy("aws", home.id)))
    ways = [Circumstance("for " + ", ".join(f"{name} {one[name]}" for name in one), one) for one in work]
    kms, first = home.admin.client("kms"), ways[0]
    the_key, another = (
        Target(name, arn, default, {first.name: _sealed(kms, arn, dict(first.encryption_context))})
        for name, arn in (("this key", key), ("another key of the account", home.create_key()))
    )
    circumstances = (*ways, PLAIN, ELSEWHERE, THROUGH_S3)
    sessions = {}
    for role, document in documents.items():
        policy, holder = stored_policy(f"the {role}'s policy", document), home.role(role)
        give(policy, holder)
        sessions[role] = holder.session("nightly")
        him, targets = caller(answer.lab, sessions[role], policy), (the_key, another, Target("the account", "*"))
        matrix = Matrix((him,), targets, circumstances, lambda cell, role=role: wanted(role, cell))  # type: ignore[misc]
        wrong = _first_wrong(answer, matrix)
        if wrong is not None:
            action = wrong.cell.action.removeprefix("kms:")
            _refuse(wrong, role, harm(role, action) if wrong.cell.target is the_key else "")
    return sessions


def _sealed(kms: Any, key: str, context: dict[str, str]) -> bytes:
    sealed: bytes = kms.encrypt(KeyId=key, Plaintext=b"sealed", EncryptionContext=context)["CiphertextBlob"]
    return sealed


def stored_policy(name: str, document: object) -> NamedPolicy:
    """The policy in `document`, which came from an answer. Raises Rejected for one that IAM would not store."""
    try:
        parsed = parse_document(json.dumps(document))
    except PolicyError as error:
        said, next_step = error.sentence, _READY
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


def _first_wrong(answer: Answer, matrix: Matrix) -> Wrong | None:
    decisions = []
    for cell, wanted, decision in matrix.decided(answer.in_time):
        if decision.allowed is not wanted:
            answer.decisions.append(decision)
            if order_of(cell):
                send(answer, cell, allowed=decision.allowed)
            return Wrong(cell, decision)
        decisions.append(decision)
    answer.decisions += decisions
    return None


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
    if found is not None:
        return f"statement {found.index + 1} of {found.policy} {'allows' if wrong.decision.allowed else 'denies'} it"
    steps = (step for step in wrong.decision.trace if step.layer == "identity-policy" and step.near_miss)
    near = next(steps, None)
    nothing = f"no statement of {wrong.cell.caller.identity[0].name} allows it"
    return nothing if near is None else f"{nothing}; statement {near.index + 1} does not apply, for {near.reason}"
