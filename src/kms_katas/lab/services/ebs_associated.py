"""AssociateKmsKeyId and DisassociateKmsKeyId: a second KMS key for an encrypted snapshot, which moto does not have.

The API text (botocore, 2026) tells that either key opens the snapshot and that nothing is encrypted anew. Not known,
and so the lab's own here: what KMS is asked (the present key is opened as the caller, and a data key is made under the
new one), the codes and texts of errors, and whether a snapshot under aws/ebs can be shared with a second key; here it
cannot.
"""

from typing import Any

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Answer, Refused, ServiceCall
from kms_katas.lab.services.ebs_keys import (
    VolumeKey,
    associate,
    associated_keys,
    key_kept_with,
    new_volume_key,
    open_source,
)
from kms_katas.lab.services.ebs_store import answered, backend_of, refuse_dry_run
from kms_katas.lab.services.keys_for_services import ask_kms


def associate_key(call: ServiceCall) -> Answer:
    """Raises Refused for a snapshot that is not encrypted, and for keys that KMS does not open."""
    snapshot, key = _own_encrypted(call)
    refuse_dry_run(call)
    try:
        open_source(call, snapshot, call.region, snapshot.id)
        more = new_volume_key(call, call.parameters["KmsKeyId"], key.ebs_id)
    except KMSError as error:
        raise _of_kms(error) from None
    others = tuple(one for one in associated_keys(snapshot) if one.key_arn != more.key_arn)
    associate(snapshot, (*others, more))
    return answered(call, {"Return": True})


def disassociate_key(call: ServiceCall) -> Answer:
    """Raises Refused for a key that is not associated."""
    snapshot, _ = _own_encrypted(call)
    refuse_dry_run(call)
    try:
        arn = ask_kms(call, "DescribeKey", {"KeyId": call.parameters["KmsKeyId"]})["KeyMetadata"]["Arn"]
    except KMSError as error:
        raise _of_kms(error) from None
    left = tuple(one for one in associated_keys(snapshot) if one.key_arn != arn)
    if len(left) == len(associated_keys(snapshot)):
        raise Refused("InvalidParameterValue", f"{arn} is not associated with {snapshot.id}.")
    associate(snapshot, left)
    return answered(call, {"Return": True})


def _own_encrypted(call: ServiceCall) -> tuple[Any, VolumeKey]:
    snapshot_id = call.parameters.get("SnapshotId", "")
    snapshot = backend_of(call).snapshots.get(snapshot_id)
    if snapshot is None:
        raise Refused("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist.")
    key = key_kept_with(snapshot)
    if key is None:
        raise Refused("InvalidParameterValue", f"{snapshot_id} is not encrypted: a second key would open nothing.")
    return snapshot, key


def _of_kms(error: KMSError) -> Refused:
    return Refused("InvalidParameterValue", f"KMS refuses a key of the snapshot: {error.code}: {error.message}")
