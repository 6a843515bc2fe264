"""The settings of a bucket that moto keeps otherwise than AWS: its default encryption, its policy, its ACLs.

Every bucket has a default encryption, SSE-S3 until PutBucketEncryption says otherwise (botocore
op:GetBucketEncryption), and the KMS key that PutBucketEncryption names is not looked at. Doubtful: whether
PutBucketEncryption without BlockedEncryptionTypes, and DeleteBucketEncryption, leave the blocked types as they are;
here they do.
"""

from typing import Any
from xml.sax.saxutils import escape

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.key_policy_check import names_somebody_unknown
from kms_katas.lab.services import wire
from kms_katas.lab.services.call import Answer, Refused, ServiceCall
from kms_katas.lab.services.s3_customer_keys import block_types, blocked_types
from kms_katas.lab.services.s3_stored import DSSE_KMS, SSE_KMS, SSE_S3, place_of, to_moto
from kms_katas.policy import PolicyError, parse_document

_XML = {"Content-Type": "application/xml"}


def put_bucket_encryption(call: ServiceCall) -> Answer:
    place = place_of(call)
    if place.bucket is None:
        return to_moto(call)
    rules = call.parameters.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    if len(rules) != 1:
        raise malformed_xml()
    default = rules[0].get("ApplyServerSideEncryptionByDefault", {"SSEAlgorithm": SSE_S3})
    if default.get("SSEAlgorithm") not in (SSE_S3, SSE_KMS, DSSE_KMS):
        raise malformed_xml()
    if default["SSEAlgorithm"] == SSE_S3 and "KMSMasterKeyID" in default:
        raise Refused(
            "InvalidArgument",
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
        )
    blocked = rules[0].get("BlockedEncryptionTypes", {}).get("EncryptionType")
    if blocked is not None:
        if not set(blocked) <= {"NONE", "SSE-C"}:
            raise malformed_xml()
        block_types(place.bucket, tuple(blocked))
    # In the shape that moto has from its own parser.
    on = "true" if rules[0].get("BucketKeyEnabled") else "false"
    place.bucket.encryption = {"Rule": {"ApplyServerSideEncryptionByDefault": dict(default), "BucketKeyEnabled": on}}
    return 200, {"x-amz-request-id": call.request_id}, ""


def get_bucket_encryption(call: ServiceCall) -> Answer:
    place = place_of(call)
    if place.bucket is None:
        return to_moto(call)
    rule = (place.bucket.encryption or {"Rule": {}})["Rule"]
    default = rule.get("ApplyServerSideEncryptionByDefault", {"SSEAlgorithm": SSE_S3})
    key = default.get("KMSMasterKeyID")
    said = f"<SSEAlgorithm>{escape(default['SSEAlgorithm'])}</SSEAlgorithm>"
    said += f"<KMSMasterKeyID>{escape(key)}</KMSMasterKeyID>" if key else ""
    on = "true" if str(rule.get("BucketKeyEnabled", "")).lower() == "true" else "false"
    types = "".join(f"<EncryptionType>{one}</EncryptionType>" for one in blocked_types(place.bucket))
    body = (
        '<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>'
        f"<ApplyServerSideEncryptionByDefault>{said}</ApplyServerSideEncryptionByDefault>"
        f"<BucketKeyEnabled>{on}</BucketKeyEnabled>"
        + (f"<BlockedEncryptionTypes>{types}</BlockedEncryptionTypes>" if types else "")
        + "</Rule></ServerSideEncryptionConfiguration>"
    )
    return 200, _XML | {"x-amz-request-id": call.request_id}, body


def put_bucket_policy(call: ServiceCall) -> Answer:
    """The code is AWS's, and so are the texts for JSON that is none, for a resource of another bucket and for somebody
    who is not there; the others are those of our own reader.
    """
    place, text = place_of(call), call.parameters.get("Policy", "")
    if place.bucket is None or not setting.current.enforce:
        return to_moto(call)
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if not text.lstrip().startswith("{"):
        raise _malformed_policy("Policies must be valid JSON and the first byte must be '{'")
    try:
        document = parse_document(text)
    except PolicyError as wrong:
        raise _malformed_policy(str(wrong)) from None
    statements = document.get("Statement", [])
    for one in statements if isinstance(statements, list) else [statements]:
        if "Principal" not in one and "NotPrincipal" not in one:
            raise _malformed_policy("Missing required field Principal")
        if not all(_is_of(arn, place.arn) for arn in _listed(one.get("Resource", place.arn))):
            raise _malformed_policy("Policy has invalid resource")
    if names_somebody_unknown(document):
        raise _malformed_policy("Invalid principal in policy")
    return to_moto(call)


def require_no_acl(call: ServiceCall, bucket: Any, always: bool = False) -> None:
    """Buckets are made without ACLs since April 2023 (botocore shape ObjectOwnership); the bucket owner's own is taken.
    Where nothing is enforced moto decides. `always`: the request is about nothing but an ACL.
    """
    ownership = bucket.ownership_rule or "BucketOwnerEnforced"
    named = call.parameters.get("ACL") or any(name.startswith("Grant") for name in call.parameters)
    asked = always or (named and call.parameters.get("ACL") != "bucket-owner-full-control")
    if setting.current.enforce and ownership == "BucketOwnerEnforced" and asked:
        raise Refused("AccessControlListNotSupported", "The bucket does not allow ACLs")


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _is_of(arn: str, bucket_arn: str) -> bool:
    """Whether a Resource element, which may have wildcards, can be about this bucket."""
    if any(mark in arn for mark in "*?$") and not arn.startswith(f"{bucket_arn}/"):
        return arn == "*" or arn.startswith("arn:")
    return arn == bucket_arn or arn.startswith(f"{bucket_arn}/")


def malformed_xml() -> Refused:
    return wire.unreadable("rest-xml")


def _malformed_policy(text: str) -> Refused:
    return Refused("MalformedPolicy", text)
