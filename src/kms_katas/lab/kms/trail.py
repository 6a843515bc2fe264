"""What CloudTrail would log of a request to KMS. Never a plaintext, a ciphertext, key material or a policy that was
read.

Shape: the developer guide's pages on logging KMS calls with CloudTrail. The form of some responseElements varies
between operations there; the lab gives `keyId` (the key ARN) for management operations, and the few extra members that
those pages show. CloudTrail records every call that succeeds and some that fail; which ones is not documented, so
the lab records every call of a known caller. Whether `dryRun` shows in requestParameters is not documented either.
AWS's example of RotateKeyOnDemand has the key ID as `keyId` of its responseElements; the lab has the ARN there too.
Not documented: the record of CreateKey that a ReplicateKey leaves in the replica's Region ("results in a ReplicateKey
operation and a CreateKey operation"); here it has the caller, the request ID and no requestParameters. A request that a
service makes has no tlsDetails here: no example of AWS shows one.
Not here: what the records of all services share (../trail.py); what KMS does by itself (own_events.py).
"""

from datetime import datetime
from typing import Any

from kms_katas.lab.callers import Caller
from kms_katas.lab.kms.work import Work
from kms_katas.lab.trail import (
    EVENT_VERSION,
    Record,
    Resource,
    calling_service,
    event_id,
    for_each_account,
    identity_of,
    resource_of,
    time_of,
    tls_to,
    written_date,
)

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

_DEFAULTS: dict[str, dict[str, Any]] = {
    "CreateKey": {
        "description": "",
        "origin": "AWS_KMS",
        "bypassPolicyLockoutSafetyCheck": False,
        "keyUsage": "ENCRYPT_DECRYPT",
    },
    "ReplicateKey": {"bypassPolicyLockoutSafetyCheck": False, "description": ""},
    "Encrypt": {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    "Decrypt": {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    "ReEncrypt": {
        "sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    },
}
"""What requestParameters shows of a request that did not say it: the guide's examples for these operations."""


def records_of_request(work: Work) -> tuple[Record, ...]:
    """One record in the caller's log; a use of another account's key adds one to that one's, with the same
    sharedEventID, unless it was denied ("Logging AWS KMS API calls": what is "rejected because access is denied" is
    logged in the caller's account alone). A change that reaches into another Region has a second record there.

    A refused caller leaves none.
    """
    if work.caller is None:
        return ()
    record = _record(work, work.caller)
    let_in = work.error is None or (work.decision is not None and work.decision.allowed)
    owners = tuple(key.account for key in work.target.keys) if let_in or not work.caller.account else ()
    return (*for_each_account(record, work.caller, owners), *_in_the_other_region(work, record))


def _record(work: Work, caller: Caller) -> Record:
    service = calling_service(caller, _invoking(work))
    event: Record = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": identity_of(caller, _invoking(work)),
        "eventTime": time_of(work.now),
        "eventSource": "kms.amazonaws.com",
        "eventName": work.operation,
        "awsRegion": work.region,
        "sourceIPAddress": service or work.route.source_ip,
        "userAgent": service or work.user_agent,
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
    }
    if not service:
        event["tlsDetails"] = tls_to(f"kms.{work.region}.amazonaws.com")
    if (endpoint := work.route.endpoint) is not None:
        event |= {"vpcEndpointId": endpoint.id, "vpcEndpointAccountId": endpoint.account}
    event["resources"] += [_key_resource(key.account, key.arn) for key in work.target.keys]
    # An alias has the type of a key there too (developer guide, log entries of CreateAlias and UpdateAlias).
    aliases = [check.resource for check in work.target.checks if ":alias/" in check.resource]
    event["resources"] += [_key_resource(caller.account, arn) for arn in aliases]
    return event


def _in_the_other_region(work: Work, record: Record) -> tuple[Record, ...]:
    """Developer guide, "ReplicateKey" and "UpdatePrimaryRegion" under "Logging AWS KMS API calls". The key is always in
    the caller's own account.
    """
    asked = {"ReplicateKey": "ReplicaRegion", "UpdatePrimaryRegion": "PrimaryRegion"}.get(work.operation)
    if asked is None or work.response is None or work.parameters[asked] == work.region:
        return ()
    region = work.parameters[asked]
    arn = work.key.arn.replace(f":{work.region}:", f":{region}:")
    there: Record = {
        "awsRegion": region,
        "eventID": event_id(work.request_id, region),
        "resources": [_key_resource(work.key.account, arn)],
        "recipientAccountId": work.key.account,
    }
    if work.operation == "ReplicateKey":
        metadata = _plain(work.response["ReplicaKeyMetadata"])
        there |= {"eventName": "CreateKey", "requestParameters": None, "responseElements": {"keyMetadata": metadata}}
    else:
        there["responseElements"] = {"keyId": arn}
    return (record | there,)


def _invoking(work: Work) -> str:
    """The service that called for the caller, as the examples of its calls have it: "s3.amazonaws.com"."""
    name, _, rest = work.route.via_service.partition(".")
    return f"{name}.{rest.partition('.')[2]}" if name else ""


def _key_resource(account: str, arn: str) -> dict[str, str]:
    return resource_of(Resource(account, "AWS::KMS::Key", arn))


def _request_parameters(work: Work) -> dict[str, Any] | None:
    given = {name: value for name, value in work.parameters.items() if name not in _NOT_LOGGED}
    contexts = {name: given.pop(name) for name in _CONTEXTS if name in given}
    found: dict[str, Any] = _plain(given)
    found |= {
        _lower_first(name): dict(context) for name, context in contexts.items()
    }  # their keys are the caller's own
    if work.operation == "CreateKey":
        spec = found.get("keySpec") or found.get("customerMasterKeySpec") or "SYMMETRIC_DEFAULT"
        found = {"keySpec": spec, "customerMasterKeySpec": spec} | found
    return _DEFAULTS.get(work.operation, {}) | found or None


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
        return written_date(value)
    if member in _CONSTRAINTS:
        return dict(value)  # an encryption context: its keys are the caller's own
    if isinstance(value, dict):
        return {_lower_first(name): _plain(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def _lower_first(name: str) -> str:
    return name if name == "AWSAccountId" else name[:1].lower() + name[1:]
