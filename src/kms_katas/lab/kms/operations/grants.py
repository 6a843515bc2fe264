"""CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant.

Recorded from AWS: the codes and texts for principals (grant_principals.py), "Grants must not contain only the
CreateGrant operation.", "More than one constraint supplied", the texts for operations and for an encryption context
that do not suit the key (project stackd, 2026-09-12, testdata/aws/kms/{hmac,ecc,rsa,mldsa}.json; the operations for an
HMAC key, by which the other kinds go here), NotFoundException for revoking a grant that is not there (its text is not),
an empty Name in the list where none was given, no Constraints where there are none, a CreationDate of whole seconds.
All other texts here are the lab's own: AWS's are not recorded. Not documented either: what a grant ID of another form
than 64 hexadecimal digits is answered with (here InvalidGrantIdException), whether ListGrants with the ID of no grant
is an error (here an empty list), what the token of a retired or revoked grant is answered with (here
InvalidGrantTokenException), and which wins where RetireGrant has both a token and an ID (here the token).
"""

import base64
from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.grant_principals import named_principal
from kms_katas.lab.kms.grants import NOBODY, Grant, Named
from kms_katas.lab.kms.keys import Key
from kms_katas.lab.kms.models import store_of, stores_in
from kms_katas.lab.kms.paging import page
from kms_katas.lab.kms.request import service_model
from kms_katas.lab.kms.specs import KEY_SPECS, USAGE_OF
from kms_katas.lab.kms.targets import find_grant, require_grant_id
from kms_katas.lab.kms.work import Work

MOST_GRANTS = 50_000
"""Of one key (developer guide, resource quotas)."""

_MOST_PAIRS, _LONGEST_VALUE = 8, 384  # botocore shape CreateGrantRequest, Constraints

_ANY_KEY = frozenset({"CreateGrant", "RetireGrant", "DescribeKey"})
_HALVES = {"ReEncrypt": ("ReEncryptFrom", "ReEncryptTo")}


def suitable_operations(key: Key) -> frozenset[str]:
    """The grant operations that work with such a key (developer guide, "Grant operations")."""
    of_usage = [name for name, usage in USAGE_OF.items() if usage == key.usage]
    if not key.is_symmetric_encryption_key:
        of_usage = [name for name in of_usage if not name.startswith("GenerateDataKey")]
    of_kind = {"GetPublicKey"} if KEY_SPECS[key.spec].has_public_key else set()
    return _ANY_KEY | of_kind | {half for name in of_usage for half in _HALVES.get(name, (name,))}


def create_grant(work: Work) -> dict[str, Any]:
    grant = _asked(work)
    same = next((one for one in work.key.grants.values() if grant.name and one.same_as(grant)), None)
    if same is None:
        if len(work.key.grants) >= MOST_GRANTS:
            raise KMSError("LimitExceededException", f"{work.key.arn} already has {MOST_GRANTS} grants.")
        work.key.grants[grant.id] = same = grant
    token = base64.b64encode(setting.current.randomness.bytes(96)).decode()
    same.tokens.add(token)
    store_of(work.key.account, work.key.region, work.now).grant_tokens[token] = (work.key, same)
    return {"GrantToken": token, "GrantId": same.id}


def rehearse_create_grant(work: Work) -> None:
    _asked(work)


def list_grants(work: Work) -> dict[str, Any]:
    asked = work.parameters
    _not_both(asked, "GranteePrincipal", "GranteeServicePrincipal")
    found = work.key.grants
    if "GrantId" in asked:
        require_grant_id(asked["GrantId"])
        found = {place: grant for place, grant in found.items() if place == asked["GrantId"]}
    if "GranteePrincipal" in asked:
        wanted = _searched(
            asked["GranteePrincipal"], "InvalidArnException", "Input does not refer to a valid principal"
        )
        found = {place: grant for place, grant in found.items() if grant.grantee == wanted}
    if "GranteeServicePrincipal" in asked:
        raise _for_services_only("GranteeServicePrincipal")
    return page({place: grant.entry() for place, grant in found.items()}, asked, "Grants", 50, 100)


def list_retirable_grants(work: Work) -> dict[str, Any]:
    """Those on keys of every account in this Region."""
    asked = work.parameters
    _not_both(asked, "RetiringPrincipal", "RetiringServicePrincipal")
    if "RetiringServicePrincipal" in asked:
        raise _for_services_only("RetiringServicePrincipal")
    if "RetiringPrincipal" not in asked:
        raise KMSError("ValidationException", "You must specify either RetiringPrincipal or RetiringServicePrincipal.")
    value = asked["RetiringPrincipal"]
    wanted = _searched(value, "NotFoundException", f"Retiring principal {value} could not be found")
    if setting.current.enforce and wanted.name.split(":")[4] != work.account:
        # "Enter a principal in your Amazon Web Services account" (botocore); what another one gets is not documented.
        raise KMSError("InvalidArnException", f"ARN does not refer to a valid principal: {value}")
    found = {
        f"{key.arn} {grant.id}": grant.entry()
        for store in stores_in(work.region, work.now)
        for key in store.keys.values()
        for grant in key.grants.values()
        if grant.retiring == wanted
    }
    return page(found, asked, "Grants", 50, 100)


def retire_grant(work: Work) -> dict[str, Any]:
    assert work.target.grant is not None
    return _end(work, work.target.grant)


def revoke_grant(work: Work) -> dict[str, Any]:
    return _end(work, rehearse_revoke_grant(work))


def rehearse_revoke_grant(work: Work) -> Grant:
    return find_grant(work.key, work.parameters["GrantId"])


def _end(work: Work, grant: Grant) -> dict[str, Any]:
    del work.key.grants[grant.id]
    tokens = store_of(work.key.account, work.key.region, work.now).grant_tokens
    for token in grant.tokens:
        del tokens[token]
    return {}


def _asked(work: Work) -> Grant:
    """The grant that the request describes. Raises ValidationException and InvalidArnException."""
    asked, key = work.parameters, work.key
    constraints = asked.get("Constraints", {})
    _not_both(asked, "GranteePrincipal", "GranteeServicePrincipal")
    _not_both(asked, "RetiringPrincipal", "RetiringServicePrincipal")
    _require_sound_operations(asked["Operations"], key)
    _require_sound_constraints(constraints, key)
    grantee, retiring = _named(asked, "Grantee"), _named(asked, "Retiring")
    if grantee == NOBODY:
        raise KMSError("ValidationException", "You must specify either GranteePrincipal or GranteeServicePrincipal.")
    if grantee.is_service and "SourceArn" not in constraints:
        raise KMSError("ValidationException", "A grant with a GranteeServicePrincipal needs a SourceArn constraint.")
    if grantee.is_service and retiring == NOBODY:
        raise KMSError(
            "ValidationException",
            "A grant with a GranteeServicePrincipal needs a RetiringPrincipal or a RetiringServicePrincipal.",
        )
    return Grant(
        setting.current.randomness.bytes(32).hex(),
        key.arn,
        asked.get("Name", ""),
        work.now.replace(microsecond=0),
        work.account,
        grantee,
        retiring,
        tuple(dict.fromkeys(asked["Operations"])),
        {name: value for name, value in constraints.items() if value},
    )


def _named(asked: dict[str, Any], role: str) -> Named:
    if f"{role}ServicePrincipal" in asked:
        return Named(asked[f"{role}ServicePrincipal"], is_service=True)
    parameter = f"{role}Principal"
    return Named(*named_principal(asked[parameter], parameter)) if parameter in asked else NOBODY


def _searched(value: str, code: str, text: str) -> Named:
    """The principal of a filter; `code` and `text` are for an ID that nobody has."""
    try:
        return Named(*named_principal(value, ""))
    except KMSError:
        if value.startswith("arn:"):
            raise
        raise KMSError(code, text) from None


def _require_sound_operations(operations: list[str], key: Key) -> None:
    if not operations:
        raise KMSError("ValidationException", "Operations must name at least one operation.")
    suited = [one for one in service_model().shape_for("GrantOperation").enum if one in suitable_operations(key)]
    unsuited = [one for one in operations if one not in suited]
    if unsuited:
        kind = "an asymmetric" if KEY_SPECS[key.spec].has_public_key else "a symmetric"
        raise KMSError(
            "ValidationException",
            f"Operations [{', '.join(unsuited)}] are not supported when creating a grant for {kind} KMS key with key "
            f"usage {key.usage}. Valid operations are [{', '.join(suited)}]",
        )
    if set(operations) == {"CreateGrant"}:
        raise KMSError("ValidationException", "Grants must not contain only the CreateGrant operation.")


def _require_sound_constraints(constraints: dict[str, Any], key: Key) -> None:
    given = [name for name in ("EncryptionContextEquals", "EncryptionContextSubset") if name in constraints]
    if len(given) == 2:
        raise KMSError("ValidationException", "More than one constraint supplied")
    for name in given:
        pairs = constraints[name]
        if not key.is_symmetric_encryption_key:
            raise KMSError(
                "ValidationException",
                "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.",
            )
        if len(pairs) > _MOST_PAIRS:
            raise KMSError("ValidationException", f"{name} can have {_MOST_PAIRS} pairs. It had {len(pairs)}.")
        if any(len(value) > _LONGEST_VALUE for value in pairs.values()):
            raise KMSError("ValidationException", f"A value in {name} can have {_LONGEST_VALUE} characters.")


def _not_both(asked: dict[str, Any], one: str, other: str) -> None:
    if one in asked and other in asked:
        raise KMSError("ValidationException", f"You can specify either {one} or {other}, but not both.")


def _for_services_only(parameter: str) -> KMSError:
    return KMSError("ValidationException", f"Only AWS services can search by {parameter}.")
