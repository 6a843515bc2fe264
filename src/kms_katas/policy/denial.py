"""AWS's own words for a denied request. The words for learners are in explain.py."""

from .context import resource_account
from .decision import Decision


def denial_message(decision: Decision) -> str:
    """AWS's text for a denied request: KMS's AccessDeniedException (HTTP 400), STS's AccessDenied (HTTP 403).

    The four endings are seen in real errors. Not documented, and so uncertain here:

    - which ending AWS prints where the key policy and the identity policies both lack the Allow. Here it is "no
      resource-based policy", unless the key policy leaves the matter to the identity policies;
    - the ending for an operation that never reaches a key of another account, and for changes of alias/aws/ names;
    - Decrypt without a KeyId: reports of real errors also show "... on the resource associated with this ciphertext
      because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based
      policy explicitly denies access". Which denials get that text is not known; it is not made here.
    - AssumeRole that nothing allows: the text ends with the role's ARN in most reports of real errors, in a few with
      "because no identity-based policy allows the sts:AssumeRole action"; the IAM guide shows "because no role trust
      policy allows the sts:AssumeRole action". Here it ends with the ARN. The endings of an explicit deny are the
      guide's ("Troubleshoot access denied error messages"); one report has "a resource-based policy" there.
    """
    request = decision.request
    if decision.layer == "root-user" and not decision.allowed:
        return "Roles may not be assumed by root accounts."
    said = f"User: {request.principal.arn} is not authorized to perform: {request.action} on {_what(decision)}"
    if decision.kind == "ExplicitDeny":
        return f"{said} with an explicit deny in {_denying(decision)}"
    if decision.about_a_role:
        return said
    # "cross-account" lacks the owner's side for a key, and there is no policy but the caller's own for the rest.
    lacks_resource = decision.layer == "key-policy" or (
        decision.layer == "cross-account" and ":key/" in request.resource
    )
    policy = "resource-based policy" if lacks_resource else "identity-based policy"
    return f"{said} because no {policy} allows the {request.action} action"


def _what(decision: Decision) -> str:
    """A caller of another account whose own side lacks the Allow is not told the key's ARN: recorded on 2026-09-12
    (radkawar/stackd, testdata/aws/kms/grants.json, cases cross_owner_*)."""
    owner = resource_account(decision.request.resource)
    crosses = owner is not None and decision.request.principal.account != owner
    if crosses and decision.layer == "identity-policy" and decision.kind == "ImplicitDeny":
        return "this resource"
    return f"resource: {decision.request.resource}"


def _denying(decision: Decision) -> str:
    match decision.layer:
        case "trust-policy":
            return "the role trust policy"
        case "key-policy":
            return "a resource-based policy"
        case _:
            return "an identity-based policy"
