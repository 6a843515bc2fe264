"""Instances with encrypted volumes: launching and starting need the keys, running does not.

Where KMS refuses, EC2 has answered already: a new instance is terminated and one that was started is stopped. What a
stopped instance needs to start again is the grant that the caller of StartInstances makes (re:Post,
"kms-iam-ec2-permission").
Doubtful: the reason. The EC2 API (StateReason) and re:Post have Client.InternalError; reports of launches with a key
that cannot be used, for want of permission too, have Client.InvalidKMSKey.InvalidState since about 2024, and those of
snapshots of other accounts the former. Here a launch has the latter unless it is the key of a snapshot that is closed.
"""

from contextlib import suppress
from typing import Any

from moto.ec2.models.instances import StateReason
from werkzeug.exceptions import HTTPException

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Answer, ServiceCall
from kms_katas.lab.services.ebs_keys import SourceClosed, end_grant, key_kept_with, open_on_instance, remember_grant
from kms_katas.lab.services.ebs_store import backend_of, lent, made_by, shared_snapshots, snapshot_for, source_snapshot
from kms_katas.lab.services.ebs_volumes import encrypt

_CLOSED = StateReason("Client.InternalError: Client error on launch", "Client.InternalError")
_UNUSABLE = StateReason(
    "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state",
    "Client.InvalidKMSKey.InvalidState",
)


def run_instances(call: ServiceCall) -> Answer:
    backend = backend_of(call)
    for disk in disks_asked(call):
        source_snapshot(call, disk.get("SnapshotId"))
    with lent(call, shared_snapshots(call)):  # a launch template may name one too
        answer, reservations = made_by(call.forward, backend.reservations)
    for reservation in reservations:
        for instance in reservation.instances:
            launch(call, instance)
    return answer


def disks_asked(call: ServiceCall) -> list[dict[str, Any]]:
    """The Ebs part of each block device that the request names, or else its launch template."""
    devices = call.parameters.get("BlockDeviceMappings", [])
    template = call.parameters.get("LaunchTemplate")
    if template and not devices:
        with suppress(HTTPException):  # moto says which template is missing
            devices = backend_of(call)._get_template_from_args(template).data.get("BlockDeviceMappings") or []
    return [one["Ebs"] for one in devices if one.get("Ebs")]


def launch(call: ServiceCall, instance: Any) -> bool:
    """Gives the disks of a new instance of moto's their keys; where KMS refuses, the instance is terminated: False."""
    backend, volumes = backend_of(call), volumes_of(call, instance)
    try:
        for volume in volumes:
            # moto has written the default key where nobody named one.
            named = volume.kms_key_id if volume.kms_key_id != backend.default_kms_key_id else None
            encrypt(call, volume, named, snapshot_for(call, volume.snapshot_id))
        _open_all(call, instance)
    except KMSError as error:
        instance.terminate()
        for volume in volumes:
            end_grant(call, volume)
            backend.volumes.pop(volume.id, None)
        instance.state_reason = _CLOSED if isinstance(error, SourceClosed) else _UNUSABLE
        return False
    return True


def start_instances(call: ServiceCall) -> Answer:
    waiting = [one for one in _instances_asked(call) if not one.is_running()]
    answer = call.forward()
    for instance in waiting:
        if not instance.is_running():
            continue
        try:
            _open_all(call, instance)
        except KMSError:
            instance.stop()
            for volume in volumes_of(call, instance):
                end_grant(call, volume)
            instance.state_reason = _CLOSED
    return answer


def stop_or_terminate(call: ServiceCall) -> Answer:
    volumes = {one.id: volumes_of(call, one) for one in _instances_asked(call)}
    answer = call.forward()
    for instance in _instances_asked(call):
        if not instance.is_running():
            for volume in volumes[instance.id]:
                end_grant(call, volume)
    return answer


def volumes_of(call: ServiceCall, instance: Any) -> list[Any]:
    kept = backend_of(call).volumes
    return [kept[disk.volume_id] for _, disk in instance.get_block_device_mapping if disk.volume_id in kept]


def _open_all(call: ServiceCall, instance: Any) -> None:
    """Raises KMSError at the first volume whose key does not open; grants made until then stay with their volumes."""
    for volume in volumes_of(call, instance):
        key = key_kept_with(volume)
        if key is not None:
            end_grant(call, volume)
            remember_grant(volume, open_on_instance(call, key, instance.id, running=True))


def _instances_asked(call: ServiceCall) -> list[Any]:
    asked = call.parameters["InstanceIds"]
    return [one for one in backend_of(call).all_instances() if one.id in asked]
