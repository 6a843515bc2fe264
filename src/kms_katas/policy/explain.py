"""A decision in words: AWS's error text, and the lines that tell a learner why and what to do next.

It decides nothing; everything it says is in the Decision.
"""

from .decision import Decision, Step


def denial_message(decision: Decision) -> str:
    """AWS's text for a denied request, as AccessDeniedException (HTTP 400) carries it.

    The four endings are seen in real errors. Not documented, and so uncertain here:

    - which ending AWS prints where the key policy and the identity policies both lack the Allow. Here it is "no
      resource-based policy", unless the key policy leaves the matter to the identity policies;
    - the ending for an operation that never reaches a key of another account, and for changes of alias/aws/ names;
    - Decrypt without a KeyId: reports of real errors also show "... on the resource associated with this ciphertext
      because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based
      policy explicitly denies access". Which denials get that text is not known; it is not made here.
    """
    request = decision.request
    # "cross-account" lacks the owner's side for a key, and there is no policy but the caller's own for the rest.
    lacks_resource = decision.layer == "key-policy" or (
        decision.layer == "cross-account" and ":key/" in request.resource
    )
    policy = "resource-based policy" if lacks_resource else "identity-based policy"
    if decision.kind == "ExplicitDeny":
        ending = f"with an explicit deny in {'a' if lacks_resource else 'an'} {policy}"
    else:
        ending = f"because no {policy} allows the {request.action} action"
    return (
        f"User: {request.principal.arn} is not authorized to perform: {request.action}"
        f" on resource: {request.resource} {ending}"
    )


def explain(decision: Decision) -> tuple[str, ...]:
    """The lines a learner reads: what was asked, what decided, the near misses, and for a denial one next step.

    Statements are counted from 1 here, as people do; `StatementRef.index` counts from 0.
    """
    request = decision.request
    asked = f"{request.principal.arn} asked for {request.action} on {request.resource}."
    if decision.allowed:
        return (asked, _allowed_because(decision))
    near = _near_misses(decision)
    misses = tuple(f"Near miss: {_place(step)}: {step.reason}." for step in near)
    return (asked, _denied_because(decision), *misses, f"Next step: {_next_step(decision, near)}")


def _allowed_because(decision: Decision) -> str:
    if decision.statement is None:
        return "Allowed: the account's root user needs no policy for this."
    step = _deciding_step(decision)
    return f"Allowed by {_place(step)}: {step.reason}."


def _denied_because(decision: Decision) -> str:
    action, caller = decision.request.action, decision.request.principal
    if decision.statement is not None:
        step = _deciding_step(decision)
        return f"Denied by an explicit Deny, which no Allow overrules: {_place(step)}: {step.reason}."
    match decision.layer:
        case "key-policy":
            useless = next((s for s in decision.trace if s.layer == "identity-policy" and s.applies), None)
            but = f" {_capital(_place(useless))} allows it, but the key policy must let it count." if useless else ""
            return f"Denied: no statement of the key policy allows {action} to {caller.arn} or to its account.{but}"
        case "cross-account":
            return f"Denied: {action} on {decision.request.resource} is not open to principals of other accounts."
        case "reserved-alias":
            return "Denied: aliases that begin with alias/aws/ belong to AWS."
    opening = next((s for s in decision.trace if s.layer == "key-policy" and s.applies), None)
    if opening is None:
        return f"Denied: no identity policy of {caller.arn} allows {action}."
    return (
        f"Denied: {_place(opening)} leaves the decision to the identity policies of account"
        f" {caller.account}, and none of {caller.arn} allows {action}."
    )


def _near_misses(decision: Decision) -> tuple[Step, ...]:
    """The Allows of the layer that lacks one which only one element kept from applying."""
    if decision.kind != "ImplicitDeny":
        return ()
    return tuple(s for s in decision.trace if s.layer == decision.layer and s.effect == "Allow" and s.near_miss)


def _next_step(decision: Decision, near: tuple[Step, ...]) -> str:
    request, caller = decision.request, decision.request.principal
    if decision.statement is not None:
        return (
            f"if {caller.arn} should have this, change that Deny so that it leaves this request out, or send a request"
            " that it does not cover."
        )
    if decision.layer == "cross-account":
        return "call it as a principal of the account that owns the resource."
    if decision.layer == "reserved-alias":
        return "choose an alias name that does not begin with alias/aws/."
    if near:
        # To name the caller in a statement may give it far more than it asked for: the other repairs come first.
        step = min(near, key=lambda s: s.failed[0] == "principal")
        place = _place(step)
        match step.failed[0]:
            case "principal":
                return (
                    f"if this caller should have it, add a statement that allows {request.action} to"
                    f" {caller.role_arn or caller.arn}; to name it in {place} would give it all that one gives."
                )
            case "action":
                return f"if this caller should have it, let the Action of {place} cover {request.action}."
            case "resource":
                wanted = '"*" (this key)' if step.layer == "key-policy" else request.resource
                return f"if this caller should have it, let the Resource of {place} cover {wanted}."
            case "condition":
                return f"send a request that meets the Condition of {place}, or change the Condition."
    if decision.layer == "key-policy":
        return (
            f"if this caller should have it, add a statement to the key policy that allows {request.action} to"
            f" {caller.role_arn or caller.arn}{_or_the_account(decision)}."
        )
    return (
        f"if this caller should have it, give it an identity policy that allows {request.action} on {request.resource}."
    )


def _or_the_account(decision: Decision) -> str:
    caller = decision.request.principal
    if caller.kind in ("Service", "Account"):
        return ""
    return (
        f", or to the account principal arn:{caller.partition}:iam::{caller.account}:root so that identity policies"
        " may allow it"
    )


def _deciding_step(decision: Decision) -> Step:
    return next(step for step in decision.trace if step.applies and _decided(step, decision))


def _decided(step: Step, decision: Decision) -> bool:
    return step.layer == decision.layer and step.statement == decision.statement


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _place(step: Step) -> str:
    sid = f' ("{step.sid}")' if step.sid else ""
    policy = "the key policy" if step.layer == "key-policy" else step.policy
    return f"statement {step.index + 1}{sid} of {policy}"
