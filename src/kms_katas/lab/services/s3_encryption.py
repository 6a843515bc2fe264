"""How an object of S3 is to be encrypted, and what S3 asks of KMS for it: one data key for each object, or one for the
bucket where a Bucket Key is on. Not for the bytes: moto keeps them as they came, and nobody reads them but through the
gate.

Sources: the API text of S3 inside botocore (PutObject, CopyObject, CreateMultipartUpload, ServerSideEncryptionRule) and
the S3 guide on SSE-KMS, DSSE-KMS, SSE-C and Bucket Keys. The context that KMS gets: aws:s3:arn with the object's ARN,
under a Bucket Key the bucket's, and beside it what the writer gave.
Doubtful: how long S3 keeps a Bucket Key ("a time-limited period"); whether what the writer gave reaches KMS under a
Bucket Key; that aws:s3:arn in what the writer gave counts for nothing; that a request for DSSE-KMS with a Bucket Key is
taken, without one. DSSE-KMS asks KMS once: the second layer has a key of S3's own.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.services.call import Refused, ServiceCall
from kms_katas.lab.services.data_keys import requester
from kms_katas.lab.services.keys_for_services import ask_kms, default_key
from kms_katas.lab.services.s3_customer_keys import customer_key_md5
from kms_katas.lab.services.s3_stored import DSSE_KMS, SSE_C, SSE_KMS, SSE_S3, Locked, Place

BUCKET_KEY_LIFETIME = timedelta(minutes=5)
"""A guess; see above."""

_SSE = "x-amz-server-side-encryption"
_BUCKET_KEYS = "_kms_katas_bucket_keys"
_DEFAULT_ALIAS = "alias/aws/s3"
_ALIAS = re.compile(r"(?:arn:aws[a-z-]*:kms:([a-z0-9-]+):([0-9]{12}):)?(alias/.+)")


@dataclass(frozen=True, slots=True)
class Wish:
    """How a new object is to lie. `key` names a KMS key as the request or the bucket does; empty for aws/s3.

    `said`: a request named the mode, not the bucket's default.
    """

    mode: str
    key: str = ""
    bucket_key: bool = False
    gave: Mapping[str, str] = field(default_factory=dict)
    customer_key_md5: str = ""
    said: bool = False


def wish_of(asked: Mapping[str, Any], bucket: Any) -> Wish:
    """Out of a request that writes an object, and the bucket's default where the request leaves it open.

    A request that names the mode aws:kms and no key means aws/s3, whatever key the bucket has by default. Raises
    InvalidArgument with AWS's texts, as reports of real errors have them.
    """
    mode: str | None = asked.get("ServerSideEncryption")
    key: str = asked.get("SSEKMSKeyId", "")
    gave = _context_given(asked.get("SSEKMSEncryptionContext", ""))
    if asked.get("SSECustomerAlgorithm") or asked.get("SSECustomerKey"):
        if mode is not None:
            raise Refused(
                "InvalidArgument",
                "Server Side Encryption with Customer provided key is incompatible with the encryption method "
                "specified",
            )
        return Wish(SSE_C, customer_key_md5=customer_key_md5(asked, bucket), said=True)
    if mode not in (None, SSE_S3, SSE_KMS, DSSE_KMS):
        raise Refused("InvalidArgument", "The encryption method specified is not supported")
    if key and mode not in (SSE_KMS, DSSE_KMS):
        raise Refused(
            "InvalidArgument",
            "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : "
            "aws:kms",
        )
    rule: Mapping[str, Any] = bucket.encryption["Rule"] if bucket.encryption else {}
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    said = mode is not None
    if mode is None:
        mode, key = default.get("SSEAlgorithm", SSE_S3), default.get("KMSMasterKeyID", "")
    on = asked.get("BucketKeyEnabled", str(rule.get("BucketKeyEnabled", "")).lower() == "true")
    return Wish(mode, key, bool(on) and mode == SSE_KMS, gave, said=said)


def _context_given(header: str) -> Mapping[str, str]:
    try:
        pairs = json.loads(base64.b64decode(header, validate=True)) if header else {}
    except ValueError:
        pairs = None
    if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
        raise Refused(
            "InvalidArgument",
            "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which "
            "represents a string-string map",
        )
    return pairs


def lock(call: ServiceCall, place: Place, key: str, wish: Wish) -> Locked:
    """Gets what a new object needs from KMS, as the caller. Raises Refused in S3's words for what KMS says."""
    if wish.mode == SSE_C:
        return Locked(SSE_C, customer_key_md5=wish.customer_key_md5)
    if wish.mode == SSE_S3:
        return Locked(SSE_S3)
    _require_signature_4(call)
    if wish.bucket_key:
        return _under_bucket_key(call, place, wish)
    return _locked_under(call, place, wish, f"{place.arn}/{key}")


def unlock(call: ServiceCall, place: Place, lock: Locked) -> None:
    """Has KMS open the data key of an object, as the caller. Raises Refused in S3's words for what KMS says."""
    if not lock.under_kms:
        return
    _require_signature_4(call)
    if not lock.bucket_key:
        ask(call, place, "Decrypt", {"CiphertextBlob": lock.blob, "EncryptionContext": dict(lock.context)})
        return
    keys, opened = _bucket_keys(place), (requester(call), lock.blob)
    if keys.opened.get(opened, call.now) <= call.now:
        ask(call, place, "Decrypt", {"CiphertextBlob": lock.blob, "EncryptionContext": dict(lock.context)})
        keys.opened[opened] = call.now + BUCKET_KEY_LIFETIME


def ask(call: ServiceCall, place: Place, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """KMS's answer to S3 in the Region of the bucket, which is the one in kms:ViaService.

    S3 passes KMS's words on (reports of real errors, such as KMS.NotFoundException, and SlowDown with status 503 where
    KMS throttles).
    """
    try:
        return ask_kms(replace(call, region=place.bucket.region_name), operation, parameters)
    except KMSError as error:
        raise _in_words_of_s3(error) from None


def headers_of(lock: Locked, for_writer: bool = False) -> dict[str, str]:
    """What every answer about an object says of its encryption; the context is told to whoever gave it, and only in the
    answer to that request.
    """
    if lock.mode == SSE_C:
        return {f"{_SSE}-customer-algorithm": "AES256", f"{_SSE}-customer-key-MD5": lock.customer_key_md5}
    headers = {_SSE: lock.mode}
    if lock.under_kms:
        headers[f"{_SSE}-aws-kms-key-id"] = lock.key_arn
    if lock.bucket_key:
        headers[f"{_SSE}-bucket-key-enabled"] = "true"
    if lock.gave and for_writer:
        headers[f"{_SSE}-context"] = base64.b64encode(json.dumps(dict(lock.gave)).encode()).decode()
    return headers


def told(headers: Mapping[str, Any], lock: Locked, for_writer: bool = False) -> dict[str, Any]:
    """The headers of moto's answer with those of `headers_of` in the place of moto's own."""
    rest = {name: value for name, value in headers.items() if not name.lower().startswith(_SSE)}
    return rest | headers_of(lock, for_writer)


def headers_for_moto(wish: Wish, lock: Locked) -> dict[str, str | None]:
    """What makes moto note the mode and the key."""
    if wish.mode == SSE_C:
        return {}
    return {_SSE: lock.mode, f"{_SSE}-aws-kms-key-id": lock.key_arn or None}


@dataclass(slots=True)
class _BucketKeys:
    """The bucket-level keys that S3 holds just now. Each requester has its own: KMS is asked once for each, so that the
    permission of everybody is asked and logged.
    """

    made: dict[tuple[Any, ...], tuple[Locked, datetime]] = field(default_factory=dict)
    opened: dict[tuple[Any, ...], datetime] = field(default_factory=dict)


def _bucket_keys(place: Place) -> _BucketKeys:
    if not hasattr(place.bucket, _BUCKET_KEYS):
        setattr(place.bucket, _BUCKET_KEYS, _BucketKeys())
    found: _BucketKeys = getattr(place.bucket, _BUCKET_KEYS)
    return found


def _under_bucket_key(call: ServiceCall, place: Place, wish: Wish) -> Locked:
    keys = _bucket_keys(place)
    which = (requester(call), _identity(call, place, wish.key), tuple(sorted(wish.gave.items())))
    found, until = keys.made.get(which, (None, call.now))
    if found is None or until <= call.now:
        found, until = _locked_under(call, place, wish, place.arn), call.now + BUCKET_KEY_LIFETIME
        keys.made[which] = found, until
        keys.opened[(which[0], found.blob)] = until
    return found


def _identity(call: ServiceCall, place: Place, name: str) -> str:
    """The key behind a name, so that an alias that moves does not stay with the old key."""
    parts = _ALIAS.fullmatch(name)
    if parts is None:
        return name
    region, account, alias = parts.groups()
    store = store_of(account or call.caller.account, region or place.bucket.region_name, call.now)
    return store.aliases[alias].key_id if alias in store.aliases else name


def _locked_under(call: ServiceCall, place: Place, wish: Wish, arn: str) -> Locked:
    context = {**wish.gave, "aws:s3:arn": arn}
    asked = {"KeyId": key_named(call, place, wish.key), "KeySpec": "AES_256", "EncryptionContext": context}
    made = ask(call, place, "GenerateDataKey", asked)
    return Locked(wish.mode, made["KeyId"], made["CiphertextBlob"], context, wish.gave, wish.bucket_key)


def key_named(call: ServiceCall, place: Place, name: str) -> str:
    """What KMS is asked for: a name as it stands, which KMS resolves in the caller's account; aws/s3 is made there when
    it is first needed, and is that of the caller's account too (S3 guide, cross-account operations).
    """
    own = f":{place.bucket.region_name}:{call.caller.account}:{_DEFAULT_ALIAS}"
    if not name or name == _DEFAULT_ALIAS or name.endswith(own):
        return default_key(call.caller.account, place.bucket.region_name, _DEFAULT_ALIAS)
    return name


def _require_signature_4(call: ServiceCall) -> None:
    """Not where nothing is enforced: there code that knows nothing of KMS goes on as with moto alone."""
    if setting.current.enforce and call.signature != "AWS4-HMAC-SHA256":
        raise Refused(
            "InvalidArgument",
            "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.",
        )


def _in_words_of_s3(error: KMSError) -> Refused:
    if error.code == "AccessDeniedException":
        return Refused("AccessDenied", error.message, 403)
    if error.code == "ThrottlingException":
        return Refused("SlowDown", "Please reduce your request rate for operations involving AWS KMS.", 503)
    if error.status >= 500:
        return Refused("ServiceUnavailable" if error.status == 503 else "InternalError", error.message, error.status)
    return Refused(f"KMS.{error.code}", error.message, 400)
