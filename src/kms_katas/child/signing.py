"""botocore's own signature of a request, made in a third of the time: it takes a third of what a call costs.

botocore goes through the headers four times, puts the whole request together to see its body, and derives anew a key
that changes once a day. What is signed, and how, is as there: another kind of signer is left as it is, and so is every
one while somebody reads botocore's log of it. Not for judging a signature: the lab does. Source: IAM guide, "Create a
signed AWS API request".
"""

import hashlib
import hmac
import logging
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SIGNED_HEADERS_BLACKLIST, SIGV4_TIMESTAMP, S3SigV4Auth, SigV4Auth, _host_from_url
from botocore.awsrequest import AWSRequest
from botocore.compat import get_current_datetime

_KINDS = (SigV4Auth, S3SigV4Auth)
_NOT_SIGNED = frozenset(SIGNED_HEADERS_BLACKLIST)
_LOG = logging.getLogger("botocore.auth")
_botocores: Any = SigV4Auth.add_auth
_host = lru_cache(maxsize=64)(_host_from_url)


def sign_quickly() -> None:
    """From now on, in this process."""
    for place, name, ours in ((SigV4Auth, "add_auth", _add_auth), (AWSRequest, "body", property(_body))):
        setattr(place, name, ours)


def _add_auth(signer: Any, request: Any) -> None:
    """What SigV4Auth.add_auth does."""
    if type(signer) not in _KINDS or signer.credentials is None or _LOG.isEnabledFor(logging.DEBUG):
        _botocores(signer, request)
        return
    now = request.context["timestamp"] = get_current_datetime().strftime(SIGV4_TIMESTAMP)
    signer._modify_request_before_signing(request)
    headers = _signed_headers(request)
    claimed = headers.get("x-amz-content-sha256")
    lines = [request.method.upper(), signer._normalize_url_path(urlsplit(request.url).path)]
    lines.append(signer.canonical_query_string(request))
    digest = signer.payload(request) if claimed is None else claimed
    scope = (now[:8], signer._region_name, signer._service_name)
    request.headers["Authorization"] = _authorization(signer.credentials, lines, headers, digest, now, scope)


def sign_for_kms(credentials: Any, region: str, url: str, headers: dict[str, str], body: bytes) -> None:
    """Add to `headers` what _add_auth adds to those of a request of KMS, a POST of `body` to the root of `url`."""
    now = headers["X-Amz-Date"] = get_current_datetime().strftime(SIGV4_TIMESTAMP)
    if credentials.token:
        headers["X-Amz-Security-Token"] = credentials.token
    named = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed = {name: value for name, value in named.items() if name not in _NOT_SIGNED} | {"host": _host(url)}
    lines, digest = ["POST", "/", ""], hashlib.sha256(body).hexdigest()
    headers["Authorization"] = _authorization(credentials, lines, signed, digest, now, (now[:8], region, "kms"))


def _authorization(
    credentials: Any, lines: list[str], headers: dict[str, str], digest: str, now: str, scope: tuple[str, ...]
) -> str:
    """`lines` are method, path and query, `digest` is of the body, `scope` is date, Region and service."""
    names, scope = sorted(headers), (*scope, "aws4_request")
    signed = ";".join(names)
    lines += [*(f"{name}:{headers[name]}" for name in names), "", signed, digest]
    text = "\n".join(("AWS4-HMAC-SHA256", now, "/".join(scope), hashlib.sha256("\n".join(lines).encode()).hexdigest()))
    signature = _hmac(_signing_key(credentials.secret_key, *scope), text).hex()
    who = "/".join((credentials.access_key, *scope))
    return f"AWS4-HMAC-SHA256 Credential={who}, SignedHeaders={signed}, Signature={signature}"


def _signed_headers(request: Any) -> dict[str, str]:
    """By their names in small letters; of several with one name the values in one."""
    headers: dict[str, str] = {}
    for name, value in request.headers.raw_items():
        low, words = name.lower(), " ".join(value.split())
        if low not in _NOT_SIGNED:
            headers[low] = f"{headers[low]},{words}" if low in headers else words
    if "host" not in headers:
        headers["host"] = _host(request.url)
    return headers


@lru_cache(maxsize=64)
def _signing_key(secret: str, *scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for word in scope:
        key = _hmac(key, word)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _body(request: Any) -> Any:
    """What AWSRequest.body gives, without the rest of the request being made ready to be sent."""
    body = request._request_preparer._prepare_body(request)
    return body.encode() if isinstance(body, str) else body
