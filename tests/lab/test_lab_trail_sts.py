"""What the log tells of requests to STS."""

import json
import secrets
from typing import Any

import pytest

from kms_katas.lab import Lab

AWAY = "444455556666"


@pytest.fixture
def open_role(lab: Lab) -> Any:
    """A role of the home account that everybody may assume, tags and source identity among it."""
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": actions}
    return lab.home.role("open", trust={"Version": "2012-10-17", "Statement": [statement]})


def assume(caller: Any, role: Any, **asked: Any) -> dict[str, Any]:
    made: dict[str, Any] = caller.client("sts").assume_role(RoleArn=role.arn, RoleSessionName="s1", **asked)
    return made


def test_assume_role_is_logged_with_its_session_and_never_with_its_secret(lab: Lab, open_role: Any) -> None:
    made = assume(lab.home.admin, open_role, DurationSeconds=900, ExternalId="partner")
    (record,) = lab.trail
    assert (record["eventSource"], record["eventName"], record["readOnly"]) == ("sts.amazonaws.com", "AssumeRole", True)
    assert record["requestParameters"] == {
        "roleArn": open_role.arn,
        "roleSessionName": "s1",
        "externalId": "partner",
        "durationSeconds": 900,
    }
    assert record["responseElements"]["credentials"]["accessKeyId"] == made["Credentials"]["AccessKeyId"]
    assert record["responseElements"]["assumedRoleUser"]["arn"] == made["AssumedRoleUser"]["Arn"]
    assert record["resources"] == [{"accountId": lab.home.id, "type": "AWS::IAM::Role", "ARN": open_role.arn}]
    assert record["requestID"] == made["ResponseMetadata"]["RequestId"]
    assert made["Credentials"]["SecretAccessKey"] not in json.dumps(lab.trail)


def test_tags_and_source_identity_of_a_session_are_logged_and_those_that_it_inherits(lab: Lab, open_role: Any) -> None:
    value = secrets.token_hex(4)
    tags = [{"Key": "team", "Value": value}]
    made = assume(lab.home.admin, open_role, Tags=tags, TransitiveTagKeys=["team"], SourceIdentity="ann")
    asked = lab.trail[-1]["requestParameters"]
    assert asked["tags"] == [{"key": "team", "value": value}] and asked["transitiveTagKeys"] == ["team"]
    assert asked["sourceIdentity"] == lab.trail[-1]["responseElements"]["sourceIdentity"] == "ann"
    session = lab.client_pool.lend(
        "sts",
        "us-east-1",
        tuple(made["Credentials"][name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")),
    )
    session.assume_role(RoleArn=open_role.arn, RoleSessionName="s2")
    assert lab.trail[-1]["requestParameters"]["incomingTransitiveTags"] == {"team": value}


def test_a_role_of_another_account_is_logged_in_both_with_one_shared_event(lab: Lab, open_role: Any) -> None:
    guest = lab.account(AWAY).admin
    assume(guest, open_role)
    callers, owners = lab.trail
    assert (callers["recipientAccountId"], owners["recipientAccountId"]) == (AWAY, lab.home.id)
    assert callers["sharedEventID"] == owners["sharedEventID"]
    assert callers["userIdentity"]["arn"] == guest.arn and owners["userIdentity"]["type"] == "AWSAccount"


def test_a_denied_assume_role_is_in_the_callers_account_alone(lab: Lab, refused: Any) -> None:
    closed = lab.home.role("closed")
    with refused("AccessDenied") as caught:
        assume(lab.account(AWAY).admin, closed)
    (record,) = lab.trail
    assert record["recipientAccountId"] == AWAY and record["errorCode"] == "AccessDenied"
    assert record["errorMessage"] == caught.value.response["Error"]["Message"]
    assert record["responseElements"] is None and record["resources"] == []


def test_a_code_of_an_mfa_device_is_never_logged(lab: Lab, refused: Any) -> None:
    serial = f"arn:aws:iam::{lab.home.id}:mfa/{secrets.token_hex(4)}"
    with refused("AccessDenied"):
        lab.home.admin.client("sts").get_session_token(SerialNumber=serial, TokenCode="123456")
    assert lab.trail[-1]["requestParameters"] == {"serialNumber": serial}


def test_get_caller_identity_is_logged_and_has_no_response_elements(lab: Lab) -> None:
    lab.home.admin.client("sts").get_caller_identity()
    (record,) = lab.trail
    assert record["eventName"] == "GetCallerIdentity"
    assert record["requestParameters"] is None and record["responseElements"] is None


def test_credentials_that_nobody_has_leave_no_record(lab: Lab, refused: Any) -> None:
    client = lab.client_pool.lend("sts", "us-east-1", ("AKIA" + secrets.token_hex(8).upper(), "secret", None))
    with refused("InvalidClientTokenId"):
        client.get_caller_identity()
    assert lab.trail == ()
