"""Which operation works in which key state, whole table, and what each refusal says."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from kms_katas.lab import Lab

OPERATIONS: dict[str, Callable[[Any, str, bytes], Any]] = {
    "Encrypt": lambda kms, key, blob: kms.encrypt(KeyId=key, Plaintext=b"x"),
    "Decrypt": lambda kms, key, blob: kms.decrypt(KeyId=key, CiphertextBlob=blob),
    "ReEncrypt": lambda kms, key, blob: kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key),
    "GenerateDataKey": lambda kms, key, blob: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
    "GenerateDataKeyWithoutPlaintext": lambda kms, key, blob: kms.generate_data_key_without_plaintext(
        KeyId=key, KeySpec="AES_256"
    ),
    "DescribeKey": lambda kms, key, blob: kms.describe_key(KeyId=key),
    "EnableKey": lambda kms, key, blob: kms.enable_key(KeyId=key),
    "DisableKey": lambda kms, key, blob: kms.disable_key(KeyId=key),
    "ScheduleKeyDeletion": lambda kms, key, blob: kms.schedule_key_deletion(KeyId=key),
    "CancelKeyDeletion": lambda kms, key, blob: kms.cancel_key_deletion(KeyId=key),
    "GetKeyPolicy": lambda kms, key, blob: kms.get_key_policy(KeyId=key),
    "PutKeyPolicy": lambda kms, key, blob: kms.put_key_policy(
        KeyId=key, Policy=kms.get_key_policy(KeyId=key)["Policy"]
    ),
    "ListKeyPolicies": lambda kms, key, blob: kms.list_key_policies(KeyId=key),
    "TagResource": lambda kms, key, blob: kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}]),
    "UntagResource": lambda kms, key, blob: kms.untag_resource(KeyId=key, TagKeys=["a"]),
    "ListResourceTags": lambda kms, key, blob: kms.list_resource_tags(KeyId=key),
    "UpdateKeyDescription": lambda kms, key, blob: kms.update_key_description(KeyId=key, Description="d"),
    "CreateAlias": lambda kms, key, blob: kms.create_alias(AliasName="alias/new", TargetKeyId=key),
    "UpdateAlias": lambda kms, key, blob: kms.update_alias(AliasName="alias/other", TargetKeyId=key),
    "DeleteAlias": lambda kms, key, blob: kms.delete_alias(AliasName="alias/mine"),
    "ListAliases": lambda kms, key, blob: kms.list_aliases(KeyId=key),
    "EnableKeyRotation": lambda kms, key, blob: kms.enable_key_rotation(KeyId=key),
    "DisableKeyRotation": lambda kms, key, blob: kms.disable_key_rotation(KeyId=key),
    "RotateKeyOnDemand": lambda kms, key, blob: kms.rotate_key_on_demand(KeyId=key),
    "GetKeyRotationStatus": lambda kms, key, blob: kms.get_key_rotation_status(KeyId=key),
    "ListKeyRotations": lambda kms, key, blob: kms.list_key_rotations(KeyId=key),
    "CreateGrant": lambda kms, key, blob: kms.create_grant(
        KeyId=key, GranteePrincipal="arn:aws:iam::111122223333:root", Operations=["Decrypt"]
    ),
    "ListGrants": lambda kms, key, blob: kms.list_grants(KeyId=key),
    "GetParametersForImport": lambda kms, key, blob: kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    ),
    "ImportKeyMaterial": lambda kms, key, blob: kms.import_key_material(
        KeyId=key, ImportToken=b"x", EncryptedKeyMaterial=b"x"
    ),
    "DeleteImportedKeyMaterial": lambda kms, key, blob: kms.delete_imported_key_material(KeyId=key),
}
IMPORTS = {"GetParametersForImport", "ImportKeyMaterial", "DeleteImportedKeyMaterial"}
USES = {
    "CreateGrant",
    "Encrypt",
    "Decrypt",
    "ReEncrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "EnableKeyRotation",
    "DisableKeyRotation",
    "RotateKeyOnDemand",
}
CHANGES = {
    "EnableKey",
    "DisableKey",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateKeyDescription",
    "CreateAlias",
    "UpdateAlias",
}


def expected_error(operation: str, state: str) -> tuple[str, str] | None:
    """The developer guide's table for a key that KMS made, written a second time and in another form than the engine's.

    What a key of origin EXTERNAL does: test_lab_import.py.
    """
    if operation in IMPORTS:
        return "UnsupportedOperationException", " origin is AWS_KMS which is not valid for this operation."
    if state == "PendingDeletion" and operation in USES | CHANGES:
        return "KMSInvalidStateException", " is pending deletion."
    if state == "Disabled" and operation in USES:
        return "DisabledException", " is disabled."
    if state != "PendingDeletion" and operation == "CancelKeyDeletion":
        return "KMSInvalidStateException", " is not pending deletion."
    return None


@pytest.mark.parametrize("state", ["Enabled", "Disabled", "PendingDeletion"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_works_in_the_states_of_the_table(
    kms: Any, key: Any, refused: Any, operation: str, state: str
) -> None:
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    kms.create_alias(AliasName="alias/other", TargetKeyId=other)
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    if state == "Disabled":
        kms.disable_key(KeyId=key["KeyId"])
    elif state == "PendingDeletion":
        kms.schedule_key_deletion(KeyId=key["KeyId"])
    error = expected_error(operation, state)
    if error is None:
        OPERATIONS[operation](kms, key["KeyId"], blob)
    else:
        with refused(error[0], key["Arn"] + error[1]):
            OPERATIONS[operation](kms, key["KeyId"], blob)


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
    with refused("ValidationException"):
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
    assert kms.list_aliases()["Aliases"] == []
