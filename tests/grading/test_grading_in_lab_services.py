"""A request of an AWS service that a proof found is sent in the lab in the name of the service, if it can be.

And what a check asks for a service is what the lab's services really send.
"""

import pytest
from botocore.exceptions import ClientError

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
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.policy import Principal

from .judging import OWNER, OWNERS, by, refused

TRAIL, CLOUDTRAIL = f"arn:aws:cloudtrail:us-east-1:{OWNER}:trail/audit", "cloudtrail.amazonaws.com"


def test_what_a_service_can_too_much_is_sent_in_its_name_and_for_that_resource(lab, asked):
    of_one = {"StringLike": {"aws:SourceArn": "arn:aws:cloudtrail:*"}}
    question = asked(OWNERS, allow_service("kms:Encrypt", CLOUDTRAIL, of_one))
    refused(must_allow_no_more, question, by(inside(OWNER)))
    (call,) = lab.calls
    assert (call.principal_arn, call.operation, call.error_code) == (CLOUDTRAIL, "Encrypt", None)
    assert (call.via, question.answer.returned) == ("answer", "KMS did it")


def test_what_a_service_cannot_is_sent_and_refused(lab, asked):
    question = asked(OWNERS, callers=[Principal(CLOUDTRAIL)])
    requests = both(asked_by_service(lab.region, lab.clock.now(), TRAIL, OWNER), SYMMETRIC)
    refused(must_allow, question, by(allow_service("kms:GenerateDataKey", CLOUDTRAIL, requests)))
    (call,) = lab.calls
    assert (call.principal_arn, call.error_code, call.via) == (CLOUDTRAIL, "AccessDeniedException", "answer")


@pytest.mark.parametrize("whom", ["*", {"Service": CLOUDTRAIL}])
def test_a_source_that_a_user_has_and_a_service_that_somebody_called_are_not_sent(lab, asked, whom):
    key, value = ("aws:SourceArn", TRAIL) if whom == "*" else ("kms:ViaService", "s3.us-east-1.amazonaws.com")
    statement = allow("kms:Encrypt", by="*", only={"StringEquals": {key: value}}) | {"Principal": whom}
    question = asked(OWNERS, statement)
    refused(must_allow_no_more, question, by(inside(OWNER)))
    assert lab.calls == ()


@pytest.mark.parametrize("key, value", [("aws:SourceArn", TRAIL), ("aws:SourceAccount", OWNER)])
def test_with_people_who_have_a_source_set_aside_a_service_shows_what_everybody_with_it_may(lab, asked, key, value):
    question = asked(OWNERS, allow("kms:Encrypt", by="*", only={"StringEquals": {key: value}}))
    told = refused(must_allow_no_more, question, by(inside(OWNER), *people_with_a_source()))
    assert "With these policies the service " in told.message


def test_with_people_who_have_a_source_set_aside_whoever_needs_none_is_still_told(lab, asked):
    question = asked(OWNERS, allow("kms:Encrypt", by="*"))
    told = refused(must_allow_no_more, question, by(inside(OWNER), *people_with_a_source()))
    assert "user/anyone in account" in told.message


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


@pytest.mark.parametrize("foreign", [None, "aws:SourceOrgID", "aws:ResourceOrgID"])
def test_a_request_that_tells_of_organizations_is_sent_where_the_accounts_are_in_these(lab, asked, foreign):
    lab.organization().add(lab.home)
    ours = lab.organization().organization_id
    organizations = {"aws:SourceOrgID": ours, "aws:ResourceOrgID": ours} | (
        {foreign: "o-another000"} if foreign else {}
    )
    requests = both(asked_by_service(lab.region, lab.clock.now(), TRAIL, OWNER), {"StringEquals": organizations})
    question = asked(OWNERS, callers=[Principal(CLOUDTRAIL)])
    told = refused(must_allow, question, by(allow_service("kms:DescribeKey", CLOUDTRAIL, requests)))
    assert len(lab.calls) == (foreign is None) and "ResourceOrgID" not in told.message
