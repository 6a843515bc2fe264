"""Which records of the log a rule of EventBridge sees, and in what form."""

from datetime import timedelta
from typing import Any

import pytest
from importing import put
from rotating import rotate

from kms_katas.lab import Lab, rule_sees
from kms_katas.lab.eventbridge import events_from

BY_CALL = {"source": ["aws.kms"], "detail-type": ["AWS API Call via CloudTrail"]}


def last(lab: Lab, name: str) -> dict[str, Any]:
    return [record for record in lab.trail if record["eventName"] == name][-1]


def test_a_call_reaches_a_rule_with_its_record_as_the_detail(lab: Lab, kms: Any, key: Any) -> None:
    kms.disable_key(KeyId=key["KeyId"])
    record = last(lab, "DisableKey")
    (event,) = events_from(record)
    assert event["detail"] == record
    assert (event["source"], event["detail-type"]) == ("aws.kms", "AWS API Call via CloudTrail")
    assert (event["account"], event["region"], event["time"]) == (lab.home.id, "us-east-1", record["eventTime"])
    assert rule_sees(BY_CALL | {"detail": {"eventName": ["DisableKey", "ScheduleKeyDeletion"]}}, record)
    assert not rule_sees(BY_CALL | {"detail": {"eventName": ["ScheduleKeyDeletion"]}}, record)


def test_a_rule_can_ask_for_a_key_for_a_context_and_for_denials(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"team": "blue"})
    used = last(lab, "Encrypt")
    assert rule_sees({"detail": {"resources": {"ARN": [key["Arn"]]}}}, used)
    assert rule_sees({"detail": {"requestParameters": {"encryptionContext": {"team": [{"prefix": "b"}]}}}}, used)
    denials = {"detail": {"errorCode": ["AccessDenied"]}}
    assert not rule_sees(denials, used)
    with refused("AccessDeniedException"):
        lab.home.user("bob").client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    assert rule_sees(denials, last(lab, "Encrypt"))


def test_describe_get_and_list_reach_only_a_rule_that_takes_read_only_events(lab: Lab, kms: Any, key: Any) -> None:
    kms.describe_key(KeyId=key["KeyId"])
    kms.get_key_policy(KeyId=key["KeyId"])
    kms.list_keys()
    for name in ("DescribeKey", "GetKeyPolicy", "ListKeys"):
        assert not rule_sees(BY_CALL, last(lab, name))
        assert rule_sees(BY_CALL, last(lab, name), read_only_management_events=True)


def test_cryptographic_operations_reach_every_rule_though_they_are_read_only(lab: Lab, kms: Any, key: Any) -> None:
    kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    record = last(lab, "GenerateDataKey")
    assert record["readOnly"] and rule_sees(BY_CALL, record)


KMS_EVENTS = ["KMS CMK Rotation", "KMS CMK Deletion", "KMS Imported Key Material Expiration"]


@pytest.mark.parametrize("detail_type", KMS_EVENTS)
def test_kms_tells_eventbridge_itself_of_what_it_does_by_itself(
    lab: Lab, kms: Any, key: Any, empty: str, material: bytes, detail_type: str
) -> None:
    put(kms, empty, material, ValidTo=lab.clock.now() + timedelta(hours=1))
    lab.clock.advance(hours=2)
    rotate(lab, kms, key)
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    lab.clock.advance(days=8)
    pattern = {"source": ["aws.kms"], "detail-type": [detail_type]}
    seen = [record for record in lab.trail if rule_sees(pattern, record)]
    assert len(seen) == 1
    told = next(event for event in events_from(seen[0]) if event["detail-type"] == detail_type)
    of = empty if detail_type.endswith("Expiration") else key["KeyId"]
    assert told["detail"] == {"key-id": of}
    assert told["resources"] == [seen[0]["resources"][0]["ARN"]] and told["resources"][0].endswith(of)
    assert rule_sees({"detail-type": ["AWS Service Event via CloudTrail"]}, seen[0])
    assert not rule_sees(BY_CALL, seen[0])


def test_the_source_is_the_service_that_was_called(lab: Lab) -> None:
    lab.home.admin.client("sts").get_session_token()
    record = last(lab, "GetSessionToken")
    assert rule_sees({"source": ["aws.sts"]}, record, read_only_management_events=True)
    assert not rule_sees({"source": ["aws.kms"]}, record, read_only_management_events=True)


def test_what_is_no_pattern_is_refused_before_anything_is_matched(lab: Lab, kms: Any) -> None:
    kms.list_keys()
    with pytest.raises(ValueError, match="array"):
        rule_sees({"source": "aws.kms"}, lab.trail[-1])
