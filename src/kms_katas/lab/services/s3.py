"""S3: who may, and which key an object lies under. moto keeps buckets and objects and calls no KMS.

The context of those calls: aws:s3:arn with the object's ARN, with a Bucket Key the bucket's (S3 guide, "Using
server-side encryption with AWS KMS keys").
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.s3.models import s3_backends

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services import s3_events
from kms_katas.lab.services.call import Answer, Permission, Refused, Service, ServiceCall
from kms_katas.lab.services.keys_for_services import ask_kms, default_key
from kms_katas.lab.stored_policies import named_policy
from kms_katas.policy import Decision, NamedPolicy, denial_message

_SSE = "x-amz-server-side-encryption"
_KEY_ID = f"{_SSE}-aws-kms-key-id"
_LOCKED = "_kms_katas_locked"


@dataclass(frozen=True, slots=True)
class Locked:
    """How an object lies: under which key, its data key under that one, and with which encryption context."""

    key_arn: str
    blob: bytes
    context: Mapping[str, str]


def _bucket(call: ServiceCall) -> tuple[str, Any]:
    """Account and moto's bucket. Raises Refused where there is none: moto says that itself when it is asked."""
    name = call.parameters["Bucket"]
    account = s3_backends.bucket_accounts.get(name, (None, call.caller.account))[1]
    return account, s3_backends[account][PARTITION].buckets.get(name)


def _permissions(action: str, on_object: bool = True) -> Any:
    def needed(call: ServiceCall) -> Iterable[Permission]:
        account, bucket = _bucket(call)
        arn = f"arn:{PARTITION}:s3:::{call.parameters['Bucket']}" + (f"/{call.parameters['Key']}" if on_object else "")
        yield Permission(action, arn, account, _policy(bucket))

    return needed


def _policy(bucket: Any) -> NamedPolicy | None:
    text = getattr(bucket, "policy", None)
    if not text:
        return None
    return named_policy(f"bucket policy of {bucket.name}", text.decode() if isinstance(text, bytes) else text)


def _put_object(call: ServiceCall) -> Answer:
    account, bucket = _bucket(call)
    asked = call.parameters
    mode, key_id = asked.get("ServerSideEncryption"), asked.get("SSEKMSKeyId")
    if mode is None and bucket is not None and bucket.encryption:
        default = bucket.encryption["Rule"]["ApplyServerSideEncryptionByDefault"]
        mode, key_id = default["SSEAlgorithm"], default.get("KMSMasterKeyID")
    if mode != "aws:kms" or bucket is None:
        return call.forward()
    key = key_id or default_key(call.caller.account, call.region, "alias/aws/s3")
    context = {"aws:s3:arn": f"arn:{PARTITION}:s3:::{asked['Bucket']}/{asked['Key']}"}
    try:
        made = ask_kms(call, "GenerateDataKey", {"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context})
    except KMSError as error:
        raise _of_kms(error) from None
    answer = call.forward({_SSE: mode, _KEY_ID: made["KeyId"]})
    stored = s3_backends[account][PARTITION].get_object(asked["Bucket"], asked["Key"])
    setattr(stored, _LOCKED, Locked(made["KeyId"], made["CiphertextBlob"], context))
    return answer


def _get_object(call: ServiceCall) -> Answer:
    account, bucket = _bucket(call)
    asked = call.parameters
    stored = bucket and s3_backends[account][PARTITION].get_object(
        asked["Bucket"], asked["Key"], version_id=asked.get("VersionId")
    )
    locked: Locked | None = getattr(stored, _LOCKED, None)
    if locked is not None:
        try:
            ask_kms(call, "Decrypt", {"CiphertextBlob": locked.blob, "EncryptionContext": dict(locked.context)})
        except KMSError as error:
            raise _of_kms(error) from None
    return call.forward()


def _of_kms(error: KMSError) -> Refused:
    """S3 passes KMS's words on: seen in reports of real errors."""
    if error.code == "AccessDeniedException":
        return Refused("AccessDenied", error.message, 403)
    return Refused(f"KMS.{error.code}", error.message, 400)


def _denied(decision: Decision) -> Refused:
    return Refused("AccessDenied", denial_message(decision), 403)


SERVICE = Service(
    permissions={
        "PutObject": _permissions("s3:PutObject"),
        "GetObject": _permissions("s3:GetObject"),
        "PutBucketNotificationConfiguration": _permissions("s3:PutBucketNotification", on_object=False),
    },
    answers={
        "PutObject": _put_object,
        "GetObject": _get_object,
        "PutBucketNotificationConfiguration": s3_events.put_notification_configuration,
    },
    denied=_denied,
    reached_by_rcps=True,
)
