"""The decision about KMS: what the statements that apply add up to for a key, an alias or "*".

The order of the rules follows the KMS guide ("Troubleshooting key access") and the IAM reference ("Policy evaluation
logic"). Which statements apply is found in examine.py; roles and their trust policies are in assume_role.py.
"""

from functools import partial
from typing import NamedTuple

from .context import is_key, names_alias, resource_account
from .decision import Decision, DecisionKind, Documents, Grant, Layer, Request, Step
from .examine import CALLER_NAMED, Asked, Weighed, allows_by_match, examined, first_allow, first_deny, points_met
from .grants import applying, examined_grants, reference
from .points import NO_READINGS, OPEN_POINTS, Readings
from .principal import PrincipalMatch
from .statement import NamedPolicy, StatementRef

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

RETIRE = "kms:retiregrant"
"""In a key policy it has no effect (KMS guide, "Retiring and revoking grants"), and resource control policies do not
reach it (KMS guide, "Resource control policies")."""

_ALIAS_CHANGES = frozenset({"kms:createalias", "kms:updatealias", "kms:deletealias"})

_ON_NO_KEY = frozenset(
    "kms:" + name
    for name in (
        "CreateKey ListKeys ListAliases ListRetirableGrants GenerateRandom CreateCustomKeyStore UpdateCustomKeyStore"
        " DescribeCustomKeyStores ConnectCustomKeyStore DisconnectCustomKeyStore DeleteCustomKeyStore"
    )
    .lower()
    .split()
)
"""Only identity policies give these (KMS API reference, "Required permissions: ... (IAM policy)"), also where the
request is about one key, as ListAliases can be."""

Verdict = tuple[DecisionKind, Layer, StatementRef | None]


def decide(request: Request, documents: Documents) -> Decision:
    """Whether the documents allow the request, and which layer and statement decided.

    The key policy has a say only where the resource is a key ARN; on "*" and on an alias the identity policies decide
    alone, and only within the account. A grant stands beside the key policy. Never raises for documents that
    `parse_document` accepts.

    The trace and the open points are worked out from the same documents when the Decision is asked for them.
    """
    kind, layer, ref = _verdict(request, documents)
    return Decision(
        request, kind, layer, ref, partial(_trace, request, documents), partial(_open, request, documents, kind)
    )


def _verdict(request: Request, documents: Documents, readings: Readings = NO_READINGS) -> Verdict:
    asked = Asked(request, documents.boundary is not None, readings)
    weighed = weighed_policies(request, documents)
    if deny := first_deny(asked, weighed):
        layer, statement = deny
        return "ExplicitDeny", layer, statement.ref
    if lacking := guardrail_without_allow(asked, weighed):
        return "ImplicitDeny", lacking, None

    caller, action = request.principal, request.action.lower()
    crosses = _crosses_accounts(request)
    under_key_policy = _under_key_policy(request)
    if action in _ALIAS_CHANGES and ":alias/aws/" in request.resource:
        return "ImplicitDeny", "reserved-alias", None
    if action not in _ALIAS_CHANGES and names_alias(request.resource):
        # What is about a key was asked of an alias, and no key policy speaks of that (KMS guide, "Controlling access to
        # aliases").
        return "ImplicitDeny", "key-policy", None
    held = applying(asked, documents.grants) if documents.grants and is_key(request.resource) else []
    if crosses and (
        action not in CROSS_ACCOUNT or not (under_key_policy or held or _issued_by_the_caller(request, documents))
    ):
        return "ImplicitDeny", "cross-account", None
    is_root = caller.kind == "Account"
    if is_root and not under_key_policy:
        return "Allowed", "root-user", None

    limits = limits_without_allow(asked, documents)
    openings = _openings(asked, documents, held, crosses)
    for opening in openings:
        if opening.alone and not _limited(opening, limits, asked):
            return "Allowed", opening.layer, opening.ref
    if under_key_policy and not openings:
        return "ImplicitDeny", "key-policy", None
    if is_root:
        return "Allowed", openings[0].layer, openings[0].ref
    own = first_allow(asked, "identity-policy", documents.identity)
    if own and not limits:
        return "Allowed", "identity-policy", own.ref
    # Where both lack the Allow: so AWS was recorded to say it for grants, to a role and to one of its sessions
    # (radkawar/stackd, testdata/aws/kms/grants.json, cases cross_owner_*_implicit_session_deny).
    if limits and (own or any(opening.match in LIMITED for opening in openings)):
        return "ImplicitDeny", limits[0], None
    return "ImplicitDeny", "identity-policy", None


def weighed_policies(request: Request, documents: Documents) -> list[tuple[Layer, tuple[NamedPolicy, ...]]]:
    """The policies that have a say in this request, each layer in the order in which it is looked at.

    Service control policies do not reach services, service-linked roles and the management account (Organizations
    guide, "Service control policies"); resource control policies do not reach service-linked roles, keys of the
    management account, AWS managed keys and RetireGrant (Organizations guide, "Resource control policies"; KMS guide).
    Whether they reach operations on no key is not documented; here they do.
    """
    caller, manager = request.principal, documents.management_account
    found: list[tuple[Layer, tuple[NamedPolicy, ...]]] = []
    if documents.scps and caller.kind != "Service" and not caller.service_linked and caller.account != manager:
        found += (("service-control-policy", level) for level in documents.scps)
    if documents.rcps and not (
        documents.aws_managed_key
        or caller.service_linked
        or request.action.lower() == RETIRE
        or (manager and manager == request.owning_account)
    ):
        found += (("resource-control-policy", level) for level in documents.rcps)
    if documents.vpc_endpoint is not None:
        found.append(("vpc-endpoint-policy", (documents.vpc_endpoint,)))
    if documents.key_policy is not None and _under_key_policy(request):
        found.append(("key-policy", (documents.key_policy,)))
    if documents.identity:
        found.append(("identity-policy", documents.identity))
    if documents.boundary is not None:
        found.append(("permissions-boundary", (documents.boundary,)))
    if documents.session:
        found.append(("session-policy", documents.session))
    return found


MUST_ALLOW: frozenset[Layer] = frozenset(["service-control-policy", "vpc-endpoint-policy"])
"""The layers without whose Allow nothing goes, whatever the others say. RCPFullAWSAccess cannot be taken off."""


def guardrail_without_allow(asked: Asked, weighed: Weighed) -> Layer | None:
    """The first layer that must allow and does not."""
    for layer, policies in weighed:
        if layer in MUST_ALLOW and first_allow(asked, layer, policies) is None:
            return layer
    return None


def _under_key_policy(request: Request) -> bool:
    action = request.action.lower()
    return is_key(request.resource) and action != RETIRE and action not in _ON_NO_KEY


def _crosses_accounts(request: Request) -> bool:
    owner, caller = resource_account(request.resource), request.principal
    return owner is not None and caller.kind != "Service" and caller.account != owner


class _Opening(NamedTuple):
    """A statement of the key policy, or a grant, that lets the caller in; `alone` if it needs no identity policy."""

    match: PrincipalMatch
    layer: Layer
    ref: StatementRef
    alone: bool


def _openings(
    asked: Asked, documents: Documents, held: list[tuple[PrincipalMatch, Grant]], crosses: bool
) -> list[_Opening]:
    """Naming the caller is enough inside the account; naming its account only lets the caller's own policies decide,
    and across accounts every name does no more than that (KMS guide, "Allowing users in other accounts")."""
    found = []
    if documents.key_policy is not None and _under_key_policy(asked.request):
        for match, statement in allows_by_match(asked, "key-policy", (documents.key_policy,)):
            found.append(_Opening(match, "key-policy", statement.ref, not crosses and match in CALLER_NAMED))
    for match, grant in held:
        if match != "ACCOUNT" or "grant-to-account-is-nothing" not in asked.readings:
            found.append(_Opening(match, "grant", reference(grant), counts_alone(grant, match, asked)))
    return found


LIMITED: tuple[PrincipalMatch, ...] = ("ROLE", "FEDUSER")
"""The ways of covering the caller beside which its boundary and session policies must allow as well."""


def limits_without_allow(asked: Asked, documents: Documents) -> tuple[Layer, ...]:
    """The policies that bound what the caller may have, and do not allow this."""
    limits: list[tuple[Layer, tuple[NamedPolicy, ...]]] = []
    if documents.boundary is not None:
        limits.append(("permissions-boundary", (documents.boundary,)))
    if documents.session:
        limits.append(("session-policy", documents.session))
    return tuple(layer for layer, policies in limits if first_allow(asked, layer, policies) is None)


def _limited(opening: _Opening, limits: tuple[Layer, ...], asked: Asked) -> bool:
    """Whether a boundary or session policy that does not allow takes away what the opening gives alone.

    What is given to a role it takes away; what is given to a user, a session or everyone it does not (IAM reference,
    "Evaluating identity-based policies with resource-based policies"). Of grants to a role, a session and a federated
    user AWS was recorded so on 2026-09-12 (radkawar/stackd, testdata/aws/kms/grants.json, cases
    *_implicit_session_deny and *_implicit_boundary_deny).
    """
    if not limits or opening.match in LIMITED:
        return bool(limits)
    if opening.layer == "key-policy":
        return "session-policy" in limits and "session-policy-limits-named-session" in asked.readings
    to_user = asked.caller.kind == "User" and "boundary-limits-grant-to-user" in asked.readings
    return to_user and "permissions-boundary" in limits


def counts_alone(grant: Grant, match: PrincipalMatch, asked: Asked) -> bool:
    """Whether the grant needs no identity policy beside it.

    It needs one where its grantee is an account, as a key policy would (our reading), and where it was issued by
    another account than the grantee's: so AWS was recorded on 2026-09-12 (radkawar/stackd,
    testdata/aws/kms/grants.json, cases cross_owner_* and cross_trusted_*, of which the second were issued from the
    grantee's account). A grant whose issuer is not known is taken for one of the caller's account.
    """
    caller = asked.caller
    if caller.kind == "Service":
        return True
    named = match in CALLER_NAMED or "grant-to-account-is-enough" in asked.readings
    return named and grant.issuing_account in ("", caller.account)


def _issued_by_the_caller(request: Request, documents: Documents) -> bool:
    """Whether the caller's account made the grant to retire, and so may let its principals retire it (API reference,
    RetireGrant: "the Amazon Web Services account in which the grant is created")."""
    return any(
        grant.grant_id == request.grant_id and grant.issuing_account == request.principal.account
        for grant in documents.grants
    )


def _trace(request: Request, documents: Documents) -> tuple[Step, ...]:
    asked = Asked(request, documents.boundary is not None)
    grants = documents.grants if is_key(request.resource) else ()
    return (*examined(asked, weighed_policies(request, documents)), *examined_grants(asked, grants))


def _open(request: Request, documents: Documents, kind: DecisionKind) -> tuple[str, ...]:
    """The open points that alone turn the answer. Two of them that only together would turn it are not found."""
    met = _met(request, documents)
    return tuple(
        name
        for name, point in OPEN_POINTS.items()
        if name in met
        and any(
            (_verdict(request, documents, frozenset([other]))[0] == "Allowed") is not (kind == "Allowed")
            for other in point.readings
        )
    )


def _met(request: Request, documents: Documents) -> set[str]:
    """The open points that could make a difference: most requests meet none, and are decided once."""
    asked = Asked(request)
    met = {
        point
        for layer, policies in weighed_policies(request, documents)
        for policy in policies
        for statement in policy.statements
        for point in points_met(statement, layer, asked)
    }
    return met | points_of_layers(documents)


def points_of_layers(documents: Documents) -> set[str]:
    """The open points that documents meet because of what grants and layers there are, whatever their policies say."""
    met: set[str] = set()
    if any(grant.equals or grant.subset for grant in documents.grants):
        met.add("grant-constraint-names")
    if any(grant.grantee.endswith(":root") or grant.grantee.isdigit() for grant in documents.grants):
        met.add("grant-to-account")
    if documents.grants and documents.boundary is not None:
        met.add("boundary-and-grant-to-user")
    if documents.session:
        met.add("session-policy-and-named-session")
    return met
