"""Encrypted snapshots: under which key they lie, who may have them, and what becomes of a copy when KMS refuses.

A copy is made after EC2 has answered: where KMS refuses, it has the state "error" and a message that says so (EC2
guide, "Copy an Amazon EBS snapshot"). CreateSnapshot asks KMS nothing here, for a snapshot has the data key of its
volume (EC2 guide, "How EBS encryption works"); that it works with a disabled key follows from this alone.
Doubtful: the code and the text for a public encrypted snapshot, which are the lab's own. That of a snapshot under
aws/ebs is seen in reports of real errors.
"""

from collections.abc import Iterable
from typing import Any

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Answer, Refused, ServiceCall
from kms_katas.lab.services.ebs_keys import VolumeKey, keep_with, key_kept_with, new_volume_key, open_once, open_source
from kms_katas.lab.services.ebs_store import (
    answered,
    backend_of,
    is_aws_managed,
    lent,
    made_by,
    shared_snapshots,
    source_snapshot,
)
from kms_katas.lab.services.ebs_volumes import default_key_id

UNREADABLE = "Given key ID is not accessible"


def create_snapshots(call: ServiceCall) -> Answer:
    """CreateSnapshot, and CreateSnapshots of all volumes of an instance."""
    answer, made = made_by(call.forward, backend_of(call).snapshots)
    for snapshot in made:
        key = key_kept_with(snapshot.volume)
        if key is not None:
            keep_with(snapshot, key)
    if made:
        answer = answered(call, made[0] if call.operation == "CreateSnapshot" else {"Snapshots": made})
    return answer


def copy_snapshot(call: ServiceCall) -> Answer:
    asked, backend = call.parameters, backend_of(call)
    source = source_snapshot(call, asked["SourceSnapshotId"], asked["SourceRegion"])
    encrypts = asked.get("Encrypted") or backend.get_ebs_encryption_by_default()
    if source is not None and asked.get("KmsKeyId") and not (encrypts or source.encrypted):
        raise Refused(
            "InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set."
        )
    with lent(call, [source], asked["SourceRegion"]):
        answer, made = made_by(call.forward, backend.snapshots)
    for copy in made:
        if not (encrypts or source.encrypted):
            continue
        copy.encrypted = True
        try:
            keep_with(copy, _key_of_copy(call, copy.id, source))
        except KMSError:
            copy.status, copy.state_message, copy.kms_key_id = "error", UNREADABLE, None
    return answer


def _key_of_copy(call: ServiceCall, copy_id: str, source: Any) -> VolumeKey:
    """Raises KMSError. The source is opened in its own Region."""
    if key_kept_with(source) is not None:
        open_source(call, source, call.parameters["SourceRegion"], copy_id)
    key = new_volume_key(call, call.parameters.get("KmsKeyId") or default_key_id(call), copy_id)
    if key_kept_with(source) is None:
        open_once(call, key, copy_id)  # to encrypt what was not encrypted
    return key


def describe_snapshots(call: ServiceCall) -> Answer:
    """Those that others share are among them, unless the caller asks for its own."""
    strange = [] if call.parameters.get("OwnerIds") == ["self"] else shared_snapshots(call)
    with lent(call, strange):
        return call.forward()


def modify_snapshot_attribute(call: ServiceCall) -> Answer:
    """Raises Refused for what would share a key that cannot be shared, or an encrypted snapshot with everybody."""
    snapshot = backend_of(call).snapshots.get(call.parameters["SnapshotId"])
    users, groups = permissions_asked(call, "add")
    key = key_kept_with(snapshot)
    if key is not None and users and is_aws_managed(call, key.key_arn):
        raise Refused("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared")
    if key is not None and groups:
        raise Refused("OperationNotPermitted", "Encrypted snapshots cannot be made public")
    answer = call.forward()
    if snapshot is not None and "CreateVolumePermission" in call.parameters:  # moto knows the older form alone
        removed_users, removed_groups = permissions_asked(call, "remove")
        _change(snapshot.create_volume_permission_userids, users, removed_users)
        _change(snapshot.create_volume_permission_groups, groups, removed_groups)
    return answer


def permissions_asked(call: ServiceCall, change: str) -> tuple[list[str], list[str]]:
    """The accounts and the groups that the request would "add" or "remove", in either of its two forms."""
    asked = call.parameters
    listed = asked.get("CreateVolumePermission", {}).get(change.capitalize(), [])
    users = [one["UserId"] for one in listed if one.get("UserId")]
    groups = [one["Group"] for one in listed if one.get("Group")]
    if asked.get("OperationType") == change:
        users, groups = users + asked.get("UserIds", []), groups + asked.get("GroupNames", [])
    return users, groups


def _change(permitted: set[str], added: Iterable[str], removed: Iterable[Any]) -> None:
    permitted.update(added)
    permitted.difference_update(removed)
