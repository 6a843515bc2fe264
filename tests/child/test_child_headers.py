"""A request made ready quickly is botocore's, header for header; and what it does not know it leaves to botocore."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest, AWSRequestPreparer, HeadersDict
from botocore.endpoint import Endpoint
from botocore.hooks import HierarchicalEmitter
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.child import headers

BOTOCORES: dict[Any, Any] = {
    (Endpoint, "prepare_request"): Endpoint.prepare_request,
    (HeadersDict, "items"): HeadersDict.items,
}

WORDS = st.text("abcXYZ019-._~ é", max_size=12)
TOKENS = st.text("abcXYZ019-", min_size=1, max_size=12)
NAMES = st.sampled_from(
    ["X-Amz-Target", "x-amz-target", "x-amz-meta-a", "Content-Length", "content-length", "Transfer-Encoding"]
)
NAMED = NAMES | TOKENS
HEADERS = st.lists(st.tuples(NAMED, WORDS), max_size=6) | st.lists(
    st.tuples(NAMED, WORDS | WORDS.map(str.encode)), max_size=6
)
FORMS = st.dictionaries(TOKENS, TOKENS, max_size=2)
BODIES = st.sampled_from(["bytes", "file", "stream", "form", "none"])


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    headers.order_headers_quickly()
    yield
    for (place, name), botocores in BOTOCORES.items():
        setattr(place, name, botocores)


def prepared(request: Any) -> tuple[Any, ...]:
    made = Endpoint("https://kms.us-east-1.amazonaws.com", "kms", HierarchicalEmitter()).prepare_request(request)
    plain = [(name, made.headers[name]) for name in made.headers]
    assert list(made.headers.items()) == plain
    return type(made), made.method, made.url, plain, made.body, made.stream_output, made.context


@given(st.sampled_from(["PUT", "GET"]), HEADERS, BODIES, st.binary(max_size=50), FORMS, FORMS, st.booleans())
def test_it_is_botocores_header_for_header(
    method: str, named: Any, kind: str, data: bytes, form: Any, params: Any, stream: bool
) -> None:
    bodies = {"bytes": data, "file": io.BytesIO(data), "stream": iter([data]), "form": form, "none": None}

    def made() -> Any:
        url = "https://kms.us-east-1.amazonaws.com/"
        request: Any = AWSRequest(method, url, data=bodies[kind], params=params, stream_output=stream)
        for name, value in named:
            request.headers[name] = value  # a second of a name does not take the place of the first
        request.context["name"] = named
        return request

    ours = prepared(made())
    with pytest.MonkeyPatch.context() as patch:
        for (place, name), botocores in BOTOCORES.items():
            patch.setattr(place, name, botocores)
        assert ours == prepared(made())


@given(st.dictionaries(TOKENS, WORDS, max_size=5))
def test_headers_are_gone_through_as_any_mapping_is(named: dict[str, str]) -> None:
    ours = HeadersDict(named)
    found = ours.items()
    assert [*found] == [(name, ours[name]) for name in ours] and len(found) == len(ours)
    assert all((name.upper(), value) in found for name, value in found)
    assert HeadersDict(ours) == ours == ours.copy()


def test_a_request_of_ones_own_is_made_ready_as_it_says() -> None:
    class Preparer(AWSRequestPreparer):  # type: ignore[misc]  # botocore has no types
        def _prepare_url(self, original: Any) -> str:
            return "https://mine"

    class Mine(AWSRequest):  # type: ignore[misc]
        _REQUEST_PREPARER_CLS = Preparer

        def prepare(self) -> Any:
            self.headers["Mine"] = "mine"
            return super().prepare()

    found = prepared(Mine("POST", "https://kms", data=b"{}"))
    assert found[2] == "https://mine" and ("Mine", "mine") in found[3]


def test_headers_that_a_handler_put_in_their_place_are_sent() -> None:
    request: Any = AWSRequest("POST", "https://kms", data=b"{}")
    request.headers = {"Mine": "mine"}
    assert ("Mine", b"mine") in prepared(request)[3]
