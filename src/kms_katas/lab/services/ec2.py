"""EC2 and EBS: who may, and which keys volumes, snapshots and instances need. moto keeps them all and calls no KMS."""

import base64

from kms_katas.lab.kms import setting
from kms_katas.lab.services.call import Refused, Service
from kms_katas.lab.services.ebs_associated import associate_key, disassociate_key
from kms_katas.lab.services.ebs_defaults import get_default_key, modify_default_key, reset_default_key
from kms_katas.lab.services.ebs_snapshots import (
    copy_snapshot,
    create_snapshots,
    describe_snapshots,
    modify_snapshot_attribute,
)
from kms_katas.lab.services.ebs_volumes import attach_volume, create_volume, detach_volume
from kms_katas.lab.services.ec2_instances import run_instances, start_instances, stop_or_terminate
from kms_katas.lab.services.ec2_permissions import PERMISSIONS
from kms_katas.lab.services.required import with_required
from kms_katas.policy import Decision, denial_message

FIDELITY = (
    (
        "Encrypted volumes",
        "CreateVolume, RunInstances and copies ask KMS as the caller through ec2, with aws:ebs:id; an instance opens "
        "its volumes as aws:ec2-infrastructure with a grant that ends when it stops or lets go of them. What AWS does "
        "later is done at once: a volume that KMS refuses is gone, a copy has the state error, an instance is "
        "terminated. What moto makes by itself, as for CloudFormation, asks KMS nothing.",
    ),
    (
        "Snapshots",
        "Shared with accounts, and then described, copied and restored there; not one under aws/ebs, and no encrypted "
        "one with everybody. What AssociateKmsKeyId asks of KMS is the lab's own. CopyVolumes, the EBS direct APIs, "
        "the recycle bin and block public access are not here. DataEncryptionKeyId is not told.",
    ),
    (
        "Permissions of EC2",
        "For volumes, snapshots, the start and end of instances, encryption by default, and what describes them. All "
        "other operations are open to everybody. RunInstances asks for no permission on the network, on key pairs, "
        "and not for iam:PassRole.",
    ),
    (
        "Images",
        "moto's: an instance has the volumes that the request or its launch template names, else one of 8 GiB, which "
        "only encryption by default encrypts. The snapshots of an image do not count.",
    ),
    (
        "Encoded authorization failure message",
        "Random; sts:DecodeAuthorizationMessage is not here. `lab.explain` tells more.",
    ),
)
"""What -> how it behaves in the lab."""


def _denied(decision: Decision) -> Refused:
    """As reports of real errors have it. The encoded message is random here: nothing decodes it, ask `Lab.explain`."""
    said = denial_message(decision).replace(" on resource: *", "")
    sentence = f"You are not authorized to perform this operation. {said}"
    if decision.request.resource != "*":
        encoded = base64.urlsafe_b64encode(setting.current.randomness.bytes(180)).decode()
        sentence += f". Encoded authorization failure message: {encoded}"
    return Refused("UnauthorizedOperation", sentence, 403)


SERVICE = with_required(
    Service(
        permissions=PERMISSIONS,
        answers={
            "AssociateKmsKeyId": associate_key,
            "AttachVolume": attach_volume,
            "CopySnapshot": copy_snapshot,
            "CreateSnapshot": create_snapshots,
            "CreateSnapshots": create_snapshots,
            "CreateVolume": create_volume,
            "DescribeSnapshots": describe_snapshots,
            "DetachVolume": detach_volume,
            "DisassociateKmsKeyId": disassociate_key,
            "GetEbsDefaultKmsKeyId": get_default_key,
            "ModifyEbsDefaultKmsKeyId": modify_default_key,
            "ModifySnapshotAttribute": modify_snapshot_attribute,
            "ResetEbsDefaultKmsKeyId": reset_default_key,
            "RunInstances": run_instances,
            "StartInstances": start_instances,
            "StopInstances": stop_or_terminate,
            "TerminateInstances": stop_or_terminate,
        },
        denied=_denied,
    )
)
