"""The decision about a role: who may make a session of it. What the session may do afterwards is decided elsewhere.

A trust policy is the resource policy of its role (STS API reference, AssumeRole: "Add the user as a principal directly
in the role's trust policy", or let the user's own policies allow it where the trust policy trusts the account).
"""

from functools import partial

from .context import role_account
from .decision import Decision, DecisionKind, Layer, Request
from .examine import CALLER_NAMED, Asked, Weighed, allows_by_match, examined, first_allow, first_deny
from .statement import NamedPolicy, Statement


def decide_assume_role(
    request: Request, trust_policy: NamedPolicy | None, identity: tuple[NamedPolicy, ...] = ()
) -> Decision:
    """Whether the caller may assume the role: `request.action` is "sts:AssumeRole", `request.resource` the role's ARN.

    `trust_policy` is None where no such role exists: the answer is then a denial like any other. `identity` are the
    caller's own policies. Never raises for documents that `parse_document` accepts.

    Inside the account a trust policy that names the caller, its role or everyone is enough; one that names the account
    leaves it to the caller's own policies; across accounts they are needed in any case. A role does not trust itself
    unless its trust policy says so (so since 2022-09; before, an identity policy was enough).
    """
    trusting = () if trust_policy is None else (trust_policy,)
    weighed: Weighed = (("trust-policy", trusting), ("identity-policy", identity))
    asked = Asked(request)

    def decision(kind: DecisionKind, layer: Layer, statement: Statement | None = None) -> Decision:
        return Decision(request, kind, layer, statement.ref if statement else None, partial(examined, asked, weighed))

    caller = request.principal
    if caller.kind == "Account":
        # Whatever the policies say: STS answers "Roles may not be assumed by root accounts."
        return decision("ImplicitDeny", "root-user")
    if deny := first_deny(asked, weighed):
        return decision("ExplicitDeny", *deny)

    # A service, such as Lambda, belongs to no account and has no policies of its own.
    same_account = caller.kind == "Service" or caller.account == role_account(request.resource)
    trusted = allows_by_match(asked, "trust-policy", trusting)
    if same_account and (direct := next((one for match, one in trusted if match in CALLER_NAMED), None)):
        return decision("Allowed", "trust-policy", direct)
    if not trusted:
        return decision("ImplicitDeny", "trust-policy")
    own = first_allow(asked, "identity-policy", identity)
    return decision("Allowed" if own else "ImplicitDeny", "identity-policy", own)
