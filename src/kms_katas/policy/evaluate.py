"""The decision about KMS: what the statements that apply add up to for a key, an alias or "*".

The order of the rules follows the KMS guide ("Troubleshooting key access") and the IAM reference ("Policy evaluation
logic"). Which statements apply is found in examine.py; roles and their trust policies are in assume_role.py.
"""

from .context import is_key, resource_account
from .decision import Decision, DecisionKind, Documents, Grant, Layer, NamedPolicy, Request, Step
from .examine import CALLER_NAMED, examined, first_allow, first_deny
from .grants import examined_grants
from .principal import Principal

# The permissions that reach a key of another account (KMS API reference, "Cross-account use: Yes"), lower-case.
CROSS_ACCOUNT = frozenset(
    "kms:" + name
    for name in (
        "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair"
        " GenerateDataKeyPairWithoutPlaintext GenerateMac VerifyMac Sign Verify DeriveSharedSecret Encapsulate"
        " Decapsulate DescribeKey GetPublicKey GetKeyRotationStatus CreateGrant ListGrants RevokeGrant RetireGrant"
    )
    .lower()
    .split()
)

# In a key policy kms:RetireGrant has no effect (KMS guide, "Retiring and revoking grants").
_NOT_IN_KEY_POLICY = frozenset({"kms:retiregrant"})

_ALIAS_CHANGES = frozenset({"kms:createalias", "kms:updatealias", "kms:deletealias"})


def decide(request: Request, documents: Documents) -> Decision:
    """Whether the documents allow the request, which layer and statement decided, and every statement looked at.

    The key policy has a say only where the resource is a key ARN; on "*" and on an alias the identity policies decide
    alone, and only within the account. A grant stands beside the key policy. Never raises for documents that
    `parse_document` accepts.
    """
    caller, action = request.principal, request.action.lower()
    owner = resource_account(request.resource)
    under_key_policy = is_key(request.resource) and action not in _NOT_IN_KEY_POLICY
    policies: list[tuple[Layer, NamedPolicy]] = [("identity-policy", policy) for policy in documents.identity]
    if under_key_policy and documents.key_policy is not None:
        policies.insert(0, ("key-policy", documents.key_policy))
    grants = examined_grants(request, documents.grants) if is_key(request.resource) else ()
    trace = (*examined(request, policies), *(step for _, step in grants))

    def decision(kind: DecisionKind, layer: Layer, step: Step | None = None) -> Decision:
        return Decision(request, kind, layer, step.statement if step else None, trace)

    if deny := first_deny(trace):
        return decision("ExplicitDeny", deny.layer, deny)

    identity_allow = first_allow(trace, "identity-policy")
    is_root = caller.kind == "Account"
    crosses_accounts = owner is not None and caller.kind != "Service" and caller.account != owner

    if action in _ALIAS_CHANGES and ":alias/aws/" in request.resource:
        return decision("ImplicitDeny", "reserved-alias")
    held = [(grant, step) for grant, step in grants if step.applies]
    if crosses_accounts and (
        action not in CROSS_ACCOUNT or not (under_key_policy or held or _issued_by_the_caller(request, documents))
    ):
        return decision("ImplicitDeny", "cross-account")
    by_grant = next((step for grant, step in held if _counts_alone(grant, step, caller)), None)
    if not under_key_policy:
        if is_root:
            return decision("Allowed", "root-user")
        if by_grant:
            return decision("Allowed", "grant", by_grant)
        return decision("Allowed" if identity_allow else "ImplicitDeny", "identity-policy", identity_allow)

    # Naming the caller is enough inside the account; naming its account only lets the caller's own policies decide,
    # and across accounts every name does no more than that (KMS guide, "Allowing users in other accounts").
    if not crosses_accounts and (direct := first_allow(trace, "key-policy", *CALLER_NAMED)):
        return decision("Allowed", "key-policy", direct)
    if by_grant:
        return decision("Allowed", "grant", by_grant)
    delegation = first_allow(trace, "key-policy", *CALLER_NAMED, "ACCOUNT") or next((step for _, step in held), None)
    if delegation is None:
        return decision("ImplicitDeny", "key-policy")
    if is_root:
        return decision("Allowed", delegation.layer, delegation)
    return decision("Allowed" if identity_allow else "ImplicitDeny", "identity-policy", identity_allow)


def _counts_alone(grant: Grant, step: Step, caller: Principal) -> bool:
    """Whether the grant needs no identity policy beside it.

    It needs one where its grantee is an account, as a key policy would (our reading), and where it was issued by
    another account than the grantee's: so AWS was recorded on 2026-09-12 (radkawar/stackd,
    testdata/aws/kms/grants.json, cases cross_owner_* and cross_trusted_*, of which the second were issued from the
    grantee's account). A grant whose issuer is not known is taken for one of the caller's account.
    """
    if caller.kind == "Service":
        return True
    return step.match in CALLER_NAMED and grant.issuing_account in ("", caller.account)


def _issued_by_the_caller(request: Request, documents: Documents) -> bool:
    """Whether the caller's account made the grant to retire, and so may let its principals retire it (API reference,
    RetireGrant: "the Amazon Web Services account in which the grant is created")."""
    return any(
        grant.grant_id == request.grant_id and grant.issuing_account == request.principal.account
        for grant in documents.grants
    )
