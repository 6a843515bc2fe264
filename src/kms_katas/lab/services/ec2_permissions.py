"""Which permissions the EC2 operations around volumes need: actions, ARNs and condition keys. Decides nothing.

Source: service authorization reference, "Actions, resources, and condition keys for Amazon EC2". Left out: for
RunInstances the network (subnets, interfaces, security groups) and key pairs, iam:PassRole for an instance profile; for
CopySnapshot the source. Doubtful: ec2:Encrypted where encryption by default makes the volume encrypted; here it is
what the volume will be, "true".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.request_keys import Context
from kms_katas.lab.services.call import Permission, ServiceCall
from kms_katas.lab.services.ebs_snapshots import permissions_asked
from kms_katas.lab.services.ebs_store import backend_of, snapshot_for, tags_of
from kms_katas.lab.services.ec2_instances import disks_asked

Needs = Callable[[ServiceCall], Iterable[Permission]]


def _on(call: ServiceCall, action: str, kind: str, name: str = "*", context: Context | None = None) -> Permission:
    """On a resource of the caller's account; images and snapshots have no account in their ARN."""
    account = "" if kind in ("image", "snapshot") else call.caller.account
    arn = f"arn:{PARTITION}:ec2:{call.region}:{account}:{kind}/{name}"
    return Permission(f"ec2:{action}", arn, call.caller.account, None, (context or {}) | {"ec2:Region": call.region})


def _on_nothing(call: ServiceCall) -> Iterable[Permission]:
    """Operations without resource-level permissions, such as all that describe."""
    yield Permission(f"ec2:{call.operation}", "*", "", None, {"ec2:Region": call.region})


def _spoken(value: object) -> str:
    return "true" if value else "false"


def _tagging(call: ServiceCall, kind: str) -> Context:
    """The tags that the request gives to what it makes of this kind."""
    specified = call.parameters.get("TagSpecifications", [])
    listed = [tag for one in specified if one.get("ResourceType") == kind for tag in one.get("Tags", [])]
    tags = {tag["Key"]: tag.get("Value", "") for tag in listed}
    context: Context = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return context | {"aws:TagKeys": tuple(tags)} if tags else {}


def _and_tags(call: ServiceCall, kind: str) -> Iterable[Permission]:
    """Tags at the creation of something need a permission of their own."""
    tagging = _tagging(call, kind)
    if tagging:
        yield _on(call, "CreateTags", kind, context=tagging | {"ec2:CreateAction": call.operation})


def _owned(resource: Any) -> Context:
    tags = tags_of(resource)
    return {f"{service}:ResourceTag/{key}": value for service in ("aws", "ec2") for key, value in tags.items()}


def _of_volume(volume: Any) -> Context:
    if volume is None:
        return {}
    context: Context = {
        "ec2:AvailabilityZone": volume.availability_zone or "",
        "ec2:Encrypted": _spoken(volume.encrypted),
        "ec2:VolumeID": volume.id,
        "ec2:VolumeSize": str(volume.size),
        "ec2:VolumeType": volume.volume_type,
    }
    return context | _owned(volume)


def _of_snapshot(snapshot: Any) -> Context:
    if snapshot is None:
        return {}
    context: Context = {
        "ec2:Encrypted": _spoken(snapshot.encrypted),
        "ec2:Owner": snapshot.owner_id,
        "ec2:SnapshotID": snapshot.id,
        "ec2:VolumeSize": str(snapshot.volume_size),
    }
    return context | _owned(snapshot)


def _of_disk(call: ServiceCall, disk: dict[str, Any]) -> Context:
    """Of a volume to be made as a request describes it."""
    source = snapshot_for(call, disk.get("SnapshotId"))
    encrypted = disk.get("Encrypted") or backend_of(call).get_ebs_encryption_by_default()
    context: Context = {
        "ec2:Encrypted": _spoken(encrypted or (source is not None and source.encrypted)),
        "ec2:VolumeType": disk.get("VolumeType", "gp2"),
    }
    size = disk.get("Size") or disk.get("VolumeSize")
    if size:
        context["ec2:VolumeSize"] = str(size)
    if disk.get("KmsKeyId"):
        context["ec2:KmsKeyId"] = disk["KmsKeyId"]
    if disk.get("SnapshotId"):
        arn = f"arn:{PARTITION}:ec2:{call.region}::snapshot/{disk['SnapshotId']}"
        context["ec2:ParentSnapshot"] = arn
    if disk.get("AvailabilityZone"):
        context["ec2:AvailabilityZone"] = disk["AvailabilityZone"]
    return context


def _from_snapshot(call: ServiceCall, disk: dict[str, Any]) -> Iterable[Permission]:
    if disk.get("SnapshotId"):
        source = snapshot_for(call, disk["SnapshotId"])
        yield _on(call, call.operation, "snapshot", disk["SnapshotId"], _of_snapshot(source))


def _create_volume(call: ServiceCall) -> Iterable[Permission]:
    context = _of_disk(call, call.parameters) | _tagging(call, "volume")
    yield _on(call, "CreateVolume", "volume", context=context)
    yield from _from_snapshot(call, call.parameters)
    yield from _and_tags(call, "volume")


def _run_instances(call: ServiceCall) -> Iterable[Permission]:
    asked = call.parameters
    instance: Context = {"ec2:InstanceType": asked.get("InstanceType", "m1.small")}
    yield _on(call, "RunInstances", "instance", context=instance | _tagging(call, "instance"))
    if asked.get("ImageId"):
        yield _on(call, "RunInstances", "image", asked["ImageId"])
    for disk in disks_asked(call) or [{}]:
        yield _on(call, "RunInstances", "volume", context=_of_disk(call, disk) | _tagging(call, "volume"))
        yield from _from_snapshot(call, disk)
    yield from _and_tags(call, "instance")
    yield from _and_tags(call, "volume")


def _on_volume(call: ServiceCall) -> Iterable[Permission]:
    volume_id = call.parameters["VolumeId"]
    yield _on(call, call.operation, "volume", volume_id, _of_volume(backend_of(call).volumes.get(volume_id)))
    if call.parameters.get("InstanceId"):  # AttachVolume and DetachVolume
        yield from _on_instances(call, [call.parameters["InstanceId"]])


def _on_instances(call: ServiceCall, ids: list[str] | None = None) -> Iterable[Permission]:
    known = {one.id: one for one in backend_of(call).all_instances()}
    for instance_id in ids if ids is not None else call.parameters["InstanceIds"]:
        instance = known.get(instance_id)
        context: Context = {} if instance is None else {"ec2:InstanceType": instance.instance_type} | _owned(instance)
        yield _on(call, call.operation, "instance", instance_id, context)


def _create_snapshot(call: ServiceCall) -> Iterable[Permission]:
    yield from _on_volume(call)
    volume = backend_of(call).volumes.get(call.parameters["VolumeId"])
    made: Context = {} if volume is None else {"ec2:VolumeSize": str(volume.size), "ec2:ParentVolume": _arn_of(call)}
    yield _on(call, "CreateSnapshot", "snapshot", context=made | _tagging(call, "snapshot"))
    yield from _and_tags(call, "snapshot")


def _arn_of(call: ServiceCall) -> str:
    return _on(call, call.operation, "volume", call.parameters["VolumeId"]).resource


def _create_snapshots(call: ServiceCall) -> Iterable[Permission]:
    yield from _on_instances(call, [call.parameters["InstanceSpecification"]["InstanceId"]])
    yield _on(call, "CreateSnapshots", "volume")
    yield _on(call, "CreateSnapshots", "snapshot", context=_tagging(call, "snapshot"))
    yield from _and_tags(call, "snapshot")


def _copy_snapshot(call: ServiceCall) -> Iterable[Permission]:
    yield _on(call, "CopySnapshot", "snapshot", context=_tagging(call, "snapshot"))
    yield from _and_tags(call, "snapshot")


def _on_snapshot(call: ServiceCall) -> Iterable[Permission]:
    snapshot_id = call.parameters.get("SnapshotId", "*")
    context = _of_snapshot(backend_of(call).snapshots.get(snapshot_id))
    if call.operation == "ModifySnapshotAttribute":
        for change in ("Add", "Remove"):
            users, groups = permissions_asked(call, change.lower())
            for name, values in (("userId", users), ("group", groups)):
                if values:
                    # The reference has one string there, and tells nothing of requests that name several.
                    context[f"ec2:{change}/{name}"] = values[0] if len(values) == 1 else tuple(values)
    yield _on(call, call.operation, "snapshot", snapshot_id, context)


PERMISSIONS: Mapping[str, Needs] = {
    "AssociateKmsKeyId": _on_snapshot,
    "AttachVolume": _on_volume,
    "CopySnapshot": _copy_snapshot,
    "CreateSnapshot": _create_snapshot,
    "CreateSnapshots": _create_snapshots,
    "CreateVolume": _create_volume,
    "DeleteSnapshot": _on_snapshot,
    "DeleteVolume": _on_volume,
    "DetachVolume": _on_volume,
    "DisassociateKmsKeyId": _on_snapshot,
    "ModifySnapshotAttribute": _on_snapshot,
    "ModifyVolume": _on_volume,
    "RebootInstances": _on_instances,
    "RunInstances": _run_instances,
    "StartInstances": _on_instances,
    "StopInstances": _on_instances,
    "TerminateInstances": _on_instances,
} | dict.fromkeys(
    (
        *("DescribeImages", "DescribeInstances", "DescribeSnapshotAttribute", "DescribeSnapshots", "DescribeVolumes"),
        *("DisableEbsEncryptionByDefault", "EnableEbsEncryptionByDefault", "GetEbsEncryptionByDefault"),
        *("GetEbsDefaultKmsKeyId", "ModifyEbsDefaultKmsKeyId", "ResetEbsDefaultKmsKeyId"),
    ),
    _on_nothing,
)
