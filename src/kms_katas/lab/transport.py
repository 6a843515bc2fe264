"""Takes a signed request to moto and brings an answer back, whatever happens: never the network, never a Python
exception.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlparse, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    Request,
    environ_key_for_header,
    normalize_request,
    should_preserve_original_header_name,
)
from werkzeug.exceptions import HTTPException

from kms_katas.lab import mount
from kms_katas.lab.error_answers import error_answer, family
from kms_katas.lab.kms import responses, setting
from kms_katas.lab.kms.errors import region_is_down
from kms_katas.lab.network import on_its_way

_BUCKET_IN_THE_HOST = re.compile(
    r"(?P<bucket>.+)\.(?P<s3>s3(?:\.[a-z]{2}(?:-[a-z]+)+-[0-9])?\.amazonaws\.com(?:\.cn)?)", re.DOTALL
)

_S3 = re.compile(r"s3(?:\.[a-z]{2}(?:-[a-z]+)+-[0-9])?\.amazonaws\.com(?:\.cn)?")
_KMS = re.compile(r"kms\.[a-z]{2}(?:-[a-z]+)+-[0-9]\.amazonaws\.com(?:\.cn)?")

_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn")

Answer = tuple[int, Any, str | bytes]
"""Status, headers and body."""


def serve(request: AWSPreparedRequest) -> AWSResponse:
    """moto's answer to the request; an error answer with one sentence when moto has none."""
    if not botocore_stubber.enabled:
        text = "This client belongs to a lab that is closed. Use it inside the lab's with block."
        return _response(request, refusal(request.url, request.headers, "ServiceUnavailable", text))
    with on_its_way(request):
        asked = _with_bucket_in_path(request)
        return _response(asked, _answer(asked))


def is_for_the_engine(url: str) -> bool:
    """Whether all that `serve` does with a request is to hand it to KMS, in a lab that is open."""
    return botocore_stubber.enabled and _KMS.fullmatch(host_of(url)) is not None


def _with_bucket_in_path(request: AWSPreparedRequest) -> AWSPreparedRequest:
    """moto tells services apart by how the URL begins: a bucket named lambda, in the host, would make it Lambda's."""
    parts = urlsplit(request.url)
    found = _BUCKET_IN_THE_HOST.fullmatch(parts.hostname or "")
    if found is None:
        return request
    url = parts._replace(netloc=found["s3"], path=f"/{found['bucket']}{parts.path or '/'}").geturl()
    return AWSPreparedRequest(request.method, url, request.headers, request.body, request.stream_output)


def _answer(request: AWSPreparedRequest) -> Answer:
    def refused(code: str, message: str, status: int = 400) -> Answer:
        return refusal(request.url, request.headers, code, message, status)

    host = host_of(request.url)
    if not host.endswith(_OF_AWS) or host.startswith("motoapi."):
        return refused("UnknownEndpoint", f"The lab is no part of the internet: it does not serve the host {host!r}.")
    # boto3 asks S3 of us-east-1 at the host without a Region, which is that Region's (S3 guide, "Regional endpoints").
    regional = "s3.us-east-1.amazonaws.com" if host == "s3.amazonaws.com" else host
    if not host.startswith("kms.") and setting.current.regions_down.intersection(regional.split(".")):
        down = region_is_down()
        return refused(down.code, down.message, down.status)
    if host.startswith("kms.") and isinstance(request.body, bytes):
        # The short way to the same engine: moto's own way to it takes half the time of a call.
        return responses.answer(request.url, request.headers, request.body)
    try:
        found: Answer | None = (_motos_s3 if _S3.fullmatch(host) else botocore_stubber.process_request)(request)
    except NotImplementedError:
        return refused("UnsupportedOperationException", f"The lab's stand-in for {host} does not have this operation.")
    except ModuleNotFoundError as missing:
        service = host.partition(".")[0]
        extra = "kms-katas[cloudformation]" if service == "cloudformation" else f"moto[{service}]"
        text = f'The lab\'s stand-in for {host} needs {missing.name}, which is not installed: pip install "{extra}"'
        return refused("UnsupportedOperationException", text)
    except Exception as fault:
        text = f"The lab's stand-in for {host} failed on this request ({type(fault).__name__})."
        return refused("InternalFailure", text, 500)
    if found is None or found[2] == "Not yet implemented":
        text = f"The lab does not serve {request.method} on the host {host!r}."
        return refused("UnsupportedOperationException", text)
    return found


def _motos_s3(request: AWSPreparedRequest) -> Any:
    """What moto's process_request does for S3, without asking 140 other services first whether the URL is theirs."""
    url, _, _ = request.url.partition("?")
    for pattern, handler in _s3_handlers(mount.mounted()):
        if pattern.match(url):
            asked = _as_moto_reads_it(request)
            try:
                return handler(asked, asked.raw_url, asked.headers)
            except HTTPException as error:
                return error.code, error.get_headers(), error.get_body()
    return None


@cache
def _s3_handlers(gated: bool) -> tuple[tuple[re.Pattern[str], Any], ...]:
    """moto's, by pattern; `gated` tells whether the gate is before them now. moto loads them anew each time that it is
    asked.
    """
    from moto.s3.models import s3_backends

    urls = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].urls
    return tuple((re.compile(pattern), handler) for pattern, handler in urls.items())


def _as_moto_reads_it(request: AWSPreparedRequest) -> Request:
    """What moto's normalize_request makes of it, in a fifth of the time: werkzeug's builder is for tests, and careful.

    Source: PEP 3333, "environ Variables"; RAW_URI is werkzeug's.
    """
    body = request.body or b""
    if not isinstance(body, bytes) or not request.url.isascii():
        return normalize_request(request)
    parts = urlparse(request.url)
    # The body is whole by now, whatever it came in.
    headers = {name: value for name, value in request.headers.items() if name.lower() != "transfer-encoding"}
    said: dict[str, Any] = {}
    for name, value in headers.items():
        place, text = environ_key_for_header(name), value.decode() if isinstance(value, bytes) else str(value)
        said[place] = f"{said[place]}, {text}" if place in said else text
    said["CONTENT_LENGTH"] = str(len(body))
    return Request(
        {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(parts.path).encode().decode("latin-1"),
            "QUERY_STRING": parts.query,
            "RAW_URI": parts.path,
            "SERVER_NAME": parts.hostname,
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": parts.netloc,
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": BytesIO(body),
            PRESERVED_HEADER_NAMES_ENVIRON_KEY: {
                environ_key_for_header(name): name for name in headers if should_preserve_original_header_name(name)
            },
        }
        | said
    )


def serve_event(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    """The same as a handler of botocore's `before-send` event."""
    return serve(request)


def refusal(url: str, headers: Mapping[str, Any], code: str, message: str, status: int = 400) -> Answer:
    """An error in the wire format of the service asked. Names in `headers` are in small letters, or in whatever case
    where case is nothing to it.
    """
    names = host_of(url).replace("s3-", "s3.").split(".")
    service = next((name for name in ("s3", "ec2") if name in names), names[0])
    return status, *error_answer(family(service, str(headers.get("content-type", ""))), code, message)


@lru_cache(maxsize=64)
def host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def _response(request: AWSPreparedRequest, answer: Answer) -> AWSResponse:
    status, headers, body = answer
    return AWSResponse(request.url, int(status), headers, MockRawResponse(body))
