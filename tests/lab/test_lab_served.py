"""The lab behind an address: what boto3 gets there is what it gets from the lab itself."""

import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from serving import Served

from kms_katas.lab import Lab
from kms_katas.lab import endpoint as endpoint_module
from kms_katas.lab.endpoint import Endpoint


@pytest.fixture
def served(lab: Lab) -> Any:
    with Endpoint(lab).in_background() as endpoint:
        yield Served(lab, endpoint)


def test_the_clients_outside_and_inside_share_one_lab(served: Served) -> None:
    secret = secrets.token_bytes(20)
    key_id = served.lab.home.create_key()
    blob = served.client("kms").encrypt(KeyId=key_id, Plaintext=secret)["CiphertextBlob"]
    assert served.lab.home.admin.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == secret
    assert [call.operation for call in served.lab.calls] == ["Encrypt", "Decrypt"]


def test_permissions_are_enforced_and_can_be_explained(served: Served, refused: Any) -> None:
    key_id, bob = served.lab.home.create_key(), served.lab.home.user("bob")
    with refused("AccessDeniedException") as denied:
        served.client("kms", bob).describe_key(KeyId=key_id)
    assert not served.lab.explain(denied.value).allowed


def test_a_session_is_somebody_there_too(served: Served) -> None:
    session = served.lab.account("444455556666").role("app").session("s1")
    assert served.client("sts", session).get_caller_identity()["Arn"] == session.arn


def test_the_region_is_the_one_that_signed(served: Served) -> None:
    admin = served.lab.home.admin
    body = b'{"Description":"there"}'
    headers = served.signed(body=body, region="eu-west-1")
    assert served.ask("POST", "/", headers, body).status == 200
    assert served.lab.calls[-1].region == "eu-west-1"
    assert served.lab.calls[-1].principal_arn == admin.arn


@pytest.mark.parametrize("key", ["plain", "a folder/a file", "ä+b=c&d?e#f%20", "/begins/with/a/slash"])
def test_an_object_comes_back_whole_with_its_metadata(served: Served, key: str) -> None:
    s3, contents = served.client("s3"), secrets.token_bytes(100_000)
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key=key, Body=contents, Metadata={"with_underscore": "1"})
    got = s3.get_object(Bucket="bucket", Key=key)
    assert (got["Body"].read(), got["Metadata"]) == (contents, {"with_underscore": "1"})
    assert s3.head_object(Bucket="bucket", Key=key)["ContentLength"] == len(contents)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="bucket")["Contents"]] == [key]


@pytest.mark.parametrize("host", ["a-bucket.localhost", "a-bucket.s3.localhost", "A-BUCKET.localhost"])
def test_s3_takes_the_bucket_from_the_host(served: Served, host: str) -> None:
    served.client("s3").create_bucket(Bucket="a-bucket")
    body, target = secrets.token_bytes(10), "/an/object"
    there = {"Host": f"{host}:{served.endpoint.port}"}
    assert served.ask("PUT", target, served.signed("s3", "PUT", target, body, **there), body).status == 200
    assert served.client("s3").get_object(Bucket="a-bucket", Key="an/object")["Body"].read() == body


@pytest.mark.parametrize("host", ["localhost", "s3.localhost"])
def test_these_hosts_leave_the_bucket_in_the_path(served: Served, host: str) -> None:
    target, there = "/a-bucket", {"Host": f"{host}:{served.endpoint.port}"}
    assert served.ask("PUT", target, served.signed("s3", "PUT", target, b"", **there)).status == 200
    assert [one["Name"] for one in served.client("s3").list_buckets()["Buckets"]] == ["a-bucket"]


def test_a_body_of_chunks_within_chunks_is_taken_apart(served: Served) -> None:
    """As the SDKs send a stream to S3: HTTP's chunks, in them AWS's with a checksum after the last."""
    served.client("s3").create_bucket(Bucket="bucket")
    piece = secrets.token_bytes(1000)
    inner = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(piece), piece, len(piece), piece)
    headers = served.signed(
        "s3",
        "PUT",
        "/bucket/object",
        body=None,
        Content_Encoding="aws-chunked",
        X_Amz_Decoded_Content_Length="2000",
    )
    outer = iter([inner[:700], inner[700:701], inner[701:]])
    headers["Transfer-Encoding"] = "chunked"
    assert served.ask("PUT", "/bucket/object", headers, outer, chunked=True).status == 200
    got = served.client("s3").get_object(Bucket="bucket", Key="object")
    assert got["Body"].read() == piece * 2


def test_calls_at_the_same_time_are_all_answered(served: Served) -> None:
    kms, key_id = served.client("kms"), served.lab.home.create_key()
    with ThreadPoolExecutor(8) as threads:
        blobs = list(threads.map(lambda n: kms.encrypt(KeyId=key_id, Plaintext=b"%d" % n)["CiphertextBlob"], range(24)))
    assert [kms.decrypt(CiphertextBlob=blob)["Plaintext"] for blob in blobs] == [b"%d" % n for n in range(24)]


def test_the_labs_clock_goes_with_the_real_one(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    began, ahead = served.lab.clock.now(), 3600

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromtimestamp(datetime.now(UTC).timestamp() + ahead, tz)

    monkeypatch.setattr(endpoint_module, "datetime", Later)
    served.client("sts").get_caller_identity()
    first = served.lab.clock.now()
    served.client("sts").get_caller_identity()
    assert 3600 <= (first - began).total_seconds() < 3660
    assert (served.lab.clock.now() - first).total_seconds() < 60


def test_the_condition_keys_tell_the_address_that_called(served: Served, refused: Any) -> None:
    def allowed_from(address: str) -> Any:
        condition = {"IpAddress": {"aws:SourceIp": address}}
        statement = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition}
        return {"p": {"Version": "2012-10-17", "Statement": [statement]}}

    served.client("kms", served.lab.home.user("near", allowed_from("127.0.0.0/8"))).list_keys()
    with refused("AccessDeniedException"):
        served.client("kms", served.lab.home.user("far", allowed_from("203.0.113.0/24"))).list_keys()


def test_the_url_of_a_queue_leads_to_the_lab_and_no_message_is_changed(served: Served) -> None:
    """Some clients send where the URL says, whatever endpoint they were given."""
    sqs = served.client("sqs")
    queue = sqs.create_queue(QueueName="queue")["QueueUrl"]
    assert queue == f"{served.endpoint.url}/111122223333/queue"
    assert sqs.list_queues()["QueueUrls"] == [queue]
    text = "https://sqs.us-east-1.amazonaws.com/111122223333/queue"
    sqs.send_message(QueueUrl=queue, MessageBody=text)
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == text
    body = b'{"QueueUrl": "%b"}' % queue.encode()
    target = {"X_Amz_Target": "AmazonSQS.GetQueueAttributes", "Content_Type": "application/x-amz-json-1.0"}
    headers = served.signed("sqs", "POST", "/111122223333/queue", body, **target)
    assert served.ask("POST", "/111122223333/queue", headers, body).status == 200


def test_an_address_that_is_taken_is_an_oserror(served: Served) -> None:
    with pytest.raises(OSError):
        Endpoint(served.lab, port=served.endpoint.port)


def test_closed_it_answers_no_more(lab: Lab) -> None:
    with Endpoint(lab).in_background() as endpoint:
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", endpoint.url)
    with pytest.raises(OSError):
        Served(lab, endpoint).ask("GET", "/", {})


def test_at_ipv6_it_has_an_address_in_brackets(lab: Lab) -> None:
    try:
        served_there = Endpoint(lab, "::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    with served_there.in_background() as endpoint:
        served = Served(lab, endpoint)
        assert endpoint.url.startswith("http://[::1]:")
        assert served.client("sts").get_caller_identity()["Account"] == "111122223333"
