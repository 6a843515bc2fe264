"""Encrypted volumes: which key a new one gets, and what becomes of it when KMS refuses.

EC2 looks at the key after it has answered (botocore, CreateVolumeRequest, KmsKeyId: "asynchronously"): the answer is a
volume that is being created, and then there is none. An attached volume works on whatever becomes of the key, for its
instance holds the data key (KMS guide, "How unusable KMS keys affect data keys").
Doubtful: the key of a volume out of another account's encrypted snapshot, where the request names none. The API text
says "your KMS key for Amazon EBS"; an older text of the EC2 guide, the key of the snapshot's owner. Here the former.
"""

from typing import Any

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Answer, Refused, ServiceCall
from kms_katas.lab.services.ebs_keys import (
    AWS_MANAGED,
    end_grant,
    keep_with,
    key_kept_with,
    new_volume_key,
    open_on_instance,
    open_once,
    open_source,
    remember_grant,
)
from kms_katas.lab.services.ebs_store import answered, backend_of, is_aws_managed, lent, made_by, source_snapshot


def create_volume(call: ServiceCall) -> Answer:
    backend, asked = backend_of(call), call.parameters
    source = source_snapshot(call, asked.get("SnapshotId"))
    with lent(call, [source]):
        answer, made = made_by(call.forward, backend.volumes)
    for volume in made:
        try:
            encrypt(call, volume, asked.get("KmsKeyId"), source)
        except KMSError:
            del backend.volumes[volume.id]
            continue
        answer = answered(call, volume)
    return answer


def encrypt(call: ServiceCall, volume: Any, key_id: str | None, source: Any) -> None:
    """Gives a new volume its data key, if it is to be encrypted. Raises KMSError."""
    backend = backend_of(call)
    if not (volume.encrypted or backend.get_ebs_encryption_by_default()):
        return
    found = key_kept_with(source)
    own = found is not None and source.owner_id == call.caller.account
    chosen = key_id or (found.key_arn if own and found else default_key_id(call))
    key = new_volume_key(call, chosen, volume.id)
    if found is not None and (found.key_arn != key.key_arn or not own):
        open_source(call, source, call.region, volume.id)
    if found is None and source is not None:
        open_once(call, key, volume.id)  # to encrypt what was not encrypted
    keep_with(volume, key)


def default_key_id(call: ServiceCall) -> str:
    """What encrypts where nobody names a key: what ModifyEbsDefaultKmsKeyId set, else the AWS managed key."""
    chosen: str = backend_of(call).default_kms_key_id
    return chosen if chosen and not is_aws_managed(call, chosen) else AWS_MANAGED


def attach_volume(call: ServiceCall) -> Answer:
    """Raises Refused where the key cannot be used: code and text seen in reports of real errors."""
    backend, asked = backend_of(call), call.parameters
    volume = backend.volumes.get(asked["VolumeId"])
    instance = next((one for one in backend.all_instances() if one.id == asked["InstanceId"]), None)
    key = key_kept_with(volume)
    if key is None or instance is None or volume.attachment is not None or asked.get("DryRun"):
        return call.forward()
    try:
        grant = open_on_instance(call, key, instance.id, instance.is_running())
    except KMSError:
        sentence = f"Volume {volume.id} cannot be attached. The encrypted volume was unable to access the KMS key."
        raise Refused("CustomerKeyHasBeenRevoked", sentence) from None
    remember_grant(volume, grant)
    try:
        return call.forward()
    finally:
        if volume.attachment is None:
            end_grant(call, volume)


def detach_volume(call: ServiceCall) -> Answer:
    backend, asked = backend_of(call), call.parameters
    volume = backend.volumes.get(asked["VolumeId"])
    if volume is not None and volume.attachment is not None and not (asked.get("InstanceId") or asked.get("DryRun")):
        left = backend.detach_volume(
            volume.id, volume.attachment.instance.id, asked.get("Device")
        )  # moto wants it named
        answer = answered(call, {"VolumeId": volume.id, "InstanceId": left.instance.id, "State": "detaching"})
    else:
        answer = call.forward()
    if volume is not None and volume.attachment is None:
        end_grant(call, volume)
    return answer
