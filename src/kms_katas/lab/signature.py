"""Who signed a request, and whether the signature is theirs: as AWS asks it, before any service looks at the request.

AWS's codes for bad credentials: botocore's general error list, the Service Authorization Reference and S3's list of
errors name them; the messages are those of AWS, EC2's and the statuses from memory, not from a recording. The age of a
signature is not looked at, for the lab's clock is nobody else's.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.auth import SIGNED_HEADERS_BLACKLIST
from botocore.awsrequest import AWSRequest
from botocore.utils import normalize_url_path

from kms_katas.lab.callers import Credential, find_credential
from kms_katas.lab.error_answers import family

_SHA256 = re.compile(r"[0-9a-f]{64}")
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[A-Z0-9]+)/(?P<date>[0-9]{8})/"
    r"(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[a-z0-9;._-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_INVALID = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"
_DIFFERS = "The request signature we calculated does not match the signature you provided."
_CHECK = (
    f"{_DIFFERS} Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_NOBODY = "AWS was not able to validate the provided access credentials"

_ANSWERS: dict[str, dict[str, tuple[str, str, int]]] = {
    "json": {
        "unsigned": ("MissingAuthenticationTokenException", "Missing Authentication Token", 400),
        "unknown": ("UnrecognizedClientException", _INVALID, 400),
        "token": ("UnrecognizedClientException", _INVALID, 400),
        "expired": ("ExpiredTokenException", _EXPIRED, 400),
        "differs": ("InvalidSignatureException", _CHECK, 400),
    },
    "query": {
        "unsigned": ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
        "unknown": ("InvalidClientTokenId", _INVALID, 403),
        "token": ("InvalidClientTokenId", _INVALID, 403),
        "expired": ("ExpiredToken", _EXPIRED, 403),
        "differs": ("SignatureDoesNotMatch", _CHECK, 403),
    },
    "ec2": {
        "unsigned": ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
        "unknown": ("AuthFailure", _NOBODY, 401),
        "token": ("AuthFailure", _NOBODY, 401),
        "expired": ("RequestExpired", "Request has expired.", 400),
        "differs": ("AuthFailure", _NOBODY, 401),
    },
    "s3": {
        "unsigned": ("AccessDenied", "Access Denied", 403),
        "unknown": (
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            403,
        ),
        "token": ("InvalidToken", "The provided token is malformed or otherwise invalid.", 400),
        "expired": ("ExpiredToken", "The provided token has expired.", 400),
        "differs": ("SignatureDoesNotMatch", f"{_DIFFERS} Check your key and signing method.", 403),
    },
}
"""What each family of services says: code, message, HTTP status."""


class AwsRefused(Exception):
    """AWS itself would answer with this error before any service looks at the request."""

    def __init__(self, code: str, message: str, status: int, family: str) -> None:
        """`family` is how the service asked speaks: error_answers.py."""
        super().__init__(message)
        self.code, self.message, self.status, self.family = code, message, status, family


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request says of who signed it, where the access key is one of the lab's and counts."""

    credential: Credential
    access_key_id: str
    service: str
    region: str
    names: tuple[str, ...]
    signature: str


def who_signed(headers: Mapping[str, str], now: datetime, service: str | None = None) -> Signed:
    """Names in `headers` are in small letters. Without `service`, the signature says which one is asked.

    Raises AwsRefused for no signature, and for an access key that is unknown, inactive or expired.
    """
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    asked = service or (found["service"] if found else _seems_asked(headers))
    speaks = family(asked, headers.get("content-type", ""))
    if not found:
        raise refused(speaks, "unsigned")
    credential = find_credential(found["key"])
    if credential is None or not credential.active:
        raise refused(speaks, "unknown")
    if not same(headers.get("x-amz-security-token", ""), credential.session_token or ""):
        raise refused(speaks, "token")
    if credential.expires is not None and credential.expires <= now:
        raise refused(speaks, "expired")
    names = tuple(found["headers"].split(";"))
    return Signed(credential, found["key"], found["service"], found["region"], names, found["signature"])


def require_signature(
    signed: Signed, service: str, region: str, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> None:
    """Raises AwsRefused where the secret of the access key named does not give this signature, for this service."""
    expected = expected_signature(signed, service, region, method, url, headers, body)
    scope_is_right = (signed.service, signed.region) == (service, region)
    speaks = family(service, headers.get("content-type", ""))
    if not scope_is_right or "host" not in signed.names or not same(expected, signed.signature):
        raise refused(speaks, "differs")
    # botocore signs this header in place of the body, so the header must be true. The code is in S3's list of errors;
    # its text is from memory, not from a recording.
    claimed = headers.get("x-amz-content-sha256", "")
    if _SHA256.fullmatch(claimed) and claimed != hashlib.sha256(body).hexdigest():
        text = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise AwsRefused("XAmzContentSHA256Mismatch", text, 400, speaks)


def expected_signature(
    signed: Signed, service: str, region: str, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> str:
    """What botocore's SigV4Auth and S3SigV4Auth make of a request, of the headers that it says are signed.

    They take four times as long, a tenth of what a call costs. Source: IAM guide, "Create a signed AWS API request".
    """
    parts, date = urlsplit(url), headers.get("x-amz-date", "")
    path = parts.path if service == "s3" else _canonical_path(parts.path)
    pairs = sorted(pair.partition("=")[::2] for pair in parts.query.split("&")) if parts.query else ()
    named = {name: headers[name] for name in signed.names if name in headers and name not in SIGNED_HEADERS_BLACKLIST}
    named.setdefault("host", parts.netloc)
    names = sorted(named)
    request = [method.upper(), path, "&".join(f"{name}={value}" for name, value in pairs)]
    request += [*(f"{name}:{' '.join(named[name].split())}" for name in names), "", ";".join(names)]
    claimed = named.get("x-amz-content-sha256")
    request.append(hashlib.sha256(body).hexdigest() if claimed is None else claimed)
    digest = hashlib.sha256("\n".join(request).encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{date}\n{date[:8]}/{region}/{service}/aws4_request\n{digest}"
    return _hmac(_signing_key(signed.credential.secret, date[:8], region, service), text).hex()


@lru_cache(maxsize=64)
def _canonical_path(path: str) -> str:
    return quote(normalize_url_path(path), safe="/~")


@lru_cache(maxsize=64)
def _signing_key(secret: str, *scope: str) -> bytes:
    """`scope` is date, Region and service."""
    key = f"AWS4{secret}".encode()
    for word in (*scope, "aws4_request"):
        key = _hmac(key, word)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def signature_by(auth: Any, signed: Signed, method: str, url: str, headers: Mapping[str, str], body: bytes) -> str:
    """What botocore's signer `auth` makes of a request, of the headers that it says are signed."""
    named = {name: headers[name] for name in signed.names if name in headers}
    request: Any = AWSRequest(method=method, url=url, data=body, headers=named)
    request.context["timestamp"] = headers.get("x-amz-date", "")
    signature: str = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return signature


def refused(speaks: str, why: str) -> AwsRefused:
    """`speaks` is the family of the service, `why` one of unsigned, unknown, token, expired, differs."""
    return AwsRefused(*_ANSWERS[speaks][why], speaks)


def same(one: str, other: str) -> bool:
    """Told in the same time wherever they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())


def _seems_asked(headers: Mapping[str, str]) -> str:
    """By a request that nobody signed: S3 alone has neither a target nor a form."""
    is_s3 = "x-amz-target" not in headers and "x-www-form-urlencoded" not in headers.get("content-type", "")
    return "s3" if is_s3 else ""
