"""S3 in the lab: its permissions (s3_actions.py) and what it does with KMS (the other modules named s3_...).

moto keeps buckets and objects. FIDELITY is what the page on fidelity says of it.
"""

from dataclasses import replace

from kms_katas.lab.services import s3_actions, s3_buckets, s3_objects, s3_update
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
    "PutBucketAcl": s3_objects.put_acl,
    "PutBucketEncryption": s3_buckets.put_bucket_encryption,
    "PutBucketPolicy": s3_buckets.put_bucket_policy,
    "PutObject": s3_objects.put_object,
    "PutObjectAcl": s3_objects.put_acl,
    "SelectObjectContent": s3_objects.read_object,
    "UpdateObjectEncryption": s3_update.update_object_encryption,
    "UploadPart": s3_objects.upload_part,
    "UploadPartCopy": s3_objects.upload_part,
}
_OF_NO_BUCKET = {"CreateBucket", "ListBuckets"}

SERVICE = replace(
    s3_actions.RULES,
    answers={**dict.fromkeys(s3_actions.RULES.permissions.keys() - _OF_NO_BUCKET, to_moto), **_OWN},
)

FIDELITY = (
    (
        "Permissions",
        f"Asked for {len(SERVICE.permissions)} operations, with their resources and condition keys (the headers of the "
        "request, s3:prefix, object tags, versions). ACLs are off and give nothing. All other operations are open to "
        "everybody who has credentials.",
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
        "Access points, directory buckets, anonymous requests, Block Public Access, uploads by HTML form (POST) with "
        "permissions, replication, requests of other AWS services to S3 on their own.",
    ),
)
"""What of S3, and how far: for the page on fidelity."""
