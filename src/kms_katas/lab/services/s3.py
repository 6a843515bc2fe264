"""S3 in the lab: its permissions (s3_actions.py) and what it does with KMS (the other modules named s3_...).

moto keeps buckets and objects. FIDELITY is what the page on fidelity says of it.
"""

from dataclasses import replace

from moto.core.utils import get_service_model

from kms_katas.lab.kms import setting
from kms_katas.lab.services import s3_buckets, s3_events, s3_objects, s3_update
from kms_katas.lab.services.call import Answer, Refused, ServiceCall
from kms_katas.lab.services.s3_actions import RULES
from kms_katas.lab.services.s3_stored import to_moto

_OWN = {
    "CompleteMultipartUpload": s3_objects.complete_multipart_upload,
    "CopyObject": s3_objects.copy_object,
    "CreateMultipartUpload": s3_objects.create_multipart_upload,
    "DeleteObjects": s3_objects.delete_objects,
    "GetBucketEncryption": s3_buckets.get_bucket_encryption,
    "GetObject": s3_objects.read_object,
    "GetObjectAttributes": s3_objects.read_object,
    "HeadObject": s3_objects.head_object,
    "ListObjects": s3_objects.list_objects,
    "PutBucketAcl": s3_objects.put_acl,
    "PutBucketEncryption": s3_buckets.put_bucket_encryption,
    "PutBucketNotificationConfiguration": s3_events.put_notification_configuration,
    "PutBucketPolicy": s3_buckets.put_bucket_policy,
    "PutObject": s3_objects.put_object,
    "PutObjectAcl": s3_objects.put_acl,
    "PutObjectTagging": s3_objects.put_object_tagging,
    "UpdateObjectEncryption": s3_update.update_object_encryption,
    "UploadPart": s3_objects.upload_part,
    "UploadPartCopy": s3_objects.upload_part,
}
_OF_NO_BUCKET = {"CreateBucket", "ListBuckets"}
_WITHOUT_CREDENTIALS = {"BucketCORSPreflightCheck", "ObjectCORSPreflightCheck"}


def _not_in_the_lab(call: ServiceCall) -> Answer:
    """moto would take it for another operation: RenameObject for PutObject, DeleteObjectAnnotation for DeleteObject."""
    raise Refused("NotImplemented", f"{call.operation} works on AWS, but the lab does not have it yet.", 501)


def _select(call: ServiceCall) -> Answer:
    try:
        return s3_objects.read_object(call)
    except ModuleNotFoundError:  # moto needs py-partiql-parser for it
        return _not_in_the_lab(call)


def _post_object(call: ServiceCall) -> Answer:
    """An upload by an HTML form names who signed it inside the form, where the gate does not look."""
    return _not_in_the_lab(call) if setting.current.enforce else call.forward()


_UNKNOWN = frozenset(get_service_model("s3").operation_names) - RULES.permissions.keys() - _WITHOUT_CREDENTIALS
"""The operations that moto's S3 does not have."""

SERVICE = replace(
    RULES,
    answers={
        **dict.fromkeys(RULES.permissions.keys() - _OF_NO_BUCKET, to_moto),
        **_OWN,
        **dict.fromkeys(_UNKNOWN, _not_in_the_lab),
        "PostObject": _post_object,
        "SelectObjectContent": _select,
    },
)

FIDELITY = (
    (
        "Permissions",
        f"Asked for {len(RULES.permissions)} operations, with their resources and condition keys (the headers of the "
        "request, s3:prefix, object tags, versions). ACLs are off and give nothing.",
    ),
    (
        "SSE-KMS and DSSE-KMS",
        "GenerateDataKey for each new object, copy and multipart upload; Decrypt for GetObject, CopyObject, "
        "UploadPart, GetObjectAttributes and SelectObjectContent, for HeadObject with ChecksumMode alone, for "
        "CompleteMultipartUpload with a checksum. The bytes themselves are not encrypted; only S3 reads them.",
    ),
    (
        "Bucket Keys",
        "KMS is asked once for each bucket, key and requester; how long that holds is not documented, and is five "
        "minutes of the lab's clock. What the writer gave for the encryption context is sent along.",
    ),
    (
        "SSE-C",
        "Refused in new buckets until PutBucketEncryption unblocks it; keys are compared by their MD5.",
    ),
    (
        "UpdateObjectEncryption",
        "Re-wraps in place, with KMS keys of the bucket's account alone. Which KMS permissions it needs when is not "
        "documented; the lab asks for those that the change has a use for.",
    ),
    (
        "Default encryption",
        "SSE-S3 until it is set. Key IDs and aliases mean those of the writer's account.",
    ),
    (
        "Presigned URLs",
        "Permissions count as for every request; neither the signature nor the date is checked.",
    ),
    (
        "Not there",
        f"{len(_UNKNOWN)} operations are refused with NotImplemented: those on analytics, metrics, metadata tables, "
        "annotations, attribute-based access and directory buckets, GetObjectTorrent, RenameObject, "
        "WriteGetObjectResponse, and uploads by HTML form. Access points, anonymous requests, Block Public Access and "
        "replication do nothing.",
    ),
    *s3_events.FIDELITY,
)
"""What of S3, and how far: for the page on fidelity."""
