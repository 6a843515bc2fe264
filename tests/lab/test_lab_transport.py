"""A request on its way to moto's S3 is what moto itself would make of it, and passes the gate."""

import secrets
from typing import Any
from urllib.parse import quote

import pytest
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.request import Request, normalize_request

from kms_katas.lab import Lab
from kms_katas.lab.transport import _as_moto_reads_it, _s3_handlers

PATHS = (
    "",
    "/",
    "/b",
    "/b/",
    "/b//a%2Fb/",
    "/b/%ff",
    "/b/a;p;q",
    "/b/./../c",
    "/b/~a'!*()|",
    f"/b/{quote('a ü+1%.txt')}",
)
QUERIES = ("", "?list-type=2&prefix=", "?x=a+b&x=%20&y", "?a?b", "?versionId=null")
HEADERS: dict[str, Any] = {
    "X-Amz-Meta-My_Key": "ü",
    "x-amz-meta-my-key": b"bytes",
    "Content-MD5": "x",
    "Transfer-Encoding": "chunked",
}


def read(request: Request) -> dict[str, Any]:
    """All that moto and the gate read of it."""
    names = ("method", "url", "raw_url", "raw_path", "path", "url_root", "host", "query_string", "content_type")
    return {name: getattr(request, name) for name in names} | {
        "headers": sorted(request.headers.items()),
        "length": request.headers["Content-Length"],
        "body": request.get_data(),
        "values": sorted(request.values.items(multi=True)),
        "form": sorted(request.form.items(multi=True)),
    }


@pytest.mark.parametrize("url", [f"https://s3.amazonaws.com{path}{query}" for path in PATHS for query in QUERIES])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"Content-Type": "text/x", "Host": "b.s3.amazonaws.com"},
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    ],
)
def test_moto_reads_the_same_request(url: str, more: dict[str, str]) -> None:
    for method, body in (("GET", None), ("PUT", b""), ("PUT", b"a=b&c=d"), ("PUT", secrets.token_bytes(70_000))):
        headers = HEADERS | more | {"Content-Length": str(len(body or b"")), "x-amz-meta-note": secrets.token_hex(4)}
        request = AWSPreparedRequest(method, url, HeadersDict(headers), body, False)
        assert read(_as_moto_reads_it(request)) == read(normalize_request(request))


def test_the_gate_is_there_though_somebody_asked_while_it_was_not() -> None:
    _s3_handlers.cache_clear()
    with Lab() as lab:
        outlives_it = lab.home.admin.client("s3")
    with mock_aws():
        outlives_it.list_buckets()
    with Lab() as lab, pytest.raises(ClientError, match="AccessDenied"):
        lab.home.user("nobody").client("s3").list_buckets()
