"""The decision about a role: who may make a session of it, tag it and name its source. What the session may do
afterwards is decided elsewhere.

A trust policy is the resource policy of its role (STS API reference, AssumeRole: "Add the user as a principal directly
in the role's trust policy", or let the user's own policies allow it where the trust policy trusts the account).
"""

from dataclasses import replace
from functools import partial

from .context import role_account
from .decision import Decision, DecisionKind, Documents, Layer, Request
from .evaluate import LIMITED, guardrail_without_allow, limits_without_allow, weighed_policies
from .examine import CALLER_NAMED, Asked, Weighed, allows_by_match, examined, first_allow, first_deny
from .statement import NamedPolicy, Statement

_NO_OTHERS = Documents()


def decide_assume_role(
    request: Request,
    trust_policy: NamedPolicy | None,
    identity: tuple[NamedPolicy, ...] = (),
    others: Documents = _NO_OTHERS,
) -> Decision:
    """Whether the caller may assume the role: `request.action` is "sts:AssumeRole", `request.resource` the role's ARN.
    "sts:TagSession" and "sts:SetSourceIdentity", which a request for a session may need beside it, are asked alike.

    `trust_policy` is None where no such role exists: the answer is then a denial like any other. `identity` are the
    caller's own policies. `others` are the documents that bound the caller and the role's account: permissions
    boundary, session policies, those of the organization and of the VPC endpoint; its key policy, identity policies and
    grants are not looked at. Never raises for documents that `parse_document` accepts.

    Inside the account a trust policy that names the caller, its role or everyone is enough; one that names the account
    leaves it to the caller's own policies; across accounts they are needed in any case. A role does not trust itself
    unless its trust policy says so (so since 2022-09; before, an identity policy was enough).
    """
    trusting = () if trust_policy is None else (trust_policy,)
    bounds = weighed_policies(request, replace(others, key_policy=None, identity=(), grants=()))
    weighed: Weighed = [("trust-policy", trusting), ("identity-policy", identity), *bounds]
    asked = Asked(request, others.boundary is not None)

    def decision(kind: DecisionKind, layer: Layer, statement: Statement | None = None) -> Decision:
        return Decision(request, kind, layer, statement.ref if statement else None, partial(examined, asked, weighed))

    caller = request.principal
    if caller.kind == "Account":
        # Whatever the policies say: STS answers "Roles may not be assumed by root accounts."
        return decision("ImplicitDeny", "root-user")
    if deny := first_deny(asked, weighed):
        return decision("ExplicitDeny", *deny)
    if lacking := guardrail_without_allow(asked, bounds):
        return decision("ImplicitDeny", lacking)

    # A service, such as Lambda, belongs to no account and has no policies of its own.
    same_account = caller.kind == "Service" or caller.account == role_account(request.resource)
    trusted = allows_by_match(asked, "trust-policy", trusting)
    limits = limits_without_allow(asked, others)
    # As with a key policy: what names the role of the caller is limited, what names the user or session is not.
    alone = [one for match, one in trusted if match in CALLER_NAMED and not (limits and match in LIMITED)]
    if same_account and alone:
        return decision("Allowed", "trust-policy", alone[0])
    if not trusted:
        return decision("ImplicitDeny", "trust-policy")
    own = first_allow(asked, "identity-policy", identity)
    if limits and (own or (same_account and any(match in LIMITED for match, _ in trusted))):
        return decision("ImplicitDeny", limits[0])
    return decision("Allowed" if own else "ImplicitDeny", "identity-policy", own)
