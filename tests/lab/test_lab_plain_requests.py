"""A request handed over in plain data, as the bridge does it, has the answer that a client of boto3 has."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.exceptions import ClientError

from kms_katas.lab import Lab

Asked = tuple[str, str, dict[str, str], bytes]
Answered = tuple[int, dict[str, str], bytes]
Ask = Callable[[Asked], Answered]


@contextmanager
def a_lab(seed: int) -> Iterator[tuple[Lab, str]]:
    with time_machine.travel(datetime(2026, 11, 22, tzinfo=UTC), tick=False), Lab(seed) as lab:
        yield lab, lab.home.create_key()


def requests_to(seed: int, name: str) -> list[Asked]:
    """Signed requests to KMS and to others: some that go well, some that are refused, some that are none."""
    seen: list[Asked] = []

    def see(request: Any, **_: Any) -> None:
        headers = {
            name.lower(): str(value, "ascii") if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        body = request.body or b""
        seen.append((request.method, request.url, headers, body.encode() if isinstance(body, str) else bytes(body)))

    with a_lab(seed) as (lab, key):
        kms, s3, sts = (lab.home.admin.client(service) for service in ("kms", "s3", "sts"))
        stranger = lab.account("444455556666").user("eve").client("kms")
        for client in (kms, s3, sts, stranger):
            client.meta.events.register_first("before-send", see)
        pair = {"name": name}
        blob = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext=pair)["CiphertextBlob"]
        kms.decrypt(CiphertextBlob=blob, EncryptionContext=pair)
        kms.describe_key(KeyId=key)
        sts.get_caller_identity()
        s3.create_bucket(Bucket="a-bucket")
        s3.put_bucket_tagging(Bucket="a-bucket", Tagging={"TagSet": [{"Key": "name", "Value": name}]})
        s3.get_bucket_tagging(Bucket="a-bucket")
        for refused in (
            lambda: kms.decrypt(CiphertextBlob=blob),
            lambda: kms.encrypt(KeyId=key, Plaintext=b""),
            lambda: stranger.decrypt(CiphertextBlob=blob, EncryptionContext=pair),
            lambda: s3.get_object(Bucket="a-bucket", Key="other"),
        ):
            with pytest.raises(ClientError):
                refused()
    in_a_bucket = "https://kms.s3.us-east-1.amazonaws.com/"  # named kms
    for url in (
        *("https://kms.us-east-1.amazonaws.com/", in_a_bucket),
        *("https://example.com/", "https://motoapi.amazonaws.com/reset"),
    ):
        seen.append(("POST", url, {"x-amz-target": f"TrentService.{name}"}, b"{"))
    return seen


def answers(seed: int, requests: list[Asked], way: Callable[[Lab], Ask]) -> list[Any]:
    with a_lab(seed) as (lab, _):
        assert lab.home.admin  # both made in the order in which they were made before
        lab.account("444455556666").user("eve")
        found = [way(lab)(request) for request in requests]
        told = [(call.operation, call.principal_arn, call.parameters, call.error_code) for call in lab.calls]
        return [*found, told, [record["requestID"] for record in lab.trail]]


def sent(lab: Lab) -> Ask:
    def ask(asked: Asked) -> Answered:
        method, url, headers, body = asked
        answer = lab.send(AWSPreparedRequest(method, url, HeadersDict(headers), body, stream_output=False))
        return answer.status_code, {name: str(value) for name, value in answer.headers.items()}, answer.content

    return ask


def handed_over(lab: Lab) -> Ask:
    def ask(asked: Asked) -> Answered:
        status, headers, body = lab.answer(*asked)
        content = body.encode() if isinstance(body, str) else body
        return status, {name: str(value) for name, value in headers.items()}, content

    return ask


def test_the_answer_is_the_same() -> None:
    seed, name = secrets.randbelow(1 << 32), secrets.token_hex(8)
    requests = requests_to(seed, name)
    found = answers(seed, requests, handed_over)
    assert all(200 <= status < 300 for status, _, _ in found[:7])
    assert found == answers(seed, requests, sent)


def test_a_closed_lab_says_so() -> None:
    with Lab() as lab:
        pass
    status, _, body = lab.answer("POST", "https://kms.us-east-1.amazonaws.com/", {}, b"{}")
    assert status == 400
    assert "lab that is closed" in json.loads(body)["message"]


def test_who_is_known_to_have_signed_it_calls() -> None:
    with Lab() as lab:
        user = lab.home.user(secrets.token_hex(4))
        known = lab.credential(user.access_key_id)
        assert known is not None
        url, headers = "https://kms.us-east-1.amazonaws.com/", {"x-amz-target": "TrentService.GenerateRandom"}
        body = b'{"NumberOfBytes": 9}'
        denied, *_ = lab.answer("POST", url, headers, body, known.principal)
        user.allow({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
        done, *_ = lab.answer("POST", url, headers, body, known.principal)
        stranger, *_ = lab.answer("POST", url, headers, body)
        assert (denied, done, stranger) == (400, 200, 400)
        assert [call.principal_arn for call in lab.calls] == [user.arn, user.arn, None]


def test_what_stands_in_the_place_of_send_sees_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, send = [], lab.send

    def watched(request: AWSPreparedRequest) -> AWSResponse:
        seen.append((request.url, request.headers["X-Amz-Target"], request.body))
        return send(request)

    monkeypatch.setattr(lab, "send", watched)
    url, target, body = "https://kms.us-east-1.amazonaws.com/", f"TrentService.{secrets.token_hex(4)}", b"{}"
    lab.answer("POST", url, {"x-amz-target": target}, body)
    assert seen == [(url, target, body)]
