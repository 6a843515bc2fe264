"""The quick signature is botocore's, header for header; and what it does not know it leaves to botocore."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.child import signing

BOTOCORES: dict[Any, Any] = {(SigV4Auth, "add_auth"): SigV4Auth.add_auth, (AWSRequest, "body"): AWSRequest.body}

WORDS = st.text("abcXYZ019-._~ ", min_size=1, max_size=12)
TOKENS = st.text("abcXYZ019-", min_size=1, max_size=12)
NAMES = st.sampled_from(
    ["X-Amz-Target", "x-amz-meta-a", "Content-Type", "User-Agent", "Connection", "Date", "Host", "X-Amz-Date"]
)
HEADERS = st.lists(st.tuples(NAMES, WORDS), max_size=6)
URLS = st.builds(
    "https://{}.us-east-1.amazonaws.com{}{}".format,
    st.sampled_from(["kms", "s3", "bucket.s3"]),
    st.sampled_from(["", "/", "/a/../b//c", "/key%20of%2Fone", "/~a"]),
    st.sampled_from(["", "?list-type=2&prefix=b%20c", "?uploads", "?b=2&a=1&b=1"]),
)
BODIES = st.binary(max_size=50) | TOKENS | st.binary(max_size=50).map(io.BytesIO) | st.none()
CREDENTIALS = st.builds(Credentials, TOKENS, TOKENS, st.none() | TOKENS)
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "payload_signing_enabled": st.booleans(),
        "has_streaming_input": st.booleans(),
        "checksum": st.sampled_from(
            [{"request_algorithm": {"in": "trailer"}}, {"request_algorithm": {"in": "header", "name": "x-amz-meta-a"}}]
        ),
    },
)


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    signing.sign_quickly()
    yield
    for (place, name), botocores in BOTOCORES.items():
        setattr(place, name, botocores)


def signed(kind: Any, credentials: Any, request: Any) -> list[tuple[str, str]]:
    kind(credentials, "s3" if kind is S3SigV4Auth else "kms", "us-east-1").add_auth(request)
    return list(request.headers.items())


def made(url: str, headers: Any, body: Any, context: Any, params: Any = None) -> Any:
    request: Any = AWSRequest("PUT", url, data=body, params=params)
    for name, value in headers:
        request.headers[name] = value  # a second of a name does not take the place of the first
    request.context.update(context)
    return request


PARTS = st.tuples(URLS, HEADERS, BODIES, CONTEXTS, st.none() | st.dictionaries(TOKENS, TOKENS, max_size=2))


@given(st.sampled_from([SigV4Auth, S3SigV4Auth]), CREDENTIALS, PARTS)
def test_it_is_botocores_header_for_header(kind: Any, credentials: Any, parts: Any) -> None:
    now = signing.get_current_datetime()
    with pytest.MonkeyPatch.context() as patch:
        for module in ("botocore.auth", "kms_katas.child.signing"):
            patch.setattr(f"{module}.get_current_datetime", lambda: now)
        ours = signed(kind, credentials, made(*parts))
        for (place, name), botocores in BOTOCORES.items():
            patch.setattr(place, name, botocores)
        assert ours == signed(kind, credentials, made(*parts))


@given(BODIES, st.dictionaries(TOKENS, TOKENS, max_size=3))
def test_a_body_is_what_botocore_makes_of_it(body: Any, form: dict[str, str]) -> None:
    for data in (body, form):
        request = made("https://kms.us-east-1.amazonaws.com/", (), data, {})
        assert request.body == BOTOCORES[AWSRequest, "body"].fget(request)


def test_a_request_that_is_tried_again_is_signed_once() -> None:
    request = made("https://kms.us-east-1.amazonaws.com/", (), b"{}", {})
    first = signed(SigV4Auth, Credentials("key", "secret", "token"), request)
    second = signed(SigV4Auth, Credentials("other", "secret", "token"), request)
    assert len(second) == len(first) and "Credential=other/" in request.headers["Authorization"]


def test_a_signer_of_ones_own_has_its_methods_called() -> None:
    class Mine(SigV4Auth):  # type: ignore[misc]  # botocore has no types
        def signature(self, string_to_sign: str, request: Any) -> str:
            return "mine"

    headers = dict(
        signed(Mine, Credentials("key", "secret"), made("https://kms.us-east-1.amazonaws.com/", (), b"", {}))
    )
    assert headers["Authorization"].endswith("Signature=mine")


def test_the_log_of_a_signature_can_be_read(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "botocore.auth"):
        signed(SigV4Auth, Credentials("key", "secret"), made("https://kms.us-east-1.amazonaws.com/", (), b"", {}))
    assert "CanonicalRequest:\nPUT" in caplog.text


def test_without_credentials_nothing_is_signed() -> None:
    with pytest.raises(NoCredentialsError):
        signed(SigV4Auth, None, made("https://kms.us-east-1.amazonaws.com/", (), b"", {}))
