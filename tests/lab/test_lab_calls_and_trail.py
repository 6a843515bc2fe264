"""What the lab remembers: `calls` with the real values for checks, `trail` with what CloudTrail would log."""

import gc
import json
import secrets
from datetime import timedelta
from types import FrameType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Lab
from kms_katas.lab.kms import path


def shared_key(lab: Lab, account_id: str) -> str:
    """The ARN of a key of the home account that another account may use."""
    kms = lab.home.admin.client("kms")
    key: dict[str, str] = kms.create_key()["KeyMetadata"]
    policy = json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"])
    policy["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": account_id}, "Action": "kms:*", "Resource": "*"}
    )
    kms.put_key_policy(KeyId=key["KeyId"], Policy=json.dumps(policy))
    return key["Arn"]


def test_a_call_holds_the_real_values_of_request_and_response(lab: Lab, kms: Any, key: Any) -> None:
    plaintext, context = secrets.token_bytes(9), {"a": "b"}
    answer = kms.encrypt(KeyId=key["KeyId"], Plaintext=plaintext, EncryptionContext=context)
    call = lab.calls[-1]
    assert (call.operation, call.region, call.principal_arn) == ("Encrypt", "us-east-1", lab.home.admin.arn)
    assert call.parameters == {"KeyId": key["KeyId"], "Plaintext": plaintext, "EncryptionContext": context}
    assert call.response is not None and call.response["CiphertextBlob"] == answer["CiphertextBlob"]
    assert call.key_arn == key["Arn"]
    assert call.request_id == answer["ResponseMetadata"]["RequestId"]
    assert call.time == lab.clock.now()
    assert call.error_code is None and call.decision is not None and call.decision.allowed


def test_a_failed_call_holds_the_error_and_no_response(lab: Lab, kms: Any) -> None:
    with pytest.raises(ClientError) as caught:
        kms.describe_key(KeyId="alias/none")
    call = lab.calls[-1]
    error = caught.value.response["Error"]
    assert (call.error_code, call.error_message) == (error["Code"], error["Message"])
    assert call.response is None and call.key_arn is None


def test_calls_are_numbered_from_one_and_marked_by_via(lab: Lab, kms: Any) -> None:
    kms.list_keys()
    with lab.via("answer"):
        kms.list_keys()
        with lab.via("inner"):
            kms.list_keys()
        kms.list_keys()
    kms.list_keys()
    assert [call.via for call in lab.calls] == ["lab", "answer", "inner", "answer", "lab"]
    assert [call.number for call in lab.calls] == [1, 2, 3, 4, 5]


def test_what_a_caller_does_with_an_answer_does_not_change_the_record(lab: Lab, kms: Any, key: Any) -> None:
    context = {"a": "b"}
    kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256", EncryptionContext=context)
    context["a"] = "changed"
    assert lab.calls[-1].parameters["EncryptionContext"] == {"a": "b"}


def test_the_trail_never_holds_plaintexts_or_ciphertexts(lab: Lab, kms: Any, key: Any) -> None:
    plaintext = secrets.token_hex(16).encode()
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=plaintext)["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=sealed)
    data_key = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    kms.generate_random(NumberOfBytes=16)
    text = json.dumps(lab.trail)
    for hidden in (plaintext, sealed, data_key["Plaintext"], data_key["CiphertextBlob"]):
        assert hidden.hex() not in text and repr(hidden) not in text
    assert "laintext" not in text.replace("GenerateDataKeyWithoutPlaintext", "") and "iphertext" not in text


def test_the_event_of_a_use_names_who_what_key_and_context(lab: Lab, kms: Any, key: Any) -> None:
    kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256", EncryptionContext={"Tenant": "blue"})
    event = lab.trail[-1]
    call = lab.calls[-1]
    assert (event["eventSource"], event["eventName"], event["awsRegion"]) == (
        "kms.amazonaws.com",
        "GenerateDataKey",
        "us-east-1",
    )
    assert event["eventTime"] == lab.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    expected = {"keyId": key["KeyId"], "keySpec": "AES_256", "encryptionContext": {"Tenant": "blue"}}
    assert event["requestParameters"] == expected
    assert event["responseElements"] is None and event["readOnly"] is True
    assert event["additionalEventData"] == {"keyMaterialId": key["CurrentKeyMaterialId"]}
    assert event["resources"] == [{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": key["Arn"]}]
    assert event["requestID"] == call.request_id and event["recipientAccountId"] == "111122223333"
    identity = event["userIdentity"]
    assert (identity["type"], identity["arn"], identity["userName"]) == ("IAMUser", lab.home.admin.arn, "admin")


def test_the_event_of_encrypt_names_the_material_of_its_time(lab: Lab, kms: Any, key: Any) -> None:
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    lab.clock.advance(seconds=1)
    kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    events = [event for event in lab.trail if event["eventName"] == "Encrypt"]
    first, second = (event["additionalEventData"]["keyMaterialId"] for event in events)
    assert first == kms.decrypt(CiphertextBlob=sealed)["KeyMaterialId"]
    assert second == kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"] != first


@pytest.mark.parametrize(
    ("hour", "shown"), [(0, "12:05:07 AM"), (9, "9:05:07 AM"), (12, "12:05:07 PM"), (23, "11:05:07 PM")]
)
def test_the_log_writes_times_by_the_twelve_hour_clock(lab: Lab, kms: Any, hour: int, shown: str) -> None:
    moment = (lab.clock.now() + timedelta(days=1)).replace(hour=hour, minute=5, second=7)
    lab.clock.advance(seconds=(moment - lab.clock.now()).total_seconds())
    kms.create_key()
    metadata = lab.trail[-1]["responseElements"]["keyMetadata"]
    assert metadata["creationDate"] == f"{moment:%b} {moment.day}, {moment.year}, {shown}"
    assert metadata["AWSAccountId"] == lab.home.id


def test_the_event_of_a_change_gives_the_key_arn(lab: Lab, kms: Any, key: Any) -> None:
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=9)
    event = lab.trail[-1]
    assert event["readOnly"] is False
    assert event["requestParameters"] == {"keyId": key["KeyId"], "pendingWindowInDays": 9}
    assert event["responseElements"]["keyId"] == key["Arn"]
    assert event["responseElements"]["keyState"] == "PendingDeletion"


def test_a_session_is_logged_with_its_role(lab: Lab) -> None:
    session = lab.home.role("app").session("one")
    with pytest.raises(ClientError):
        session.client("kms").list_keys()
    event = lab.trail[-1]
    assert event["userIdentity"]["type"] == "AssumedRole"
    assert event["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == session.role_arn
    assert event["errorCode"] == "AccessDenied" and session.arn in event["errorMessage"]


def test_a_use_of_another_accounts_key_is_in_both_logs(lab: Lab) -> None:
    guest = lab.account("444455556666").admin
    arn = shared_key(lab, "444455556666")
    guest.client("kms").encrypt(KeyId=arn, Plaintext=b"x")
    events = lab.trail[-2:]
    assert {event["recipientAccountId"] for event in events} == {"111122223333", "444455556666"}
    assert events[0]["sharedEventID"] == events[1]["sharedEventID"] and events[0]["eventID"] != events[1]["eventID"]


def test_a_denied_use_is_in_the_callers_log_only(lab: Lab, key: Any) -> None:
    before = len(lab.trail)
    with pytest.raises(ClientError):
        lab.account("444455556666").admin.client("kms").encrypt(KeyId=key["Arn"], Plaintext=b"x")
    assert [event["recipientAccountId"] for event in lab.trail[before:]] == ["444455556666"]


def test_a_use_that_is_allowed_and_fails_is_in_both_logs(lab: Lab, kms: Any, refused: Any) -> None:
    arn = shared_key(lab, "444455556666")
    kms.disable_key(KeyId=arn)
    before = len(lab.trail)
    with refused("DisabledException"):
        lab.account("444455556666").admin.client("kms").encrypt(KeyId=arn, Plaintext=b"x")
    events = lab.trail[before:]
    assert [event["recipientAccountId"] for event in events] == ["444455556666", "111122223333"]
    assert {event["errorCode"] for event in events} == {"DisabledException"}


def test_the_owner_of_a_key_sees_of_another_accounts_caller_its_id_and_account_alone(lab: Lab) -> None:
    guest = lab.account("444455556666").role(
        "app", {"all": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}
    )
    arn = shared_key(lab, "444455556666")
    guest.session("s1").client("kms").encrypt(KeyId=arn, Plaintext=b"x")
    callers, owners = (event["userIdentity"] for event in lab.trail[-2:])
    assert callers["arn"] == "arn:aws:sts::444455556666:assumed-role/app/s1"
    assert owners == {"type": "AWSAccount", "principalId": callers["principalId"], "accountId": "444455556666"}


def test_reading_the_trail_twice_gives_the_same_events(lab: Lab, kms: Any) -> None:
    kms.list_keys()
    assert lab.trail == lab.trail
    assert json.loads(json.dumps(lab.trail)) == list(lab.trail)


def test_create_key_is_logged_with_the_defaults_of_what_it_was_not_told(lab: Lab, kms: Any) -> None:
    kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    assert lab.trail[-1]["requestParameters"] == {
        "description": "",
        "origin": "AWS_KMS",
        "bypassPolicyLockoutSafetyCheck": False,
        "keyUsage": "SIGN_VERIFY",
        "keySpec": "RSA_2048",
        "customerMasterKeySpec": "RSA_2048",
    }


@pytest.mark.parametrize("operation", ["create_alias", "update_alias", "delete_alias"])
def test_the_event_of_an_alias_names_the_alias_and_its_key(kms: Any, key: Any, lab: Lab, operation: str) -> None:
    name = f"alias/{secrets.token_hex(4)}"
    kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    if operation == "update_alias":
        kms.update_alias(AliasName=name, TargetKeyId=key["KeyId"])
    if operation == "delete_alias":
        kms.delete_alias(AliasName=name)
    arns = [key["Arn"], f"arn:aws:kms:us-east-1:111122223333:{name}"]
    expected = [{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": arn} for arn in arns]
    assert lab.trail[-1]["resources"] == expected


def test_a_request_that_is_wrong_in_form_still_has_a_caller(lab: Lab, raw: Any) -> None:
    raw("DescribeKey", {})
    assert lab.calls[-1].principal_arn == lab.home.admin.arn
    assert lab.trail[-1]["errorCode"] == "ValidationException"


def test_of_a_refused_request_the_refusal_is_kept_and_nothing_else(lab: Lab, raw: Any) -> None:
    gc.collect()
    gc.disable()  # what keeps itself is freed by it alone
    try:
        raw("DescribeKey", {})
        frames = [one for one in gc.get_objects() if type(one) is FrameType]
        assert not [frame for frame in frames if frame.f_code.co_filename == path.__file__]
    finally:
        gc.enable()
    assert lab.calls[-1].error_code == "ValidationException"


def test_who_changes_a_record_changes_neither_the_log_nor_the_grant_that_it_tells(lab: Lab, kms: Any, key: Any) -> None:
    context = {secrets.token_hex(3): secrets.token_hex(3)}
    grantee, constraints = lab.home.admin.arn, {"EncryptionContextEquals": dict(context)}
    kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=grantee, Operations=["Decrypt"], Constraints=constraints)
    lab.trail[-1]["requestParameters"]["constraints"]["encryptionContextEquals"].clear()
    assert lab.trail[-1]["requestParameters"]["constraints"] == {"encryptionContextEquals": context}
    assert kms.list_grants(KeyId=key["KeyId"])["Grants"][0]["Constraints"] == constraints
