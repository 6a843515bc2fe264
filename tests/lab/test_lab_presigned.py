"""URLs of S3 that carry their signature in the query, at the served lab."""

import secrets
from typing import Any
from urllib.parse import urlsplit

import pytest
from serving import Answered, Served

from kms_katas.lab import Lab, Principal
from kms_katas.lab.accounts import EVERYTHING
from kms_katas.lab.endpoint import Endpoint


@pytest.fixture
def served(lab: Lab) -> Any:
    with Endpoint(lab).in_background() as endpoint:
        yield Served(lab, endpoint)


@pytest.fixture
def contents(served: Served) -> bytes:
    """What is in the object."""
    text = secrets.token_bytes(30)
    s3 = served.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="an object", Body=text)
    return text


def url(served: Served, principal: Principal | None = None, version: str = "s3v4", **more: Any) -> str:
    """Path and query of a URL that lends reading the object."""
    s3 = served.client("s3", principal, signature_version=version)
    made = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "an object"}, **more)
    return made.removeprefix(served.endpoint.url)


def get(served: Served, target: str) -> Answered:
    return served.ask("GET", target, {})


def test_whoever_has_the_url_may_what_its_signer_lends(served: Served, contents: bytes) -> None:
    assert get(served, url(served)).body == contents


def test_a_session_can_lend_too(served: Served, contents: bytes) -> None:
    role = served.lab.home.role("app", policies={"all": EVERYTHING})
    assert get(served, url(served, role.session("s1"))).body == contents


def test_an_object_can_be_put_by_a_url(served: Served, contents: bytes) -> None:
    s3 = served.client("s3", signature_version="s3v4")
    made = s3.generate_presigned_url("put_object", Params={"Bucket": "bucket", "Key": "another"})
    parts = urlsplit(made)
    assert served.ask("PUT", f"{parts.path}?{parts.query}", {}, b"hello").status == 200
    assert s3.get_object(Bucket="bucket", Key="another")["Body"].read() == b"hello"


@pytest.mark.parametrize(
    "old, new", [("an%20object", "another"), ("X-Amz-Expires=3600", "X-Amz-Expires=7200"), ("?", "?versionId=1&")]
)
def test_a_url_that_was_changed_lends_nothing(served: Served, contents: bytes, old: str, new: str) -> None:
    target = url(served)
    assert old in target
    assert b"<Code>SignatureDoesNotMatch</Code>" in get(served, target.replace(old, new, 1)).body


def test_a_url_lends_one_method(served: Served, contents: bytes) -> None:
    assert served.ask("DELETE", url(served), {}).status == 403
    assert get(served, url(served)).body == contents


def test_a_url_ends(served: Served, contents: bytes) -> None:
    target = url(served, ExpiresIn=60)
    served.lab.clock.advance(seconds=50)
    assert get(served, target).body == contents
    served.lab.clock.advance(seconds=20)
    assert b"Request has expired" in get(served, target).body


def test_no_url_lends_for_more_than_a_week(served: Served, contents: bytes) -> None:
    assert get(served, url(served, ExpiresIn=604800)).body == contents
    assert get(served, url(served, ExpiresIn=604801)).status == 403


def test_a_url_of_a_day_that_is_none_lends_nothing(
    served: Served, contents: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoDay:
        def strftime(self, form: str) -> str:
            return "20261399T000000Z"

    with monkeypatch.context() as signing:
        signing.setattr("botocore.auth.get_current_datetime", NoDay)
        target = url(served)
    assert "20261399" in target
    assert b"Request has expired" in get(served, target).body


def test_a_url_ends_with_the_access_key_that_signed_it(served: Served, contents: bytes) -> None:
    bob = served.lab.home.user("bob")
    target = url(served, bob)
    served.lab.home.admin.client("iam").delete_access_key(UserName="bob", AccessKeyId=bob.access_key_id)
    assert b"<Code>InvalidAccessKeyId</Code>" in get(served, target).body


def test_a_url_of_the_old_kind_is_told_to_be_one(served: Served, contents: bytes) -> None:
    answered = get(served, url(served, version="s3"))
    assert b"<Code>InvalidRequest</Code>" in answered.body
    assert b"Please use AWS4-HMAC-SHA256" in answered.body


def test_other_services_take_no_signature_in_the_query(served: Served, contents: bytes) -> None:
    made = served.client("sts").generate_presigned_url("get_caller_identity")
    assert b"for S3 alone" in get(served, made.removeprefix(served.endpoint.url)).body
