"""The decision about what services other than KMS keep: buckets and objects, queues, topics, secrets, volumes.

Their resource policies stand beside the identity policies: inside one account either is enough, between two both are
needed (IAM reference, "Policy evaluation logic"). Keys are another matter (evaluate.py), and so are roles
(assume_role.py): there the policy on the resource comes first.
"""

from dataclasses import replace
from functools import partial

from .decision import Decision, DecisionKind, Documents, Layer, Request
from .evaluate import LIMITED, guardrail_without_allow, limits_without_allow, weighed_policies
from .examine import CALLER_NAMED, Asked, Weighed, allows_by_match, examined, first_allow, first_deny
from .statement import NamedPolicy, Statement


def decide_on_resource(request: Request, resource_policy: NamedPolicy | None, documents: Documents) -> Decision:
    """Whether the documents allow a request to another service than KMS.

    `request.action` is a permission such as "s3:GetObject", `request.resource` the ARN that it is asked on,
    `request.owner` the account that owns it; empty for an operation on nothing that somebody owns. `resource_policy` is
    None where there is none. `documents` are those of the caller and of the organization; a key policy and grants among
    them are not looked at. Never raises for documents that `parse_document` accepts.

    A resource policy that names the caller, its role or everyone is enough inside the account; one that names the
    account leaves it to the caller's own policies.
    """
    bounds = weighed_policies(request, replace(documents, key_policy=None, identity=(), grants=()))
    on_it = () if resource_policy is None else (resource_policy,)
    weighed: Weighed = [("resource-policy", on_it), ("identity-policy", documents.identity), *bounds]
    asked = Asked(request, documents.boundary is not None)

    def decision(kind: DecisionKind, layer: Layer, statement: Statement | None = None) -> Decision:
        return Decision(request, kind, layer, statement.ref if statement else None, partial(examined, asked, weighed))

    if deny := first_deny(asked, weighed):
        return decision("ExplicitDeny", *deny)
    if lacking := guardrail_without_allow(asked, bounds):
        return decision("ImplicitDeny", lacking)

    caller = request.principal
    opened = allows_by_match(asked, "resource-policy", on_it)
    same_account = caller.kind == "Service" or request.owner in ("", caller.account)
    if caller.kind == "Account" and same_account:
        return decision("Allowed", "root-user")
    if caller.kind in ("Account", "Service") and opened:
        return decision("Allowed", "resource-policy", opened[0][1])
    if caller.kind == "Service":  # it has no policies of its own
        return decision("ImplicitDeny", "resource-policy")
    limits = limits_without_allow(asked, documents)
    # As with a key policy: what names the role of the caller is limited, what names the user or session is not.
    alone = [one for match, one in opened if match in CALLER_NAMED and not (limits and match in LIMITED)]
    if same_account and alone:
        return decision("Allowed", "resource-policy", alone[0])
    if not same_account and not opened:
        return decision("ImplicitDeny", "resource-policy")
    own = first_allow(asked, "identity-policy", documents.identity)
    if limits and (own or (same_account and any(match in LIMITED for match, _ in opened))):
        return decision("ImplicitDeny", limits[0])
    return decision("Allowed" if own else "ImplicitDeny", "identity-policy", own)
