"""A matrix as a check: the first wrong request in a sentence, and that very request sent in the lab as evidence.

Not for which requests are wrong: matrix.py finds them.
"""

from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from kms_katas.grading.answer import Answer
from kms_katas.grading.document import PolicyFile
from kms_katas.grading.expect import reject
from kms_katas.grading.matrix import Cell, Matrix, Wrong
from kms_katas.grading.outcome import Infra
from kms_katas.grading.source import display_path
from kms_katas.policy import Step
from kms_katas.policy.document import as_list, statements

Files = tuple[PolicyFile, ...]
"""The learner's policies, among those of the matrix."""


def judge(answer: Answer, matrix: Matrix, lesson: str, first: PolicyFile, *others: PolicyFile) -> None:
    """Refuse the answer unless every request of the matrix is decided as it is wanted.

    `lesson` is one sentence that teaches; `first` and `others` are the learner's policies in the matrix. Leaves the
    decisions on which the verdict rests in `answer.decisions`: all of them where the answer holds, else the wrong one.
    Raises Rejected, AnswerTimeout, and Infra where `decide` and the lab disagree.
    """
    files = (first, *others)
    found: Wrong | None = None
    decisions = []
    for cell, wanted, decision in matrix.decided(answer.in_time):
        decisions.append(decision)
        if decision.allowed is not wanted:
            found = found or Wrong(cell, decision)
            if order_of(cell):
                found = Wrong(cell, decision)
                break
    answer.decisions += decisions if found is None else [found.decision]
    if found is None:
        return
    if order_of(found.cell):
        send(answer, found.cell, allowed=found.decision.allowed)
    step = _culprit(found, files)
    file = _file_of(step, files) or first
    reject(
        f"{sentence(found, files)} {lesson}",
        expected=f"{'denied' if found.decision.allowed else 'allowed'}: {_what(found.cell)}, by "
        f"{found.cell.caller.name}",
        next_step=_next_step(found, step, file, matrix),
        file=display_path(file.path),
        line=file.line(step.index) if step is not None and _file_of(step, files) else 0,
    )


def send(answer: Answer, cell: Cell, *, allowed: bool) -> None:
    """Send the request of a cell in the lab, as the report's evidence. Raises Infra when the lab decides otherwise."""
    order = order_of(cell)
    assert order is not None and cell.caller.actor is not None
    operation, parameters = order
    client = cell.caller.actor.client("kms", cell.target.region or None)
    answer.called = f"{operation} on {cell.target.name}, as {cell.caller.name}"
    try:
        with answer.lab.via("answer"):
            getattr(client, xform_name(operation))(**parameters)
        code, answer.returned = "", "KMS did it"
    except ClientError as error:
        code, answer.returned = error.response["Error"]["Code"], str(error.response["Error"]["Message"])
    if code != ("" if allowed else "AccessDeniedException"):
        raise Infra(
            f"the matrix and the lab disagree: decide says {'allowed' if allowed else 'denied'} to {answer.called}, "
            f"and the lab says {code or 'done'}: {answer.returned}"
        )


def order_of(cell: Cell) -> tuple[str, dict[str, Any]] | None:
    """The operation and the parameters that ask for exactly this permission in the lab; None where nothing can."""
    if cell.caller.actor is None or not cell.circumstance.in_lab:
        return None
    name = cell.action.removeprefix("kms:")
    key = {"KeyId": cell.target.arn}
    context = dict(cell.circumstance.encryption_context)
    pairs = {"EncryptionContext": context} if context else {}
    match name:
        case "Decrypt" if cell.circumstance.name in cell.target.sealed:
            return name, key | pairs | {"CiphertextBlob": cell.target.sealed[cell.circumstance.name]}
        case "Encrypt":
            return name, key | pairs | {"Plaintext": b"a test"}
        case "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext":
            return name, key | pairs | {"KeySpec": "AES_256"}
        case "DescribeKey" | "GetKeyPolicy" | "DisableKey" | "ScheduleKeyDeletion" | "ListKeyPolicies":
            return name, key
        case "ListKeys" | "ListAliases" | "CreateKey":
            return name, {}
    return None


def sentence(wrong: Wrong, files: Files) -> str:
    """Who can or cannot do what, and because of which statements."""
    can, because = ("can", _why_allowed) if wrong.decision.allowed else ("cannot", _why_denied)
    return (
        f"With these policies {wrong.cell.caller.name} {can} call {_what(wrong.cell)}, because {because(wrong, files)}."
    )


def _what(cell: Cell) -> str:
    return f"{cell.action} on {cell.target.name}" + (f" {cell.circumstance.name}" if cell.circumstance.name else "")


def _why_allowed(wrong: Wrong, files: Files) -> str:
    opening, deciding = _opening(wrong), _deciding(wrong)
    if deciding is None:
        return "an account's root user needs no policy for it"
    if opening is None:
        return f"{_place(deciding, files)} allows it"
    return f"{_place(opening, files)} lets it in and {_place(deciding, files)} allows the call"


def _why_denied(wrong: Wrong, files: Files) -> str:
    step = _culprit(wrong, files)
    if wrong.decision.kind == "ExplicitDeny" and step is not None:
        return f"{_place(step, files)} denies it, and no Allow overrules a Deny"
    names = _that_could_allow(wrong)
    if not names:
        return "it has no identity policy, and one has to allow it"
    nothing = f"no statement of {' or '.join(names)} allows it"
    return f"{nothing}: {_number(step)} does not apply, for {step.reason}" if step is not None else nothing


def _that_could_allow(wrong: Wrong) -> list[str]:
    """The names of the policies in the layer that lacks the Allow."""
    if wrong.decision.layer == "identity-policy":
        return [policy.name for policy in wrong.cell.caller.identity]
    return [wrong.cell.target.key_policy.name] if wrong.cell.target.key_policy else []


def _deciding(wrong: Wrong) -> Step | None:
    """The statement that decided, None where none did."""
    decision = wrong.decision
    found = (step for step in decision.trace if (step.layer, step.statement) == (decision.layer, decision.statement))
    return next(found, None) if decision.statement is not None else None


def _opening(wrong: Wrong) -> Step | None:
    """The statement of the key policy that lets an identity policy decide, where one does."""
    if not wrong.decision.allowed or wrong.decision.layer != "identity-policy":
        return None
    steps = (step for step in wrong.decision.trace if step.layer == "key-policy" and step.effect == "Allow")
    return next((step for step in steps if step.applies), None)


def _culprit(wrong: Wrong, files: Files) -> Step | None:
    """The statement to look at: one in a learner's file before one that the check brought along."""
    steps = [step for step in (_opening(wrong), _deciding(wrong)) if step is not None]
    if wrong.decision.kind == "ImplicitDeny":
        near = [step for step in wrong.decision.trace if step.layer == wrong.decision.layer and step.near_miss]
        # One that names the caller is nearer than one about somebody else; of those, people write theirs at the end.
        allows = [step for step in reversed(near) if step.effect == "Allow"]
        steps = sorted(allows, key=lambda step: step.failed == ("principal",))
    return next((step for step in steps if _file_of(step, files)), steps[0] if steps else None)


def _file_of(step: Step | None, files: Files) -> PolicyFile | None:
    return next((file for file in files if step is not None and file.name == step.policy), None)


def _place(step: Step, files: Files) -> str:
    """A learner's statement by number, Sid and file; a policy that the check brought along by its name alone."""
    return f"{_number(step)} of {step.policy}" if _file_of(step, files) else step.policy


def _number(step: Step) -> str:
    return f"statement {step.index + 1}" + (f' ("{step.sid}")' if step.sid else "")


def _next_step(wrong: Wrong, step: Step | None, file: PolicyFile, matrix: Matrix) -> str:
    cell, shown = wrong.cell, display_path(file.path)
    if step is None or step.policy != file.name:
        return f"Write a statement in {shown} that allows {cell.action} to {cell.caller.name}."
    if step.failed == ("principal",):
        return (
            f"No statement in {shown} covers {cell.caller.name}: correct a Principal, or write one as the brief says."
        )
    where = f"At line {file.line(step.index)} of {shown}, "
    if wrong.decision.allowed:
        return where + _how_to_narrow(step, statements(file.document)[step.index], cell, matrix)
    if step.effect == "Deny":
        return where + "let the Deny leave this request out."
    match step.failed[0]:
        case "action":
            return where + f"let the Action cover {cell.action}."
        case "resource":
            this_key = '"*", which means this key here' if step.layer == "key-policy" else cell.target.arn
            return where + f"let the Resource be {this_key}."
    return where + "take the Condition away, or ask only for what every request of the brief carries."


def _how_to_narrow(step: Step, statement: dict[str, Any], cell: Cell, matrix: Matrix) -> str:
    """The one element that has to change: Principal, Resource or Action, whichever the brief leaves out altogether."""
    if step.layer == "key-policy" and _leaves_it_to_the_owner(statement, cell.target.arn.split(":")[4]):
        return "let the Principal be the owner's account alone; what others get stands in a statement of its own."
    asked_for = [
        other
        for target in matrix.targets
        for action in target.actions
        for circumstance in matrix.circumstances
        if circumstance.in_lab
        if matrix.wanted(other := Cell(cell.caller, action, target, circumstance)) is not False
    ]
    if step.layer == "key-policy" and not asked_for:
        both = "Principal and Condition together" if "Condition" in statement else "the Principal"
        return f"let {both} cover nobody but whom the brief names."
    if cell.target.is_key and all(other.action != cell.action for other in asked_for):
        return f"let the Action leave {cell.action} out: list what the brief asks for, and nothing more."
    if cell.target.is_key and all(other.target is not cell.target for other in asked_for):
        return "let the Resource be the ARN of the brief's key, and nothing more."
    return f"let the statement leave {cell.action} out: the brief does not ask for it."


def _leaves_it_to_the_owner(statement: dict[str, Any], owner: str) -> bool:
    """Whether it gives every operation to the key's own account, as the owner's own statement does."""
    principal = statement.get("Principal")
    names = as_list(principal.get("AWS", [])) if isinstance(principal, dict) else as_list(principal or [])
    its_own = {owner, f"arn:aws:iam::{owner}:root", "*"} & set(names)
    return bool(its_own) and "Condition" not in statement and "kms:*" in as_list(statement.get("Action", []))
