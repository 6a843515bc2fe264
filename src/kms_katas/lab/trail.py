"""What CloudTrail would log of a KMS request. Never a plaintext, a ciphertext, key material or a policy that was read.

Shape: the developer guide's pages on logging KMS calls with CloudTrail. The form of some responseElements varies
between operations there; the lab gives `keyId` (the key ARN) for management operations, and the few extra members that
those pages show. CloudTrail records every call that succeeds and some that fail; which ones is not documented, so
the lab records every call of a known caller. Whether `dryRun` shows in requestParameters is not documented either.
AWS's example of RotateKeyOnDemand has the key ID as `keyId` of its responseElements; the lab has the ARN there too.
Not here yet: the events of what KMS does by itself (RotateKey, DeleteKey, DeleteExpiredKeyMaterial).
"""

import hashlib
from datetime import datetime
from typing import Any

from kms_katas.lab.callers import Caller
from kms_katas.lab.kms.work import Work

_READ_ONLY = (
    *("Describe", "List", "Get", "Encrypt", "Decrypt", "ReEncrypt", "Generate"),
    *("Sign", "Verify", "DeriveSharedSecret", "Encapsulate", "Decapsulate"),
)
_CONTEXTS = ("EncryptionContext", "SourceEncryptionContext", "DestinationEncryptionContext")
_CONSTRAINTS = ("EncryptionContextEquals", "EncryptionContextSubset")
_MATERIAL = ("KeyMaterialId", "DestinationKeyMaterialId", "SourceKeyMaterialId")
_NOT_LOGGED = frozenset(
    {
        *("Plaintext", "CiphertextBlob", "DryRun", "Recipient", "GrantToken", "GrantTokens"),
        *("EncryptedKeyMaterial", "ImportToken"),
        *("Message", "Signature", "Mac", "PublicKey", "SharedSecretCiphertextBlob"),
        *("KeyStorePassword", "XksProxyAuthenticationCredential"),
    }
)


def events_of(work: Work) -> tuple[dict[str, Any], ...]:
    """One event in the caller's log; a successful use of another account's key adds one to that one's, with the same
    sharedEventID.

    A refused caller leaves none.
    """
    if work.caller is None:
        return ()
    event = _event(work, work.caller)
    if len(work.accounts) == 1 or work.error is not None:
        return (event | {"recipientAccountId": work.caller.account},)
    shared = event_id(work.request_id, "shared")
    return tuple(
        event | {"eventID": event_id(work.request_id, account), "recipientAccountId": account, "sharedEventID": shared}
        for account in work.accounts
    )


def _event(work: Work, caller: Caller) -> dict[str, Any]:
    event: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(caller) | ({"invokedBy": service} if (service := _invoking(work)) else {}),
        "eventTime": _time(work.now),
        "eventSource": "kms.amazonaws.com",
        "eventName": work.operation,
        "awsRegion": work.region,
        "sourceIPAddress": _invoking(work) or work.route.source_ip,
        "userAgent": _invoking(work) or work.user_agent,
    }
    if work.error is not None:
        code = work.error.code
        # CloudTrail's own name for this one, as its pages show it.
        event["errorCode"] = "AccessDenied" if code == "AccessDeniedException" else code
        if work.error.message:
            event["errorMessage"] = work.error.message
    event["requestParameters"] = _request_parameters(work)
    event["responseElements"] = _response_elements(work)
    reads = work.operation.startswith(_READ_ONLY)
    if reads and (materials := _materials(work)):
        event["additionalEventData"] = materials
    if work.target.grant is not None:
        event["additionalEventData"] = {"grantId": work.target.grant.id}  # as the example of RetireGrant has it
    event |= {
        "requestID": work.request_id,
        "eventID": event_id(work.request_id, "event"),
        "readOnly": reads,
        "resources": [],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "clientProvidedHostHeader": f"kms.{work.region}.amazonaws.com"},
    }
    if (endpoint := work.route.endpoint) is not None:
        event |= {"vpcEndpointId": endpoint.id, "vpcEndpointAccountId": endpoint.account}
    event["resources"] += [_resource(key.account, key.arn) for key in work.target.keys]
    # An alias has the type of a key there too (developer guide, log entries of CreateAlias and UpdateAlias).
    aliases = [check.resource for check in work.target.checks if ":alias/" in check.resource]
    event["resources"] += [_resource(caller.account, arn) for arn in aliases]
    return event


def _invoking(work: Work) -> str:
    """The service that called, as itself or for the caller, as the examples have it: "s3.amazonaws.com"."""
    if work.caller is not None and work.caller.kind == "AWSService":
        return work.caller.arn
    name, _, rest = work.route.via_service.partition(".")
    return f"{name}.{rest.partition('.')[2]}" if name else ""


def _resource(account: str, arn: str) -> dict[str, str]:
    return {"accountId": account, "type": "AWS::KMS::Key", "ARN": arn}


def _identity(caller: Caller) -> dict[str, Any]:
    if caller.kind == "AWSService":
        return {"type": caller.kind, "invokedBy": caller.arn}
    identity: dict[str, Any] = {
        "type": caller.kind,
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account,
        "accessKeyId": caller.access_key_id,
    }
    if caller.kind == "IAMUser":
        identity["userName"] = caller.arn.rpartition("/")[2]
    terms = caller.session
    attributes = {"mfaAuthenticated": "true" if terms is not None and terms.with_mfa else "false"}
    if terms is not None:
        attributes = {"creationDate": _time(terms.issued)} | attributes
    if caller.role_arn is not None:
        issuer = {
            "type": "Role",
            "principalId": caller.user_id.partition(":")[0],
            "arn": caller.role_arn,
            "accountId": caller.account,
            "userName": caller.role_arn.rpartition("/")[2],
        }
        identity["sessionContext"] = {"sessionIssuer": issuer, "attributes": attributes}
    elif terms is not None:
        identity["sessionContext"] = {"attributes": attributes}
    if terms is not None and terms.source_identity:
        identity["sessionContext"]["sourceIdentity"] = terms.source_identity
    return identity


def _request_parameters(work: Work) -> dict[str, Any] | None:
    given = {name: value for name, value in work.parameters.items() if name not in _NOT_LOGGED}
    contexts = {name: given.pop(name) for name in _CONTEXTS if name in given}
    found: dict[str, Any] = _plain(given)
    found |= {_lower_first(name): context for name, context in contexts.items()}  # their keys are the caller's own
    if work.operation in ("Encrypt", "Decrypt"):
        found.setdefault("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
    if work.operation == "ReEncrypt":
        found.setdefault("sourceEncryptionAlgorithm", "SYMMETRIC_DEFAULT")
        found.setdefault("destinationEncryptionAlgorithm", "SYMMETRIC_DEFAULT")
    return found or None


def _materials(work: Work) -> dict[str, Any]:
    """Which key material a cryptographic operation used. An import or a deletion of material says it in its answer."""
    if work.response is None:
        return {}
    found: dict[str, Any] = _plain({name: work.response[name] for name in _MATERIAL if name in work.response})
    return found if work.material_id is None else {"keyMaterialId": work.material_id}


def _response_elements(work: Work) -> dict[str, Any] | None:
    """Null for reads and cryptographic operations; the key ARN, and what the answer says of the key, for the others."""
    if work.response is None or work.operation.startswith(_READ_ONLY):
        return None
    found: dict[str, Any] = _plain(work.response)
    found.pop("grantToken", None)
    if work.target.key is not None and "keyMetadata" not in found:
        found["keyId"] = work.target.key.arn
    return found


def _plain(value: Any, member: str = "") -> Any:
    if isinstance(value, datetime):
        if member == "DeletionDate":
            return f"{value:%b} {value.day}, {value:%Y %H:%M:%S %p}"  # the one example of it, with its two clocks
        return f"{value:%b} {value.day}, {value.year}, {value.hour % 12 or 12}:{value:%M:%S %p}"
    if member in _CONSTRAINTS:
        return value  # an encryption context: its keys are the caller's own
    if isinstance(value, dict):
        return {_lower_first(name): _plain(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def _lower_first(name: str) -> str:
    return name if name == "AWSAccountId" else name[:1].lower() + name[1:]


def event_id(request_id: str, purpose: str) -> str:
    """A UUID-shaped ID that follows from the request ID, so that a trail reads the same each time."""
    digits = hashlib.sha256(f"{request_id} {purpose}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
