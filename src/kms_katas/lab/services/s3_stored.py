"""What moto's S3 keeps, as the modules of S3 here read it: buckets, objects and uploads of every account.

Decides nothing and asks nobody. What is known here of an object beyond moto hangs on moto's own as an attribute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.parsers.expat import ExpatError

from moto.s3.models import FakeKey, s3_backends

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms import setting
from kms_katas.lab.request_keys import Context
from kms_katas.lab.services import wire
from kms_katas.lab.services.call import Answer, Refused, ServiceCall

SSE_S3, SSE_KMS, DSSE_KMS, SSE_C = "AES256", "aws:kms", "aws:kms:dsse", "SSE-C"

_LOCKED = "_kms_katas_locked"
_SAID = "_kms_katas_said"


@dataclass(frozen=True, slots=True)
class Locked:
    """How an object lies. `mode` is one of the four above.

    Under a KMS key: its ARN, the data key under it (`blob`), the encryption context that KMS got, and the part of it
    that the writer `gave`. Under a customer's own key: the MD5 of that key, in Base64.
    """

    mode: str
    key_arn: str = ""
    blob: bytes = field(default=b"", repr=False)
    context: Mapping[str, str] = field(default_factory=dict)
    gave: Mapping[str, str] = field(default_factory=dict)
    bucket_key: bool = False
    customer_key_md5: str = ""

    @property
    def under_kms(self) -> bool:
        return self.mode in (SSE_KMS, DSSE_KMS)


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket by name: the account that owns it, and moto's bucket, None where there is none."""

    name: str
    owner: str
    partition: str
    bucket: Any = field(repr=False)

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:s3:::{self.name}"


def place_of(call: ServiceCall, name: str = "") -> Place:
    """The bucket that the request is about, or the one of this name."""
    name = name or call.parameters["Bucket"]
    partition, owner = s3_backends.bucket_accounts.get(name, (PARTITION, call.caller.account))
    return Place(name, owner, partition, s3_backends[owner][partition].buckets.get(name))


def object_in(bucket: Any, key: str, version: str | None = None) -> Any:
    """moto's object in this version, by default the current one; None where there is none, or a delete marker."""
    if bucket is None:
        return None
    versions = bucket.keys.getlist(key, [])
    if version is not None:
        versions = [one for one in versions if str(one.version_id) == version]
    return versions[-1] if versions and isinstance(versions[-1], FakeKey) else None


def upload_in(bucket: Any, upload_id: str) -> Any:
    """moto's multipart upload. Raises NoSuchUpload, where moto itself would fail."""
    found = bucket.multiparts.get(upload_id)
    if found is None:
        raise Refused(
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
            "completed.",
            404,
        )
    return found


def tags_of(stored: Any) -> Mapping[str, str]:
    tags: Mapping[str, str] = s3_backends[stored.account_id][stored.partition].tagger.get_tag_dict_for_resource(
        stored.arn
    )
    return tags


def source_of(call: ServiceCall) -> tuple[str, str, str | None]:
    """Bucket, key and version that CopyObject and UploadPartCopy read. Raises InvalidArgument."""
    path, _, query = call.parameters["CopySource"].partition("?")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    if not bucket or not key:
        raise Refused("InvalidArgument", "Invalid copy source object key")
    return bucket, key, parse_qs(query).get("versionId", [None])[0]


def locked(stored: Any) -> Locked | None:
    """What other services put straight into moto's store did not pass the gate: SSE-S3, and None where moto itself says
    more of its encryption than is true.
    """
    found: Locked | None = getattr(stored, _LOCKED, None)
    if found is None and getattr(stored, "encryption", "") is None:
        return Locked(SSE_S3)
    return found


def remember_lock(stored: Any, lock: Locked) -> None:
    """Of an object or an upload. moto's own fields say the same."""
    setattr(stored, _LOCKED, lock)
    name = "sse_encryption" if hasattr(stored, "sse_encryption") else "encryption"
    setattr(stored, name, None if lock.mode == SSE_C else lock.mode)
    stored.kms_key_id = lock.key_arn or None
    stored.bucket_key_enabled = True if lock.bucket_key else None


def said_of(upload: Any) -> Context:
    """The condition keys of the request that began the upload: they hold for its parts too."""
    said: Context = getattr(upload, _SAID, {})
    return said


def remember_said(upload: Any, said: Context) -> None:
    setattr(upload, _SAID, said)


def to_moto(call: ServiceCall, headers: Mapping[str, str | None] | None = None) -> Answer:
    """moto's answer.

    With enforcement on, the bucket policy has been asked by now; moto would ask it once more, without looking at
    principals and conditions. And the request goes to the account that owns the bucket: moto would put what a stranger
    writes, its tags above all, into the stranger's account.
    """
    try:
        return _motos_answer(call, headers)
    except ExpatError:  # moto looks in the body for what the schema asks for
        raise wire.unreadable("rest-xml") from None
    except TypeError:
        if "ContinuationToken" not in call.parameters:
            raise
        raise Refused("InvalidArgument", "The continuation token provided is incorrect") from None
    except KeyError:
        if not call.operation.startswith("Put"):
            raise
        raise wire.unreadable("rest-xml") from None


def _motos_answer(call: ServiceCall, headers: Mapping[str, str | None] | None) -> Answer:
    place = place_of(call)
    if not setting.current.enforce or place.bucket is None:
        return call.forward(headers)
    headers = {**(headers or {}), "x-moto-account-id": place.owner}
    if "Key" not in call.parameters and call.operation != "DeleteObjects":
        return call.forward(headers)
    policy, place.bucket.policy = place.bucket.policy, None
    try:
        return call.forward(headers)
    finally:
        place.bucket.policy = policy
