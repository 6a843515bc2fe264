"""Which permissions an operation of S3 needs, on what, with which condition keys, and what S3 says when one is missing.

Sources: the service authorization reference of S3 (2026-09) and the S3 guide, "Required permissions for Amazon S3 API
operations". ACLs give nobody anything here: new buckets have them off (BucketOwnerEnforced). Operations that are in
none of these tables are moto's own and not checked. DeleteObjects asks for each object by itself: s3_objects.py.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from kms_katas.lab.request_keys import Context
from kms_katas.lab.services.call import Permission, Refused, Service, ServiceCall
from kms_katas.lab.services.s3_stored import Place, object_in, place_of, said_of, source_of, tags_of
from kms_katas.lab.stored_policies import named_policy
from kms_katas.policy import Decision, NamedPolicy, denial_message

ON_BUCKET: Mapping[str, str] = {
    **{
        operation: f"s3:{operation}"
        for operation in (
            *("DeleteBucket", "DeleteBucketPolicy", "DeleteBucketWebsite", "GetBucketAcl", "GetBucketLocation"),
            *("GetBucketLogging", "GetBucketOwnershipControls", "GetBucketPolicy", "GetBucketPolicyStatus"),
            *("GetBucketRequestPayment", "GetBucketTagging", "GetBucketVersioning", "GetBucketWebsite"),
            *("PutBucketAcl", "PutBucketLogging", "PutBucketOwnershipControls", "PutBucketPolicy"),
            *("PutBucketRequestPayment", "PutBucketTagging", "PutBucketVersioning", "PutBucketWebsite"),
        )
    },
    "DeleteBucketCors": "s3:PutBucketCORS",
    "DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "DeleteBucketInventoryConfiguration": "s3:PutInventoryConfiguration",
    "DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "DeleteBucketReplication": "s3:PutReplicationConfiguration",
    "DeleteBucketTagging": "s3:PutBucketTagging",
    "DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "GetBucketCors": "s3:GetBucketCORS",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "GetBucketInventoryConfiguration": "s3:GetInventoryConfiguration",
    "GetBucketLifecycle": "s3:GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetBucketNotification": "s3:GetBucketNotification",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "GetBucketReplication": "s3:GetReplicationConfiguration",
    "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "HeadBucket": "s3:ListBucket",
    "ListBucketInventoryConfigurations": "s3:GetInventoryConfiguration",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "PutBucketAccelerateConfiguration": "s3:PutAccelerateConfiguration",
    "PutBucketCors": "s3:PutBucketCORS",
    "PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "PutBucketInventoryConfiguration": "s3:PutInventoryConfiguration",
    "PutBucketLifecycle": "s3:PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "PutBucketNotification": "s3:PutBucketNotification",
    "PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "PutBucketReplication": "s3:PutReplicationConfiguration",
    "PutObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
"""Operation -> the permission that it needs on the bucket."""

ON_OBJECT: Mapping[str, tuple[str, str]] = {
    "AbortMultipartUpload": ("s3:AbortMultipartUpload", ""),
    "CompleteMultipartUpload": ("s3:PutObject", ""),
    "CreateMultipartUpload": ("s3:PutObject", ""),
    "DeleteObject": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    "DeleteObjectTagging": ("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
    "GetObject": ("s3:GetObject", "s3:GetObjectVersion"),
    "GetObjectAcl": ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    "GetObjectAttributes": ("s3:GetObject", "s3:GetObjectVersion"),
    "GetObjectLegalHold": ("s3:GetObjectLegalHold", ""),
    "GetObjectRetention": ("s3:GetObjectRetention", ""),
    "GetObjectTagging": ("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
    "HeadObject": ("s3:GetObject", "s3:GetObjectVersion"),
    "ListParts": ("s3:ListMultipartUploadParts", ""),
    "PutObject": ("s3:PutObject", ""),
    "PutObjectAcl": ("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
    "PutObjectLegalHold": ("s3:PutObjectLegalHold", ""),
    "PutObjectRetention": ("s3:PutObjectRetention", ""),
    "PutObjectTagging": ("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
    "RestoreObject": ("s3:RestoreObject", ""),
    "SelectObjectContent": ("s3:GetObject", ""),
    "UpdateObjectEncryption": ("s3:UpdateObjectEncryption", ""),
    "UploadPart": ("s3:PutObject", ""),
}
"""Operation -> the permission that it needs on the object, and the one in its place where the request names a version.

Whether UpdateObjectEncryption of a version needs another permission is not documented.
"""

_ON_THE_SIDE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "CreateBucket": (
        ("ACL", "s3:PutBucketAcl"),
        ("ObjectOwnership", "s3:PutBucketOwnershipControls"),
        ("ObjectLockEnabledForBucket", "s3:PutBucketObjectLockConfiguration"),
        ("ObjectLockEnabledForBucket", "s3:PutBucketVersioning"),
    ),
    "DeleteObject": (("BypassGovernanceRetention", "s3:BypassGovernanceRetention"),),
    **dict.fromkeys(
        ("PutObject", "CopyObject", "CreateMultipartUpload"),
        (
            ("ACL", "s3:PutObjectAcl"),
            ("Tagging", "s3:PutObjectTagging"),
            ("ObjectLockMode", "s3:PutObjectRetention"),
            ("ObjectLockLegalHoldStatus", "s3:PutObjectLegalHold"),
        ),
    ),
}
"""What more a request needs that has such a parameter."""

_SAID_IN_REQUEST = {
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "Delimiter": "s3:delimiter",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "MaxKeys": "s3:max-keys",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "Prefix": "s3:prefix",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "StorageClass": "s3:x-amz-storage-class",
    "VersionId": "s3:VersionId",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
}
"""Parameter -> condition key. As the request has them: what the bucket adds by default is in none of them, and the key
is not resolved to its ARN (S3 guide, "Using condition keys": such keys compare the headers that a request carries).
"""

_BY_THE_ROOT_USER = frozenset({"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})
"""What a bucket policy cannot keep from the root user of the account that owns the bucket (S3 guide)."""

Needed = Callable[[ServiceCall], Iterable[Permission]]


def _permissions() -> dict[str, Needed]:
    """For each operation that is checked."""
    on_bucket = dict.fromkeys(ON_BUCKET, _on_bucket)
    on_object = dict.fromkeys(ON_OBJECT, _on_object)
    return {
        **on_bucket,
        **on_object,
        "CopyObject": _copy,
        "CreateBucket": _create_bucket,
        "DeleteObjects": _nothing_yet,
        "GetObjectAttributes": _attributes,
        "ListBuckets": lambda call: [Permission("s3:ListAllMyBuckets", "*")],
        "UploadPart": _part,
        "CompleteMultipartUpload": _part,
        "UploadPartCopy": _copied_part,
    }


def _denied(decision: Decision) -> Refused:
    """S3 puts the ARN in quotes, names none where there is none, and tells the reason only to callers of the bucket's
    own account or organization (S3 guide, "Troubleshoot access denied errors").
    """
    request = decision.request
    context, caller = request.context, request.principal.account
    organization = context.get("aws:PrincipalOrgID")
    apart = organization is None or organization != context.get("aws:ResourceOrgID")
    if request.owner and caller != request.owner and apart:
        return Refused("AccessDenied", "Access Denied", 403)
    text = denial_message(decision)
    if request.resource == "*":
        return Refused("AccessDenied", text.replace(" on resource: *", ""), 403)
    return Refused("AccessDenied", text.replace(f": {request.resource} ", f': "{request.resource}" '), 403)


def on_object(call: ServiceCall, place: Place, action: str, key: str, version: str | None = None) -> Permission:
    """The permission on one object, with the tags that the object has."""
    context = _context(call)
    stored = object_in(place.bucket, key, version)
    if stored is not None:
        context |= {f"s3:ExistingObjectTag/{name}": value for name, value in tags_of(stored).items()}
    return _permission(call, place, action, f"{place.arn}/{key}", context)


def said_in(asked: Mapping[str, Any]) -> Context:
    """The condition keys that the parameters of a request are."""
    context: Context = {key: str(asked[name]) for name, key in _SAID_IN_REQUEST.items() if name in asked}
    tags = dict(parse_qsl(asked["Tagging"], keep_blank_values=True)) if isinstance(asked.get("Tagging"), str) else {}
    if isinstance(asked.get("Tagging"), dict):
        tags = {tag["Key"]: tag["Value"] for tag in asked["Tagging"].get("TagSet", ())}
    context |= {f"s3:RequestObjectTag/{name}": value for name, value in tags.items()}
    if tags:
        context["s3:RequestObjectTagKeys"] = tuple(tags)
    if "CreateBucketConfiguration" in asked and (where := asked["CreateBucketConfiguration"].get("LocationConstraint")):
        context["s3:locationconstraint"] = where
    return context


def _context(call: ServiceCall) -> Context:
    return said_in(call.parameters) | {"s3:signatureversion": call.signature}


def _permission(call: ServiceCall, place: Place, action: str, arn: str, context: Context) -> Permission:
    wanted = call.parameters.get("ExpectedBucketOwner", place.owner)
    if wanted != place.owner and place.bucket is not None:
        raise Refused("AccessDenied", "Access Denied", 403)
    owner_himself = call.caller.kind == "Root" and call.caller.account == place.owner
    policy = None if owner_himself and action in _BY_THE_ROOT_USER else _policy(place.bucket)
    context = context | {"s3:ResourceAccount": place.owner}
    if place.bucket is not None:
        # A client that asks in another Region is sent on to the bucket's, where it asks once more.
        context["aws:RequestedRegion"] = place.bucket.region_name
    return Permission(action, arn, place.owner, policy, context)


def _policy(bucket: Any) -> NamedPolicy | None:
    text = getattr(bucket, "policy", None)
    if not text:
        return None
    return named_policy(f"bucket policy of {bucket.name}", text.decode() if isinstance(text, bytes) else text)


def _on_the_side(call: ServiceCall, place: Place, arn: str) -> Iterator[Permission]:
    for parameter, action in _ON_THE_SIDE.get(call.operation, ()):
        if call.parameters.get(parameter):
            yield _permission(call, place, action, arn, _context(call))


def _on_bucket(call: ServiceCall) -> Iterator[Permission]:
    place = place_of(call)
    yield _permission(call, place, ON_BUCKET[call.operation], place.arn, _context(call))


def _create_bucket(call: ServiceCall) -> Iterator[Permission]:
    """In the caller's account, whoever may have a bucket of that name."""
    arn, context = place_of(call).arn, _context(call)
    for action in (
        "s3:CreateBucket",
        *(one for name, one in _ON_THE_SIDE["CreateBucket"] if call.parameters.get(name)),
    ):
        yield Permission(action, arn, call.caller.account, None, context)


def _on_object(call: ServiceCall) -> Iterator[Permission]:
    place, key, version = place_of(call), call.parameters["Key"], call.parameters.get("VersionId")
    action, of_version = ON_OBJECT[call.operation]
    yield on_object(call, place, of_version if version is not None and of_version else action, key, version)
    yield from _on_the_side(call, place, f"{place.arn}/{key}")
    if action == "s3:GetObject" or call.operation == "UpdateObjectEncryption":
        yield from _whether_it_exists(call, place, key, version)


def _whether_it_exists(call: ServiceCall, place: Place, key: str, version: str | None) -> Iterator[Permission]:
    """Who may not list the bucket does not learn that an object is not there (botocore op:HeadObject, Permissions)."""
    if place.bucket is not None and object_in(place.bucket, key, version) is None:
        yield _permission(call, place, "s3:ListBucket", place.arn, _context(call))


def _attributes(call: ServiceCall) -> Iterator[Permission]:
    yield from _on_object(call)
    place, key, version = place_of(call), call.parameters["Key"], call.parameters.get("VersionId")
    action = "s3:GetObjectAttributes" if version is None else "s3:GetObjectVersionAttributes"
    yield on_object(call, place, action, key, version)


def _source(call: ServiceCall) -> Iterator[Permission]:
    name, key, version = source_of(call)
    place = place_of(call, name)
    wanted = call.parameters.get("ExpectedSourceBucketOwner", place.owner)
    if wanted != place.owner and place.bucket is not None:
        raise Refused("AccessDenied", "Access Denied", 403)
    action = "s3:GetObject" if version is None else "s3:GetObjectVersion"
    read = Permission(action, f"{place.arn}/{key}", place.owner, _policy(place.bucket))
    yield read
    stored = object_in(place.bucket, key, version)
    if place.bucket is not None and stored is None:
        yield Permission("s3:ListBucket", place.arn, place.owner, read.policy)
    takes_tags = call.operation == "CopyObject" and call.parameters.get("TaggingDirective") != "REPLACE"
    if takes_tags and stored is not None and tags_of(stored):
        tagging = "s3:GetObjectTagging" if version is None else "s3:GetObjectVersionTagging"
        yield Permission(tagging, read.resource, place.owner, read.policy)


def _copy(call: ServiceCall) -> Iterator[Permission]:
    yield from _source(call)
    place, key = place_of(call), call.parameters["Key"]
    yield on_object(call, place, "s3:PutObject", key)
    yield from _on_the_side(call, place, f"{place.arn}/{key}")


def _part(call: ServiceCall) -> Iterator[Permission]:
    """A part has the condition keys of the request that began the upload: policies that ask for encryption headers let
    uploads in parts through, though those headers are in the first request alone. AWS does not document how.
    """
    place, asked = place_of(call), call.parameters
    upload = place.bucket.multiparts.get(asked["UploadId"]) if place.bucket is not None else None
    context = {**(said_of(upload) if upload is not None else {}), **_context(call)}
    yield _permission(call, place, "s3:PutObject", f"{place.arn}/{asked['Key']}", context)


def _copied_part(call: ServiceCall) -> Iterator[Permission]:
    yield from _source(call)
    yield from _part(call)


def _nothing_yet(call: ServiceCall) -> Iterable[Permission]:
    return ()


RULES = Service(permissions=_permissions(), answers={}, denied=_denied, reached_by_rcps=True)
"""S3's permissions alone, without what it does."""
