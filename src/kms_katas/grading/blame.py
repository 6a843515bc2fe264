"""Which statement to look at where a policy decides a request otherwise than it should: the one that was meant for it.

Not for what is said of it: see judge.py.
"""

from collections.abc import Sequence

from kms_katas.grading.document import PolicyFile
from kms_katas.policy import Counterexample, Decision, Request, Step
from kms_katas.policy.conditions import unmet
from kms_katas.policy.context import condition_context, resource_account
from kms_katas.policy.decision import Layer
from kms_katas.policy.document import statements

_DENYING: tuple[Layer, ...] = ("key-policy", "service-control-policy", "resource-control-policy")


def blamed_step(decision: Decision, files: Sequence[PolicyFile]) -> Step | None:
    """The statement to look at: one in a learner's file before one that the check brought along."""
    steps = [step for step in (opening_step(decision), deciding_step(decision)) if step is not None]
    if decision.kind == "ImplicitDeny":
        near = [step for step in decision.trace if step.layer == decision.layer and step.near_miss]
        if not near and decision.request.principal.account == resource_account(decision.request.resource):
            # At home no identity policy is needed: a statement of the key policy that names the caller will do as well.
            at_home = (step for step in decision.trace if step.layer == "key-policy" and step.near_miss)
            near = [step for step in at_home if step.failed != ("principal",)]
        # Of those that are as near as each other, people write theirs at the end.
        allows = [step for step in reversed(near) if step.effect == "Allow"]
        steps = sorted(allows, key=_distance)
    return next((step for step in steps if file_of(step, files)), steps[0] if steps else None)


def deny_that_misses(found: Counterexample, files: Sequence[PolicyFile]) -> Step | None:
    """Of what a policy of the owner or of the organization is to deny and does not: the learner's Deny that comes
    nearest, if there is one."""
    if not found.first.allowed or found.second.kind != "ExplicitDeny" or found.second.layer not in _DENYING:
        return None
    denies = [step for step in found.first.trace if step.effect == "Deny" and file_of(step, files)]
    wanted = deciding_step(found.second)
    if wanted is not None and has_condition(wanted):
        # What is denied always, of another action, is not meant for what is to be denied sometimes.
        denies = [step for step in denies if step.failed != ("action",) or has_condition(step)]
    return min(
        denies,
        key=lambda step: ("principal" in step.failed, len(step.failed), *_tests_against(step, found.request)),
        default=None,
    )


def nearly_denying(decision: Decision, files: Sequence[PolicyFile]) -> Step | None:
    """A learner's Deny about this caller that may be meant for this, first one that fits in all but its condition."""
    denies = [step for step in decision.trace if step.effect == "Deny" and step.near_miss and file_of(step, files)]
    return next((step for one in ("condition", "resource", "action") for step in denies if step.failed == (one,)), None)


def deciding_step(decision: Decision) -> Step | None:
    """The statement that decided, None where none did."""
    found = (step for step in decision.trace if (step.layer, step.statement) == (decision.layer, decision.statement))
    return next(found, None) if decision.statement is not None else None


def opening_step(decision: Decision) -> Step | None:
    """The statement of the key policy that lets an identity policy decide, where one does."""
    if not decision.allowed or decision.layer != "identity-policy":
        return None
    steps = (step for step in decision.trace if step.layer == "key-policy" and step.effect == "Allow")
    return next((step for step in steps if step.applies), None)


def file_of(step: Step | None, files: Sequence[PolicyFile]) -> PolicyFile | None:
    """The learner's file that has the statement: not one that a check has put beside theirs in the same policy."""
    return next((file for file in files if step and file.name == step.policy and file.line(step.index)), None)


def names_accounts(step: Step) -> bool:
    """Whether it names no user, role or service: whole accounts alone."""
    return all(name.endswith(":root") or name.isdigit() for name in step.named)


def has_condition(step: Step) -> bool:
    document = step.statement.document
    return document is not None and "Condition" in statements(document)[step.index]


def _tests_against(step: Step, request: Request) -> tuple[bool, int, int]:
    """Whether the Condition is about the other kind of caller, services or people; how many of its tests keep the
    statement from applying; then the others, each counted down."""
    document, context = step.statement.document, condition_context(request)
    condition = statements(document)[step.index].get("Condition", {}) if document is not None else {}
    tests = [(key, {operator: {key: wanted}}) for operator, block in condition.items() for key, wanted in block.items()]
    failing = [key.lower() for key, test in tests if unmet(test, context, variables=True) is not None]
    return "aws:principalisawsservice" in failing, len(failing), len(failing) - len(tests)


def _distance(step: Step) -> int:
    """How far a statement that does not apply is from having been meant for the request.

    One that fails in its Condition or Resource is about this caller and this action, the more so if it names the caller
    and not everybody. Of the others one whose Condition the request meets is nearer, and one about the caller nearer
    than one about somebody else. What an account's own statement leaves out is seldom meant, and a statement of another
    account never.
    """
    if step.failed in (("condition",), ("resource",)):
        return 0 if step.match == "WILDCARD" else -1
    if "principal" in step.failed and names_accounts(step):
        return 6
    if step.match == "ACCOUNT":
        return 5
    return (1 if has_condition(step) else 3) + ("principal" in step.failed)
