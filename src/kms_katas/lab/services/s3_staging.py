"""Buckets and objects of S3 as set-up: what a request of boto3 would leave, without the request, which takes ten times
as long on its way through boto3 and moto.

What S3 asks of KMS for an object is asked, as for a request, and refused as there. Permissions of S3 are not asked, and
no event tells of it. Not for versions, ACLs and uploads in parts.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from moto.s3.models import s3_backends
from moto.s3.utils import compute_checksum

from kms_katas.lab.accounts import Account, Principal
from kms_katas.lab.callers import PARTITION, find_credential
from kms_katas.lab.kms import setting
from kms_katas.lab.network import in_force
from kms_katas.lab.services.call import Answer, ServiceCall
from kms_katas.lab.services.s3_buckets import put_bucket_encryption
from kms_katas.lab.services.s3_objects import put_object
from kms_katas.lab.services.s3_stored import Locked, locked, object_in

_CHECKSUM = "CRC32"
"""What boto3 adds to each put."""


@setting.one_at_a_time
def new_bucket(owner: Account, name: str) -> None:
    """In the lab's Region, with what S3 gives a bucket by default. Raises moto's error for a name that is taken."""
    s3_backends[owner.id][PARTITION].create_bucket(name, owner.lab.region)


@setting.one_at_a_time
def set_default_encryption(who: Principal, bucket: str, rule: Mapping[str, Any]) -> None:
    """The one rule of PutBucketEncryption, in boto3's form. Raises Refused for one that S3 does not take."""
    rules = {"ServerSideEncryptionConfiguration": {"Rules": [dict(rule)]}}
    put_bucket_encryption(_call(who, "PutBucketEncryption", {"Bucket": bucket, **rules}))


@setting.one_at_a_time
def new_object(
    who: Principal,
    bucket: str,
    name: str,
    body: bytes = b"",
    *,
    metadata: Mapping[str, str] | None = None,
    content_type: str = "",
    tags: Mapping[str, str] | None = None,
    storage_class: str = "STANDARD",
    how: Mapping[str, Any] | None = None,
) -> None:
    """`how` has the parameters of PutObject that are about encryption, as boto3 takes them. Raises Refused where S3
    does, in its words, also for what KMS says.
    """
    owner = s3_backends.bucket_accounts[bucket][1]
    backend = s3_backends[owner][PARTITION]

    def put(headers: Mapping[str, str | None] | None = None) -> Answer:
        said = headers or {}
        stored = backend.put_object(
            bucket,
            name,
            body,
            storage=storage_class,
            encryption=said.get("x-amz-server-side-encryption"),
            kms_key_id=said.get("x-amz-server-side-encryption-aws-kms-key-id"),
            checksum_value=compute_checksum(body, _CHECKSUM).decode(),
        )
        noted: dict[str, str] = {f"x-amz-meta-{key}".lower(): value for key, value in (metadata or {}).items()}
        stored.set_metadata(noted | ({"Content-Type": content_type} if content_type else {}))
        stored.set_acl(backend.get_bucket(bucket).acl)
        stored.checksum_algorithm = _CHECKSUM
        backend.put_object_tagging(stored, dict(tags or {}))
        return 200, {}, ""

    put_object(_call(who, "PutObject", {"Bucket": bucket, "Key": name, **_as_sent(how or {})}, put))


def stored_object(bucket: str, name: str) -> tuple[Any, Locked | None]:
    """moto's object, None where there is none, and how it lies, as far as the lab knows."""
    found = object_in(_bucket(bucket), name)
    return found, locked(found) if found is not None else None


def names_in(bucket: str) -> list[str]:
    """Of the objects that are there now, in order."""
    return sorted(name for name in _bucket(bucket).keys if object_in(_bucket(bucket), name) is not None)


def may_refuse(bucket: str) -> bool:
    """Whether S3 may refuse a request to somebody who may do everything: the bucket has a policy, or is gone."""
    return bucket not in s3_backends.bucket_accounts or _bucket(bucket).policy is not None


def _bucket(name: str) -> Any:
    partition, owner = s3_backends.bucket_accounts[name]
    return s3_backends[owner][partition].buckets[name]


def _call(who: Principal, operation: str, parameters: dict[str, Any], forward: Any = None) -> ServiceCall:
    credential = find_credential(who.access_key_id)
    assert credential is not None
    return ServiceCall(
        service="s3",
        operation=operation,
        parameters=parameters,
        caller=credential.principal,
        region=who.account.lab.region,
        user_agent="",
        request_id=setting.current.randomness.uuid(),
        now=setting.now(),
        route=in_force.get(),
        forward=forward,
    )


def _as_sent(how: Mapping[str, Any]) -> dict[str, Any]:
    """boto3 sends a customer's own key in Base64, and its MD5 beside it."""
    key = how.get("SSECustomerKey")
    if key is None:
        return dict(how)
    raw = key.encode() if isinstance(key, str) else key
    md5 = hashlib.md5(raw, usedforsecurity=False).digest()
    sent = {"SSECustomerKey": raw, "SSECustomerKeyMD5": md5}
    return {**how, **{name: base64.b64encode(value).decode() for name, value in sent.items()}}
