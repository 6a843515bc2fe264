"""Who the served lab does not answer: whoever holds no credentials of it, web pages, and what would reach further."""

import secrets
import socket
from contextlib import suppress
from typing import Any

import pytest
import requests
from serving import LIST_KEYS, Served

from kms_katas.lab import Lab
from kms_katas.lab import endpoint as endpoint_module
from kms_katas.lab.endpoint import Endpoint, is_own_host

BY_FAMILY = {
    "kms": ("list_keys", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"),
    "secretsmanager": (
        "list_secrets",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
    ),
    "sts": ("get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"),
    "iam": ("list_users", "InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"),
    "s3": ("list_buckets", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"),
    "ec2": ("describe_volumes", "AuthFailure", "AuthFailure", "RequestExpired"),
}


@pytest.fixture
def served(lab: Lab) -> Any:
    with Endpoint(lab).in_background() as endpoint:
        yield Served(lab, endpoint)


@pytest.fixture(params=BY_FAMILY)
def asked(request: pytest.FixtureRequest, served: Served) -> Any:
    """Calls a service of each family; and the codes by which it refuses: unknown, wrong signature, expired."""
    service = request.param
    operation, *codes = BY_FAMILY[service]
    return lambda principal: getattr(served.client(service, principal), operation)(), codes


def test_an_access_key_that_nobody_has_is_refused(served: Served, asked: Any, refused: Any) -> None:
    call, (unknown, _, _) = asked
    bob = served.lab.home.user("bob")
    served.lab.home.admin.client("iam").delete_access_key(UserName="bob", AccessKeyId=bob.access_key_id)
    with refused(unknown):
        call(bob)


def test_an_inactive_access_key_is_refused(served: Served, asked: Any, refused: Any) -> None:
    call, (unknown, _, _) = asked
    bob, iam = served.lab.home.user("bob"), served.lab.home.admin.client("iam")
    iam.update_access_key(UserName="bob", AccessKeyId=bob.access_key_id, Status="Inactive")
    with refused(unknown):
        call(bob)


def test_a_signature_with_another_secret_is_refused(served: Served, asked: Any, refused: Any) -> None:
    call, (_, differs, _) = asked
    bob = served.lab.home.user("bob")
    object.__setattr__(bob, "secret_access_key", secrets.token_urlsafe(30))
    with refused(differs):
        call(bob)


def test_an_expired_session_is_refused(served: Served, asked: Any, refused: Any) -> None:
    call, (_, _, expired) = asked
    session = served.lab.home.role("app").session("s1", duration=900)
    served.lab.clock.advance(seconds=901)
    with refused(expired):
        call(session)


def test_a_session_without_its_token_is_refused(served: Served, asked: Any, refused: Any) -> None:
    call, (unknown, _, _) = asked
    session = served.lab.home.role("app").session("s1")
    object.__setattr__(session, "session_token", None)
    with refused("InvalidToken" if unknown == "InvalidAccessKeyId" else unknown):
        call(session)


def test_nothing_is_answered_to_whoever_did_not_sign(served: Served) -> None:
    assert b"MissingAuthenticationTokenException" in served.ask("POST", "/", LIST_KEYS, b"{}").body
    assert b"<Code>AccessDenied</Code>" in served.ask("GET", "/", {}).body
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert b"<Code>MissingAuthenticationToken</Code>" in served.ask("POST", "/", form, b"Action=ListUsers").body
    assert served.lab.calls == ()


@pytest.mark.parametrize(
    "change",
    [
        {"X-Amz-Target": "TrentService.CreateKey"},
        {"X-Amz-Date": "20200101T000000Z"},
        {"Host": "127.0.0.2"},
        {"Content-Type": "application/x-amz-json-1.0"},
    ],
)
def test_what_was_signed_cannot_be_changed(served: Served, change: dict[str, str]) -> None:
    answered = served.ask("POST", "/", served.signed() | change, b"{}")
    assert b"InvalidSignatureException" in answered.body
    assert served.lab.calls == ()


@pytest.mark.parametrize("method, target, body", [("PUT", "/", b"{}"), ("POST", "/?a=b", b"{}"), ("POST", "/", b"{ }")])
def test_method_query_and_body_are_signed_too(served: Served, method: str, target: str, body: bytes) -> None:
    assert b"InvalidSignatureException" in served.ask(method, target, served.signed(), body).body


@pytest.mark.parametrize("name", ["x-moto-account-id", "X-Moto-Account-Id"])
def test_motos_own_headers_change_no_account(served: Served, name: str) -> None:
    headers = served.signed("sts", body=b"Action=GetCallerIdentity&Version=2011-06-15") | {name: "999988887777"}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    answered = served.ask("POST", "/", headers, b"Action=GetCallerIdentity&Version=2011-06-15")
    assert b"<Account>111122223333</Account>" in answered.body
    headers = served.signed("s3", "PUT", "/bucket", b"") | {name: "999988887777"}
    assert served.ask("PUT", "/bucket", headers).status == 200
    assert [one["Name"] for one in served.client("s3").list_buckets()["Buckets"]] == ["bucket"]


@pytest.mark.parametrize("target", ["/moto-api/reset", "/moto-api/data.json", "/latest/meta-data/iam/"])
def test_what_a_moto_server_has_beside_aws_is_not_there(served: Served, target: str) -> None:
    served.client("s3").create_bucket(Bucket="bucket")
    assert served.ask("POST", target, {}).status == 403
    assert served.ask("GET", target, {}).status == 403
    for service in ("motoapi", "moto-api", "instance-metadata", "lambda"):
        headers = served.signed(service, "POST", target, b"")
        assert b"does not serve" in served.ask("POST", target, headers).body
    assert served.client("s3").list_buckets()["Buckets"]


def test_a_service_that_runs_code_is_not_served(served: Served, refused: Any) -> None:
    with refused("UnknownEndpoint"):
        served.client("lambda").list_functions()


@pytest.mark.parametrize("bucket", ["lambda", "lambda.us-east-1", "sqs.us-east-1.amazonaws.com", "motoapi", "kms"])
def test_a_bucket_in_the_host_that_is_named_like_a_service_reaches_s3_alone(served: Served, bucket: str) -> None:
    target, there = "/2015-03-31/functions", {"Host": f"{bucket}.localhost:{served.endpoint.port}"}
    answered = served.ask("GET", target, served.signed("s3", "GET", target, b"", **there))
    assert b"<Code>NoSuchBucket</Code>" in answered.body


@pytest.mark.parametrize("region", ["us-east-1.evil.example", "nowhere", "us", "aws-global"])
def test_a_region_that_is_none_is_refused(served: Served, region: str) -> None:
    answered = served.ask("POST", "/", served.signed(region=region), b"{}")
    assert answered.status in (400, 403)
    assert served.lab.calls == ()


def test_a_web_page_is_refused_though_its_request_is_signed(served: Served) -> None:
    answered = served.ask("POST", "/", served.signed() | {"Origin": "https://evil.example"}, b"{}")
    assert (answered.status, b"no web pages" in answered.body) == (403, True)
    assert served.lab.calls == ()


def test_no_page_of_another_site_may_read_an_answer(served: Served) -> None:
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for answered in (served.ask("OPTIONS", "/", preflight), served.ask("POST", "/", served.signed(), b"{}")):
        assert not any(name.startswith("access-control-") for name in answered.headers)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", "[::1", ""]
)
def test_a_name_that_another_site_can_lead_here_is_refused(served: Served, host: str) -> None:
    assert not is_own_host(host)
    answered = served.ask("POST", "/", served.signed() | {"Host": host}, b"{}")
    assert (answered.status, b"IP address or localhost" in answered.body) == (403, True)


def test_a_body_that_is_too_long_is_not_read(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_module, "MAX_BODY", 1000)
    for length in (1001, 10**15):
        headers = served.signed() | {"Content-Length": str(length)}
        answered = served.ask("POST", "/", headers, b"x" * min(length, 1001))
        assert b"at most" in answered.body
    chunks = iter([b"x" * 600, b"x" * 600])
    headers = served.signed() | {"Transfer-Encoding": "chunked"}
    assert b"at most" in served.ask("POST", "/", headers, chunks, chunked=True).body


def test_what_an_object_says_of_itself_adds_no_header(served: Served) -> None:
    s3 = served.client("s3", signature_version="s3v4")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="object", Body=b"x")
    target = "/bucket/object?response-content-disposition=a%0d%0aX-Evil%3a%201"
    answered = served.ask("GET", target, served.signed("s3", "GET", target, b""))
    assert "x-evil" not in answered.headers


def test_a_fault_of_the_lab_is_an_answer_too(served: Served, monkeypatch: pytest.MonkeyPatch, refused: Any) -> None:
    monkeypatch.setattr(served.lab, "send", lambda _: 1 // 0)
    with refused("InternalFailure"):
        served.client("kms").list_keys()


def test_the_lab_calls_no_other_host(served: Served) -> None:
    """moto would send what is published to a subscriber's address; whatever else it sends, it sends with requests."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        there = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        sns = served.client("sns")
        topic = sns.create_topic(Name="topic")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=there)
        sns.publish(TopicArn=topic, Message="hello")
        with suppress(Exception):  # how it fails is for the mock of requests to say
            requests.post(there, timeout=0.2)
        with pytest.raises(TimeoutError):
            listener.accept()
