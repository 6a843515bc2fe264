"""UpdateObjectEncryption: another KMS key over an object that is there, without a new version and without new bytes.

Source: the API text inside botocore (op:UpdateObjectEncryption), texts of refusals included; where that writes "Amazon
Web Services KMS" it is AWS's "AWS KMS". Its permissions are kms:Encrypt, kms:Decrypt, kms:GenerateDataKey and
kms:ReEncrypt*; which call needs which is not documented. Here each is needed where the re-wrapping has a use for it:
from SSE-KMS ReEncrypt, from SSE-S3 Encrypt, from under a Bucket Key Decrypt and Encrypt, and to under one
GenerateDataKey, which from SSE-KMS has Decrypt before it.
"""

import re
from collections.abc import Mapping
from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.services.call import Answer, Refused, ServiceCall
from kms_katas.lab.services.s3_encryption import Wish, ask, lock, unlock
from kms_katas.lab.services.s3_stored import (
    DSSE_KMS,
    SSE_C,
    SSE_KMS,
    SSE_S3,
    Locked,
    Place,
    locked,
    object_in,
    place_of,
    remember_lock,
    to_moto,
)

_KEY_ARN = re.compile(r"arn:aws[a-zA-Z0-9-]*:kms:[a-z0-9-]+:([0-9]{12}):key/[a-zA-Z0-9-]+")


def update_object_encryption(call: ServiceCall) -> Answer:
    place, asked = place_of(call), call.parameters
    if place.bucket is None:
        return to_moto(call)
    stored = object_in(place.bucket, asked["Key"], asked.get("VersionId"))
    if stored is None:
        raise Refused("NoSuchKey", "The specified key does not exist.", 404)
    wish = _wish(asked, place)
    _require_updatable(stored)
    before = locked(stored) or Locked(SSE_S3)
    remember_lock(stored, _rewrapped(call, place, asked["Key"], before, wish))
    return 200, {"x-amz-request-id": call.request_id}, ""


def _wish(asked: Mapping[str, Any], place: Place) -> Wish:
    """Raises InvalidRequest, and AccessDenied for a key of another account than the bucket's: AWS Support alone lifts
    that.
    """
    wanted = asked.get("ObjectEncryption", {}).get("SSEKMS")
    if wanted is None:
        raise _invalid(
            "Requests that modify an object encryption configuration require a valid new encryption type. Valid values "
            "are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again."
        )
    arn = wanted.get("KMSKeyArn", "")
    found = _KEY_ARN.fullmatch(arn)
    if not arn:
        raise _invalid(
            "Requests that modify an object's encryption type to SSE-KMS require an AWS KMS key Amazon Resource Name "
            "(ARN). Modify the request to specify a KMS key ARN, and then try again."
        )
    if found is None:
        raise _invalid(
            "Requests that modify an object's encryption type to SSE-KMS require a valid AWS KMS key Amazon Resource "
            "Name (ARN). Confirm that you have a correctly formatted KMS key ARN in your request, and then try again."
        )
    if found[1] != place.owner:
        raise _refused(
            "The AWS KMS key in the request must be owned by the same account as the bucket. Modify the request to "
            "specify a KMS key from the same account, and then try again."
        )
    return Wish(SSE_KMS, arn, bool(wanted.get("BucketKeyEnabled")))


def _require_updatable(stored: Any) -> None:
    before = locked(stored)
    if before is not None and before.mode in (DSSE_KMS, SSE_C):
        raise _invalid(
            "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or "
            "SSE-C. Only source objects encrypted with SSE-S3 or SSE-KMS are supported."
        )
    if stored.is_locked(governance_bypass=False):
        raise _refused(
            "The encryption type for the specified object can\N{RIGHT SINGLE QUOTATION MARK}t be updated because that "
            "object is protected by S3 Object Lock. If the object has a governance-mode retention period or a legal "
            "hold, you must first remove the Object Lock status on the object before you issue your "
            "UpdateObjectEncryption request. You can't use the UpdateObjectEncryption operation with objects that have "
            "an Object Lock compliance mode retention period applied to them."
        )


def _rewrapped(call: ServiceCall, place: Place, key: str, before: Locked, wish: Wish) -> Locked:
    """What the writer gave for the encryption context stays with the object."""
    if wish.bucket_key:
        unlock(call, place, before)
        return lock(call, place, key, Wish(SSE_KMS, wish.key, True, before.gave))
    context = {**before.gave, "aws:s3:arn": f"{place.arn}/{key}"}
    if before.mode == SSE_KMS and not before.bucket_key:
        change = {
            "CiphertextBlob": before.blob,
            "SourceEncryptionContext": dict(before.context),
            "DestinationKeyId": wish.key,
            "DestinationEncryptionContext": context,
        }
        made = ask(call, place, "ReEncrypt", change)
    else:
        unlock(call, place, before)
        data_key = setting.current.randomness.bytes(32)
        made = ask(call, place, "Encrypt", {"KeyId": wish.key, "Plaintext": data_key, "EncryptionContext": context})
    return Locked(SSE_KMS, made["KeyId"], made["CiphertextBlob"], context, before.gave)


def _invalid(text: str) -> Refused:
    return Refused("InvalidRequest", text)


def _refused(text: str) -> Refused:
    return Refused("AccessDenied", text, 403)
