"""Policies of an organization are judged for every key below it; what is found is told by the nearest Deny, and sent as
whoever the lab has in that organization.
"""

import re

import pytest

from kms_katas.grading.every_key import on_every_key
from kms_katas.grading.guardrails import attach
from kms_katas.grading.intents import allow, deny, policy
from kms_katas.grading.judge import Question, must_allow, must_allow_no_more
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.policy import Documents

from .judging import GUEST, KEY, KEY_ID, LESSON, OWNER, Holder, refused, sent

OPEN = policy("an open key policy", allow("kms:*", by="*"), allow("kms:*", by=GUEST))
PEOPLE = {"Bool": {"aws:PrincipalIsAWSService": "false"}}


def outside(organization, whose="Principal"):
    return {"StringNotEquals": {f"aws:{whose}OrgID": organization}}


@pytest.fixture
def organization(lab):
    made = lab.organization()
    made.add(lab.home)
    return made


@pytest.fixture
def under(lab, write, organization):
    """`under(*statements)`: the question about an open key under a resource control policy that is in force."""

    def ask(*statements):
        mine = write("rcp.json", *statements)
        attach(mine, organization)
        lab.home.create_key(OPEN.document, key_id=KEY_ID)
        return Question(Holder(lab), KEY, Documents(OPEN, rcps=((mine.named,),)), (mine,))

    return ask


def denied(only):
    return Documents(OPEN, rcps=((policy("wanted", deny("kms:*", only=only)),),))


@pytest.mark.parametrize("resource", ["*", "arn:aws:kms:*:*:key/*"])
def test_a_policy_about_all_keys_is_judged_on_one_of_them(under, resource):
    assert len([*on_every_key(under(deny("kms:*", only=PEOPLE) | {"Resource": resource}), str)]) == 1


@pytest.mark.parametrize(
    "resource, of_the_key",
    [
        (KEY, f":us-east-1:{OWNER}:key/(?!{KEY_ID})"),
        (f"arn:aws:kms:*:{OWNER}:key/*", f":(?!{OWNER})[0-9]{{12}}:key/"),
        ("arn:aws:kms:us-east-1:*:key/*", ":kms:(?!us-east-1)"),
        ("arn:aws:kms:*:*:key/????????-*", ":key/mrk-"),
    ],
)
def test_a_key_that_a_policy_leaves_out_is_found_and_called_by_the_name_given(under, resource, of_the_key):
    first, *others = on_every_key(
        under(deny("kms:*", only=PEOPLE) | {"Resource": resource}), lambda arn: f"the key {arn}"
    )
    must_allow_no_more(first, denied(PEOPLE), LESSON)
    found = next(one for one in others if re.search(of_the_key, one.key))
    assert f"on the key {found.key}" in refused(must_allow_no_more, found, denied(PEOPLE)).message


def test_a_resource_with_a_variable_is_refused_as_one_that_no_proof_sees_through(under):
    question = under(deny("kms:*") | {"Resource": "arn:aws:kms:*:${aws:PrincipalAccount}:key/*"})
    with pytest.raises(AnswerUnusable, match="No proof"):
        [*on_every_key(question, str)]


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_denies_that_of_the_fewest_failing_tests_is_told(under, organization, first):
    ours = organization.organization_id
    near = deny("kms:*", only={**outside(ours), "Bool": {"aws:PrincipalIsAWSService": "true"}}) | {"Sid": "Near"}
    far = deny(
        "kms:*",
        only={"StringEquals": {"aws:SourceOrgID": ours}, "Bool": {"aws:PrincipalIsAWSService": "true"}},
    )
    question = under(*([near, far] if first == 0 else [far, near]))
    told = refused(must_allow_no_more, question, denied(outside(ours) | PEOPLE))
    assert f'statement {first + 1} ("Near") of rcp.json does not deny it' in told.message
    assert told.line == question.files[0].line(first)


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_denies_that_of_the_same_kind_of_caller_is_told(under, organization, first):
    ours = organization.organization_id
    services = {"Bool": {"aws:PrincipalIsAWSService": "true"}}
    of_people = deny("kms:*", only={**outside(ours), "Bool": {"AWS:principalisawsservice": "false"}})
    known = {"Null": {"aws:SourceOrgID": "false", "aws:SourceAccount": "true"}}
    of_services = deny("kms:*", only={**outside(ours, "Source"), **known}) | {"Sid": "Services"}
    question = under(*([of_services, of_people] if first == 0 else [of_people, of_services]))
    wanted = {"Null": {"aws:SourceOrgID": "true", "aws:SourceAccount": "false"}} | services
    told = refused(must_allow_no_more, question, denied(wanted))
    assert f'statement {first + 1} ("Services") of rcp.json does not deny it' in told.message


def test_whoever_is_in_the_organization_of_the_request_sends_it(lab, under, organization):
    ours = organization.organization_id
    wanted = allow("kms:Encrypt", by=OWNER, only={"StringEquals": {"aws:PrincipalOrgID": ours}})
    told = refused(must_allow, under(deny("kms:Encrypt")), Documents(policy("wanted", wanted)))
    assert f"with aws:PrincipalOrgID {ours}" in told.message
    assert sent(lab) == [("Encrypt", "AccessDeniedException")]


def test_the_organization_of_the_key_goes_without_saying_and_where_in_it_the_lab_need_not_know(
    lab, under, organization
):
    ours = organization.organization_id
    in_it = {"ForAnyValue:StringLike": {"aws:ResourceOrgPaths": f"{ours}/r-*/ou-*"}}
    told = refused(
        must_allow_no_more, under(deny("kms:Sign")), denied({"StringEquals": {"aws:ResourceOrgID": ours}} | in_it)
    )
    assert "aws:ResourceOrg" not in told.message
    assert [code for _, code in sent(lab)] == [None]


def test_a_request_of_an_organization_that_the_lab_has_not_is_not_sent(lab, under):
    elsewhere = {"StringEquals": {"aws:PrincipalOrgID": "o-elsewhere0"}}
    told = refused(must_allow_no_more, under(deny("kms:Sign")), denied(elsewhere))
    assert "with aws:PrincipalOrgID o-elsewhere0" in told.message
    assert sent(lab) == []
