"""Encrypted snapshots in the lab: copied, shared with another account and restored there. For volumes:
test_lab_services_ebs_volumes.py.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from ec2_lab import (
    EBS_USER,
    FOR_AWS_ALONE,
    ZONE,
    asked_of_kms,
    attach,
    copied,
    described,
    encrypted,
    instance,
    key_policy,
    policy,
    seen,
    snapshot,
    statement,
    volume,
)

from kms_katas.lab import Lab

THEIRS = "444455556666"
SHARED_USE = ("kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant")
UNREADABLE = "Given key ID is not accessible"


@pytest.fixture
def ours(lab: Lab) -> Any:
    return lab.home.admin.client("ec2")


@pytest.fixture
def theirs(lab: Lab) -> Any:
    return lab.account(THEIRS).admin.client("ec2")


@pytest.fixture
def key(lab: Lab) -> str:
    return lab.home.create_key()


def key_for_them(lab: Lab, *actions: str) -> str:
    """Of the home account, for the other account too."""
    them = {"AWS": f"arn:aws:iam::{THEIRS}:root"}
    return lab.home.create_key(key_policy(lab.home.id, statement(*actions, Principal=them)))


def share(ec2: Any, snapshot_id: str) -> None:
    permission = {"Add": [{"UserId": THEIRS}]}
    ec2.modify_snapshot_attribute(SnapshotId=snapshot_id, CreateVolumePermission=permission)


def restored(ec2: Any, snapshot_id: str, **asked: Any) -> dict[str, Any]:
    return seen(ec2, ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot_id, **asked)["VolumeId"])


def test_a_snapshot_lies_under_the_key_of_its_volume(ours: Any, key: str) -> None:
    found = described(ours, snapshot(ours, key))
    assert (found["Encrypted"], found["KmsKeyId"]) == (True, key)


def test_snapshots_of_an_instance_lie_under_the_keys_of_its_volumes(lab: Lab, ours: Any, key: str) -> None:
    machine = instance(ours)
    attach(ours, encrypted(ours, key), machine)
    made = ours.create_snapshots(InstanceSpecification={"InstanceId": machine})["Snapshots"]
    keys = sorted(described(ours, one["SnapshotId"]).get("KmsKeyId", "") for one in made)
    assert keys == ["", key]


def test_a_copy_lies_under_the_key_that_is_named(lab: Lab, ours: Any, key: str) -> None:
    other = lab.home.create_key()
    copy = copied(ours, snapshot(ours, key), Encrypted=True, KmsKeyId=other)
    assert (copy["State"], copy["KmsKeyId"]) == ("completed", other)
    call = [one for one in lab.calls if one.operation == "GenerateDataKeyWithoutPlaintext"][-1]
    assert call.parameters["EncryptionContext"] == {"aws:ebs:id": copy["SnapshotId"]}


def test_a_copy_of_an_encrypted_snapshot_is_encrypted_unasked(ours: Any, key: str) -> None:
    assert copied(ours, snapshot(ours, key))["Encrypted"]


def test_a_copy_can_encrypt_what_was_not(ours: Any, key: str) -> None:
    plain = ours.create_snapshot(VolumeId=volume(ours))["SnapshotId"]
    assert not copied(ours, plain)["Encrypted"]
    assert copied(ours, plain, Encrypted=True, KmsKeyId=key)["KmsKeyId"] == key
    with pytest.raises(ClientError, match="InvalidParameterDependency"):
        copied(ours, plain, KmsKeyId=key)


def test_encryption_by_default_encrypts_copies(ours: Any) -> None:
    plain = ours.create_snapshot(VolumeId=volume(ours))["SnapshotId"]
    ours.enable_ebs_encryption_by_default()
    assert copied(ours, plain)["Encrypted"]


def test_a_copy_in_another_region_needs_a_key_of_that_region(lab: Lab, ours: Any, key: str) -> None:
    west, source = lab.home.admin.client("ec2", "us-west-2"), snapshot(ours, key)
    wrong = copied(west, source, Encrypted=True, KmsKeyId=key)
    right = copied(west, source, Encrypted=True, KmsKeyId=lab.home.create_key(region="us-west-2"))
    assert (wrong["State"], wrong["StateMessage"]) == ("error", UNREADABLE)
    assert right["State"] == "completed"


def test_a_copy_that_failed_restores_nothing(ours: Any, key: str) -> None:
    wrong = copied(ours, snapshot(ours, key), KmsKeyId="alias/nobody")
    with pytest.raises(ClientError, match="IncorrectState"):
        restored(ours, wrong["SnapshotId"])


def test_a_snapshot_under_the_aws_managed_key_cannot_be_shared(ours: Any) -> None:
    source = snapshot(ours)
    with pytest.raises(ClientError) as refused:
        share(ours, source)
    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"]) == (
        "OperationNotPermitted",
        "Encrypted snapshots with EBS default key cannot be shared",
    )


def test_an_encrypted_snapshot_cannot_be_public_and_another_can(ours: Any, theirs: Any, key: str) -> None:
    everybody = {"Attribute": "createVolumePermission", "OperationType": "add", "GroupNames": ["all"]}
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        ours.modify_snapshot_attribute(SnapshotId=snapshot(ours, key), **everybody)
    plain = ours.create_snapshot(VolumeId=volume(ours))["SnapshotId"]
    ours.modify_snapshot_attribute(SnapshotId=plain, **everybody)
    assert not restored(theirs, plain)["Encrypted"]


def test_a_snapshot_that_is_not_shared_is_not_there_for_others(ours: Any, theirs: Any, key: str) -> None:
    source = snapshot(ours, key)
    with pytest.raises(ClientError, match=r"InvalidSnapshot\.NotFound"):
        restored(theirs, source)
    share(ours, source)
    assert described(theirs, source)["OwnerId"] == "111122223333"
    ours.modify_snapshot_attribute(SnapshotId=source, CreateVolumePermission={"Remove": [{"UserId": THEIRS}]})
    with pytest.raises(ClientError, match=r"InvalidSnapshot\.NotFound"):
        described(theirs, source)


def test_who_asks_for_its_own_snapshots_sees_no_others(ours: Any, theirs: Any, key: str) -> None:
    source = snapshot(ours, key)
    share(ours, source)
    assert source in [one["SnapshotId"] for one in theirs.describe_snapshots()["Snapshots"]]
    assert source not in [one["SnapshotId"] for one in theirs.describe_snapshots(OwnerIds=["self"])["Snapshots"]]


def test_a_snapshot_shared_with_its_key_is_restored_under_a_key_of_the_other_account(
    lab: Lab, ours: Any, theirs: Any
) -> None:
    source = snapshot(ours, key_for_them(lab, *SHARED_USE))
    share(ours, source)
    own = lab.account(THEIRS).create_key()

    assert restored(theirs, source, Encrypted=True, KmsKeyId=own)["KmsKeyId"] == own
    assert f":{THEIRS}:key/" in restored(theirs, source)["KmsKeyId"]
    assert copied(theirs, source, Encrypted=True, KmsKeyId=own)["State"] == "completed"


@pytest.mark.parametrize(
    "allowed",
    [(), ("kms:Decrypt",), tuple(one for one in SHARED_USE if one != "kms:CreateGrant"), ("kms:CreateGrant",)],
)
def test_a_snapshot_shared_without_enough_of_its_key_is_restored_by_nobody(
    lab: Lab, ours: Any, theirs: Any, allowed: tuple[str, ...]
) -> None:
    key = key_for_them(lab, *allowed) if allowed else lab.home.create_key()
    source = snapshot(ours, key)
    share(ours, source)

    assert restored(theirs, source) == {}
    copy = copied(theirs, source)
    assert (copy["State"], copy["StateMessage"]) == ("error", UNREADABLE)


def test_a_grant_for_aws_alone_is_enough_to_restore(lab: Lab, ours: Any, theirs: Any) -> None:
    them = {"AWS": f"arn:aws:iam::{THEIRS}:root"}
    use = statement("kms:DescribeKey", "kms:Decrypt", Principal=them)
    key = lab.home.create_key(
        key_policy(lab.home.id, use, statement("kms:CreateGrant", Principal=them, **FOR_AWS_ALONE))
    )
    source = snapshot(ours, key)
    share(ours, source)
    assert restored(theirs, source)["Encrypted"]


def test_the_restoring_user_needs_its_own_half(lab: Lab, ours: Any) -> None:
    source = snapshot(ours, key_for_them(lab, *SHARED_USE))
    share(ours, source)
    there = lab.account(THEIRS)
    without = there.user("without", policies={"ec2": policy(statement("ec2:*"))}).client("ec2")
    with_it = there.user("with", policies={"ebs": EBS_USER}).client("ec2")
    assert restored(without, source) == {}
    assert restored(with_it, source)["Encrypted"]


def test_a_snapshot_under_aws_ebs_reaches_another_account_as_a_copy_under_a_shared_key(
    lab: Lab, ours: Any, theirs: Any
) -> None:
    copy = copied(ours, snapshot(ours), Encrypted=True, KmsKeyId=key_for_them(lab, *SHARED_USE))
    share(ours, copy["SnapshotId"])
    made = restored(theirs, copy["SnapshotId"])
    attach(theirs, made["VolumeId"], instance(theirs))
    assert seen(theirs, made["VolumeId"])["State"] == "in-use"


def test_both_accounts_see_the_use_of_the_shared_key(lab: Lab, ours: Any, theirs: Any) -> None:
    source = snapshot(ours, key_for_them(lab, *SHARED_USE))
    share(ours, source)
    restored(theirs, source)
    told = {event["recipientAccountId"] for event in lab.trail if event["eventName"] == "CreateGrant"}
    assert told == {lab.home.id, THEIRS}


def test_snapshots_that_are_not_encrypted_ask_kms_nothing(lab: Lab, ours: Any, theirs: Any) -> None:
    plain = ours.create_snapshot(VolumeId=volume(ours))["SnapshotId"]
    share(ours, plain)
    copied(theirs, plain)
    restored(theirs, plain)
    assert asked_of_kms(lab) == []


def test_a_second_key_opens_a_shared_snapshot_until_it_is_taken_away(
    lab: Lab, ours: Any, theirs: Any, key: str
) -> None:
    source, second = snapshot(ours, key), key_for_them(lab, *SHARED_USE)
    share(ours, source)
    assert restored(theirs, source) == {}

    ours.associate_kms_key_id(SnapshotId=source, KmsKeyId=second)
    assert described(ours, source)["AssociatedKmsKeys"] == [{"KmsKeyId": second}]
    assert described(ours, source)["KmsKeyId"] == key
    assert restored(theirs, source)["Encrypted"]

    ours.disassociate_kms_key_id(SnapshotId=source, KmsKeyId=second)
    assert restored(theirs, source) == {}


def test_a_second_key_outlives_the_first(lab: Lab, ours: Any, key: str) -> None:
    source, second = snapshot(ours, key), lab.home.create_key()
    ours.associate_kms_key_id(SnapshotId=source, KmsKeyId=second)
    lab.home.admin.client("kms").disable_key(KeyId=key)
    assert restored(ours, source, Encrypted=True, KmsKeyId=lab.home.create_key())["Encrypted"]


def test_a_second_key_needs_an_encrypted_snapshot_and_a_key_that_opens(lab: Lab, ours: Any, key: str) -> None:
    plain, source = ours.create_snapshot(VolumeId=volume(ours))["SnapshotId"], snapshot(ours, key)
    for snapshot_id, second in ((plain, key), (source, "alias/nobody")):
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            ours.associate_kms_key_id(SnapshotId=snapshot_id, KmsKeyId=second)
    with pytest.raises(ClientError, match="not associated"):
        ours.disassociate_kms_key_id(SnapshotId=source, KmsKeyId=key)
