"""A policy of an organization is judged on one key of each kind that it tells apart."""

import re

import pytest

from kms_katas.grading.every_key import on_every_key
from kms_katas.grading.intents import deny
from kms_katas.grading.judge import must_allow_no_more
from kms_katas.grading.outcome import AnswerUnusable

from .judging import KEY, KEY_ID, LESSON, OWNER, refused, under_rcp

PEOPLE = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
PEOPLE_DENIED = under_rcp(deny("kms:*", only=PEOPLE))


@pytest.mark.parametrize("resource", ["*", "arn:aws:kms:*:*:key/*"])
def test_a_policy_about_all_keys_is_judged_on_one_of_them(rcp, resource):
    assert len([*on_every_key(rcp(deny("kms:*", only=PEOPLE) | {"Resource": resource}), str)]) == 1


@pytest.mark.parametrize(
    "resource, of_the_key",
    [
        (KEY, f":us-east-1:{OWNER}:key/(?!{KEY_ID})"),
        (f"arn:aws:kms:*:{OWNER}:key/*", f":(?!{OWNER})[0-9]{{12}}:key/"),
        ("arn:aws:kms:us-east-1:*:key/*", ":kms:(?!us-east-1)"),
        ("arn:aws:kms:*:*:key/????????-*", ":key/mrk-"),
    ],
)
def test_a_key_that_a_policy_leaves_out_is_found_and_called_by_the_name_given(rcp, resource, of_the_key):
    first, *others = on_every_key(
        rcp(deny("kms:*", only=PEOPLE) | {"Resource": resource}), lambda arn: f"the key {arn}"
    )
    must_allow_no_more(first, PEOPLE_DENIED, LESSON)
    found = next(one for one in others if re.search(of_the_key, one.key))
    assert f"on the key {found.key}" in refused(must_allow_no_more, found, PEOPLE_DENIED).message


def test_a_resource_with_a_variable_is_refused_as_one_that_no_proof_sees_through(rcp):
    question = rcp(deny("kms:*") | {"Resource": "arn:aws:kms:*:${aws:PrincipalAccount}:key/*"})
    with pytest.raises(AnswerUnusable, match="No proof"):
        [*on_every_key(question, str)]
