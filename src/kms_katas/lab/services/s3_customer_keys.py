"""SSE-C: objects under a key that the writer sends along and that every reader has to send again.

Only the MD5 of such a key is kept. Blocked in new buckets since April 2026; here in buckets of a lab that enforces, and
in none elsewhere, where code goes on as with moto alone. Codes and texts: S3 guide and reports of real errors; the text
for a blocked bucket is AWS's "Access Denied", before the key itself is looked at.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.services.call import Refused
from kms_katas.lab.services.s3_stored import SSE_C, Locked

_BLOCKED = "_kms_katas_blocked_encryption"


def blocked_types(bucket: Any) -> tuple[str, ...]:
    """As GetBucketEncryption tells them: ("SSE-C",), or what PutBucketEncryption set."""
    by_default = (SSE_C,) if setting.current.enforce else ()
    found: tuple[str, ...] = getattr(bucket, _BLOCKED, by_default)
    return found


def block_types(bucket: Any, types: tuple[str, ...]) -> None:
    setattr(bucket, _BLOCKED, types)


def customer_key_md5(asked: Mapping[str, Any], bucket: Any, prefix: str = "") -> str:
    """The MD5 of the key in a request, once the request is found in order. `prefix` is CopySource for that of a source.

    `bucket` is the one that a new object goes to, None for reading.
    """
    if SSE_C in (blocked_types(bucket) if bucket is not None else ()):
        raise Refused("AccessDenied", "Access Denied", 403)
    if asked.get(f"{prefix}SSECustomerAlgorithm") != "AES256":
        raise Refused("InvalidArgument", "The encryption algorithm specified is not supported")
    try:
        key = base64.b64decode(asked.get(f"{prefix}SSECustomerKey", ""), validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Refused("InvalidArgument", "The secret key was invalid for the specified algorithm.")
    md5 = base64.b64encode(hashlib.md5(key, usedforsecurity=False).digest()).decode()
    if asked.get(f"{prefix}SSECustomerKeyMD5") != md5:
        raise Refused("InvalidArgument", "The calculated MD5 hash of the key did not match the hash that was provided.")
    return md5


def require_customer_key(asked: Mapping[str, Any], lock: Locked, prefix: str = "") -> None:
    """Raises Refused where a request has no key and the object needs one, another key, or one for nothing."""
    sent = bool(asked.get(f"{prefix}SSECustomerAlgorithm") or asked.get(f"{prefix}SSECustomerKey"))
    if lock.mode != SSE_C:
        if sent:
            raise Refused("InvalidRequest", "The encryption parameters are not applicable to this object.")
        return
    if not sent:
        raise Refused(
            "InvalidRequest",
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to "
            "retrieve the object.",
        )
    if customer_key_md5(asked, None, prefix) != lock.customer_key_md5:
        raise Refused("AccessDenied", "Access Denied", 403)
