"""What S3 does with KMS when objects are written, read, copied and deleted, whole or in parts. moto does the rest.

When KMS is asked: GenerateDataKey for a new object, copy or upload; Decrypt for reading one, and for each part of an
upload (botocore op:CreateMultipartUpload, Permissions), and at its end where it carries a checksum (botocore
op:CompleteMultipartUpload). Deleting, listing and tagging ask nothing.
HeadObject asks Decrypt only with ChecksumMode=ENABLED (botocore op:HeadObject); that it asks nothing without follows
from reports in which it succeeds and GetObject is then refused for the key. GetObjectAttributes asks Decrypt (S3 guide,
"Required permissions"). The ETag of what is not under SSE-S3 is no MD5 of its bytes (botocore shape ETag).
"""

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from moto.s3.models import s3_backends

from kms_katas.lab.kms import setting
from kms_katas.lab.services import s3_actions
from kms_katas.lab.services.call import Answer, Refused, ServiceCall
from kms_katas.lab.services.gate import require
from kms_katas.lab.services.s3_buckets import malformed_xml, require_no_acl
from kms_katas.lab.services.s3_customer_keys import require_customer_key
from kms_katas.lab.services.s3_encryption import headers_for_moto, lock, told, unlock, wish_of
from kms_katas.lab.services.s3_stored import (
    SSE_S3,
    Locked,
    Place,
    locked,
    object_in,
    place_of,
    remember_lock,
    remember_said,
    source_of,
    to_moto,
    upload_in,
)

_RANGE = re.compile(r"bytes=([0-9]+-[0-9]*|-[0-9]+)")
_ETAG = re.compile(r"<ETag>[^<]*</ETag>")
_NEXT_MARKER = re.compile(r"<NextMarker>[^<]*</NextMarker>")


def put_object(call: ServiceCall) -> Answer:
    place, key = place_of(call), call.parameters["Key"]
    if place.bucket is None:
        return to_moto(call)
    require_no_acl(call, place.bucket)
    wish = wish_of(call.parameters, place.bucket)
    made = lock(call, place, key, wish)
    answer = to_moto(call, headers_for_moto(wish, made))
    return _written(answer, object_in(place.bucket, key), made) if _done(answer) else answer


def copy_object(call: ServiceCall) -> Answer:
    """moto refuses a copy of an object onto itself that changes nothing: no header of ours may look like a change."""
    place, key = place_of(call), call.parameters["Key"]
    if place.bucket is None:
        return to_moto(call)
    require_no_acl(call, place.bucket)
    _read_source(call)
    wish = wish_of(call.parameters, place.bucket)
    made = lock(call, place, key, wish)
    before = object_in(place.bucket, key)
    answer = to_moto(call, headers_for_moto(wish, made) if wish.said or made.under_kms else None)
    stored = object_in(place.bucket, key)
    if not _done(answer) or stored is before:
        return answer
    return _written(answer, stored, made)


def create_multipart_upload(call: ServiceCall) -> Answer:
    place, key = place_of(call), call.parameters["Key"]
    if place.bucket is None:
        return to_moto(call)
    require_no_acl(call, place.bucket)
    wish = wish_of(call.parameters, place.bucket)
    made = lock(call, place, key, wish)
    status, headers, body = to_moto(call, headers_for_moto(wish, made))
    text = body.decode() if isinstance(body, bytes) else body
    found = re.search("<UploadId>([^<]+)</UploadId>", text)
    if found is None:
        return status, headers, body
    upload = upload_in(place.bucket, found[1])
    remember_lock(upload, made)
    remember_said(upload, s3_actions.said_in(call.parameters))
    return status, told(headers, made, for_writer=True), body


def upload_part(call: ServiceCall) -> Answer:
    """A part, from the request or out of another object."""
    place, asked = place_of(call), call.parameters
    if place.bucket is None:
        return to_moto(call)
    upload = upload_in(place.bucket, asked["UploadId"])
    if "CopySource" in asked:
        _read_source(call)
    made = _opened(call, place, upload)
    answer = to_moto(call)
    part = upload.parts.get(int(asked["PartNumber"]))
    return _written(answer, part, made, for_writer=False) if _done(answer) and part is not None else answer


def complete_multipart_upload(call: ServiceCall) -> Answer:
    """moto answers once more for an upload that is complete by now."""
    place, asked = place_of(call), call.parameters
    if place.bucket is None:
        return to_moto(call)
    stored = object_in(place.bucket, asked["Key"])
    upload = getattr(stored, "multipart", None)
    if upload is None or upload.id != asked["UploadId"]:
        upload = upload_in(place.bucket, asked["UploadId"])
    made = locked(upload)
    if made is not None and upload.metadata.get("x-amz-checksum-algorithm"):
        unlock(call, place, made)
    status, headers, body = to_moto(call)
    stored = object_in(place.bucket, asked["Key"])
    if not _done((status, headers, body)) or made is None or stored is None:
        return status, headers, body
    remember_lock(stored, made)
    return status, told(headers, made), body


def read_object(call: ServiceCall) -> Answer:
    """GetObject, whole or in part, and what else reads the bytes. A Range header that asks for no one range asks for
    nothing, and the whole object comes (RFC 9110, 14.2; S3 has one range in a request).
    """
    place, asked = place_of(call), call.parameters
    stored = object_in(place.bucket, asked["Key"], asked.get("VersionId"))
    made = _opened(call, place, stored) if stored is not None else None
    headers = {"Range": None} if not _RANGE.fullmatch(asked.get("Range", "bytes=0-")) else None
    return _read(to_moto(call, headers), made)


def head_object(call: ServiceCall) -> Answer:
    place, asked = place_of(call), call.parameters
    stored = object_in(place.bucket, asked["Key"], asked.get("VersionId"))
    made = locked(stored)
    if made is not None:
        require_customer_key(asked, made)
        if asked.get("ChecksumMode") == "ENABLED":
            unlock(call, place, made)
    if place.bucket is None or asked.get("VersionId") != "null":
        return _read(to_moto(call), made)
    # What was put while the bucket kept no versions has the version "null"; moto takes that for a mistake then.
    status, place.bucket.versioning_status = place.bucket.versioning_status, "Enabled"
    try:
        return _read(to_moto(call), made)
    finally:
        place.bucket.versioning_status = status


def list_objects(call: ServiceCall) -> Answer:
    """NextMarker comes with a Delimiter only (botocore op:ListObjects); else one goes on from the last key."""
    status, headers, body = to_moto(call)
    if status < 300 and "Delimiter" not in call.parameters:
        body = _NEXT_MARKER.sub("", body.decode() if isinstance(body, bytes) else body)
    return status, headers, body


def put_acl(call: ServiceCall) -> Answer:
    place = place_of(call)
    if place.bucket is not None:
        require_no_acl(call, place.bucket, always=True)
    return to_moto(call)


def put_object_tagging(call: ServiceCall) -> Answer:
    """moto cannot read an empty set, which takes the tags away."""
    place, asked = place_of(call), call.parameters
    stored = object_in(place.bucket, asked["Key"], asked.get("VersionId"))
    if stored is None or asked.get("Tagging", {}).get("TagSet") != []:
        return to_moto(call)
    s3_backends[place.owner][place.partition].tagger.delete_all_tags_for_resource(stored.arn)
    return 200, {"x-amz-request-id": call.request_id}, ""


def delete_objects(call: ServiceCall) -> Answer:
    """Each object is a permission of its own, and a refused one is a line in the answer, not an error."""
    place, asked = place_of(call), call.parameters.get("Delete", {})
    if not asked.get("Objects"):
        raise malformed_xml()
    if place.bucket is None or not setting.current.enforce:
        return to_moto(call)
    allowed, refused = [], []
    for one in asked["Objects"]:
        version = one.get("VersionId")
        action = "s3:DeleteObject" if version is None else "s3:DeleteObjectVersion"
        try:
            require(s3_actions.RULES, call, s3_actions.on_object(call, place, action, one["Key"], version))
            allowed.append(one)
        except Refused as why:
            refused.append((one["Key"], why))
    if not refused:
        return to_moto(call)
    backend = s3_backends[place.owner][place.partition]
    bypass = bool(call.parameters.get("BypassGovernanceRetention"))
    deleted, kept = backend.delete_objects(place.name, allowed, bypass) if allowed else ([], [])
    protected = Refused("AccessDenied", "Access Denied because object protected by object lock.", 403)
    lines = [] if asked.get("Quiet") else [_deleted(key, version, marker) for key, version, marker in deleted]
    lines += [_undeleted(key, why) for key, why in (*((key, protected) for key in kept), *refused)]
    body = f'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{"".join(lines)}</DeleteResult>'
    return 200, {"Content-Type": "application/xml", "x-amz-request-id": call.request_id}, body


def _deleted(key: str, version: str | None, marker: str | None) -> str:
    said = f"<Key>{escape(key)}</Key>" + (f"<VersionId>{version}</VersionId>" if version else "")
    if marker:
        said += f"<DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>{marker}</DeleteMarkerVersionId>"
    return f"<Deleted>{said}</Deleted>"


def _undeleted(key: str, why: Refused) -> str:
    return f"<Error><Key>{escape(key)}</Key><Code>{why.code}</Code><Message>{escape(why.message)}</Message></Error>"


def _opened(call: ServiceCall, place: Place, stored: Any, prefix: str = "") -> Locked | None:
    """How the object or upload lies, once KMS has opened it for the caller."""
    made = locked(stored)
    if made is not None:
        require_customer_key(call.parameters, made, prefix)
        unlock(call, place, made)
    return made


def _read_source(call: ServiceCall) -> None:
    name, key, version = source_of(call)
    place = place_of(call, name)
    stored = object_in(place.bucket, key, version)
    if stored is not None:
        _opened(call, place, stored, "CopySource")


def _done(answer: Answer) -> bool:
    return answer[0] < 300


def _read(answer: Answer, made: Locked | None) -> Answer:
    status, headers, body = answer
    return (status, told(headers, made), body) if made is not None and status < 400 else answer


def _written(answer: Answer, stored: Any, made: Locked | None, for_writer: bool = True) -> Answer:
    """What was stored remembers how it lies, and the answer tells it."""
    if made is None:
        return answer
    status, headers, body = answer
    remember_lock(stored, made)
    headers = told(headers, made, for_writer)
    if made.mode != SSE_S3:
        stored._etag = setting.current.randomness.bytes(16).hex()
        headers = _with_etag(headers, stored.etag)
        body = _ETAG.sub(f"<ETag>{escape(stored.etag)}</ETag>", body.decode() if isinstance(body, bytes) else body)
    return status, headers, body


def _with_etag(headers: Mapping[str, Any], etag: str) -> dict[str, Any]:
    return {name: etag if name.lower() == "etag" else value for name, value in headers.items()}
