"""Instances with encrypted volumes, EC2's own permissions, and how both refusals are told."""

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from ec2_lab import (
    EBS_USER,
    asked_of_kms,
    attach,
    encrypted,
    instance,
    policy,
    seen,
    snapshot,
    state,
    statement,
    volume,
)
from moto import mock_aws

from kms_katas import lab as laboratory
from kms_katas.lab import Lab

FAILED = "Client.InternalError"
UNUSABLE = "Client.InvalidKMSKey.InvalidState"


@pytest.fixture
def ec2(lab: Lab) -> Any:
    return lab.home.admin.client("ec2")


@pytest.fixture
def key(lab: Lab) -> str:
    return lab.home.create_key()


def disk(key: str, **more: Any) -> dict[str, Any]:
    return {"VolumeSize": 8, "Encrypted": True, "KmsKeyId": key, "DeleteOnTermination": True} | more


def test_an_instance_is_launched_with_encrypted_volumes_and_a_grant_for_each(lab: Lab, ec2: Any, key: str) -> None:
    kms = lab.home.admin.client("kms")
    machine = instance(ec2, disk(key), disk(key))
    assert state(ec2, machine)[0] == "running"
    assert len(kms.list_grants(KeyId=key)["Grants"]) == 2

    ec2.terminate_instances(InstanceIds=[machine])
    assert kms.list_grants(KeyId=key)["Grants"] == []


def test_an_instance_that_kms_refuses_seems_to_launch_and_is_terminated(lab: Lab, key: str) -> None:
    ec2 = lab.home.user("ops", policies={"ec2": policy(statement("ec2:*"))}).client("ec2")
    assert state(ec2, instance(ec2, disk(key))) == ("terminated", UNUSABLE)
    assert ec2.describe_volumes()["Volumes"] == []


def test_an_instance_of_a_shared_snapshot_whose_key_is_closed_is_terminated(lab: Lab, ec2: Any, key: str) -> None:
    source, theirs = snapshot(ec2, key), lab.account("444455556666").admin.client("ec2")
    ec2.modify_snapshot_attribute(SnapshotId=source, OperationType="add", UserIds=["444455556666"])
    assert state(theirs, instance(theirs, {"SnapshotId": source})) == ("terminated", FAILED)


def test_the_documented_permissions_launch_it(lab: Lab, key: str) -> None:
    ec2 = lab.home.user("ops", policies={"ebs": EBS_USER}).client("ec2")
    assert state(ec2, instance(ec2, disk(key)))[0] == "running"


def test_a_disabled_key_lets_instances_run_and_none_start(lab: Lab, ec2: Any, key: str) -> None:
    kms, machine = lab.home.admin.client("kms"), instance(ec2, disk(key))
    kms.disable_key(KeyId=key)
    ec2.reboot_instances(InstanceIds=[machine])
    assert state(ec2, machine)[0] == "running"

    ec2.stop_instances(InstanceIds=[machine])
    ec2.start_instances(InstanceIds=[machine])
    assert state(ec2, machine) == ("stopped", FAILED)

    kms.enable_key(KeyId=key)
    ec2.start_instances(InstanceIds=[machine])
    assert state(ec2, machine)[0] == "running"


def test_who_starts_an_instance_makes_its_grants(lab: Lab, ec2: Any, key: str) -> None:
    machine = instance(ec2, disk(key))
    ec2.stop_instances(InstanceIds=[machine])
    starter = lab.home.user("starter", policies={"start": policy(statement("ec2:StartInstances"))})
    starter.client("ec2").start_instances(InstanceIds=[machine])
    assert state(ec2, machine) == ("stopped", FAILED)

    starter.allow(policy(statement("kms:CreateGrant")), "grants")
    starter.client("ec2").start_instances(InstanceIds=[machine])
    assert state(ec2, machine)[0] == "running"


def test_a_volume_attached_to_a_stopped_instance_is_opened_at_the_start(lab: Lab, ec2: Any, key: str) -> None:
    machine = instance(ec2)
    ec2.stop_instances(InstanceIds=[machine])
    attach(ec2, encrypted(ec2, key), machine)
    assert "Decrypt" not in asked_of_kms(lab)
    ec2.start_instances(InstanceIds=[machine])
    assert asked_of_kms(lab)[-1] == "Decrypt"


def test_encryption_by_default_reaches_instances(ec2: Any) -> None:
    ec2.enable_ebs_encryption_by_default()
    instance(ec2)
    assert [one["Encrypted"] for one in ec2.describe_volumes()["Volumes"]] == [True]


def test_volumes_of_launch_templates_are_encrypted_too(lab: Lab, ec2: Any, key: str) -> None:
    data = {"ImageId": "ami-12c6146b", "BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": disk(key)}]}
    template = ec2.create_launch_template(LaunchTemplateName="workers", LaunchTemplateData=data)["LaunchTemplate"]
    ec2.run_instances(LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"]}, MinCount=1, MaxCount=1)
    assert len(lab.home.admin.client("kms").list_grants(KeyId=key)["Grants"]) == 1


def test_an_instance_restores_a_snapshot_under_its_key(ec2: Any, key: str) -> None:
    made = instance(ec2, {"SnapshotId": snapshot(ec2, key)})
    attached = [one for one in ec2.describe_volumes()["Volumes"] if one["Attachments"]]
    assert state(ec2, made)[0] == "running"
    assert [one["KmsKeyId"] for one in attached] == [key]


def test_who_has_no_permission_of_ec2_never_reaches_the_key(lab: Lab, key: str) -> None:
    eve = lab.home.user("eve", policies={"kms": policy(statement("kms:*"))})
    with pytest.raises(ClientError) as denied:
        encrypted(eve.client("ec2"), key)
    error = denied.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("UnauthorizedOperation", 403)
    assert "Encoded authorization failure message: " in error["Error"]["Message"]
    assert lab.explain(denied.value).request.action == "ec2:CreateVolume"
    assert asked_of_kms(lab) == []


def test_what_only_describes_is_refused_without_a_resource(lab: Lab) -> None:
    with pytest.raises(ClientError) as denied:
        lab.home.user("eve").client("ec2").describe_volumes()
    message = denied.value.response["Error"]["Message"]
    assert message.endswith("because no identity-based policy allows the ec2:DescribeVolumes action")
    assert "on resource" not in message


def test_a_policy_can_demand_encryption(lab: Lab) -> None:
    only = statement("ec2:CreateVolume", Condition={"Bool": {"ec2:Encrypted": "true"}})
    ec2 = lab.home.user("ops", policies={"ebs": policy(only, statement("ec2:Describe*"))}).client("ec2")
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        volume(ec2)
    assert seen(ec2, encrypted(ec2))["Encrypted"]
    lab.home.admin.client("ec2").enable_ebs_encryption_by_default()
    assert seen(ec2, volume(ec2))["Encrypted"]


@pytest.mark.parametrize("encrypts", [True, False])
def test_a_policy_sees_the_volumes_of_a_launch_template(lab: Lab, ec2: Any, encrypts: bool) -> None:
    data = {"ImageId": "ami-12c6146b", "BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8}}]}
    data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] = encrypts  # type: ignore[index]
    ec2.create_launch_template(LaunchTemplateName="workers", LaunchTemplateData=data)
    plain = statement("ec2:RunInstances", Condition={"Bool": {"ec2:Encrypted": "false"}}) | {"Effect": "Deny"}
    user = lab.home.user("ops", policies={"ebs": policy(statement("ec2:*"), plain)}).client("ec2")
    asked = {"LaunchTemplate": {"LaunchTemplateName": "workers"}, "MinCount": 1, "MaxCount": 1}
    if encrypts:
        assert user.run_instances(**asked)["Instances"]
    else:
        with pytest.raises(ClientError, match="explicit deny"):
            user.run_instances(**asked)


def test_tags_at_creation_need_a_permission_of_their_own_and_bind_later(lab: Lab, ec2: Any) -> None:
    team = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    policies = policy(statement("ec2:CreateVolume"), statement("ec2:DeleteVolume", Condition=team))
    user = lab.home.user("ops", policies={"ebs": policies})
    tagged = [{"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "blue"}]}]
    with pytest.raises(ClientError, match="ec2:CreateTags"):
        volume(user.client("ec2"), TagSpecifications=tagged)

    create = {"StringEquals": {"ec2:CreateAction": "CreateVolume", "aws:RequestTag/team": "blue"}}
    user.allow(policy(statement("ec2:CreateTags", Condition=create)), "tags")
    user.client("ec2").delete_volume(VolumeId=volume(user.client("ec2"), TagSpecifications=tagged))
    with pytest.raises(ClientError, match="ec2:DeleteVolume"):
        user.client("ec2").delete_volume(VolumeId=volume(ec2))


def test_sharing_with_strangers_can_be_denied(lab: Lab, ec2: Any, key: str) -> None:
    stranger = {"Condition": {"StringNotEquals": {"ec2:Add/userId": "444455556666"}}}
    rules = policy(statement("ec2:*"), statement("ec2:ModifySnapshotAttribute", **stranger) | {"Effect": "Deny"})
    user, source = lab.home.user("ops", policies={"ec2": rules}).client("ec2"), snapshot(ec2, key)
    for account, allowed in (("444455556666", True), ("777788889999", False)):
        asked = {"SnapshotId": source, "CreateVolumePermission": {"Add": [{"UserId": account}]}}
        if allowed:
            user.modify_snapshot_attribute(**asked)
        else:
            with pytest.raises(ClientError, match="explicit deny"):
                user.modify_snapshot_attribute(**asked)


def test_without_enforcement_keys_count_and_everybody_may() -> None:
    with mock_aws():
        laboratory.install()
        try:
            ec2, kms = boto3.client("ec2", "us-east-1"), boto3.client("kms", "us-east-1")
            key = kms.create_key()["KeyMetadata"]["Arn"]
            machine = instance(ec2, disk(key))
            kms.disable_key(KeyId=key)
            ec2.stop_instances(InstanceIds=[machine])
            ec2.start_instances(InstanceIds=[machine])
            assert state(ec2, machine) == ("stopped", FAILED)
            assert seen(ec2, encrypted(ec2, key)) == {}
        finally:
            laboratory.uninstall()


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ec2", "attach_volume", "MissingParameter"),
        ("ec2", "terminate_instances", "MissingParameter"),
        ("ec2", "start_instances", "MissingParameter"),
        ("autoscaling", "create_auto_scaling_group", "ValidationError"),
        ("lambda", "create_function", "ValidationException"),
        ("cloudtrail", "update_trail", "ValidationException"),
    ],
)
def test_a_missing_parameter_is_no_fault_of_the_lab(lab: Lab, service: str, operation: str, code: str) -> None:
    """As SDKs send it that check nothing."""
    session = boto3.Session(lab.home.admin.access_key_id, lab.home.admin.secret_access_key, region_name="us-east-1")
    client = session.client(service, config=Config(parameter_validation=False))
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)()
    assert refused.value.response["Error"]["Code"] == code
