"""Encrypted volumes in the lab: which key they get, what KMS is asked, and what happens when it refuses."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from ec2_lab import (
    EBS_USER,
    FOR_AWS_ALONE,
    USE,
    ZONE,
    asked_of_kms,
    attach,
    encrypted,
    instance,
    policy,
    seen,
    snapshot,
    statement,
    told_of_kms,
    volume,
)

from kms_katas.lab import Lab


@pytest.fixture
def ec2(lab: Lab) -> Any:
    return lab.home.admin.client("ec2")


@pytest.fixture
def key(lab: Lab) -> str:
    return lab.home.create_key()


def test_an_encrypted_volume_without_a_key_lies_under_the_aws_managed_key(lab: Lab, ec2: Any) -> None:
    arn = seen(ec2, encrypted(ec2))["KmsKeyId"]
    metadata = lab.home.admin.client("kms").describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]
    assert (metadata["Arn"], metadata["KeyManager"]) == (arn, "AWS")


@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias arn"])
def test_a_key_can_be_named_in_every_form(lab: Lab, ec2: Any, key: str, form: str) -> None:
    lab.home.admin.client("kms").create_alias(AliasName="alias/disks", TargetKeyId=key)
    key_id = key.rpartition("/")[2]
    named = {"id": key_id, "arn": key, "alias": "alias/disks", "alias arn": key.replace(f"key/{key_id}", "alias/disks")}
    assert seen(ec2, encrypted(ec2, named[form]))["KmsKeyId"] == key


def test_the_volume_is_the_encryption_context_and_ec2_the_service(lab: Lab, ec2: Any, key: str) -> None:
    made = encrypted(ec2, key)
    call = next(one for one in lab.calls if one.operation == "GenerateDataKeyWithoutPlaintext")
    assert call.parameters["EncryptionContext"] == {"aws:ebs:id": made}
    event = next(one for one in lab.trail if one["eventName"] == "GenerateDataKeyWithoutPlaintext")
    assert event["userIdentity"]["invokedBy"] == "ec2.amazonaws.com"
    assert event["userIdentity"]["arn"] == lab.home.admin.arn


def test_a_volume_that_nobody_encrypts_asks_kms_nothing(lab: Lab, ec2: Any) -> None:
    assert not seen(ec2, volume(ec2))["Encrypted"]
    assert asked_of_kms(lab) == []


def test_the_documented_permissions_are_enough(lab: Lab, key: str) -> None:
    ec2 = lab.home.user("ops", policies={"ebs": EBS_USER}).client("ec2")
    made = encrypted(ec2, key)
    attach(ec2, made, instance(ec2))
    assert seen(ec2, made)["State"] == "in-use"


def test_a_volume_that_kms_refuses_seems_to_be_made_and_then_there_is_none(lab: Lab, key: str) -> None:
    ec2 = lab.home.user("ops", policies={"ebs": policy(statement("ec2:*"))}).client("ec2")
    assert seen(ec2, encrypted(ec2, key)) == {}
    assert told_of_kms(lab)[-1]["errorCode"] == "AccessDenied"


@pytest.mark.parametrize("unusable", ["disabled", "going", "asymmetric", "elsewhere", "absent"])
def test_a_key_that_cannot_encrypt_makes_no_volume(lab: Lab, ec2: Any, key: str, unusable: str) -> None:
    kms = lab.home.admin.client("kms")
    if unusable == "disabled":
        kms.disable_key(KeyId=key)
    if unusable == "going":
        kms.schedule_key_deletion(KeyId=key)
    if unusable == "asymmetric":
        key = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    if unusable == "elsewhere":
        key = lab.home.create_key(region="us-west-2")
    if unusable == "absent":
        key = "alias/nobody"
    assert seen(ec2, encrypted(ec2, key)) == {}


def test_attaching_makes_a_grant_for_the_instance_alone_and_detaching_ends_it(lab: Lab, ec2: Any, key: str) -> None:
    kms, made, machine = lab.home.admin.client("kms"), encrypted(ec2, key), instance(ec2)

    attach(ec2, made, machine)
    (grant,) = kms.list_grants(KeyId=key)["Grants"]
    ec2.detach_volume(VolumeId=made, InstanceId=machine, Device="/dev/sdx")

    assert grant["GranteePrincipal"].endswith(f":assumed-role/aws:ec2-infrastructure/{machine}")
    assert grant["Operations"] == ["Decrypt"]
    assert grant["Constraints"] == {"EncryptionContextSubset": {"aws:ebs:id": made}}
    assert kms.list_grants(KeyId=key)["Grants"] == []


def test_the_instance_opens_the_key_and_not_who_attaches(lab: Lab, ec2: Any, key: str) -> None:
    machine = instance(ec2)
    attach(ec2, encrypted(ec2, key), machine)
    event = next(one for one in lab.trail if one["eventName"] == "Decrypt")
    assert event["userIdentity"]["arn"].endswith(f"assumed-role/aws:ec2-infrastructure/{machine}")


def test_who_may_not_make_the_grant_is_told_that_the_key_was_not_reached(lab: Lab, ec2: Any, key: str) -> None:
    made, machine = encrypted(ec2, key), instance(ec2)
    user = lab.home.user("ops", policies={"all but grants": policy(statement("ec2:*"), statement(*USE))})

    with pytest.raises(ClientError) as denied:
        attach(user.client("ec2"), made, machine)

    assert denied.value.response["Error"]["Code"] == "CustomerKeyHasBeenRevoked"
    assert made in denied.value.response["Error"]["Message"]
    assert lab.explain(denied.value).request.action == "kms:CreateGrant"
    assert seen(ec2, made)["State"] == "available"


def test_a_grant_for_aws_alone_is_no_grant_for_people(lab: Lab, key: str) -> None:
    user = lab.home.user("ops", policies={"grants": policy(statement("kms:CreateGrant", **FOR_AWS_ALONE))})
    with pytest.raises(ClientError, match="kms:CreateGrant"):
        user.client("kms").create_grant(KeyId=key, GranteePrincipal=user.arn, Operations=["Decrypt"])


def test_an_attached_volume_outlives_its_key_until_it_is_detached(lab: Lab, ec2: Any, key: str) -> None:
    made, machine = encrypted(ec2, key), instance(ec2)
    attach(ec2, made, machine)
    lab.home.admin.client("kms").disable_key(KeyId=key)
    assert seen(ec2, made)["State"] == "in-use"

    ec2.detach_volume(VolumeId=made)
    with pytest.raises(ClientError, match="CustomerKeyHasBeenRevoked"):
        attach(ec2, made, machine)

    lab.home.admin.client("kms").enable_key(KeyId=key)
    attach(ec2, made, machine)
    assert seen(ec2, made)["State"] == "in-use"


def test_what_grants_are_revoked_does_not_matter_to_detaching(lab: Lab, ec2: Any, key: str) -> None:
    kms, made = lab.home.admin.client("kms"), encrypted(ec2, key)
    attach(ec2, made, instance(ec2))
    kms.revoke_grant(KeyId=key, GrantId=kms.list_grants(KeyId=key)["Grants"][0]["GrantId"])
    ec2.detach_volume(VolumeId=made)
    assert seen(ec2, made)["State"] == "available"


def test_a_volume_out_of_an_own_snapshot_keeps_the_key_and_may_have_another(lab: Lab, ec2: Any, key: str) -> None:
    source, other = snapshot(ec2, key), lab.home.create_key()
    same = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=source)["VolumeId"]
    moved = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=source, Encrypted=True, KmsKeyId=other)["VolumeId"]
    assert (seen(ec2, same)["KmsKeyId"], seen(ec2, moved)["KmsKeyId"]) == (key, other)


def test_reading_a_snapshot_leaves_no_grant_behind(lab: Lab, ec2: Any, key: str) -> None:
    source, other = snapshot(ec2, key), lab.home.create_key()
    ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=source, Encrypted=True, KmsKeyId=other)
    assert "CreateGrant" in asked_of_kms(lab)
    assert lab.home.admin.client("kms").list_grants(KeyId=key)["Grants"] == []


def test_encryption_by_default_encrypts_in_its_region_only(lab: Lab, ec2: Any) -> None:
    west = lab.home.admin.client("ec2", "us-west-2")
    ec2.enable_ebs_encryption_by_default()

    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]
    assert seen(ec2, volume(ec2))["Encrypted"]
    assert not west.create_volume(AvailabilityZone="us-west-2a", Size=1)["Encrypted"]

    ec2.disable_ebs_encryption_by_default()
    assert not seen(ec2, volume(ec2))["Encrypted"]


def test_the_default_key_can_be_changed_and_reset(ec2: Any, key: str) -> None:
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
    assert ec2.modify_ebs_default_kms_key_id(KmsKeyId=key.rpartition("/")[2])["KmsKeyId"] == key
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == key
    assert seen(ec2, encrypted(ec2))["KmsKeyId"] == key
    ec2.reset_ebs_default_kms_key_id()
    assert seen(ec2, encrypted(ec2))["KmsKeyId"] != key
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"


def test_only_a_symmetric_encryption_key_can_be_the_default(lab: Lab, ec2: Any) -> None:
    sign = lab.home.admin.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"][
        "Arn"
    ]
    for name in (sign, "alias/nobody"):
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            ec2.modify_ebs_default_kms_key_id(KmsKeyId=name)
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"


def test_a_trial_changes_nothing_and_asks_kms_nothing(lab: Lab, ec2: Any, key: str) -> None:
    for trial in (
        lambda: encrypted(ec2, key, DryRun=True),
        lambda: ec2.modify_ebs_default_kms_key_id(KmsKeyId=key, DryRun=True),
        lambda: ec2.reset_ebs_default_kms_key_id(DryRun=True),
    ):
        with pytest.raises(ClientError, match="DryRunOperation"):
            trial()
    assert asked_of_kms(lab) == []
