"""The data keys of encrypted volumes and snapshots: what EC2 asks KMS for them. Not for which key a volume gets.

Sources: EC2 guide, "How EBS encryption works" and "Permissions for IAM users"; KMS guide, "How Amazon EBS uses AWS KMS"
(the encryption context: the ID of the volume, for a copied snapshot that of the copy) and "Amazon EC2 example two"
(data keys of 64 bytes, the grant to the infrastructure role and its Decrypt).
Doubtful: who asks Decrypt for the source of a copy, and whom that grant names. The guide lists kms:Decrypt and
kms:CreateGrant among what the caller needs, and so the caller is asked for both here; of kms:ReEncrypt, which is in the
list too, nothing says when it is asked, and it never is here. The guide's example of a grant has a retiring principal
of an account of AWS; here the grantee retires it.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from kms_katas.lab.callers import PARTITION, Caller
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import ServiceCall
from kms_katas.lab.services.keys_for_services import ask_kms

AWS_MANAGED = "alias/aws/ebs"
_DATA_KEY_BYTES = 64
_KEPT, _MORE, _GRANT = "_kms_katas_volume_key", "_kms_katas_associated_keys", "_kms_katas_grant"


@dataclass(frozen=True, slots=True)
class VolumeKey:
    """The data key of a volume or a snapshot, encrypted: `ebs_id` is the value of its encryption context."""

    key_arn: str
    blob: bytes = field(repr=False)
    ebs_id: str

    @property
    def context(self) -> dict[str, str]:
        return {"aws:ebs:id": self.ebs_id}


@dataclass(frozen=True, slots=True)
class InstanceGrant:
    """A grant that lets the infrastructure of one instance open the key of one volume."""

    key_arn: str
    grant_id: str
    instance_id: str


def key_kept_with(resource: Any) -> VolumeKey | None:
    """That of moto's volume or snapshot; None for one that is not encrypted, or that moto made by itself."""
    found: VolumeKey | None = getattr(resource, _KEPT, None)
    return found


def keep_with(resource: Any, key: VolumeKey) -> None:
    setattr(resource, _KEPT, key)
    resource.encrypted, resource.kms_key_id = True, key.key_arn


def associated_keys(snapshot: Any) -> tuple[VolumeKey, ...]:
    """The same data key under other KMS keys (AssociateKmsKeyId)."""
    found: tuple[VolumeKey, ...] = getattr(snapshot, _MORE, ())
    return found


def associate(snapshot: Any, keys: tuple[VolumeKey, ...]) -> None:
    setattr(snapshot, _MORE, keys)
    snapshot.associated_kms_keys = [{"KmsKeyId": key.key_arn} for key in keys]


def new_volume_key(call: ServiceCall, key_id: str, ebs_id: str) -> VolumeKey:
    """For the caller. Raises KMSError."""
    key_arn = ask_kms(call, "DescribeKey", {"KeyId": key_id})["KeyMetadata"]["Arn"]
    asked = {"KeyId": key_arn, "NumberOfBytes": _DATA_KEY_BYTES, "EncryptionContext": {"aws:ebs:id": ebs_id}}
    return VolumeKey(key_arn, ask_kms(call, "GenerateDataKeyWithoutPlaintext", asked)["CiphertextBlob"], ebs_id)


class SourceClosed(KMSError):
    """KMS's refusal of the key of what is to be read."""


def open_source(call: ServiceCall, snapshot: Any, region: str, for_id: str) -> None:
    """Opens an encrypted snapshot, in its Region, to read what is copied out of it to `for_id`: with its own key, or
    else with one that is associated. Raises SourceClosed.
    """
    there, refusal = replace(call, region=region), None
    for key in (key_kept_with(snapshot), *associated_keys(snapshot)):
        try:
            return open_once(there, key, for_id) if key is not None else None
        except KMSError as error:
            refusal = refusal or SourceClosed(error.code, error.message, error.status)
    if refusal is not None:
        raise refusal


def open_once(call: ServiceCall, key: VolumeKey, for_id: str) -> None:
    """As the caller, with a grant that ends at once. Raises KMSError."""
    ask_kms(call, "DescribeKey", {"KeyId": key.key_arn})
    grant = _grant(call, key, for_id)
    try:
        _decrypt(call, key)
    finally:
        retire(call, grant)


def open_on_instance(call: ServiceCall, key: VolumeKey, instance_id: str, running: bool) -> InstanceGrant:
    """The caller's grant to the instance, which opens the key with it while it runs. Raises KMSError."""
    grant = _grant(call, key, instance_id)
    if running:
        try:
            _decrypt(replace(call, caller=_infrastructure(call.caller.account, instance_id)), key)
        except KMSError:
            retire(call, grant)
            raise
    return grant


def retire(call: ServiceCall, grant: InstanceGrant) -> None:
    """Ends the grant; one that somebody revoked, or whose key is gone, is at its end already."""
    me = _infrastructure(call.caller.account, grant.instance_id)
    with suppress(KMSError):
        ask_kms(replace(call, caller=me), "RetireGrant", {"KeyId": grant.key_arn, "GrantId": grant.grant_id})


def grant_of(volume: Any) -> InstanceGrant | None:
    found: InstanceGrant | None = getattr(volume, _GRANT, None)
    return found


def remember_grant(volume: Any, grant: InstanceGrant | None) -> None:
    setattr(volume, _GRANT, grant)


def end_grant(call: ServiceCall, volume: Any) -> None:
    """After the volume left its instance, or the instance stopped: the plaintext key is nowhere any more."""
    grant = grant_of(volume)
    if grant is not None:
        remember_grant(volume, None)
        retire(call, grant)


def _grant(call: ServiceCall, key: VolumeKey, for_id: str) -> InstanceGrant:
    grantee = _infrastructure(call.caller.account, for_id).arn
    asked = {
        "KeyId": key.key_arn,
        "GranteePrincipal": grantee,
        "RetiringPrincipal": grantee,
        "Operations": ["Decrypt"],
        "Constraints": {"EncryptionContextSubset": key.context},
    }
    return InstanceGrant(key.key_arn, ask_kms(call, "CreateGrant", asked)["GrantId"], for_id)


def _decrypt(call: ServiceCall, key: VolumeKey) -> None:
    ask_kms(call, "Decrypt", {"CiphertextBlob": key.blob, "EncryptionContext": key.context})


def _infrastructure(account: str, instance_id: str) -> Caller:
    """EC2's own role in the account of the instance, as the log of "Amazon EC2 example two" shows it."""
    role = "aws:ec2-infrastructure"
    return Caller(
        arn=f"arn:{PARTITION}:sts::{account}:assumed-role/{role}/{instance_id}",
        account=account,
        kind="AssumedRole",
        user_id=f"{account}:{role}:{instance_id}",
        access_key_id="",
        role_arn=f"arn:{PARTITION}:iam::{account}:role/{role}",
    )
