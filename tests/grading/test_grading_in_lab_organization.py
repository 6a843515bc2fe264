"""A request that tells of an organization is sent as somebody whom the lab has in that one, or not at all."""

from dataclasses import replace

import pytest

from kms_katas.grading.intents import SYMMETRIC, allow, both, deny
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.policy import Principal

from .judging import BOB, GUEST, OWNERS, by, refused, sent, under_rcp


@pytest.fixture
def ours(lab):
    """What a request has whose caller is of the organization of account GUEST, and which the lab can have."""
    made = lab.organization()
    made.add(lab.account(GUEST))
    return {
        "StringEquals": {"aws:PrincipalOrgID": made.organization_id},
        "ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": f"{made.organization_id}/{made.id}/"},
        "Null": {"aws:PrincipalOrgPaths": "false"},
    }


def test_a_request_from_the_labs_organization_is_sent_and_told_by_its_id_alone(lab, asked, ours):
    question = replace(asked(OWNERS), callers=[Principal(BOB)])
    told = refused(must_allow, question, by(allow("kms:Encrypt", by=BOB, only=both(ours, SYMMETRIC))))
    assert sent(lab) == [("Encrypt", "AccessDeniedException")]
    assert "with aws:PrincipalOrgID o-" in told.message and "OrgPaths" not in told.message


def test_a_request_from_another_organization_is_not_sent(lab, asked, ours):
    question = replace(asked(OWNERS), callers=[Principal(BOB)])
    theirs = both({"StringEquals": {"aws:PrincipalOrgID": "o-elsewhere12"}}, SYMMETRIC)
    refused(must_allow, question, by(allow("kms:Encrypt", by=BOB, only=theirs)))
    assert sent(lab) == []


def test_the_organization_of_the_key_goes_without_saying_and_where_in_it_the_lab_need_not_know(lab, rcp, organization):
    ours = organization.organization_id
    in_it = {"ForAnyValue:StringLike": {"aws:ResourceOrgPaths": f"{ours}/r-*/ou-*"}}
    wanted = deny("kms:*", only={"StringEquals": {"aws:ResourceOrgID": ours}} | in_it)
    told = refused(must_allow_no_more, rcp(deny("kms:Sign")), under_rcp(wanted))
    assert "aws:ResourceOrg" not in told.message
    assert [code for _, code in sent(lab)] == [None]
