"""AWS's own words for a denied request. The words for learners are in explanation.py."""

from .context import resource_account
from .decision import Decision, Layer

_NAMED: dict[Layer, tuple[str, str]] = {
    "service-control-policy": ("a", "service control policy"),
    "resource-control-policy": ("a", "resource control policy"),
    "vpc-endpoint-policy": ("a", "VPC endpoint policy"),
    "key-policy": ("a", "resource-based policy"),
    "trust-policy": ("the", "role trust policy"),
    "resource-policy": ("a", "resource-based policy"),
    "identity-policy": ("an", "identity-based policy"),
    "permissions-boundary": ("a", "permissions boundary"),
    "session-policy": ("a", "session policy"),
}
"""How AWS names the policies of a layer, with the article (IAM guide, "Troubleshoot access denied error messages")."""

_OF_THE_CALLER: frozenset[Layer] = frozenset(["identity-policy", "permissions-boundary", "session-policy"])


def denial_message(decision: Decision) -> str:
    """AWS's text for a denied request: KMS's AccessDeniedException (HTTP 400), STS's AccessDenied (HTTP 403).

    Recorded from KMS on 2026-09-12 (radkawar/stackd, testdata/aws/kms/grants.json) are the endings "because no
    identity-based policy / session policy / permissions boundary allows" and "with an explicit deny in a session
    policy"; those on resource-based and identity-based policies are seen in reports of real errors. The others have the
    form that the IAM guide shows ("Troubleshoot access denied error messages"), with other services as its examples.
    Not documented, and so uncertain here:

    - which ending AWS prints where several layers deny; the guide says only that it names one of them. Here it is the
      first that `decide` looks at;
    - which ending AWS prints where the key policy and the identity policies both lack the Allow. Here it is "no
      resource-based policy", unless the key policy leaves the matter to the identity policies;
    - the ending for an operation that never reaches a key of another account, and for changes of alias/aws/ names;
    - whether KMS adds the ARN of the policy after an explicit deny, as reports say of other services since 2026. The
      recordings have a session policy alone, which has no ARN. Here none is added;
    - Decrypt without a KeyId: reports of real errors also show "... on the resource associated with this ciphertext
      because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based
      policy explicitly denies access". Which denials get that text is not known; it is not made here.
    - AssumeRole that nothing allows: the text ends with the role's ARN in most reports of real errors, in a few with
      "because no identity-based policy allows the sts:AssumeRole action"; the IAM guide shows "because no role trust
      policy allows the sts:AssumeRole action". Here it ends with the ARN. The endings of an explicit deny are the
      guide's; one report has "a resource-based policy" there.
    """
    request = decision.request
    if decision.layer == "root-user" and not decision.allowed:
        return "Roles may not be assumed by root accounts."
    said = f"User: {request.principal.arn} is not authorized to perform: {request.action} on {_what(decision)}"
    if decision.kind == "ExplicitDeny":
        return f"{said} with an explicit deny in {' '.join(_NAMED[decision.layer])}"
    if decision.about_a_role and decision.layer in ("trust-policy", "identity-policy"):
        return said
    return f"{said} because no {_NAMED[_lacking(decision)][1]} allows the {request.action} action"


def _lacking(decision: Decision) -> Layer:
    """The layer that AWS would say lacks the Allow."""
    if decision.layer in _NAMED:
        return decision.layer
    # "cross-account" lacks the owner's side for a key, and there is no policy but the caller's own for the rest.
    on_key = decision.layer == "cross-account" and ":key/" in decision.request.resource
    return "key-policy" if on_key else "identity-policy"


def _what(decision: Decision) -> str:
    """A caller of another account whose own side lacks the Allow is not told the key's ARN: recorded on 2026-09-12
    (radkawar/stackd, testdata/aws/kms/grants.json, cases cross_owner_*, cross_trusted_* and cross_retire_*) of
    identity-based and session policies; that a permissions boundary is told like them is our reading."""
    owner = resource_account(decision.request.resource)
    crosses = owner is not None and decision.request.principal.account != owner
    if crosses and decision.layer in _OF_THE_CALLER and decision.kind == "ImplicitDeny":
        return "this resource"
    return f"resource: {decision.request.resource}"
