"""LookupEvents through boto3: which events it finds, in what form and order, and what it refuses."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from kms_katas.lab import Lab, install, uninstall

WEST, STRANGER = "us-west-2", "444455556666"


@pytest.fixture
def trail(lab: Lab) -> Any:
    return lab.home.admin.client("cloudtrail")


Found = Callable[..., list[str]]


@pytest.fixture
def found(trail: Any) -> Found:
    """The names of the events found; `found("ReadOnly", "true")` asks for an attribute."""

    def look_up(key: str | None = None, value: str = "", **asked: Any) -> list[str]:
        if key is not None:
            asked["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
        return [event["EventName"] for event in trail.lookup_events(**asked)["Events"]]

    return look_up


def test_an_event_tells_what_its_record_tells(lab: Lab, kms: Any, key: Any, trail: Any) -> None:
    kms.describe_key(KeyId=key["KeyId"])
    event = trail.lookup_events()["Events"][0]
    record = lab.trail[-1]
    assert json.loads(event.pop("CloudTrailEvent")) == record
    assert event == {
        "EventId": record["eventID"],
        "EventName": "DescribeKey",
        "ReadOnly": "true",
        "AccessKeyId": lab.home.admin.access_key_id,
        "EventTime": lab.clock.now(),
        "EventSource": "kms.amazonaws.com",
        "Username": "admin",
        "Resources": [{"ResourceType": "AWS::KMS::Key", "ResourceName": key["Arn"]}],
    }


def test_the_newest_event_comes_first_also_within_a_second(lab: Lab, kms: Any, found: Found) -> None:
    kms.list_keys()
    kms.list_aliases()
    lab.clock.advance(seconds=1)
    kms.create_key()
    assert found() == ["CreateKey", "ListAliases", "ListKeys"]


def test_a_refused_request_is_found_too(lab: Lab, kms: Any, found: Found, trail: Any) -> None:
    with pytest.raises(ClientError):
        lab.home.user("bob").client("kms").list_keys()
    event = trail.lookup_events()["Events"][0]
    assert json.loads(event["CloudTrailEvent"])["errorCode"] == "AccessDenied" and event["Username"] == "bob"


def test_each_attribute_finds_its_events_and_no_other(lab: Lab, kms: Any, key: Any, found: Found, trail: Any) -> None:
    session = lab.home.role("app", {"all": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}})
    principal = session.session("nightly")
    principal.client("kms").list_keys()
    principal.client("sts").get_caller_identity()
    kms.enable_key_rotation(KeyId=key["KeyId"])
    mine = [event for event in trail.lookup_events()["Events"] if event["EventName"] == "CreateKey"]
    assert found("EventId", mine[0]["EventId"]) == ["CreateKey"]
    assert found("EventName", "ListKeys") == ["ListKeys"]
    assert found("ReadOnly", "false") == ["EnableKeyRotation", "CreateKey"]
    assert found("Username", "nightly") == ["GetCallerIdentity", "ListKeys"]
    assert found("ResourceName", key["Arn"]) == ["EnableKeyRotation", "CreateKey"]
    assert found("ResourceType", "AWS::KMS::Key") == ["EnableKeyRotation", "CreateKey"]
    assert found("EventSource", "sts.amazonaws.com") == ["GetCallerIdentity"]
    assert found("AccessKeyId", principal.access_key_id) == ["GetCallerIdentity", "ListKeys"]
    assert found("EventName", "listkeys") == []


def test_the_user_name_of_the_root_user_is_root(lab: Lab, found: Found) -> None:
    lab.home.root.client("kms").list_keys()
    assert found("Username", "root") == ["ListKeys"]


def test_an_account_sees_its_own_events_alone_and_those_of_the_region_asked(lab: Lab, kms: Any, found: Found) -> None:
    kms.list_keys()
    lab.home.admin.client("kms", WEST).list_aliases()
    lab.account(STRANGER).admin.client("kms").create_key()
    assert found() == ["ListKeys"]
    west = lab.home.admin.client("cloudtrail", WEST).lookup_events()["Events"]
    assert [event["EventName"] for event in west] == ["ListAliases"]


def test_the_owner_of_a_key_finds_what_another_account_did_with_it(lab: Lab, found: Found) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "kms:*", "Resource": "*"}
    key = lab.home.create_key({"Version": "2012-10-17", "Statement": [statement]})
    guest = lab.account(STRANGER).admin
    guest.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    assert found("ResourceName", key) == ["Encrypt"]
    (theirs,) = guest.client("cloudtrail").lookup_events()["Events"]
    (ours,) = lab.home.admin.client("cloudtrail").lookup_events()["Events"]
    shared = [json.loads(event["CloudTrailEvent"])["sharedEventID"] for event in (theirs, ours)]
    assert shared[0] == shared[1] and theirs["EventId"] != ours["EventId"]
    assert "Username" not in ours and "AccessKeyId" not in ours


def test_start_and_end_belong_to_the_time_asked(lab: Lab, kms: Any, found: Found) -> None:
    times = []
    for ask in (kms.list_keys, kms.create_key, kms.list_aliases):
        times.append(lab.clock.now())
        ask()
        lab.clock.advance(minutes=1)
    assert found(StartTime=times[1]) == ["ListAliases", "CreateKey"]
    assert found(EndTime=times[1]) == ["CreateKey", "ListKeys"]
    assert found(StartTime=times[1], EndTime=times[1]) == ["CreateKey"]


def test_events_of_more_than_90_days_ago_are_gone(lab: Lab, kms: Any, found: Found) -> None:
    began = lab.clock.now()
    kms.list_keys()
    lab.clock.advance(days=90)
    assert found() == ["ListKeys"]
    lab.clock.advance(seconds=1)
    assert found(StartTime=began) == []


def test_what_kms_does_by_itself_is_found_when_it_is_due(lab: Lab, kms: Any, key: Any, found: Found) -> None:
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    lab.clock.advance(days=8)
    assert found("EventName", "DeleteKey") == ["DeleteKey"]


@settings(max_examples=8, deadline=None)
@given(count=st.integers(0, 12), most=st.integers(1, 7))
def test_pages_put_together_are_the_whole_in_order_and_new_events_shift_none(count: int, most: int) -> None:
    with Lab() as lab:
        kms, trail = lab.home.admin.client("kms"), lab.home.admin.client("cloudtrail")
        for _ in range(count):
            kms.list_keys()
        whole = [event["EventId"] for event in trail.lookup_events()["Events"]]
        pages: list[list[str]] = []
        asked: dict[str, Any] = {"MaxResults": most}
        while True:
            answer = trail.lookup_events(**asked)
            pages.append([event["EventId"] for event in answer["Events"]])
            kms.list_aliases()
            if "NextToken" not in answer:
                break
            asked["NextToken"] = answer["NextToken"]
        assert [event for page in pages for event in page] == whole and all(len(page) == most for page in pages[:-1])


def test_boto3_pages_through_it(lab: Lab, kms: Any, trail: Any) -> None:
    for _ in range(53):
        kms.list_keys()
    assert len(trail.lookup_events()["Events"]) == 50
    pages = trail.get_paginator("lookup_events").paginate()
    assert sum(len(page["Events"]) for page in pages) == 53


def test_insights_events_are_a_kind_of_their_own_and_the_lab_has_none(kms: Any, found: Found) -> None:
    kms.list_keys()
    assert found(EventCategory="insight") == []


def raw(lab: Lab, **asked: Any) -> tuple[str, str]:
    """Code and message of the answer to a request that boto3 would not build."""
    client = lab.home.admin.client("cloudtrail")
    target = {"X-Amz-Target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"}
    request = AWSRequest("POST", client.meta.endpoint_url + "/", target, json.dumps(asked).encode())
    admin = lab.home.admin
    SigV4Auth(Credentials(admin.access_key_id, admin.secret_access_key), "cloudtrail", "us-east-1").add_auth(request)
    answer = lab.send(request.prepare())
    body = json.loads(answer.content)
    assert answer.status_code == 400
    return body["__type"], body["message"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (
            {"LookupAttributes": [{"AttributeKey": "Colour", "AttributeValue": "red"}]},
            "InvalidLookupAttributesException",
        ),
        ({"LookupAttributes": [{"AttributeKey": "EventName"}]}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": "EventName"}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [7]}, "InvalidLookupAttributesException"),
        (
            {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "_" * 1001}]},
            "InvalidLookupAttributesException",
        ),
        (
            {"LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": "a"}], "EventCategory": "insight"},
            "InvalidLookupAttributesException",
        ),
        ({"StartTime": 20, "EndTime": 10}, "InvalidTimeRangeException"),
        ({"StartTime": "yesterday"}, "InvalidTimeRangeException"),
        ({"EndTime": 1e30}, "InvalidTimeRangeException"),
        ({"MaxResults": 0}, "InvalidMaxResultsException"),
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"MaxResults": True}, "InvalidMaxResultsException"),
        ({"NextToken": "nonsense"}, "InvalidNextTokenException"),
        ({"NextToken": 7}, "InvalidNextTokenException"),
        ({"EventCategory": "data"}, "InvalidEventCategoryException"),
    ],
)
def test_a_wrong_parameter_has_its_code_and_a_sentence(lab: Lab, asked: Any, code: str) -> None:
    found, message = raw(lab, **asked)
    assert found == code and message.endswith(".")


def test_two_attributes_are_one_too_many(trail: Any, refused: Any) -> None:
    one = {"AttributeKey": "EventName", "AttributeValue": "Decrypt"}
    with refused("InvalidLookupAttributesException"):
        trail.lookup_events(LookupAttributes=[one, one])


def test_a_token_goes_with_the_question_that_it_answers(kms: Any, trail: Any, refused: Any) -> None:
    kms.list_keys()
    kms.list_keys()
    token = trail.lookup_events(MaxResults=1)["NextToken"]
    assert len(trail.lookup_events(MaxResults=1, NextToken=token)["Events"]) == 1
    other = [{"AttributeKey": "EventName", "AttributeValue": "ListKeys"}]
    with refused("InvalidNextTokenException"):
        trail.lookup_events(MaxResults=1, NextToken=token, LookupAttributes=other)


def test_credentials_that_nobody_has_look_nothing_up(lab: Lab, refused: Any) -> None:
    client = lab.client_pool.lend("cloudtrail", "us-east-1", ("AKIA" + secrets.token_hex(8).upper(), "secret", None))
    with refused("UnrecognizedClientException"):
        client.lookup_events()


def test_an_expired_session_looks_nothing_up(lab: Lab, refused: Any) -> None:
    client = lab.home.role("app").session("s1", duration=900).client("cloudtrail")
    client.lookup_events()
    lab.clock.advance(minutes=16)
    with refused("ExpiredTokenException"):
        client.lookup_events()


def test_motos_other_operations_go_on(lab: Lab, trail: Any) -> None:
    bucket = "of-all-" + secrets.token_hex(4)
    lab.home.admin.client("s3").create_bucket(Bucket=bucket)
    trail.create_trail(Name="all-of-it", S3BucketName=bucket)
    assert [one["Name"] for one in trail.describe_trails()["trailList"]] == ["all-of-it"]


def test_without_a_lab_the_answer_says_where_there_is_a_log(refused: Any) -> None:
    install()
    try:
        with mock_aws(), refused("UnsupportedOperationException") as caught:
            keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
            boto3.client("cloudtrail", region_name="us-east-1", **keys).lookup_events()
        assert "Lab" in caught.value.response["Error"]["Message"]
    finally:
        uninstall()
