"""The gate in front of S3: bodies that are not signed as such, and hosts that have a bucket before them."""

import hashlib
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth

from kms_katas.child import wire
from kms_katas.grading.gate import Gate
from kms_katas.lab import Lab, Principal

from .conftest import code, signed


def test_a_content_hash_in_the_headers_does_not_stand_for_the_body(lab: Lab, learner: Principal) -> None:
    url = "https://s3.us-east-1.amazonaws.com/bucket/object"
    question = s3_put(learner, url, b"one", X_Amz_Content_SHA256=hashlib.sha256(b"one").hexdigest())
    lab.home.admin.client("s3").create_bucket(Bucket="bucket")
    s3 = Gate(lab, ("s3",))
    assert code(s3.reply(question)) == "ok"
    assert code(s3.reply(question | {"body": wire.encode(b"two")})) == "XAmzContentSHA256Mismatch"


@pytest.mark.parametrize("said", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_a_body_that_s3_lets_go_unsigned_or_in_chunks_passes(lab: Lab, learner: Principal, said: str) -> None:
    lab.home.admin.client("s3").create_bucket(Bucket="bucket")
    body = b"3\r\none\r\n0\r\n\r\n" if said.startswith("STREAMING") else b"one"
    headers = (
        {"content_encoding": "aws-chunked", "x_amz_decoded_content_length": "3"} if said.startswith("STREAMING") else {}
    )
    url = "https://s3.us-east-1.amazonaws.com/bucket/object"
    question = s3_put(learner, url, body, X_Amz_Content_SHA256=said, **headers)
    reply = Gate(lab, ("s3",)).reply(question)
    assert reply.get("status") == 200, reply
    assert lab.home.admin.client("s3").get_object(Bucket="bucket", Key="object")["Body"].read() == b"one"


@pytest.mark.parametrize("bucket", ["iam", "lambda.us-east-1", "motoapi", "kms"])
@pytest.mark.parametrize("beginning", ["https://", "ht\ntps://"])
def test_a_bucket_in_the_host_that_is_named_like_a_service_leads_to_s3_alone(
    lab: Lab, learner: Principal, bucket: str, beginning: str
) -> None:
    url = f"https://{bucket}.s3.us-east-1.amazonaws.com/"
    form = b"Action=ListUsers&Version=2010-05-08"
    headers = {"X_Amz_Content_SHA256": "UNSIGNED-PAYLOAD", "Content_Type": "application/x-www-form-urlencoded"}
    made = s3_put(learner, url, form, **headers)
    reply = Gate(lab, ("s3",)).reply(made | {"url": url.replace("https://", beginning)})
    assert [one["Name"] for one in lab.home.admin.client("s3").list_buckets()["Buckets"]] == [bucket], reply


def s3_put(principal: Principal, url: str, body: bytes, **headers: str) -> dict[str, Any]:
    return signed(principal, body=body, service="s3", url=url, auth=_PutAuth, **headers) | {"method": "PUT"}


class _PutAuth(S3SigV4Auth):
    """Signs a PUT whose content hash is the one said in its headers, true or not."""

    def add_auth(self, request: Any) -> None:
        request.method = "PUT"
        self.said = request.headers["X-Amz-Content-SHA256"]
        super().add_auth(request)

    def payload(self, request: Any) -> str:
        return str(self.said)
