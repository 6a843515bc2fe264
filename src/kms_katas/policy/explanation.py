"""A decision in words: the lines that tell a learner why, which side lacks what, and what to do next.

It decides nothing; everything it says is in the Decision. AWS's own words are in denial.py.
"""

from typing import Any

from .context import names_alias
from .decision import OF_THE_OWNER, Decision, Layer, Step
from .document import as_list, statements
from .points import OPEN_POINTS

_NAMED: dict[Layer, str] = {
    "service-control-policy": "service control policy",
    "resource-control-policy": "resource control policy",
    "vpc-endpoint-policy": "VPC endpoint policy",
    "key-policy": "key policy",
    "trust-policy": "trust policy",
    "resource-policy": "resource policy",
    "permissions-boundary": "permissions boundary",
    "session-policy": "session policy",
}
_ONE_ALONE: tuple[Layer, ...] = ("vpc-endpoint-policy", "key-policy", "trust-policy", "permissions-boundary")
"""The layers of which a request has one policy at most."""

_GUARDRAILS: tuple[Layer, ...] = ("service-control-policy", "resource-control-policy", "vpc-endpoint-policy")
_LIMITS: tuple[Layer, ...] = ("permissions-boundary", "session-policy")
_WITHIN_LIMITS: tuple[Layer, ...] = ("key-policy", "identity-policy", "grant")
_OF_THE_CALLER: tuple[Layer, ...] = ("identity-policy", *_LIMITS)


def explain(decision: Decision) -> tuple[str, ...]:
    """The lines a learner reads: what was asked, what decided, the near misses, and for a denial one next step.

    Between two accounts also what each side says, since both must allow. Statements are counted from 1 here, as people
    do; `StatementRef.index` counts from 0. A point that AWS leaves open is told where the answer rests on it.
    """
    request = decision.request
    via = request.context.get("kms:ViaService")
    through = f", through {via}{'' if decision.allowed else ', which let it in: KMS did not'}" if via else ""
    asked = f"{request.principal.arn} asked for {request.action} on {request.resource}{through}."
    sides = _both_sides(decision)
    unsettled = tuple(f"Open, and the answer rests on it: {OPEN_POINTS[one].sentence}." for one in decision.open)
    if decision.allowed:
        return (asked, _allowed_because(decision), *sides, *unsettled)
    near = near_misses(decision)
    misses = tuple(f"Near miss: {_place(step)} would allow it, but {step.reason}." for step in near)
    return (asked, _denied_because(decision), *sides, *misses, *unsettled, f"Next step: {_next_step(decision, near)}")


def _allowed_because(decision: Decision) -> str:
    if decision.statement is None:
        return "Allowed: the account's root user needs no policy for this."
    step = _deciding_step(decision)
    by = f"Allowed by {_place(step)}: {step.reason}."
    opening = next((s for s in decision.trace if s.layer == "key-policy" and s.applies and s.effect == "Allow"), None)
    if opening is None or decision.layer != "identity-policy" or _between_accounts(decision):
        return by
    return f"{by} {_capital(_place(opening))} lets it count."


def _both_sides(decision: Decision) -> tuple[str, ...]:
    """Owner's side and caller's side; empty where there is one account, or no policy that could matter."""
    caller = decision.request.principal
    if not _between_accounts(decision):
        return ()
    if caller.kind == "Account":
        own = "its root user needs no identity policy"
    elif decision.layer == "grant":
        own = "the grant was issued here, so no identity policy is needed"
    elif decision.layer in _LIMITS:
        own = _state(decision, decision.layer) or f"{_limit(decision)} does not allow it"
    else:
        own = _state(decision, "identity-policy") or f"no identity policy of {_name(decision)} allows it"
    of_owner = (
        _state(decision, _layer_of_owner(decision))
        or _state(decision, "grant")
        or f"its {_policy_of_owner(decision)} does not allow it"
    )
    return (
        f"Owner's side, account {_owner(decision)}: {of_owner}.",
        f"Caller's side, account {caller.account}: {own}.",
    )


def _state(decision: Decision, layer: Layer) -> str | None:
    """What the policies of one side say; None where they say nothing that applies."""
    applying = tuple(step for step in decision.trace if step.layer == layer and step.applies)
    if not applying:
        return None
    deny = next((step for step in applying if step.effect == "Deny"), None)
    return f"{_place(deny or applying[0])} {'denies' if deny else 'allows'} it"


def _denied_because(decision: Decision) -> str:
    action, caller = decision.request.action, decision.request.principal
    if decision.statement is not None:
        step = _deciding_step(decision)
        return f"Denied by an explicit Deny, which no Allow overrules: {_place(step)}: {step.reason}."
    match decision.layer:
        case "root-user":
            return "Denied: the root user of an account can assume no role, whatever the policies say."
        case "cross-account" if action.lower() == "kms:retiregrant":
            return (
                f"Denied: the grant does not let {caller.arn} retire it, and account {caller.account} did not issue it."
            )
        case "cross-account":
            only = f"only those of account {_owner(decision)} can do it, whatever the policies say"
            return f"Denied: {action} is not open to principals of other accounts: {only}."
        case "reserved-alias":
            return "Denied: aliases that begin with alias/aws/ belong to AWS."
        case "key-policy" if names_alias(decision.request.resource):
            return f"Denied: {action} is a permission on a key, and the ARN of an alias never stands for its key."
    if decision.layer in _GUARDRAILS:
        return _denied_by_guardrail(decision)
    if _no_such_role(decision):
        return f"Denied: there is no role {decision.request.resource}, and AWS says it with the words of a denial."
    if _between_accounts(decision):
        lacking = " and ".join(f"account {account}" for account in _lacking(decision))
        does = "neither does" if len(_lacking(decision)) == 2 else f"{lacking} does not"
        return f"Denied: between two accounts both must allow it, and {does}."
    if decision.layer in _LIMITS:
        openings = (step for step in decision.trace if step.applies and step.layer in _WITHIN_LIMITS)
        allowing = max(openings, key=lambda step: step.layer == "identity-policy")
        return f"Denied: {_place(allowing)} allows it, but {_limit(decision)} must allow {action} too, and does not."
    if decision.layer != "identity-policy":
        useless = next((s for s in decision.trace if s.layer == "identity-policy" and s.applies), None)
        policy = _policy_of_owner(decision)
        but = f" {_capital(_place(useless))} allows it, but the {policy} must let it count." if useless else ""
        whom = caller.arn if caller.kind == "Service" else f"{caller.arn} or to its account"
        return f"Denied: no statement of the {policy} allows {action} to {whom}.{but}"
    opening = next((s for s in decision.trace if s.layer in OF_THE_OWNER and s.applies), None)
    if opening is None:
        return f"Denied: no identity policy of {caller.arn} allows {action}."
    return (
        f"Denied: {_place(opening)} leaves the decision to the identity policies of account"
        f" {caller.account}, and none of {caller.arn} allows {action}."
    )


def _denied_by_guardrail(decision: Decision) -> str:
    action, caller = decision.request.action, decision.request.principal
    if decision.layer == "vpc-endpoint-policy":
        return (
            f"Denied: the request came through a VPC endpoint, and no statement of its policy allows {action} to"
            f" {caller.arn}."
        )
    level = _lacking_level(decision)
    names = sorted({step.policy for step in decision.trace if (step.layer, step.level) == (decision.layer, level)})
    what = f"only {' and '.join(names)}, which {'do' if len(names) > 1 else 'does'} not" if names else "no policy"
    return (
        f"Denied: service control policies must allow {action} at every level above {caller.arn}, and level {level},"
        f" counted from the root, has {what}."
    )


def _lacking_level(decision: Decision) -> int:
    """The first level of the organization that does not allow; 0 where it is not that."""
    if decision.layer != "service-control-policy":
        return 0
    steps = [step for step in decision.trace if step.layer == decision.layer]
    allowing = {step.level for step in steps if step.applies}
    # A level that has no policy at all leaves no step behind.
    return next(level for level in range(1, len(steps) + 2) if level not in allowing)


def _limit(decision: Decision) -> str:
    """What bounds the caller beside its own policies."""
    if decision.layer == "permissions-boundary":
        return f"the permissions boundary of {_name(decision)}"
    return "the session policy with which the session was made"


def _lacking(decision: Decision) -> tuple[str, ...]:
    """The accounts whose side does not allow, the owner first."""
    caller = decision.request.principal
    owner_lacks = decision.layer not in _OF_THE_CALLER
    caller_lacks = decision.layer in _LIMITS or (
        caller.kind != "Account" and _state(decision, "identity-policy") is None
    )
    return (str(_owner(decision)),) * owner_lacks + (caller.account,) * caller_lacks


def near_misses(decision: Decision) -> tuple[Step, ...]:
    """The Allows of every side that lacks one which only one element kept from applying."""
    if decision.kind != "ImplicitDeny":
        return ()
    layers, level = [decision.layer, "grant"], _lacking_level(decision)
    if _between_accounts(decision) and len(_lacking(decision)) == 2:
        layers.append("identity-policy")
    return tuple(
        step
        for step in decision.trace
        if step.layer in layers or _would_need_no_identity_policy(step, decision)
        if step.effect == "Allow" and step.near_miss and not _meant_for_others(step, decision)
        if not _of_another_service(step, decision) and step.level in (0, level)
    )


def _would_need_no_identity_policy(step: Step, decision: Decision) -> bool:
    """Whether it is the key policy's, names the caller, and so is a way round the identity policies, which lack it."""
    lacks = decision.layer == "identity-policy" and not _between_accounts(decision)
    return lacks and step.layer == "key-policy" and step.match not in (None, "ACCOUNT")


def _of_another_service(step: Step, decision: Decision) -> bool:
    """Whether the statement is about something else altogether: what allows s3:* is not nearly an Allow of KMS."""
    if step.failed != ("action",) or step.statement.document is None:
        return False
    actions = as_list(_elements(step).get("Action", []))
    service = decision.request.action.partition(":")[0].lower()
    return bool(actions) and all(one.partition(":")[0].lower() not in (service, "*") for one in actions)


def _elements(step: Step) -> dict[str, Any]:
    document = step.statement.document
    return {} if document is None else statements(document)[step.index]


def _meant_for_others(step: Step, decision: Decision) -> bool:
    """Every key policy has statements for its own account: to somebody from outside they are no near miss.

    Nor is the grant of somebody else.
    """
    if step.layer == "grant":
        return "principal" in step.failed
    if step.layer in _GUARDRAILS:
        return False
    account = decision.request.principal.account
    return step.failed == ("principal",) and step.named != () and not any(account in name for name in step.named)


def _next_step(decision: Decision, near: tuple[Step, ...]) -> str:
    request, caller = decision.request, decision.request.principal
    if decision.statement is not None:
        where = f"{_where(decision)} " if _between_accounts(decision) or decision.layer in _GUARDRAILS else ""
        if decision.layer == "session-policy":
            return (
                f"make a session without that Deny, if it should have {request.action}: a session keeps its policies."
            )
        return (
            f"{where}change that Deny so that it leaves this request out, if {caller.arn} should have it, or send a"
            " request that it does not cover."
        )
    match decision.layer:
        case "root-user":
            return "call it as an IAM user, or with a session of another role."
        case "cross-account" if request.action.lower() == "kms:retiregrant":
            return f"call it as the grant's retiring principal, or as a principal of account {_owner(decision)}."
        case "cross-account":
            return f"call it as a principal of account {_owner(decision)}."
        case "reserved-alias":
            return "choose an alias name that does not begin with alias/aws/."
        case "key-policy" if names_alias(request.resource):
            return "ask for it on the ARN of the key, which its key policy and grants are about."
    if _no_such_role(decision):
        return "compare the ARN with that of the role, account and path included."
    elsewhere = _between_accounts(decision) or decision.layer in _GUARDRAILS
    where = _where(decision) if elsewhere else "if this caller should have it,"
    if decision.layer == "session-policy":
        return (
            f"make a session whose session policy allows {request.action} on {request.resource}, or one without"
            " a session policy: a session keeps its policies."
        )
    first = [step for step in near if step.layer != "grant" and step.layer in (decision.layer, "key-policy")]
    granted = [step for step in near if step.layer == "grant"]
    if granted and all(step.failed[0] == "principal" for step in first):
        # A grant is for this caller; a statement that names somebody else is farther off.
        return _next_step_with_a_grant(decision, granted[0])
    if first:
        # To name the caller in a statement may give it far more than it asked for: the other repairs come first.
        step = min(first, key=lambda s: s.failed[0] == "principal")
        place = _place(step)
        match step.failed[0]:
            case "principal":
                return (
                    f"{where} add a statement to the {_policy_of_owner(decision)} that allows {request.action} to"
                    f" {caller.role_arn or caller.arn}; to name it in {place} would give it all that one gives."
                )
            case "action" if "NotAction" in _elements(step):
                return f"{where} take what covers {request.action} out of the NotAction of {place}."
            case "action":
                return f"{where} let the Action of {place} cover {request.action}."
            case "resource" if "NotResource" in _elements(step):
                return f"{where} take what covers {request.resource} out of the NotResource of {place}."
            case "resource":
                wanted = '"*" (this key)' if step.layer == "key-policy" else request.resource
                return f"{where} let the Resource of {place} cover {wanted}."
            case "condition":
                return f"send a request that meets the Condition of {place}, or change the Condition."
    if decision.layer == "service-control-policy":
        return f"{where} allow {request.action} in a service control policy of that level."
    if decision.layer == "permissions-boundary":
        return f"{where} allow {request.action} on {request.resource} in {_limit(decision)}."
    if decision.layer != "identity-policy":
        return (
            f"{where} add a statement to the {_policy_of_owner(decision)} that allows {request.action} to"
            f" {caller.role_arn or caller.arn}{_or_the_account(decision)}."
        )
    holder = _name(decision) if _between_accounts(decision) else "it"
    return f"{where} give {holder} an identity policy that allows {request.action} on {request.resource}."


def _next_step_with_a_grant(decision: Decision, step: Step) -> str:
    request = decision.request
    match step.failed[0]:
        case "condition" if request.grant_request is not None:
            return f"ask for a grant that is no wider than {_place(step)}."
        case "condition":
            return f"send a request that meets the constraints of {_place(step)}."
        case "resource":
            return f"name {_place(step)} to retire it."
        case _:
            return (
                f"make a grant that has {request.action.partition(':')[2]} among its operations; a grant never changes."
            )


def _where(decision: Decision) -> str:
    """The account in which the next step is taken, as the beginning of a sentence."""
    if decision.layer == "vpc-endpoint-policy":
        return "at the VPC endpoint,"
    if decision.layer in _GUARDRAILS:
        return "in the organization's management account,"
    caller = decision.request.principal.account
    return f"in account {caller if decision.layer in _OF_THE_CALLER else _owner(decision)},"


def _or_the_account(decision: Decision) -> str:
    caller = decision.request.principal
    if caller.kind in ("Service", "Account") or decision.layer == "vpc-endpoint-policy":
        return ""
    return (
        f", or to the account principal arn:{caller.partition}:iam::{caller.account}:root so that identity policies"
        " may allow it"
    )


def _between_accounts(decision: Decision) -> bool:
    """Whether the policies of two accounts have a say."""
    caller = decision.request.principal
    if caller.kind == "Service" or decision.layer in ("cross-account", "reserved-alias", "root-user", *_GUARDRAILS):
        return False
    return _owner(decision) not in (None, caller.account) and not _no_such_role(decision)


def _no_such_role(decision: Decision) -> bool:
    return decision.layer == "trust-policy" and not any(step.layer == "trust-policy" for step in decision.trace)


def _owner(decision: Decision) -> str | None:
    return decision.request.owning_account


def _layer_of_owner(decision: Decision) -> Layer:
    if decision.about_a_role:
        return "trust-policy"
    return "key-policy" if decision.request.action.lower().startswith("kms:") else "resource-policy"


def _policy_of_owner(decision: Decision) -> str:
    return _NAMED[decision.layer if decision.layer in _GUARDRAILS else _layer_of_owner(decision)]


def _name(decision: Decision) -> str:
    """The caller within its account: user/bob, role/app of one of its sessions."""
    caller = decision.request.principal
    return (caller.role_arn or caller.arn).rpartition("::")[2].partition(":")[2] or caller.arn


def _deciding_step(decision: Decision) -> Step:
    return next(step for step in decision.trace if step.applies and _decided(step, decision))


def _decided(step: Step, decision: Decision) -> bool:
    return step.layer == decision.layer and step.statement == decision.statement


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _place(step: Step) -> str:
    sid = f'"{step.sid}"' if step.sid else ""
    # On its first line a text of one line has all of its statements: there the line helps nobody.
    line = f"line {step.statement.line}" if step.statement.line > 1 else ""
    told = ", ".join(filter(None, (sid, line)))
    told = f" ({told})" if told else ""
    if step.layer == "grant":
        return f"{step.policy}{told}"
    return f"statement {step.index + 1}{told} of {_policy(step)}"


def _policy(step: Step) -> str:
    if step.layer == "identity-policy":
        return "the identity policy" if step.policy == "identity policy" else step.policy
    if step.layer == "resource-policy":
        return f"the {step.policy}"  # its name says of what it is the policy
    kind = _NAMED[step.layer]
    return f"the {kind}" if step.layer in _ONE_ALONE or step.policy == kind else f"the {kind} {step.policy}"
