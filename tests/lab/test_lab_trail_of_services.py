"""`log_call`: how the call of another service than KMS gets into the log of a lab."""

import secrets
from dataclasses import replace
from typing import Any

import pytest

from kms_katas.lab import Lab, Principal, rule_sees
from kms_katas.lab.callers import Caller, find_credential
from kms_katas.lab.trail import LoggedCall, Resource, log_call

STRANGER = "444455556666"


def a_call(lab: Lab, by: Principal | None = None, **more: Any) -> LoggedCall:
    credential = find_credential((by or lab.home.admin).access_key_id)
    assert credential is not None
    told: dict[str, Any] = {
        "source": "s3.amazonaws.com",
        "name": "PutObject",
        "region": "us-east-1",
        "request_id": secrets.token_hex(8),
        "time": lab.clock.now(),
    }
    return LoggedCall(credential.principal, **told | more)


def bucket_of(account: str) -> tuple[Resource, ...]:
    return (Resource(account, "AWS::S3::Bucket", f"arn:aws:s3:::{secrets.token_hex(4)}"),)


def test_a_logged_call_is_in_the_trail_between_the_requests_to_kms(lab: Lab, kms: Any) -> None:
    kms.list_keys()
    parameters = {"bucketName": secrets.token_hex(4)}
    log_call(a_call(lab, parameters=parameters))
    kms.list_aliases()
    assert [record["eventName"] for record in lab.trail] == ["ListKeys", "PutObject", "ListAliases"]
    record = lab.trail[1]
    assert record["requestParameters"] == parameters
    assert record["userIdentity"]["arn"] == lab.home.admin.arn
    assert record["recipientAccountId"] == lab.home.id and "errorCode" not in record and "sharedEventID" not in record


def test_the_trail_is_in_order_of_time_whenever_a_call_was_told(lab: Lab, kms: Any) -> None:
    before = a_call(lab)
    lab.clock.advance(seconds=1)
    kms.list_keys()
    log_call(before)
    assert [record["eventName"] for record in lab.trail] == ["PutObject", "ListKeys"]


def test_a_call_on_another_accounts_resource_is_in_both_logs(lab: Lab) -> None:
    log_call(a_call(lab, by=lab.account(STRANGER).admin, resources=bucket_of(lab.home.id)))
    callers, owners = lab.trail
    assert (callers["recipientAccountId"], owners["recipientAccountId"]) == (STRANGER, lab.home.id)
    assert callers["sharedEventID"] == owners["sharedEventID"] and callers["eventID"] != owners["eventID"]


def test_the_owner_of_a_resource_sees_of_another_accounts_caller_its_id_and_account_alone(lab: Lab) -> None:
    log_call(a_call(lab, by=lab.account(STRANGER).admin, resources=bucket_of(lab.home.id)))
    callers, owners = (record["userIdentity"] for record in lab.trail)
    assert owners == {"type": "AWSAccount", "principalId": callers["principalId"], "accountId": STRANGER}


def test_a_failed_call_is_in_the_callers_log_alone(lab: Lab) -> None:
    text = secrets.token_hex(4)
    resources = bucket_of(lab.home.id)
    log_call(a_call(lab, by=lab.account(STRANGER).admin, resources=resources, error=("AccessDenied", text)))
    (record,) = lab.trail
    assert (record["errorCode"], record["errorMessage"]) == ("AccessDenied", text)
    assert record["recipientAccountId"] == STRANGER


def test_a_data_event_says_so(lab: Lab) -> None:
    log_call(a_call(lab, data_event=True))
    assert (lab.trail[0]["managementEvent"], lab.trail[0]["eventCategory"]) == (False, "Data")


def test_a_data_event_is_none_that_look_up_events_finds_and_yet_a_rule_sees_its_reads(lab: Lab) -> None:
    for data_event in (True, False):
        log_call(
            a_call(lab, name="GetObject" if data_event else "GetBucketPolicy", data_event=data_event, read_only=True)
        )
    (found,) = lab.home.admin.client("cloudtrail").lookup_events()["Events"]
    assert found["EventName"] == "GetBucketPolicy"
    assert [rule_sees({"source": ["aws.s3"]}, record) for record in lab.trail] == [True, False]


def test_a_call_that_a_service_makes_for_its_caller_names_the_service(lab: Lab) -> None:
    log_call(a_call(lab, invoked_by="cloudformation.amazonaws.com", host="s3.amazonaws.com"))
    record = lab.trail[0]
    assert record["userIdentity"]["invokedBy"] == "cloudformation.amazonaws.com"
    assert record["sourceIPAddress"] == record["userAgent"] == "cloudformation.amazonaws.com"
    assert "tlsDetails" not in record


@pytest.mark.parametrize("error", [None, ("AccessDenied", "no")])
def test_a_service_that_calls_for_itself_is_in_the_log_of_whose_resource_it_is(lab: Lab, error: Any) -> None:
    name = "sns.amazonaws.com"
    service = Caller(name, "", "AWSService", name, "")
    call = replace(a_call(lab, resources=bucket_of(STRANGER), error=error, host="sqs.amazonaws.com"), caller=service)
    log_call(call)
    (record,) = lab.trail
    assert record["userIdentity"] == {"type": "AWSService", "invokedBy": name}
    assert record["sourceIPAddress"] == record["userAgent"] == name and "tlsDetails" not in record
    assert record["recipientAccountId"] == STRANGER and record["sharedEventID"]


def test_nobody_can_change_what_is_logged(lab: Lab) -> None:
    log_call(a_call(lab, parameters={"bucketName": "mine"}))
    lab.trail[0]["requestParameters"]["bucketName"] = "yours"
    assert lab.trail[0]["requestParameters"] == {"bucketName": "mine"}


def test_without_a_lab_logging_does_nothing() -> None:
    with Lab() as lab:
        call = a_call(lab)
    log_call(call)
    assert lab.trail == ()
