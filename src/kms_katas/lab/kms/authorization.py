"""The step that asks the policy room whether the caller may, with what this request really carries.

The rules themselves live in kms_katas.policy. Which condition keys an operation carries: the developer guide's page on
KMS condition keys and the service authorization reference.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from kms_katas.lab.documents import documents_about, principal_of
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.aws_managed import nobody_may
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.keys import Key
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.request import has_error
from kms_katas.lab.kms.schedule import DEFAULT_ROTATION_PERIOD
from kms_katas.lab.kms.specs import ENCRYPT, USAGE_OF
from kms_katas.lab.kms.targets import grant_of_token
from kms_katas.lab.kms.usage import days_without_use
from kms_katas.lab.kms.work import Check, Work
from kms_katas.lab.request_keys import Context, global_keys
from kms_katas.policy import Decision, NamedPolicy, Request, decide, denial_message
from kms_katas.policy import Grant as WeighedGrant
from kms_katas.policy.context import resource_account

_WHOM = ("GranteePrincipal", "RetiringPrincipal", "GranteeServicePrincipal", "RetiringServicePrincipal")
_NOT_FOR_A_SERVICE = frozenset(
    f"kms:{name}"
    for name in (
        *("GenerateRandom", "ListAliases", "ListKeys", "ListRetirableGrants", "CreateCustomKeyStore"),
        *("ConnectCustomKeyStore", "DeleteCustomKeyStore", "DescribeCustomKeyStores", "DisconnectCustomKeyStore"),
        "UpdateCustomKeyStore",
    )
)
"""The permissions for which the service authorization reference (2026-09) does not list kms:ViaService."""
_NO_POLICY = '{"Statement": []}'
_WITH_ONE_CONTEXT = frozenset(name for name, usage in USAGE_OF.items() if usage == ENCRYPT) - {"ReEncrypt"}
_SAID_IN_REQUEST = {
    "SigningAlgorithm": "kms:SigningAlgorithm",
    "MacAlgorithm": "kms:MacAlgorithm",
    "KeyAgreementAlgorithm": "kms:KeyAgreementAlgorithm",
    "KeyPairSpec": "kms:DataKeyPairSpec",
}
"""Parameters that are a condition key as they stand, in whichever operation has them."""


def authorize(work: Work) -> None:
    """Leaves the Decision in `work.decision`.

    Raises AccessDeniedException with AWS's text at the first permission that is missing, and
    InvalidGrantTokenException.
    """
    # Whether AWS looks at the tokens before the policies is not documented.
    shown = set(_shown(work))
    for check in work.target.checks:
        if not setting.current.enforce and not _is_managed_by_aws(check):
            continue
        policy = _NO_POLICY if check.absent else check.key.policy if check.key is not None else None
        work.decision = _decision(work, check, policy, _counting(work, check, shown))
        if not work.decision.allowed:
            raise KMSError("AccessDeniedException", denial_message(work.decision))


def _is_managed_by_aws(check: Check) -> bool:
    """An AWS managed key is nobody's to manage, not even where everybody is an administrator."""
    return check.key is not None and check.key.manager == "AWS" and nobody_may(check.action, check.key.policy)


def _shown(work: Work) -> Iterator[str]:
    """The IDs of the grants whose tokens the request carries. Raises InvalidGrantTokenException.

    DescribeKey has no such error in the model: there a token that stands for no grant counts for nothing.
    """
    for token in work.parameters.get("GrantTokens", ()):
        try:
            yield grant_of_token(work, token)[1].id
        except KMSError as unknown:
            if has_error(work.operation, unknown.code):
                raise


def may_put_key_policy(work: Work, key: Key, document: Mapping[str, Any]) -> bool:
    """The lockout safety check: whether the caller could call PutKeyPolicy under the new policy."""
    return _decision(work, Check("kms:PutKeyPolicy", key.arn, key, region=key.region), json.dumps(document)).allowed


def _counting(work: Work, check: Check, shown: Collection[str]) -> tuple[WeighedGrant, ...]:
    """The grants of the key that are known everywhere by now, and those whose token the request carries.

    RetireGrant takes a new grant as it is (botocore shape RetireGrantRequest, GrantToken).
    """
    if check.key is None:
        return ()
    since = work.now - setting.current.grant_delay
    return tuple(
        grant.weighed()
        for grant in check.key.grants.values()
        if grant.created <= since or grant.id in shown or grant is work.target.grant
    )


def _decision(work: Work, check: Check, key_policy: str | None, grants: tuple[WeighedGrant, ...] = ()) -> Decision:
    caller = work.caller
    assert caller is not None
    documents = documents_about(
        caller,
        resource_account(check.resource) or caller.account,
        work.route,
        key_policy=None if key_policy is None else _named("key policy", key_policy),
        grants=grants,
        aws_managed_key=check.key is not None and check.key.manager == "AWS",
    )
    request = Request(
        principal_of(caller),
        check.action,
        check.resource,
        condition_context(work, check),
        grant_request=_asked_grant(work, check.resource) if work.operation == "CreateGrant" else None,
        grant_id=work.target.grant.id if work.target.grant is not None else None,
    )
    return decide(request, documents)


def _asked_grant(work: Work, key_arn: str) -> WeighedGrant:
    """What CreateGrant asks for, to compare with the grant that may allow it."""
    asked = work.parameters
    constraints = asked.get("Constraints", {})
    return WeighedGrant(
        "",
        key_arn,
        asked.get("GranteePrincipal", ""),
        tuple(asked["Operations"]),
        equals=constraints.get("EncryptionContextEquals", {}),
        subset=constraints.get("EncryptionContextSubset", {}),
        source_arn=constraints.get("SourceArn", ""),
    )


@lru_cache(maxsize=1024)
def _named(name: str, text: str) -> NamedPolicy:
    document = json.loads(text)
    return NamedPolicy(name, document)


def condition_context(work: Work, check: Check) -> Context:
    """The condition keys of this request and this resource.

    Keys that follow from the principal are derived by `decide`.
    """
    asked = work.parameters
    operation = work.operation
    assert work.caller is not None
    region = check.region or work.region
    context = global_keys(work.caller, region, work.user_agent, work.now, work.route, resource_account(check.resource))
    if work.route.via_service and check.action not in _NOT_FOR_A_SERVICE:
        context["kms:ViaService"] = work.route.via_service
    if check.resource == "*" and check.action in ("kms:CreateKey", "kms:TagResource"):
        # The service authorization reference (2026-09) lists it there; `decide` adds it where there is a key.
        context["kms:CallerAccount"] = work.caller.account
    if check.key is not None:
        context |= _of_key(work, check.key)
    if operation in _WITH_ONE_CONTEXT:
        context |= _of_use(asked)
    context |= {key: asked[name] for name, key in _SAID_IN_REQUEST.items() if name in asked}
    if operation in ("Sign", "Verify"):
        context["kms:MessageType"] = asked.get("MessageType", "RAW")
    if operation == "ReEncrypt":
        context |= _of_use(asked, "Source" if check.action == "kms:ReEncryptFrom" else "Destination")
        context["kms:ReEncryptOnSameKey"] = _spoken(len({check.resource for check in work.target.checks}) == 1)
    if check.named_alias is not None:
        context["kms:RequestAlias"] = check.named_alias
    if operation == "CreateKey":
        # Also where the request leaves the default in place.
        context["kms:KeySpec"] = asked.get("KeySpec", asked.get("CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"))
        context["kms:KeyUsage"] = asked.get("KeyUsage", "ENCRYPT_DECRYPT")
        context["kms:KeyOrigin"] = asked.get("Origin", "AWS_KMS")
        context["kms:MultiRegion"] = _spoken(asked.get("MultiRegion", False))
        if asked.get("MultiRegion"):
            context["kms:MultiRegionKeyType"] = "PRIMARY"
    if operation == "ReplicateKey":
        if check.action == "kms:ReplicateKey":
            context["kms:ReplicaRegion"] = asked["ReplicaRegion"]
        else:
            # Which keys the second permission carries is not documented: here those of a CreateKey of this replica.
            context |= _of_kind(work.key) | {"kms:MultiRegionKeyType": "REPLICA"}
    if operation == "UpdatePrimaryRegion":
        context["kms:PrimaryRegion"] = asked["PrimaryRegion"]
    if check.action in ("kms:CreateKey", "kms:PutKeyPolicy"):
        context["kms:BypassPolicyLockoutSafetyCheck"] = _spoken(asked.get("BypassPolicyLockoutSafetyCheck", False))
    if operation in ("GetKeyPolicy", "PutKeyPolicy"):
        context["kms:PolicyName"] = asked.get("PolicyName", "default")
    if check.action in ("kms:CreateKey", "kms:TagResource"):
        context |= _of_tags({tag["TagKey"]: tag["TagValue"] for tag in asked.get("Tags", ())})
    if operation == "UntagResource":
        context["aws:TagKeys"] = tuple(asked["TagKeys"])
    if operation == "GetParametersForImport":
        context["kms:WrappingAlgorithm"] = asked["WrappingAlgorithm"]
        context["kms:WrappingKeySpec"] = asked["WrappingKeySpec"]
    if operation == "ImportKeyMaterial":
        context["kms:ExpirationModel"] = asked.get("ExpirationModel", "KEY_MATERIAL_EXPIRES")
        if "ValidTo" in asked:
            context["kms:ValidTo"] = asked["ValidTo"].strftime("%Y-%m-%dT%H:%M:%SZ")
    if operation == "EnableKeyRotation":
        # Also where the request leaves the default in place: recorded (see operations/rotation.py).
        context["kms:RotationPeriodInDays"] = str(asked.get("RotationPeriodInDays", DEFAULT_ROTATION_PERIOD))
    if operation in ("CreateGrant", "ListGrants", "RevokeGrant"):
        # AWS does not say whether the key is there in calls that no AWS service makes; here it is, and false.
        context["kms:GrantIsForAWSResource"] = _spoken(bool(work.route.via_service))
    if operation == "CreateGrant":
        context |= {f"kms:{name}": asked[name] for name in _WHOM if name in asked}
        context["kms:GrantOperations"] = tuple(asked["Operations"])
        context |= _of_constraints(asked.get("Constraints", {}))
    if operation == "RetireGrant" and work.target.grant is not None:
        context |= _of_constraints(work.target.grant.constraints)
        context.pop("kms:GrantConstraintSourceArn", None)
    if operation in ("DisableKey", "ScheduleKeyDeletion") and check.key is not None:
        context["kms:TrailingDaysWithoutKeyUsage"] = str(days_without_use(check.key, work.now))
    if operation == "ScheduleKeyDeletion":
        context["kms:ScheduleKeyDeletionPendingWindowInDays"] = str(asked.get("PendingWindowInDays", 30))
    return context


def _of_key(work: Work, key: Key) -> Context:
    """Tags and aliases as authorization knows them by now: a change takes up to five minutes to affect it, and other
    operations may show it before (developer guide, "ABAC for AWS KMS"). Those that CreateKey gave count at once: that
    page speaks of changes. kms:RequestAlias is a word of the request and has no delay, since the page has none for it.
    """
    context = _of_kind(key)
    known = work.now - setting.current.tag_and_alias_delay
    aliases = store_of(key.account, key.region, work.now).aliases_at(key, known)
    if aliases:
        context["kms:ResourceAliases"] = aliases
    return context | {f"aws:ResourceTag/{name}": value for name, value in key.tags_at(known).items()}


def _of_kind(key: Key) -> Context:
    context: Context = {
        "kms:KeySpec": key.spec,
        "kms:KeyUsage": key.usage,
        "kms:KeyOrigin": key.origin,
        "kms:MultiRegion": _spoken(key.multi_region),
    }
    if key.multi_region:
        context["kms:MultiRegionKeyType"] = key.multi_region_type
    return context


def _of_use(asked: Mapping[str, Any], side: str = "") -> Context:
    """What a request says of the cryptography, for the one or for one of the two keys that it uses."""
    pairs = asked.get(f"{side}EncryptionContext", {})
    context: Context = {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
    if pairs:
        context["kms:EncryptionContextKeys"] = tuple(pairs)
    context["kms:EncryptionAlgorithm"] = asked.get(f"{side}EncryptionAlgorithm", "SYMMETRIC_DEFAULT")
    return context


def _of_constraints(constraints: Mapping[str, Any]) -> Context:
    """The pairs of a grant's constraint stand for those of a request (developer guide, kms:EncryptionContext)."""
    context: Context = {}
    for kind in ("EncryptionContextEquals", "EncryptionContextSubset"):
        if pairs := constraints.get(kind):
            context["kms:GrantConstraintType"] = kind
            context |= {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
            context["kms:EncryptionContextKeys"] = tuple(pairs)
    if "SourceArn" in constraints:
        context["kms:GrantConstraintSourceArn"] = constraints["SourceArn"]
    return context


def _of_tags(tags: Mapping[str, str]) -> Context:
    context: Context = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    if tags:
        context["aws:TagKeys"] = tuple(tags)
    return context


def _spoken(value: bool) -> str:
    return "true" if value else "false"
