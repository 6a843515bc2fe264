"""Which operation works in which key state, whole table, and what each refusal says."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from importing import FOREVER, ready

from kms_katas.lab import Lab
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.request import service_model
from kms_katas.lab.kms.states import ORIGINS, REFUSALS

KEY_STATES: list[str] = service_model().shape_for("KeyState").enum
SYMMETRIC: dict[str, Any] = {}
MAC = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}
SIGNING = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
AGREEMENT = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}
ENCAPSULATION = {"KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE"}
MULTI_REGION = {"MultiRegion": True}
IMPORTED = {"Origin": "EXTERNAL"}

ECDSA = {"SigningAlgorithm": "ECDSA_SHA_256", "Message": b"x"}
HMAC = {"MacAlgorithm": "HMAC_SHA_256", "Message": b"x"}
WRAPPING = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}

# How to make the key, and what the request says beside the key's name. What a good request needs from the key is made
# while the key still works: `$blob` and the like are names of functions in MADE.
REQUESTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "CancelKeyDeletion": (SYMMETRIC, {}),
    "CreateAlias": (SYMMETRIC, {"AliasName": "alias/new"}),
    "CreateGrant": (
        SYMMETRIC,
        {"GranteePrincipal": "arn:aws:iam::111122223333:user/admin", "Operations": ["Decrypt"]},
    ),
    "Decapsulate": (ENCAPSULATION, {"EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": "$capsule"}),
    "Decrypt": (SYMMETRIC, {"CiphertextBlob": "$blob"}),
    "DeleteAlias": (SYMMETRIC, {"AliasName": "alias/mine"}),
    "DeleteImportedKeyMaterial": (IMPORTED, {}),
    "DeriveSharedSecret": (AGREEMENT, {"KeyAgreementAlgorithm": "ECDH", "PublicKey": "$public"}),
    "DescribeKey": (SYMMETRIC, {}),
    "DisableKey": (SYMMETRIC, {}),
    "DisableKeyRotation": (SYMMETRIC, {}),
    "EnableKey": (SYMMETRIC, {}),
    "EnableKeyRotation": (SYMMETRIC, {}),
    "Encapsulate": (ENCAPSULATION, {"EncapsulationAlgorithm": "ML_KEM"}),
    "Encrypt": (SYMMETRIC, {"Plaintext": b"x"}),
    "GenerateDataKey": (SYMMETRIC, {"KeySpec": "AES_256"}),
    "GenerateDataKeyPair": (SYMMETRIC, {"KeyPairSpec": "ECC_NIST_P256"}),
    "GenerateDataKeyPairWithoutPlaintext": (SYMMETRIC, {"KeyPairSpec": "ECC_NIST_P256"}),
    "GenerateDataKeyWithoutPlaintext": (SYMMETRIC, {"KeySpec": "AES_256"}),
    "GenerateMac": (MAC, HMAC),
    "GetKeyLastUsage": (SYMMETRIC, {}),
    "GetKeyPolicy": (SYMMETRIC, {}),
    "GetKeyRotationStatus": (SYMMETRIC, {}),
    "GetParametersForImport": (IMPORTED, WRAPPING),
    "GetPublicKey": (SIGNING, {}),
    "ImportKeyMaterial": (IMPORTED, {"ImportToken": "$token", "EncryptedKeyMaterial": "$wrapped"}),
    "ListAliases": (SYMMETRIC, {}),
    "ListGrants": (SYMMETRIC, {}),
    "ListKeyPolicies": (SYMMETRIC, {}),
    "ListKeyRotations": (SYMMETRIC, {}),
    "ListResourceTags": (SYMMETRIC, {}),
    "PutKeyPolicy": (SYMMETRIC, {"Policy": "$policy"}),
    "ReEncrypt": (SYMMETRIC, {"CiphertextBlob": "$blob"}),
    "ReplicateKey": (MULTI_REGION, {"ReplicaRegion": "eu-west-1"}),
    "RetireGrant": (SYMMETRIC, {"GrantId": "$grant"}),
    "RevokeGrant": (SYMMETRIC, {"GrantId": "$grant"}),
    "RotateKeyOnDemand": (SYMMETRIC, {}),
    "ScheduleKeyDeletion": (SYMMETRIC, {}),
    "Sign": (SIGNING, ECDSA),
    "TagResource": (SYMMETRIC, {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
    "UntagResource": (SYMMETRIC, {"TagKeys": ["a"]}),
    "UpdateAlias": (SYMMETRIC, {"AliasName": "alias/other"}),
    "UpdateKeyDescription": (SYMMETRIC, {"Description": "d"}),
    "UpdatePrimaryRegion": (MULTI_REGION, {"PrimaryRegion": "$replica"}),
    "Verify": (SIGNING, ECDSA | {"Signature": "$signature"}),
    "VerifyMac": (MAC, HMAC | {"Mac": "$mac"}),
}
MEMBER = {"CreateAlias": "TargetKeyId", "UpdateAlias": "TargetKeyId", "ReEncrypt": "DestinationKeyId"}
"""What names the key, where it is not KeyId."""


def _public(kms: Any, key: str) -> bytes:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _replica(kms: Any, key: str) -> str:
    kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
    return "eu-west-1"


def _retirable(kms: Any, key: str) -> str:
    admin = "arn:aws:iam::111122223333:user/admin"
    grant = kms.create_grant(KeyId=key, GranteePrincipal=admin, RetiringPrincipal=admin, Operations=["Decrypt"])
    return str(grant["GrantId"])


MADE: dict[str, Callable[[Any, str], Any]] = {
    "$blob": lambda kms, key: kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"],
    "$capsule": lambda kms, key: kms.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM")[
        "SharedSecretCiphertextBlob"
    ],
    "$grant": _retirable,
    "$mac": lambda kms, key: kms.generate_mac(KeyId=key, **HMAC)["Mac"],
    "$policy": lambda kms, key: kms.get_key_policy(KeyId=key)["Policy"],
    "$public": _public,
    "$replica": _replica,
    "$signature": lambda kms, key: kms.sign(KeyId=key, **ECDSA)["Signature"],
}


def _imported(kms: Any, key: str) -> dict[str, bytes]:
    """Gives a key of origin EXTERNAL its material, always the same for one key, and returns what did it."""
    request = ready(kms, key, hashlib.sha256(key.encode()).digest())
    kms.import_key_material(**request, **FOREVER)
    return {"$token": request["ImportToken"], "$wrapped": request["EncryptedKeyMaterial"]}


USES = {
    "Encrypt",
    "Decrypt",
    "ReEncrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "Sign",
    "Verify",
    "GetPublicKey",
    "DeriveSharedSecret",
    "Encapsulate",
    "Decapsulate",
}
NEEDS_ENABLED = USES - {"GetPublicKey"} | {
    "EnableKeyRotation",
    "DisableKeyRotation",
    "RotateKeyOnDemand",
    "CreateGrant",
    "ReplicateKey",
    "UpdatePrimaryRegion",
}
SWITCHES = {"EnableKey", "DisableKey"}
IMPORTS = {"GetParametersForImport", "ImportKeyMaterial", "DeleteImportedKeyMaterial"}
CHANGES = {"ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateKeyDescription", "CreateAlias", "UpdateAlias"}
NOT_WHILE_UPDATING = SWITCHES | {
    "GetParametersForImport",
    "DeleteImportedKeyMaterial",
    "ReplicateKey",
    "ScheduleKeyDeletion",
}


def expected_error(operation: str, state: str) -> tuple[str, str] | None:
    """The developer guide's table, written a second time and in another form than the engine's."""
    busy = USES | NEEDS_ENABLED | SWITCHES  # a disabled key still gives its public key away
    invalid = {
        "PendingDeletion": (busy | CHANGES | IMPORTS - {"DeleteImportedKeyMaterial"}, "is pending deletion"),
        "PendingReplicaDeletion": (
            busy | CHANGES | IMPORTS - {"DeleteImportedKeyMaterial"},
            "is pending replica deletion",
        ),
        "PendingImport": (busy, "is pending import"),
        "Unavailable": (USES, "is unavailable"),
        "Creating": (busy | IMPORTS, "is creating"),
        "Updating": (NOT_WHILE_UPDATING, "is updating"),
    }
    if operation == "CancelKeyDeletion":
        pending = state in ("PendingDeletion", "PendingReplicaDeletion")
        return None if pending else ("KMSInvalidStateException", "is not pending deletion")
    if state == "Disabled" and operation in NEEDS_ENABLED:
        return "DisabledException", "is disabled"
    refused, text = invalid.get(state, (set(), ""))
    return ("KMSInvalidStateException", text) if operation in refused else None


def may_be(state: str, operation: str) -> bool:
    """Whether a key that the operation works for can be in the state: only one of imported material waits for it."""
    imports = REQUESTS[operation][0] is not ENCAPSULATION and "EXTERNAL" in ORIGINS.get(operation, ("EXTERNAL",))
    return state != "PendingImport" or imports


@pytest.mark.parametrize(
    ("operation", "state"), [(one, state) for one in REQUESTS for state in KEY_STATES if may_be(state, one)]
)
def test_an_operation_works_in_the_states_of_the_table(
    lab: Lab, kms: Any, refused: Any, operation: str, state: str
) -> None:
    """Where the table has no refusal, the call succeeds."""
    kind, request = REQUESTS[operation]
    if state == "PendingImport":
        kind = kind | IMPORTED
    key = kms.create_key(**kind)["KeyMetadata"]
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key["Arn"])
    kms.create_alias(AliasName="alias/other", TargetKeyId=other)
    made = _imported(kms, key["Arn"]) if kind.get("Origin") == "EXTERNAL" and "KeySpec" not in kind else {}
    for name in [value for value in request.values() if isinstance(value, str) and value in MADE]:
        made[name] = b"x" if state == "PendingImport" and "KeySpec" in kind else MADE[name](kms, key["Arn"])
        lab.clock.advance(seconds=1)  # a replica is there as soon as time has passed
    put_into(lab, kms, key, state)
    asked = {name: made.get(value, value) if isinstance(value, str) else value for name, value in request.items()}
    if operation == "ImportKeyMaterial":
        asked["ExpirationModel"] = "KEY_MATERIAL_DOES_NOT_EXPIRE"
    if operation != "DeleteAlias":
        asked[MEMBER.get(operation, "KeyId")] = key["Arn"]
    error = expected_error(operation, state)
    if error is None:
        kms._make_api_call(operation, asked)
    else:
        with refused(error[0], f"{key['Arn']} {error[1]}."):
            kms._make_api_call(operation, asked)


def put_into(lab: Lab, kms: Any, key: dict[str, Any], state: str) -> None:
    """By the call that does it on AWS. The states that a single-Region key of KMS never has are written into it, and
    the end of what a primary key waits for.
    """
    arn = key["Arn"]
    stored = store_of(key["AWSAccountId"], lab.region, lab.clock.now()).keys[key["KeyId"]]
    if state == "Disabled":
        kms.disable_key(KeyId=arn)
    elif state == "PendingDeletion":
        kms.schedule_key_deletion(KeyId=arn)
        stored.state = state
    elif state == "PendingImport":
        kms.delete_imported_key_material(KeyId=arn)
    elif state != "Enabled":
        stored.state = state
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == state


def test_every_operation_on_a_key_has_its_row() -> None:
    """By botocore's model: an operation of a later one fails here by name."""
    model = service_model()
    named = {"KeyId", "TargetKeyId", "DestinationKeyId", "AliasName"}
    on_keys = {
        operation
        for operation in model.operation_names
        if named & set(getattr(model.operation_model(operation).input_shape, "members", ()))
    }
    assert set(REFUSALS) == on_keys
    assert set(REQUESTS) == on_keys


@pytest.mark.parametrize("operation", ORIGINS)
def test_an_operation_refuses_keys_of_other_origins(lab: Lab, kms: Any, key: Any, refused: Any, operation: str) -> None:
    """Before it looks at the state: the key is pending deletion."""
    kms.schedule_key_deletion(KeyId=key["Arn"])
    stored = store_of(key["AWSAccountId"], lab.region, lab.clock.now()).keys[key["KeyId"]]
    request = {name: value for name, value in REQUESTS[operation][1].items() if not str(value).startswith("$")}
    request |= {"ImportToken": b"x", "EncryptedKeyMaterial": b"x"} if operation == "ImportKeyMaterial" else {}
    for origin in {"AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"} - set(ORIGINS[operation]):
        stored.origin = origin
        with refused(
            "UnsupportedOperationException", f"{key['Arn']} origin is {origin} which is not valid for this operation."
        ):
            kms._make_api_call(operation, {"KeyId": key["Arn"]} | request)


def test_a_key_is_enabled_in_the_state_enabled_only(kms: Any, key: Any) -> None:
    def seen() -> tuple[str, bool]:
        metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        return metadata["KeyState"], metadata["Enabled"]

    assert seen() == ("Enabled", True)
    kms.disable_key(KeyId=key["KeyId"])
    assert seen() == ("Disabled", False)
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    assert seen() == ("PendingDeletion", False)


def test_cancelling_a_deletion_leaves_the_key_disabled(kms: Any, key: Any) -> None:
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    assert kms.cancel_key_deletion(KeyId=key["KeyId"])["KeyId"] == key["Arn"]
    metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert metadata["KeyState"] == "Disabled" and "DeletionDate" not in metadata


@pytest.mark.parametrize("days", [6, 31])
def test_the_waiting_period_has_7_to_30_days(kms: Any, key: Any, refused: Any, days: int) -> None:
    with refused("ValidationException", "PendingWindowInDays must be between 7 and 30"):
        kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=days)
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.parametrize(("asked", "days"), [({}, 30), ({"PendingWindowInDays": 7}, 7)])
def test_a_key_goes_when_its_waiting_period_is_over_and_not_before(
    lab: Lab, kms: Any, key: Any, refused: Any, asked: Any, days: int
) -> None:
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    answer = kms.schedule_key_deletion(KeyId=key["KeyId"], **asked)
    assert answer["KeyId"] == key["Arn"] and answer["PendingWindowInDays"] == days
    assert answer["DeletionDate"] - lab.clock.now() == timedelta(days=days)
    lab.clock.advance(seconds=days * 86400 - 1)
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["DeletionDate"] == answer["DeletionDate"]
    lab.clock.advance(seconds=1)
    with refused("NotFoundException", f"Key '{key['Arn']}' does not exist"):
        kms.describe_key(KeyId=key["KeyId"])
    assert "alias/mine" not in [alias["AliasName"] for alias in kms.list_aliases()["Aliases"]]
