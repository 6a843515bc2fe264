"""What the tests of EC2 and EBS set up: volumes, snapshots, instances, and policies as people write them for EBS."""

import secrets
from typing import Any

ZONE = "us-east-1a"


def statement(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"} | more


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def key_policy(owner: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """Everything for the owner's account, and more."""
    return policy(statement("kms:*", Principal={"AWS": f"arn:aws:iam::{owner}:root"}), *statements)


FOR_AWS_ALONE = {"Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}}

USE = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*")

EBS_USER = policy(statement("ec2:*"), statement(*USE), statement("kms:CreateGrant", **FOR_AWS_ALONE))
"""As the EC2 guide has it under "Permissions for IAM users"."""


def volume(ec2: Any, **asked: Any) -> str:
    found: str = ec2.create_volume(AvailabilityZone=ZONE, Size=secrets.randbelow(90) + 1, **asked)["VolumeId"]
    return found


def encrypted(ec2: Any, key: str = "", **asked: Any) -> str:
    return volume(ec2, Encrypted=True, **({"KmsKeyId": key} if key else {}), **asked)


def seen(ec2: Any, volume_id: str) -> dict[str, Any]:
    """The volume, or nothing where there is none."""
    found = ec2.describe_volumes(Filters=[{"Name": "volume-id", "Values": [volume_id]}])["Volumes"]
    return found[0] if found else {}


def snapshot(ec2: Any, key: str = "") -> str:
    """Of an encrypted volume."""
    found: str = ec2.create_snapshot(VolumeId=encrypted(ec2, key))["SnapshotId"]
    return found


def described(ec2: Any, snapshot_id: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"][0]
    return found


def copied(ec2: Any, source: str, region: str = "us-east-1", **asked: Any) -> dict[str, Any]:
    made = ec2.copy_snapshot(SourceSnapshotId=source, SourceRegion=region, **asked)["SnapshotId"]
    return described(ec2, made)


def instance(ec2: Any, *disks: dict[str, Any]) -> str:
    """A new one, with these as the Ebs part of its volumes."""
    asked = [{"DeviceName": f"/dev/sd{'fghij'[place]}", "Ebs": disk} for place, disk in enumerate(disks)]
    more = {"BlockDeviceMappings": asked} if asked else {}
    found = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, **more)["Instances"][0]["InstanceId"]
    return str(found)


def state(ec2: Any, instance_id: str) -> tuple[str, str]:
    """The name of its state and the code of the reason, which may be empty."""
    found = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    return found["State"]["Name"], found.get("StateReason", {}).get("Code", "")


def attach(ec2: Any, volume_id: str, instance_id: str) -> None:
    ec2.attach_volume(VolumeId=volume_id, InstanceId=instance_id, Device="/dev/sdx")


def told_of_kms(lab: Any) -> list[dict[str, Any]]:
    return [event for event in lab.trail if event["eventSource"] == "kms.amazonaws.com"]


def asked_of_kms(lab: Any) -> list[str]:
    return [event["eventName"] for event in told_of_kms(lab)]
