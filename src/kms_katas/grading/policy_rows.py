"""Rows that ask what policies come to: allow or deny, which statement decides, and why. Asked of the policy room.

Of such a row the first document is a key policy, all others are identity policies of the caller. Not for how much a
learner is told of it: judge_table.py.
"""

import json
import re
import textwrap
from dataclasses import dataclass
from functools import lru_cache

from kms_katas.grading.outcome import Infra
from kms_katas.kit.table import Pool, Row
from kms_katas.kit.verdict import BAR
from kms_katas.policy import Decision, Documents, NamedPolicy, Principal, Request, Step, decide, explain, parse_document
from kms_katas.policy.document import statements
from kms_katas.policy.evaluate import CROSS_ACCOUNT
from kms_katas.policy.examine import CALLER_NAMED

NAMED, DELEGATED, BOTH, DENY = "named", "delegated", "both", "deny"
KEY_POLICY, IAM_POLICY, OWN_ACCOUNT = "key-policy", "iam-policy", "own-account"
NONE = "none"

_ALLOWS = (NAMED, DELEGATED, BOTH)
_WITHOUT_STATEMENT = (KEY_POLICY, IAM_POLICY, OWN_ACCOUNT)
_MEANS = {
    NAMED: "the key policy covers the caller itself, which is enough in its own account",
    DELEGATED: "the key policy leaves it to the account's IAM policies, and one allows it",
    BOTH: "two accounts: the key policy lets it in, and an IAM policy of the caller allows it",
    DENY: "a Deny applies, and no Allow overrules it",
    KEY_POLICY: "no statement of the key policy lets in the caller or its account",
    IAM_POLICY: "the key policy leaves it to IAM policies, and none of the caller's allows it",
    OWN_ACCOUNT: "the operation never reaches a key of another account",
}

Because = tuple[str, tuple[str, int] | None]
"""One word of those above, and the statement that decides: its policy's name and its number from 1."""


@dataclass(frozen=True)
class Asked:
    """One row as the policy room has it. `right` are the answers that hold: often there are several statements."""

    row: Row
    decision: Decision
    right: tuple[Because, ...]

    @property
    def key_policy(self) -> str:
        return self.row.documents[0]

    def step(self, statement: tuple[str, int]) -> Step:
        name, number = statement
        return next(one for one in self.decision.trace if (one.policy, one.index) == (name, number - 1))

    @property
    def crosses(self) -> bool:
        request = self.decision.request
        return request.owning_account != request.principal.account


def asked(pool: Pool, row: Row) -> Asked:
    """The row, decided. Raises Infra for one on which AWS's documentation is silent."""
    first, *others = (_policy(name, pool.documents[name]) for name in row.documents)
    context = {name: str(value) for name, value in row.given.get("context", {}).items()}
    request = Request(Principal(row.given["caller"]), row.given["action"], row.given["key"], context)
    decision = decide(request, Documents(first, tuple(others)))
    if decision.open:
        raise Infra(f"a row of the group {row.group} rests on what AWS leaves open: {', '.join(decision.open)}")
    return Asked(row, decision, tuple(_right(decision, request.owning_account != request.principal.account)))


def misread(one: Asked, said: dict[str, str], texts: Pool) -> str:
    """Why what was said is no answer, whatever the policies say: a statement that is not there, words that clash."""
    statement, because = said["statement"], said["because"]
    named = _statement(statement, one.row)
    if statement == NONE:
        named = None
    elif named is None:
        names = " or ".join(f'"{name} 1"' for name in one.row.documents)
        return f'statement = "{statement}" names no statement: write {names}, with its number, or "none".'
    elif named[1] > len(statements(_policy(named[0], texts.documents[named[0]]).document)) or named[1] < 1:
        return f"{named[0]} has no statement {named[1]}."
    if (said["decision"] == "allow") is not (because in _ALLOWS):
        return (
            f'"{because}" is a reason to {"allow" if because in _ALLOWS else "deny"}, and the decision says otherwise.'
        )
    if (because in _WITHOUT_STATEMENT) is not (named is None):
        return f'"{because}" goes with ' + (
            '"none".' if because in _WITHOUT_STATEMENT else "the statement that decides."
        )
    if named is None:
        return ""
    effect = one.step(named).effect
    if (effect == "Deny") is not (because == DENY):
        is_a = "an Allow" if effect == "Allow" else "a Deny"
        return f'statement {named[1]} of {named[0]} is {is_a}, and "{because}" is not what that does.'
    if because != DENY and (named[0] == one.key_policy) is not (because == NAMED):
        where = "the key policy" if because == NAMED else "an IAM policy"
        return f'"{because}" goes with the statement of {where} that allows it.'
    return ""


def wrong(one: Asked, said: dict[str, str]) -> str:
    """Why what was said does not hold, without a word on what does; empty where it holds."""
    because = said["because"]
    named = None if because in _WITHOUT_STATEMENT else _statement(said["statement"], one.row)
    if (because, named) in one.right:
        return ""
    request = one.decision.request
    you = f"{_who(request)} asks for {request.action} on {one.key_policy}, and you say that "
    if named is None:
        return f"{you}{_MEANS[because]}. {_why_not_lacking(one, because)}"
    step = one.step(named)
    you += f"statement {named[1]} of {named[0]} {'denies' if because == DENY else 'allows'} it. "
    if not step.applies:
        return f"{you}It does not apply: {step.reason}."
    if one.decision.kind == "ExplicitDeny":
        return f"{you}It does apply. So does a Deny in what you read, and no Allow overrules a Deny."
    return you + _why_not_enough(one, because, step)


def solved(one: Asked) -> str:
    """The decision, and each statement that made it drawn in its policy's own text."""
    request, decision = one.decision.request, one.decision
    because, statement = one.right[0]
    said = f"{statement[0]} {statement[1]}" if statement else NONE
    lines = [f"{_who(request)} asks for {request.action} on {one.key_policy}{_carrying(one.row)}"]
    lines += [f"{'allow' if decision.allowed else 'deny'}, {said}, {because}: {_MEANS[because]}."]
    for step in (step for step in decision.trace if step.applies and _decides(step, one)):
        lines += ["", f"{step.policy}, statement {step.index + 1}: {step.reason}.", *drawn(step)]
    if decision.kind == "ImplicitDeny":
        lines += ["", *(line for line in explain(decision)[1:] if not line.startswith("Next step"))]
    return "\n".join(lines)


def _right(decision: Decision, crosses: bool) -> list[Because]:
    """Every answer that holds; the one that `decide` names first where it names a statement."""
    trace = [step for step in decision.trace if step.applies]
    by_decision = sorted(trace, key=lambda step: step.statement != decision.statement)
    if decision.kind == "ExplicitDeny":
        return [(DENY, (step.policy, step.index + 1)) for step in by_decision if step.effect == "Deny"]
    if decision.kind == "ImplicitDeny":
        lacking = [_lacking(decision)] + [IAM_POLICY] * _both_lack(decision, crosses)
        return [(because, None) for because in lacking]
    allows = [step for step in by_decision if step.effect == "Allow"]
    found: list[Because] = []
    for step in allows:
        statement = (step.policy, step.index + 1)
        if step.layer == "key-policy" and step.match in CALLER_NAMED and not crosses:
            found.append((NAMED, statement))
        elif step.layer == "identity-policy" and crosses:
            found.append((BOTH, statement))
        elif step.layer == "identity-policy" and any(one.match == "ACCOUNT" for one in allows):
            found.append((DELEGATED, statement))
    return found


def _lacking(decision: Decision) -> str:
    return {"cross-account": OWN_ACCOUNT, "key-policy": KEY_POLICY}.get(decision.layer, IAM_POLICY)


def _both_lack(decision: Decision, crosses: bool) -> bool:
    """Between two accounts both sides must allow, so each that does not is a reason."""
    own = (step for step in decision.trace if step.layer == "identity-policy" and step.applies)
    return crosses and decision.layer == "key-policy" and not any(step.effect == "Allow" for step in own)


def _decides(step: Step, one: Asked) -> bool:
    """Whether to draw it: what an answer may name, and what lets an identity policy count."""
    may_be_named = any(statement == (step.policy, step.index + 1) for _, statement in one.right)
    opens = one.decision.allowed and step.layer == "key-policy" and step.effect == "Allow"
    return may_be_named or opens


def _why_not_lacking(one: Asked, because: str) -> str:
    """Why nothing is lacking where `because` says so."""
    decision, request = one.decision, one.decision.request
    if decision.kind == "ExplicitDeny":
        return "There is more to it: look for a Deny, wherever it stands."
    if because == OWN_ACCOUNT and not one.crosses:
        return f"The caller and the key are both of account {request.principal.account}."
    if because == OWN_ACCOUNT and request.action.lower() in CROSS_ACCOUNT:
        return f"{request.action} is one of those that do reach a key of another account, if both sides allow it."
    if one.right[0][0] == OWN_ACCOUNT:
        return "That could be written into it, and the answer would be the same: look at who asks for what."
    if because == KEY_POLICY:
        return f"One of its statements does apply: go through {one.key_policy} again, Principal, Action and Condition."
    if one.right[0][0] == KEY_POLICY:
        return "An IAM policy that allows it would change nothing here: look at what the key policy leaves to them."
    if any(name == NAMED for name, _ in one.right):
        return "Look again at whom the key policy names: not every caller needs an IAM policy."
    return "One of the caller's statements does allow it: compare Action, Resource and Condition once more."


def _why_not_enough(one: Asked, because: str, step: Step) -> str:
    """Why an Allow that applies does not decide it, or not so."""
    request = one.decision.request
    if one.crosses and because != BOTH:
        owner, caller = request.owning_account, request.principal.account
        return f"It does apply. But the key is of account {owner} and the caller of {caller}: one side is not enough."
    if not one.crosses and because == BOTH:
        return f"It does apply. But the caller and the key are both of account {request.principal.account}."
    if step.layer == "key-policy":
        return (
            "It does apply, but it names the account, and so no user or role: alone it allows nobody, it lets the "
            "IAM policies of that account count."
        )
    if one.right[0][0] == OWN_ACCOUNT:
        return f"It does apply. But can {request.action} be called on a key of another account at all?"
    return (
        f"It does apply. But an IAM policy counts only as far as {one.key_policy} lets it: find the statement there "
        f"that leaves {request.action} to the caller's account, with its Condition."
    )


def _who(request: Request) -> str:
    """`user/erin of 111122223333`; of a session its role."""
    caller = request.principal
    return f"{(caller.role_arn or caller.arn).rpartition(':')[2]} of {caller.account}"


def _carrying(row: Row) -> str:
    carried = row.given.get("context", {})
    return " with " + ", ".join(f"{name} {value}" for name, value in carried.items()) if carried else ""


def _statement(said: str, row: Row) -> tuple[str, int] | None:
    """`payroll 2`, `statement 2 of payroll`, `payroll, statement 2`; None for what names no statement."""
    names = [name for name in row.documents if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", said)]
    numbers = re.findall(r"(?<![\w-])[0-9]{1,3}(?![\w-])", said)
    return (names[0], int(numbers[0])) if len(names) == 1 and len(numbers) == 1 else None


def drawn(step: Step) -> list[str]:
    """The lines of the statement, as they stand in its policy, each behind a bar."""
    text = str(getattr(step.statement.document, "text", ""))
    lines = text.splitlines(keepends=True)
    start = sum(map(len, lines[: step.statement.line - 1])) + step.statement.column - 1
    end = json.JSONDecoder().raw_decode(text, start)[1]
    begin = text.rfind("\n", 0, start) + 1
    found = textwrap.dedent(text[begin if text[begin:start].isspace() else start : end])
    return [BAR + line for line in found.split("\n")]


@lru_cache(maxsize=128)
def _policy(name: str, text: str) -> NamedPolicy:
    return NamedPolicy(name, parse_document(text))
