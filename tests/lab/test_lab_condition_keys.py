"""Each condition key of KMS is there for the permissions for which AWS lists it, and for no other.

The lists are those of the service authorization reference of KMS of 2026-09-26. Left out: kms:RecipientAttestation
(the lab has no attestation documents) and the two kms:CustomerMasterKey names, which AWS has put aside.
"""

import base64
import json
import os
from typing import Any

import pytest

from kms_katas.lab import Lab
from kms_katas.lab.kms import authorization
from kms_katas.lab.kms.operations import OPERATIONS
from kms_katas.policy.context import condition_context

SEALING = "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext"
PAIRS = "GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext"
STORES = "ConnectCustomKeyStore CreateCustomKeyStore DeleteCustomKeyStore DescribeCustomKeyStores"
STORES += " DisconnectCustomKeyStore UpdateCustomKeyStore"
LISTS = "GenerateRandom ListAliases ListKeys ListRetirableGrants"

ONLY_FOR = {
    "aws:requesttag/": "CreateKey TagResource",
    "aws:tagkeys": "CreateKey TagResource UntagResource",
    "kms:bypasspolicylockoutsafetycheck": "CreateKey PutKeyPolicy",
    "kms:datakeypairspec": PAIRS,
    "kms:encryptionalgorithm": f"{SEALING} {PAIRS}",
    "kms:encryptioncontext:": f"{SEALING} {PAIRS} CreateGrant RetireGrant",
    "kms:encryptioncontextkeys": f"{SEALING} {PAIRS} CreateGrant RetireGrant",
    "kms:expirationmodel": "ImportKeyMaterial",
    "kms:grantconstraintsourcearn": "CreateGrant",
    "kms:grantconstrainttype": "CreateGrant RetireGrant",
    "kms:grantisforawsresource": "CreateGrant ListGrants RevokeGrant",
    "kms:grantoperations": "CreateGrant",
    "kms:granteeprincipal": "CreateGrant",
    "kms:granteeserviceprincipal": "CreateGrant",
    "kms:keyagreementalgorithm": "DeriveSharedSecret",
    "kms:macalgorithm": "GenerateMac VerifyMac",
    "kms:messagetype": "Sign Verify",
    "kms:policyname": "GetKeyPolicy PutKeyPolicy",
    "kms:primaryregion": "UpdatePrimaryRegion",
    "kms:reencryptonsamekey": "ReEncryptFrom ReEncryptTo",
    "kms:replicaregion": "ReplicateKey",
    "kms:requestalias": (
        f"{SEALING} {PAIRS} GenerateMac VerifyMac Sign Verify DeriveSharedSecret Encapsulate Decapsulate DescribeKey"
        " GetPublicKey"
    ),
    "kms:retiringprincipal": "CreateGrant",
    "kms:retiringserviceprincipal": "CreateGrant",
    "kms:rotationperiodindays": "EnableKeyRotation",
    "kms:schedulekeydeletionpendingwindowindays": "ScheduleKeyDeletion",
    "kms:signingalgorithm": "Sign Verify",
    "kms:trailingdayswithoutkeyusage": "DisableKey ScheduleKeyDeletion",
    "kms:validto": "ImportKeyMaterial",
    "kms:wrappingalgorithm": "GetParametersForImport",
    "kms:wrappingkeyspec": "GetParametersForImport",
}
NOT_FOR = {
    # The reference lists aws:ResourceTag for CreateKey too; there is no resource yet that could have a tag.
    "aws:resourcetag/": f"{STORES} {LISTS} CreateKey",
    "kms:calleraccount": LISTS,
    "kms:keyorigin": f"{STORES} {LISTS}",
    "kms:keyspec": f"{STORES} {LISTS}",
    "kms:keyusage": f"{STORES} {LISTS}",
    "kms:multiregion": f"{STORES} {LISTS}",
    "kms:multiregionkeytype": f"{STORES} {LISTS}",
    "kms:resourcealiases": f"{STORES} {LISTS} CreateKey",
    "kms:viaservice": f"{STORES} {LISTS}",
}
KNOWN = ONLY_FOR | NOT_FOR
OPERATION_OF = {"ReEncryptFrom": "ReEncrypt", "ReEncryptTo": "ReEncrypt"}
PERMISSIONS = sorted({*OPERATIONS, *OPERATION_OF} - {"ReEncrypt"})


def listed(permission: str) -> set[str]:
    return {
        key
        for key in KNOWN
        if (permission in ONLY_FOR[key].split() if key in ONLY_FOR else permission not in NOT_FOR[key].split())
    }


def general(key: str) -> str:
    """The key without the part that authors choose."""
    chosen = next((start for start in KNOWN if start.endswith(("/", ":")) and key.startswith(start)), None)
    return chosen or key


@pytest.fixture
def seen(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The condition keys by permission of each decision from now on, those that the policy room derives included."""
    found: dict[str, set[str]] = {}

    def remember(request: Any, documents: Any) -> Any:
        found.setdefault(request.action.removeprefix("kms:"), set()).update(map(general, condition_context(request)))
        return decide(request, documents)

    decide = authorization.decide
    monkeypatch.setattr(authorization, "decide", remember)
    return found


@pytest.fixture
def fullest(lab: Lab, raw: Any, least_request: Any) -> Any:
    """Requests to an operation that bring every condition key that they can."""
    kms = lab.home.admin.client("kms")
    key = kms.create_key(MultiRegion=True, Tags=[{"TagKey": "team", "TagValue": "blue"}])["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key)
    kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
    lab.clock.advance(minutes=1)
    pairs = {"tenant": "blue"}
    constraint = {"EncryptionContextEquals": pairs}
    granted = {"GranteePrincipal": lab.home.admin.arn, "Operations": ["Decrypt"], "Constraints": constraint}
    grant = kms.create_grant(KeyId=key, **granted)["GrantId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=os.urandom(8), EncryptionContext=pairs)["CiphertextBlob"]
    blob = base64.b64encode(sealed).decode()
    tags = [{"TagKey": "team", "TagValue": "red"}]
    service = {"GranteeServicePrincipal": "s3.amazonaws.com", "RetiringServicePrincipal": "s3.amazonaws.com"}
    more: dict[str, list[dict[str, Any]]] = {
        "CreateAlias": [{"TargetKeyId": key}],
        "CreateGrant": [
            granted | {"RetiringPrincipal": lab.home.admin.arn},
            {
                "Operations": ["Decrypt"],
                "Constraints": {"SourceArn": "arn:aws:logs:us-east-1:111122223333:log-group:app"},
            }
            | service,
        ],
        "CreateKey": [{"Tags": tags, "MultiRegion": True}],
        "Decrypt": [{"CiphertextBlob": blob, "EncryptionContext": pairs}],
        "DeleteAlias": [{"AliasName": "alias/mine"}],
        "ImportKeyMaterial": [{"ValidTo": 2_000_000_000}],
        "ReEncrypt": [
            {
                "CiphertextBlob": blob,
                "SourceKeyId": "alias/mine",
                "SourceEncryptionContext": pairs,
                "DestinationKeyId": "alias/mine",
                "DestinationEncryptionContext": pairs,
            }
        ],
        "ReplicateKey": [{"ReplicaRegion": "eu-west-3", "Tags": tags}],
        "RetireGrant": [{"GrantId": grant}],
        "RevokeGrant": [{"GrantId": grant}],
        "TagResource": [{"Tags": tags}],
        "UntagResource": [{"TagKeys": ["team"]}],
        "UpdateAlias": [{"AliasName": "alias/mine", "TargetKeyId": key}],
        "UpdatePrimaryRegion": [{"PrimaryRegion": "eu-west-1"}],
        "PutKeyPolicy": [{"Policy": kms.get_key_policy(KeyId=key)["Policy"]}],
    }
    sealing = {"EncryptionContext": pairs}
    for name in ("Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", *PAIRS.split()):
        more[name] = [sealing]

    def requests(operation: str) -> list[dict[str, Any]]:
        least = least_request(operation)
        if "KeyId" in least or operation in ("Decrypt", "RetireGrant"):
            least["KeyId"] = "alias/mine" if OPERATIONS[operation].by_alias else key
        return [least | one for one in more.get(operation, [{}])]

    return requests


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_the_condition_keys_of_a_permission_are_those_that_aws_lists(
    lab: Lab, seen: Any, fullest: Any, permission: str
) -> None:
    operation = OPERATION_OF.get(permission, permission)
    bodies = fullest(operation)
    seen.clear()
    client = lab.home.admin.client("kms", via_service="s3")
    for body in bodies:
        send(client, operation, body)
    found = seen[permission]
    assert {key for key in found if key in KNOWN} == listed(permission)
    assert not {key for key in found if key.startswith("kms:")} - set(KNOWN)


@pytest.mark.parametrize("permission", ["CreateKey", "TagResource", "ReplicateKey"])
def test_the_second_permission_of_an_operation_has_no_key_that_aws_does_not_list(
    lab: Lab, seen: Any, fullest: Any, permission: str
) -> None:
    body = fullest("ReplicateKey")[0]
    seen.clear()
    send(lab.home.admin.client("kms", via_service="s3"), "ReplicateKey", body)
    assert {key for key in seen[permission] if key in KNOWN} <= listed(permission)


def send(client: Any, operation: str, body: dict[str, Any]) -> None:
    """The body as it stands, whatever comes of it: only what was decided matters here."""

    def replace(request: Any, **_: Any) -> None:
        request.data = json.dumps(body).encode()
        request.headers["X-Amz-Target"] = f"TrentService.{operation}"

    client.meta.events.register("request-created.kms", replace)
    try:
        client.list_keys()
    except client.exceptions.ClientError:
        pass
    finally:
        client.meta.events.unregister("request-created.kms", replace)
