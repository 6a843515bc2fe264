"""A request that a proof found, sent in the lab as somebody who is just so: the evidence beside the sentence.

Not for whether it should be allowed. What the lab cannot have (another year) is not sent, and the sentence
stands alone.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from kms_katas.grading.answer import Answer
from kms_katas.grading.in_force import let_there_be
from kms_katas.grading.intents import GIVES_ALL, allow, policy
from kms_katas.lab import Lab, Principal
from kms_katas.lab.accounts import Role
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.request import service_model
from kms_katas.lab.kms.specs import ENCRYPT, USAGE_OF
from kms_katas.lab.kms.usage import days_without_use
from kms_katas.lab.organizations import organization_keys
from kms_katas.lab.services.keys_for_services import ask_kms_as_service
from kms_katas.policy import Counterexample, Documents, Request
from kms_katas.policy.context import Context, resource_account

_PAIR = "kms:EncryptionContext:"
_OF_A_SERVICE = ("aws:SourceArn", "aws:SourceAccount")
_ORGANIZATION_IDS = ("aws:PrincipalOrgID", "aws:ResourceOrgID", "aws:SourceOrgID")
_PATHS = ("aws:PrincipalOrgPaths", "aws:ResourceOrgPaths", "aws:SourceOrgPaths")
_TAG, _ALIASES = "aws:resourcetag/", "kms:resourcealiases"
"""Of the key itself, in lower case: policies write the names of condition keys as they like."""
_UNUSED = "kms:TrailingDaysWithoutKeyUsage"
_FROM_THE_WAY = {"aws:SourceIp": "source_ip", "kms:ViaService": "via_service"}
_FROM_THE_CALL: dict[str, tuple[str, Callable[[str], Any]]] = {
    "kms:GranteePrincipal": ("GranteePrincipal", str),
    "kms:RetiringPrincipal": ("RetiringPrincipal", str),
    "kms:ScheduleKeyDeletionPendingWindowInDays": ("PendingWindowInDays", int),
    "kms:RotationPeriodInDays": ("RotationPeriodInDays", int),
    "kms:BypassPolicyLockoutSafetyCheck": ("BypassPolicyLockoutSafetyCheck", "true".__eq__),
}
_OF_THE_LAB = {
    *("aws:RequestedRegion", "aws:SecureTransport", "aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalType"),
    *("aws:ResourceAccount", "aws:username", "kms:CallerAccount", "kms:EncryptionContextKeys", "kms:GrantOperations"),
    *("kms:EncryptionAlgorithm", "kms:KeySpec", "kms:KeyUsage", "kms:KeyOrigin", "kms:MultiRegion", "kms:PolicyName"),
    *("kms:ReEncryptOnSameKey", _UNUSED),
    *(
        "aws:ViaAWSService",
        "kms:GrantIsForAWSResource",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalServiceName",
        "aws:PrincipalServiceNamesList",
        "aws:CurrentTime",
        "aws:EpochTime",
    ),
}
"""Condition keys that follow from the rest, or that the lab has with the value that a request to it always has."""


def send(answer: Answer, found: Counterexample, documents: Documents) -> None:
    """Send the request; where it comes out as was decided, leave it as the check's evidence.

    The documents are in force already, but on a key that is not there yet: it is made, with their key policy.
    """
    there = _there(answer.lab, found.request.resource, documents) and _unused(answer.lab, found.request)
    order = _order(answer.lab, found.request) if there else None
    as_somebody = _caller(answer.lab, found)
    if order is None or as_somebody is None:
        return
    operation, parameters = order
    if not _labelled(answer.lab, found.request):
        return
    before = len(answer.lab.calls)
    try:
        as_somebody(operation, parameters)
        code, said = "", "KMS did it"
    except ParamValidationError:  # such as a principal of no characters, which boto3 does not send
        return
    except ClientError as error:
        code, said = error.response["Error"]["Code"], str(error.response["Error"]["Message"])
    except KMSError as error:
        code, said = error.code, error.message
    if code == ("" if found.first.allowed else "AccessDeniedException"):
        answer.called, answer.returned = f"{operation} on the key, as {spoken(found.request)}", said
        for call in answer.lab.calls[before:]:
            answer.lab.remark(call, "answer")


def _there(lab: Lab, resource: str, documents: Documents) -> bool:
    """Whether the lab has the key, or could make it."""
    if resource == "*":
        return True
    _, _, _, region, owner, name = resource.split(":", 5)
    account, key_id = lab.account(owner), name.removeprefix("key/")
    if account.has_key(resource):
        return True
    if key_id.startswith("mrk-") or documents.key_policy is None:
        return False
    account.create_key(documents.key_policy.document, region, key_id)
    return True


def tags_of_key(context: Context) -> dict[str, str]:
    """The tags of the key that a request is about, as far as its condition keys tell."""
    return {key[len(_TAG) :]: str(value) for key, value in context.items() if key.lower().startswith(_TAG)}


def aliases_of_key(context: Context) -> tuple[str, ...]:
    """The aliases of the key that a request is about, as far as its condition keys tell."""
    return next((tuple(value) for key, value in context.items() if key.lower() == _ALIASES), ())


def is_label(key: str) -> bool:
    """Whether a condition key is about the tags or the aliases of the key."""
    return key.lower().startswith(_TAG) or key.lower() == _ALIASES


def _labelled(lab: Lab, request: Request) -> bool:
    """Give the key the tags and aliases of the request, where it speaks of any; False where it cannot have them."""
    context = request.context
    named = str(context["kms:RequestAlias"]) if "kms:RequestAlias" in context else None
    tags, aliases = tags_of_key(context), (*aliases_of_key(context), *filter(None, (named,)))
    if tags or aliases:
        try:
            lab.account(resource_account(request.resource) or "").label_key(request.resource, tags, aliases)
        except ValueError:  # a name that no alias can have, or that is another key's
            return False
    return True


def _unused(lab: Lab, request: Request) -> bool:
    """Whether the key has gone unused for the days that the request says, for which the lab's clock moves on."""
    days = request.context.get(_UNUSED)
    if days is None:
        return True
    _, _, _, region, owner, name = request.resource.split(":", 5)
    key = store_of(owner, region, lab.clock.now()).keys[name.removeprefix("key/")]
    more = int(str(days)) - days_without_use(key, lab.clock.now())
    if more > 0:
        lab.clock.advance(days=more)
    return more >= 0


def spoken(request: Request) -> str:
    """A caller as sentences name it: user/bob in account 444455556666."""
    caller = request.principal
    if caller.kind == "Service":
        return f"the service {caller.arn}"
    if caller.kind == "Account":
        return f"the root user of account {caller.account}"
    if caller.role_arn is not None:
        return f"a session of {caller.role_arn.split(':', 5)[5]} in account {caller.account}"
    return f"{caller.arn.split(':', 5)[5]} in account {caller.account}"


def _caller(lab: Lab, found: Counterexample) -> Callable[[str, Mapping[str, Any]], object] | None:
    """How the one that calls sends an operation with its parameters; None where the lab has nobody who is just so."""
    request = found.request
    region = request.resource.split(":")[3] if request.resource != "*" else None
    if request.principal.kind == "Service":
        arn, account = (request.context.get(key, "") for key in _OF_A_SERVICE)
        if request.context.keys() & _FROM_THE_WAY.keys():
            return None

        def as_service(operation: str, parameters: Mapping[str, Any]) -> object:
            return ask_kms_as_service(
                request.principal.arn, region or lab.region, operation, parameters, str(arn), str(account)
            )

        return as_service
    caller = _somebody(lab, found)
    if caller is None or request.context.keys() & set(_OF_A_SERVICE):
        return None
    way: dict[str, Any] = {name: request.context[key] for key, name in _FROM_THE_WAY.items() if key in request.context}
    client = caller.client("kms", region, **way)
    return lambda operation, parameters: getattr(client, xform_name(operation))(**parameters)


def _somebody(lab: Lab, found: Counterexample) -> Principal | None:
    """Who of the lab is the one that calls, with an identity policy for everything where that is assumed."""
    caller = found.request.principal
    if caller.kind not in ("Account", "User", "AssumedRole") or caller.federated_provider is not None:
        return None
    account = lab.account(caller.account)
    if caller.kind == "Account":
        return account.root if not caller.tags else None
    arn = caller.role_arn or caller.arn
    path, _, name = arn.partition("/")[2].rpartition("/")
    made = account.find(arn)
    if made is not None and caller.kind == "User" and caller.tags:
        return None
    if made is None:
        whole_path = f"/{path}/" if path else "/"
        try:
            made = (
                account.user(name, path=whole_path, tags=caller.tags)
                if caller.kind == "User"
                else account.role(name, path=whole_path)
            )
        except ValueError:  # the name is taken: an account has one user of it, whatever the path
            return None
    if found.identity_allows:
        made.allow(GIVES_ALL.document, "of-the-check")
    if isinstance(made, Role):
        session = caller.arn.rpartition("/")[2] if ":assumed-role/" in caller.arn else "session"
        return made.session(session, tags=caller.tags)
    return made


def _order(lab: Lab, request: Request) -> tuple[str, dict[str, Any]] | None:
    """The operation and the parameters that ask for exactly this; None where the lab cannot be asked so."""
    context = request.context
    known = {*_FROM_THE_WAY, *_FROM_THE_CALL, *_OF_THE_LAB, *_OF_A_SERVICE, *_ORGANIZATION_IDS, *_PATHS}
    known.add("kms:RequestAlias")
    if any(not key.startswith(_PAIR) and key not in known and not is_label(key) for key in context):
        return None
    if not _organized_so(request):
        return None
    name = request.action.removeprefix("kms:")
    if name in ("ReEncryptFrom", "ReEncryptTo"):
        return "ReEncrypt", _moved(lab, name, request)
    if name not in service_model().operation_names:
        return None
    pairs = _pairs(request)
    asked: dict[str, Any] = {"KeyId": request.resource} if request.resource != "*" else {}
    if "kms:RequestAlias" in context:
        asked["KeyId"] = f"{request.resource.partition(':key/')[0]}:{context['kms:RequestAlias']}"
    asked |= {name: value_of(str(context[key])) for key, (name, value_of) in _FROM_THE_CALL.items() if key in context}
    for principal in ("GranteePrincipal", "RetiringPrincipal"):
        if principal in asked:
            let_there_be(lab, asked[principal])
    if pairs and USAGE_OF.get(name) == ENCRYPT:
        asked["EncryptionContext"] = pairs
    more = _needed(lab, name, request, pairs)
    if not {*service_model().operation_model(name).input_shape.required_members} <= {*asked, *more}:
        return None
    return name, more | asked


def _organized_so(request: Request) -> bool:
    """Whether the accounts are in the organizations that the request says. Where in them is not asked: the units of a
    request that a proof made up are nowhere."""
    theirs = organization_keys("Principal", request.principal.account)
    theirs |= organization_keys("Resource", resource_account(request.resource))
    source = request.context.get("aws:SourceAccount")
    theirs |= organization_keys("Source", str(source) if source is not None else None)
    said = {key: request.context[key] for key in _ORGANIZATION_IDS if key in request.context}
    return all(theirs.get(key) == value for key, value in said.items())


def _pairs(request: Request) -> dict[str, str]:
    """The encryption context."""
    return {key.removeprefix(_PAIR): str(value) for key, value in request.context.items() if key.startswith(_PAIR)}


def _moved(lab: Lab, permission: str, request: Request) -> dict[str, Any]:
    """What ReEncrypt is asked with: from the key, or to it; on the other side another key, which everybody may use."""
    key, pairs = request.resource, _pairs(request)
    owner = lab.account(resource_account(key) or "")
    if request.context.get("kms:ReEncryptOnSameKey") == "true":
        other = key
    else:
        for_everybody = policy("a key policy for everybody", allow("kms:*", by="*"))
        other = owner.create_key(for_everybody.document, key.split(":")[3])
    source, destination = (key, other) if permission == "ReEncryptFrom" else (other, key)
    side = "Source" if permission == "ReEncryptFrom" else "Destination"
    return {
        "CiphertextBlob": owner.seal(source, b"a secret", pairs if side == "Source" else {}),
        "SourceKeyId": source,
        "DestinationKeyId": destination,
        **({f"{side}EncryptionContext": pairs} if pairs else {}),
    }


def _needed(lab: Lab, name: str, request: Request, pairs: Mapping[str, str]) -> dict[str, Any]:
    """The parameters that the operation asks for beside the key, and that follow from no condition key."""
    match name:
        case "Decrypt":
            owner = lab.account(resource_account(request.resource) or "")
            return {"CiphertextBlob": owner.seal(request.resource, b"a secret", pairs)}
        case "Encrypt":
            return {"Plaintext": b"a secret"}
        case "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext":
            return {"KeySpec": "AES_256"}
        case "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext":
            return {"KeyPairSpec": "ECC_NIST_P256"}
        case "PutKeyPolicy":
            admin = lab.account(resource_account(request.resource) or "").root.arn
            theirs = policy("a key policy for the owner", allow("kms:*", by=admin))
            return {"Policy": json.dumps(theirs.document), "BypassPolicyLockoutSafetyCheck": True}
        case "CreateGrant":
            operations = request.context.get("kms:GrantOperations", ("Decrypt",))
            grantee = request.context.get("kms:GranteePrincipal", request.principal.role_arn or request.principal.arn)
            limits = {"Constraints": {"EncryptionContextSubset": dict(pairs)}} if pairs else {}
            return {"Operations": list(operations), "GranteePrincipal": grantee, **limits}
        case "TagResource":
            return {"Tags": [{"TagKey": "a", "TagValue": "b"}]}
        case "UntagResource":
            return {"TagKeys": ["a"]}
        case "UpdateKeyDescription":
            return {"Description": "changed"}
    return {}
