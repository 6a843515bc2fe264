"""A request of an AWS service that a proof found is sent in the lab in the name of the service, if it can be.

And what a check asks for a service is what the lab's services really send.
"""

import json

import pytest
from botocore.exceptions import ClientError

from kms_katas.grading import Rejected
from kms_katas.grading.document import read_policy
from kms_katas.grading.intents import (
    SYMMETRIC,
    allow,
    allow_service,
    asked_by_service,
    both,
    inside,
    people_with_a_source,
    policy,
)
from kms_katas.grading.judge import Question, must_allow, must_allow_no_more
from kms_katas.lab.organizations import organization_keys
from kms_katas.policy import Documents, Principal

OWNER, KEY_ID, LESSON = "111122223333", "1234abcd-12ab-34cd-56ef-1234567890ab", "That is the lesson."
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/{KEY_ID}"
TRAIL, CLOUDTRAIL = f"arn:aws:cloudtrail:us-east-1:{OWNER}:trail/audit", "cloudtrail.amazonaws.com"
OWNERS = allow("kms:*", by=OWNER)


class Holder:
    """What judge needs of an answer."""

    def __init__(self, lab):
        self.lab, self.called, self.returned, self.proofs = lab, "", "", []

    def in_time(self):
        return None


@pytest.fixture
def asked(lab, tmp_path):
    """`asked(*statements)`: the question about a key policy that is in force."""

    def ask(*statements, **more):
        path = tmp_path / "key-policy.json"
        path.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), "utf-8")
        mine = read_policy(path)
        lab.home.create_key(mine.document, key_id=KEY_ID)
        return Question(Holder(lab), KEY, Documents(mine.named), (mine,), **more)

    return ask


def test_what_a_service_can_too_much_is_sent_in_its_name_and_for_that_resource(lab, asked):
    of_one = {"StringLike": {"aws:SourceArn": "arn:aws:cloudtrail:*"}}
    question = asked(OWNERS, allow_service("kms:Encrypt", CLOUDTRAIL, of_one))
    with pytest.raises(Rejected):
        must_allow_no_more(question, Documents(policy("nothing", inside(OWNER))), LESSON)
    (call,) = lab.calls
    assert (call.principal_arn, call.operation, call.error_code) == (CLOUDTRAIL, "Encrypt", None)
    assert (call.via, question.answer.returned) == ("answer", "KMS did it")


def test_what_a_service_cannot_is_sent_and_refused(lab, asked):
    question = asked(OWNERS, callers=[Principal(CLOUDTRAIL)])
    requests = both(asked_by_service(lab.region, lab.clock.now(), TRAIL, OWNER), SYMMETRIC)
    with pytest.raises(Rejected):
        must_allow(
            question, Documents(policy("it", allow_service("kms:GenerateDataKey", CLOUDTRAIL, requests))), LESSON
        )
    (call,) = lab.calls
    assert (call.principal_arn, call.error_code, call.via) == (CLOUDTRAIL, "AccessDeniedException", "answer")


@pytest.mark.parametrize("by", ["*", {"Service": CLOUDTRAIL}])
def test_a_source_that_a_user_has_and_a_service_that_somebody_called_are_not_sent(lab, asked, by):
    key, value = ("aws:SourceArn", TRAIL) if by == "*" else ("kms:ViaService", "s3.us-east-1.amazonaws.com")
    statement = allow("kms:Encrypt", by="*", only={"StringEquals": {key: value}}) | {"Principal": by}
    question = asked(OWNERS, statement)
    with pytest.raises(Rejected):
        must_allow_no_more(question, Documents(policy("nothing", inside(OWNER))), LESSON)
    assert lab.calls == ()


@pytest.mark.parametrize("key, value", [("aws:SourceArn", TRAIL), ("aws:SourceAccount", OWNER)])
def test_with_people_who_have_a_source_set_aside_a_service_shows_what_everybody_with_it_may(lab, asked, key, value):
    question = asked(OWNERS, allow("kms:Encrypt", by="*", only={"StringEquals": {key: value}}))
    with pytest.raises(Rejected) as told:
        must_allow_no_more(question, Documents(policy("no more", inside(OWNER), *people_with_a_source())), LESSON)
    assert "With these policies the service " in told.value.message


def test_with_people_who_have_a_source_set_aside_whoever_needs_none_is_still_told(lab, asked):
    question = asked(OWNERS, allow("kms:Encrypt", by="*"))
    with pytest.raises(Rejected) as told:
        must_allow_no_more(question, Documents(policy("no more", inside(OWNER), *people_with_a_source())), LESSON)
    assert "user/anyone in account" in told.value.message


@pytest.mark.parametrize("missing", [None, "kms:DescribeKey", "kms:GenerateDataKey"])
def test_what_asked_by_service_says_is_what_the_service_of_the_lab_sends(lab, missing):
    """A key policy with these very conditions lets CloudTrail work, and without one of the permissions it does not."""
    condition = asked_by_service(lab.region, lab.clock.now(), TRAIL, OWNER)
    both_needed = [action for action in ("kms:DescribeKey", "kms:GenerateDataKey") if action != missing]
    key = lab.home.create_key(policy("key policy", OWNERS, allow_service(both_needed, CLOUDTRAIL, condition)).document)
    lab.home.admin.client("s3").create_bucket(Bucket="logs-111122223333")
    made = {"Name": "audit", "S3BucketName": "logs-111122223333", "KmsKeyId": key}
    if missing is None:
        lab.home.admin.client("cloudtrail").create_trail(**made)
    else:
        with pytest.raises(ClientError):
            lab.home.admin.client("cloudtrail").create_trail(**made)


@pytest.mark.parametrize("theirs", [True, False])
def test_a_request_on_a_key_of_an_organization_is_sent_where_the_key_is_of_that_one(lab, asked, theirs):
    lab.organization().add(lab.home)
    own = organization_keys("Source", OWNER)["aws:SourceOrgID"]
    organizations = {"aws:SourceOrgID": own, "aws:ResourceOrgID": own if theirs else "o-another000"}
    requests = both(asked_by_service(lab.region, lab.clock.now(), TRAIL, OWNER), {"StringEquals": organizations})
    question = asked(OWNERS, callers=[Principal(CLOUDTRAIL)])
    with pytest.raises(Rejected) as told:
        must_allow(question, Documents(policy("it", allow_service("kms:DescribeKey", CLOUDTRAIL, requests))), LESSON)
    assert len(lab.calls) == theirs and "ResourceOrgID" not in told.value.message
