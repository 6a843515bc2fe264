"""GetKeyLastUsage: which calls count as a use of a key, and what it tells of the last one."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from kms_katas.lab import Lab, install, uninstall


def last(kms: Any, key: str) -> dict[str, Any]:
    found: dict[str, Any] = kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]
    return found


def test_a_key_that_was_not_used_says_so(kms: Any, key: Any) -> None:
    kms.describe_key(KeyId=key["KeyId"])
    kms.get_key_policy(KeyId=key["KeyId"])
    answer = kms.get_key_last_usage(KeyId=key["KeyId"])
    assert answer["KeyLastUsage"] == {}
    assert answer["KeyId"] == key["KeyId"]
    assert answer["KeyCreationDate"] == key["CreationDate"]
    assert answer["TrackingStartDate"] == max(key["CreationDate"], datetime(2026, 4, 23, tzinfo=UTC))


USES: dict[str, dict[str, Any]] = {
    "Encrypt": {"Plaintext": b"x"},
    "Decrypt": {},
    "GenerateDataKey": {"KeySpec": "AES_128"},
    "GenerateDataKeyWithoutPlaintext": {"KeySpec": "AES_128"},
}
METHODS = {
    "Encrypt": "encrypt",
    "Decrypt": "decrypt",
    "GenerateDataKey": "generate_data_key",
    "GenerateDataKeyWithoutPlaintext": "generate_data_key_without_plaintext",
}


@pytest.mark.parametrize("operation", USES)
def test_the_last_use_is_the_call_in_the_trail(lab: Lab, kms: Any, key: Any, operation: str) -> None:
    asked = dict(USES[operation])
    if operation == "Decrypt":
        asked["CiphertextBlob"] = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    lab.clock.advance(hours=3)
    answer = getattr(kms, METHODS[operation])(KeyId=key["KeyId"], **asked)
    used = lab.clock.now()
    lab.clock.advance(days=2)
    found = last(kms, key["KeyId"])
    assert (found["Operation"], found["Timestamp"]) == (operation, used)
    assert found["KmsRequestId"] == answer["ResponseMetadata"]["RequestId"]
    [event] = [event for event in lab.trail if event["eventID"] == found["CloudTrailEventId"]]
    assert (event["eventName"], event["requestID"]) == (operation, found["KmsRequestId"])


def test_calls_that_fail_and_dry_runs_are_no_use(kms: Any, key: Any, refused: Any) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    before = last(kms, key["KeyId"])
    with refused("InvalidCiphertextException"):
        kms.decrypt(CiphertextBlob=blob, EncryptionContext={"no": "such"})
    with refused("DryRunOperationException"):
        kms.decrypt(CiphertextBlob=blob, DryRun=True)
    kms.disable_key(KeyId=key["KeyId"])
    with refused("DisabledException"):
        kms.decrypt(CiphertextBlob=blob)
    assert last(kms, key["KeyId"]) == before


def test_reencrypt_uses_both_keys(kms: Any, key: Any) -> None:
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)
    assert last(kms, key["KeyId"]) == last(kms, other)
    assert last(kms, other)["Operation"] == "ReEncrypt"


def test_related_keys_count_apart(lab: Lab, kms: Any) -> None:
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion="us-west-2")
    lab.clock.advance(seconds=1)
    west = lab.home.admin.client("kms", "us-west-2")
    west.encrypt(KeyId=key, Plaintext=b"x")
    assert last(kms, key) == {} and last(west, key)["Operation"] == "Encrypt"


def shared(lab: Lab, kms: Any, key: Any) -> Any:
    """A client of another account that the key policy and its own policy let do everything with the key."""
    everything = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    both = everything | {"Principal": {"AWS": ["111122223333", "444455556666"]}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [both]})
    kms.put_key_policy(KeyId=key["KeyId"], Policy=policy)
    return lab.account("444455556666").admin.client("kms")


def test_a_use_by_another_account_shows_the_owners_event(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    stranger = shared(lab, kms, key)
    stranger.encrypt(KeyId=key["Arn"], Plaintext=b"x")
    found = last(kms, key["KeyId"])
    [event] = [event for event in lab.trail if event["eventID"] == found["CloudTrailEventId"]]
    assert event["recipientAccountId"] == "111122223333"
    with refused("AccessDeniedException"):
        stranger.get_key_last_usage(KeyId=key["Arn"])


def test_an_alias_names_no_key_here(kms: Any, key: Any, refused: Any) -> None:
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    with refused("InvalidArnException", "Key Aliases are not supported for this operation."):
        kms.get_key_last_usage(KeyId="alias/mine")


@pytest.mark.parametrize("operation", ["disable_key", "schedule_key_deletion"])
def test_a_key_in_use_can_be_kept_from_those_who_would_stop_it(
    lab: Lab, kms: Any, key: Any, refused: Any, operation: str
) -> None:
    condition = {"NumericGreaterThanEquals": {"kms:TrailingDaysWithoutKeyUsage": "90"}}
    statement = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition}
    bob = lab.home.user("bob", policies={"p": {"Version": "2012-10-17", "Statement": [statement]}}).client("kms")
    kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    lab.clock.advance(days=89)
    with refused("AccessDeniedException"):
        getattr(bob, operation)(KeyId=key["KeyId"])
    lab.clock.advance(days=1)
    getattr(bob, operation)(KeyId=key["KeyId"])


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    install()
    with mock_aws():
        yield boto3.client("kms", "us-east-1")
    uninstall()


def test_it_works_without_a_lab_too(installed: Any) -> None:
    key = installed.create_key()["KeyMetadata"]["KeyId"]
    assert last(installed, key) == {}
    answer = installed.encrypt(KeyId=key, Plaintext=os.urandom(8))
    found = last(installed, key)
    assert found["KmsRequestId"] == answer["ResponseMetadata"]["RequestId"]
    assert found["CloudTrailEventId"]
