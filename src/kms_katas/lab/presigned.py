"""URLs that carry their signature in the query, as `aws s3 presign` makes them: who signed lends to whoever has it.
S3's alone; the lab takes them for no other service.

Source: Amazon S3 API reference, "Authenticating Requests: Using Query Parameters". The texts are those of reports of
real errors.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4QueryAuth
from botocore.credentials import Credentials

from kms_katas.lab.signature import AwsRefused, Signed, refused, same, signature_by

_OF_THE_SIGNATURE = {
    *("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders", "x-amz-signature"),
    "x-amz-security-token",
}
_A_WEEK = 604800


def is_presigned(target: str) -> bool:
    """`target` is a path with its query, as it was sent."""
    return "x-amz-signature" in _parameters(target)


def require_present_signature(target: str) -> None:
    """Raises AwsRefused for signature version 2, by which AWS gives no object under a KMS key. Its Regions since 2014
    know none at all and say this; the lab says so everywhere.
    """
    if {"awsaccesskeyid", "signature"} <= _parameters(target).keys():
        text = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        raise AwsRefused("InvalidRequest", text, 400, "s3")


def signature_headers(target: str) -> dict[str, str]:
    """The headers that would say the same: who signed, with what, when."""
    said = _parameters(target)
    words = [f"{said.get('x-amz-algorithm')} Credential={said.get('x-amz-credential')}"]
    words += [f"SignedHeaders={said.get('x-amz-signedheaders')}", f"Signature={said['x-amz-signature']}"]
    token = {"x-amz-security-token": said["x-amz-security-token"]} if "x-amz-security-token" in said else {}
    return {"authorization": ", ".join(words), "x-amz-date": said.get("x-amz-date", ""), **token}


def without_signature(target: str) -> str:
    """What is asked for."""
    return _without(target, _OF_THE_SIGNATURE)


def require_presigned(
    signed: Signed, method: str, host: str, target: str, headers: Mapping[str, str], now: datetime
) -> None:
    """Raises AwsRefused for another service than S3, a signature that is not the signer's, and a URL past its time."""
    if signed.service != "s3":
        text = "The lab takes a signature in the query for S3 alone. Sign the headers of the request."
        raise AwsRefused("UnsupportedOperationException", text, 400, "json")
    credentials = Credentials(signed.access_key_id, signed.credential.secret)
    auth = S3SigV4QueryAuth(credentials, "s3", signed.region)
    url = f"http://{host}{_without(target, {'x-amz-signature'})}"
    kept = {name: value for name, value in headers.items() if name != "x-amz-content-sha256"}
    if "host" not in signed.names or not same(signature_by(auth, signed, method, url, kept, b""), signed.signature):
        raise refused("s3", "differs")
    if not _is_in_time(_parameters(target), now):
        raise AwsRefused("AccessDenied", "Request has expired", 403, "s3")


def _is_in_time(said: Mapping[str, str], now: datetime) -> bool:
    lasts, began = said.get("x-amz-expires", ""), said.get("x-amz-date", "")
    if not re.fullmatch("[0-9]{1,6}", lasts) or not re.fullmatch("[0-9]{8}T[0-9]{6}Z", began):
        return False
    try:
        since = datetime.strptime(began, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:  # digits that are no date
        return False
    return int(lasts) <= _A_WEEK and now < since + timedelta(seconds=int(lasts))


def _parameters(target: str) -> dict[str, str]:
    """By names in small letters."""
    return {name.lower(): value for name, value in parse_qsl(target.partition("?")[2], keep_blank_values=True)}


def _without(target: str, names: set[str]) -> str:
    path, _, query = target.partition("?")
    kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0].lower() not in names]
    return f"{path}?{'&'.join(kept)}" if kept else path
