"""CloudTrail's own part of encrypted logs: whether the service may use the key of a trail, and who may make one.

moto keeps the trails. Source: CloudTrail guide, "Configure AWS KMS key policies for CloudTrail": the service principal
asks kms:DescribeKey and kms:GenerateDataKey* with aws:SourceArn and the encryption context aws:cloudtrail:arn, both the
ARN of the trail. CreateTrail and UpdateTrail try both. The code and the text where the key refuses are seen in reports
of real errors; the other codes are those of the API text, their sentences the lab's own. AWS asks the bucket policy
too (InsufficientS3BucketPolicyException); here it is not asked, for nothing is delivered.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from moto.cloudtrail.models import cloudtrail_backends
from moto.s3.models import s3_backends

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Answer, Permission, Refused, Service, ServiceCall
from kms_katas.lab.services.keys_for_services import ask_kms_as_service
from kms_katas.lab.services.required import with_required
from kms_katas.policy import Decision, denial_message

FIDELITY = (
    (
        "Encrypted logs of CloudTrail",
        "CreateTrail and UpdateTrail fail unless the key policy lets cloudtrail.amazonaws.com work for this trail. No "
        "log file is ever delivered, `lab.trail` is the log, and the policy of the bucket is not asked.",
    ),
    (
        "Permissions of CloudTrail",
        "For making, changing, starting, stopping, deleting and describing trails. LookupEvents is open to everybody "
        "with credentials.",
    ),
)
"""What -> how it behaves in the lab."""

_SERVICE = "cloudtrail.amazonaws.com"
_KEY_ARN = re.compile(r"arn:[^:]+:kms:([a-z0-9-]+):[0-9]{12}:(?:key|alias)/.+")


def _trail_arn(call: ServiceCall) -> str:
    name: str = call.parameters.get("Name") or call.parameters.get("TrailName") or "*"
    if name.startswith("arn:"):
        return name
    return f"arn:{PARTITION}:cloudtrail:{call.region}:{call.caller.account}:trail/{name}"


def _on_trail(call: ServiceCall) -> Iterable[Permission]:
    yield Permission(f"cloudtrail:{call.operation}", _trail_arn(call), call.caller.account)


def _on_nothing(call: ServiceCall) -> Iterable[Permission]:
    yield Permission(f"cloudtrail:{call.operation}", "*")


def _put_trail(call: ServiceCall) -> Answer:
    """CreateTrail and UpdateTrail. Raises Refused before moto changes anything."""
    asked = call.parameters
    trail = _known(call)
    bucket = _bucket(str(asked.get("S3BucketName") or getattr(trail, "bucket_name", "")))
    if bucket is None or (trail is None) is (call.operation == "UpdateTrail"):
        return call.forward()  # moto says what is missing, and makes a trail anew
    if not asked.get("KmsKeyId"):
        return call.forward()
    key_arn = _usable_key(call, asked["KmsKeyId"], bucket)
    status, headers, body = call.forward()
    made = _known(call)
    if made is not None:
        made.kms_key_id = key_arn
        body = json.dumps(json.loads(body) | {"KmsKeyId": key_arn})
    return status, headers, body


def _known(call: ServiceCall) -> Any:
    trails = cloudtrail_backends[call.caller.account][call.region].trails.values()
    return next((trail for trail in trails if trail.arn == _trail_arn(call)), None)


def _bucket(name: str) -> Any:
    account = s3_backends.bucket_accounts.get(name, (None, ""))[1]
    return s3_backends[account][PARTITION].buckets.get(name) if account else None


def _usable_key(call: ServiceCall, key_id: str, bucket: Any) -> str:
    """The ARN of the key, which the service has tried for this trail. Raises Refused."""
    arn = _KEY_ARN.fullmatch(key_id)
    if key_id.startswith("arn:") and arn is None:
        raise Refused("InvalidKmsKeyIdException", f"{key_id} is not the ARN of a KMS key or of an alias.")
    region = arn[1] if arn else call.region
    if region != bucket.region_name:
        sentence = f"The KMS key {key_id} and the S3 bucket {bucket.name} are not in the same Region."
        raise Refused("KmsKeyNotFoundException", sentence)
    trail = _trail_arn(call)
    context = {"aws:cloudtrail:arn": trail}

    def ask(operation: str, **parameters: Any) -> dict[str, Any]:
        return ask_kms_as_service(_SERVICE, region, operation, parameters, trail, call.caller.account, call)

    try:
        key_arn: str = ask("DescribeKey", KeyId=key_id)["KeyMetadata"]["Arn"]
        ask("GenerateDataKey", KeyId=key_arn, KeySpec="AES_256", EncryptionContext=context)
    except KMSError as error:
        if error.code == "AccessDeniedException":
            sentence = f"Insufficient permissions to access S3 bucket {bucket.name} or KMS key {key_id}."
            raise Refused("InsufficientEncryptionPolicyException", sentence) from None
        code = "KmsKeyNotFoundException" if error.code == "NotFoundException" else "KmsException"
        raise Refused(code, f"KMS refuses the key {key_id}: {error.code}: {error.message}") from None
    return key_arn


def _denied(decision: Decision) -> Refused:
    return Refused("AccessDeniedException", denial_message(decision))


_PERMISSIONS: dict[str, Callable[[ServiceCall], Iterable[Permission]]] = {
    **dict.fromkeys(
        (
            *("CreateTrail", "DeleteTrail", "GetEventSelectors", "GetInsightSelectors", "GetTrail", "GetTrailStatus"),
            *("PutEventSelectors", "PutInsightSelectors", "StartLogging", "StopLogging", "UpdateTrail"),
        ),
        _on_trail,
    ),
    **dict.fromkeys(("DescribeTrails", "ListTrails"), _on_nothing),
}

SERVICE = with_required(
    Service(
        permissions=_PERMISSIONS,
        answers={"CreateTrail": _put_trail, "UpdateTrail": _put_trail},
        denied=_denied,
    )
)
