"""Groups of instances with encrypted volumes: whose permission on the key counts, and how a group without it fares."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from ec2_lab import ZONE, key_policy, snapshot, statement
from moto import mock_aws

from kms_katas import lab as laboratory
from kms_katas.lab import Lab

OURS, THEIRS = "111122223333", "444455556666"
USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")
GRANTED = [
    *("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"),
    *("DescribeKey", "CreateGrant"),
]
"""As the Auto Scaling guide has it."""


def role_arn(account: str) -> str:
    return f"arn:aws:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"


def make_role(lab: Lab, account: str) -> None:
    lab.account(account).admin.client("iam").create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")


def template(ec2: Any, **disk: Any) -> None:
    data = {
        "ImageId": "ami-12c6146b",
        "InstanceType": "t3.micro",
        "BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True} | disk}],
    }
    ec2.create_launch_template(LaunchTemplateName="workers", LaunchTemplateData=data)


def group(scaling: Any, size: int = 1, **more: Any) -> None:
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="workers",
        LaunchTemplate={"LaunchTemplateName": "workers", "Version": "$Latest"},
        MinSize=0,
        MaxSize=5,
        DesiredCapacity=size,
        AvailabilityZones=[ZONE],
        **more,
    )


def encrypted_group(lab: Lab, account: str, key: str, size: int = 1) -> Any:
    """The client of Auto Scaling of the account, which has a group now."""
    admin = lab.account(account).admin
    template(admin.client("ec2"), VolumeSize=8, Encrypted=True, KmsKeyId=key)
    group(admin.client("autoscaling"), size)
    return admin.client("autoscaling")


def members(scaling: Any) -> int:
    return len(scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"])


def activities(scaling: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scaling.describe_scaling_activities(AutoScalingGroupName="workers")["Activities"]
    return found


def test_a_key_that_leaves_it_to_the_account_leaves_the_role_out(lab: Lab) -> None:
    scaling = encrypted_group(lab, OURS, lab.home.create_key())
    assert members(scaling) == 0
    (activity,) = activities(scaling)
    assert activity["StatusCode"] == "Cancelled"
    assert "Client.InvalidKMSKey.InvalidState" in activity["StatusMessage"]


def test_a_key_policy_that_names_the_role_lets_the_group_launch(lab: Lab) -> None:
    make_role(lab, OURS)
    role = {"AWS": role_arn(OURS)}
    for_aws = {"Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}}
    document = key_policy(
        OURS, statement(*USE, Principal=role), statement("kms:CreateGrant", Principal=role, **for_aws)
    )
    scaling = encrypted_group(lab, OURS, lab.home.create_key(document), size=2)
    assert members(scaling) == 2
    assert {one["StatusCode"] for one in activities(scaling)} == {"Successful"}
    callers = {one.principal_arn for one in lab.calls if one.operation == "CreateGrant"}
    assert callers == {f"arn:aws:sts::{OURS}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling"}


def test_without_create_grant_the_group_stays_empty(lab: Lab) -> None:
    make_role(lab, OURS)
    key = lab.home.create_key(key_policy(OURS, statement(*USE, Principal={"AWS": role_arn(OURS)})))
    assert members(encrypted_group(lab, OURS, key)) == 0


def test_a_grant_lets_the_role_of_another_account_launch(lab: Lab) -> None:
    them = {"AWS": f"arn:aws:iam::{THEIRS}:root"}
    key = lab.home.create_key(key_policy(OURS, statement(*USE, "kms:CreateGrant", Principal=them)))
    make_role(lab, THEIRS)
    scaling = encrypted_group(lab, THEIRS, key)
    assert members(scaling) == 0

    lab.account(THEIRS).admin.client("kms").create_grant(
        KeyId=key, GranteePrincipal=role_arn(THEIRS), Operations=GRANTED
    )
    scaling.set_desired_capacity(AutoScalingGroupName="workers", DesiredCapacity=1)
    assert members(scaling) == 1
    assert [one["StatusCode"] for one in activities(scaling)] == ["Successful", "Cancelled"]


def test_a_grant_without_create_grant_is_not_enough(lab: Lab) -> None:
    them = {"AWS": f"arn:aws:iam::{THEIRS}:root"}
    key = lab.home.create_key(key_policy(OURS, statement(*USE, "kms:CreateGrant", Principal=them)))
    make_role(lab, THEIRS)
    lab.account(THEIRS).admin.client("kms").create_grant(
        KeyId=key, GranteePrincipal=role_arn(THEIRS), Operations=GRANTED[:-1]
    )
    assert members(encrypted_group(lab, THEIRS, key)) == 0


def test_the_snapshot_of_another_account_whose_key_is_closed_is_told_apart(lab: Lab) -> None:
    ours, theirs = lab.home.admin.client("ec2"), lab.account(THEIRS).admin
    source = snapshot(ours, lab.home.create_key())
    ours.modify_snapshot_attribute(SnapshotId=source, OperationType="add", UserIds=[THEIRS])
    template(theirs.client("ec2"), SnapshotId=source)
    group(theirs.client("autoscaling"))
    assert "Client.InternalError" in activities(theirs.client("autoscaling"))[0]["StatusMessage"]


def test_the_aws_managed_key_needs_nobody_to_let_the_role_in(lab: Lab) -> None:
    admin = lab.home.admin
    admin.client("ec2").enable_ebs_encryption_by_default()
    template(admin.client("ec2"), VolumeSize=8)
    group(admin.client("autoscaling"))
    assert members(admin.client("autoscaling")) == 1
    assert {one["Encrypted"] for one in admin.client("ec2").describe_volumes()["Volumes"]} == {True}


def test_instances_that_a_group_ends_give_their_grants_back(lab: Lab) -> None:
    make_role(lab, OURS)
    role = {"AWS": role_arn(OURS)}
    key = lab.home.create_key(key_policy(OURS, statement(*USE, "kms:CreateGrant", Principal=role)))
    scaling, kms = encrypted_group(lab, OURS, key, size=2), lab.home.admin.client("kms")
    assert len(kms.list_grants(KeyId=key)["Grants"]) == 2
    scaling.set_desired_capacity(AutoScalingGroupName="workers", DesiredCapacity=0)
    assert kms.list_grants(KeyId=key)["Grants"] == []


@pytest.mark.parametrize("account", [OURS, THEIRS])
def test_a_group_cannot_launch_as_a_role_of_another_kind_or_account(lab: Lab, account: str) -> None:
    able = {"use": {"Version": "2012-10-17", "Statement": [statement("kms:*")]}}
    role = lab.account(account).role("able", policies=able).arn
    make_role(lab, THEIRS)
    names = {"AWS": [role, role_arn(THEIRS)]}
    key = lab.home.create_key(key_policy(OURS, statement(*USE, "kms:CreateGrant", Principal=names)))
    ours = lab.home.admin
    template(ours.client("ec2"), VolumeSize=8, Encrypted=True, KmsKeyId=key)
    for named in (role, role_arn(THEIRS)):
        with pytest.raises(ClientError) as refused:
            group(ours.client("autoscaling"), ServiceLinkedRoleARN=named)
        assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert ours.client("ec2").describe_volumes()["Volumes"] == []


def test_a_group_launches_as_the_service_linked_role_that_it_names(lab: Lab) -> None:
    iam = lab.home.admin.client("iam")
    made = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="other")
    role = made["Role"]["Arn"]
    key = lab.home.create_key(key_policy(OURS, statement(*USE, "kms:CreateGrant", Principal={"AWS": role})))
    template(lab.home.admin.client("ec2"), VolumeSize=8, Encrypted=True, KmsKeyId=key)
    group(lab.home.admin.client("autoscaling"), ServiceLinkedRoleARN=role)
    assert members(lab.home.admin.client("autoscaling")) == 1


def test_service_control_policies_do_not_reach_the_role(lab: Lab) -> None:
    organization = lab.organization()
    organization.add(lab.home)
    organization.attach_scp({"Version": "2012-10-17", "Statement": [statement("kms:*") | {"Effect": "Deny"}]})
    make_role(lab, OURS)
    role = {"AWS": role_arn(OURS)}
    key = lab.home.create_key(key_policy(OURS, statement(*USE, "kms:CreateGrant", Principal=role)))
    assert members(encrypted_group(lab, OURS, key)) == 1


def test_who_may_not_make_groups_is_told_so(lab: Lab) -> None:
    template(lab.home.admin.client("ec2"), VolumeSize=8)
    with pytest.raises(ClientError) as denied:
        group(lab.home.user("eve").client("autoscaling"))
    assert denied.value.response["Error"]["Code"] == "AccessDenied"
    assert lab.explain(denied.value).request.action == "autoscaling:CreateAutoScalingGroup"


def test_without_enforcement_only_the_key_itself_counts() -> None:
    with mock_aws():
        laboratory.install()
        try:
            session = boto3.Session(region_name="us-east-1")
            ec2, kms, scaling = (session.client(name) for name in ("ec2", "kms", "autoscaling"))
            key = kms.create_key()["KeyMetadata"]["Arn"]
            template(ec2, VolumeSize=8, Encrypted=True, KmsKeyId=key)
            group(scaling)
            assert members(scaling) == 1
            kms.disable_key(KeyId=key)
            scaling.set_desired_capacity(AutoScalingGroupName="workers", DesiredCapacity=2)
            assert members(scaling) == 1
        finally:
            laboratory.uninstall()
