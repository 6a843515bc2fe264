"""In which contexts operations on no key are looked at: those that a policy's own Conditions speak of.

Not the decisions about them: see judge.py.
"""

import pytest

from kms_katas.grading.intents import allow, policy
from kms_katas.grading.on_no_key import contexts
from kms_katas.policy import Principal

USUAL = {"aws:RequestedRegion": "us-east-1", "aws:ViaAWSService": "false"}
ANN = Principal("arn:aws:iam::111122223333:user/ann")


def looked_at(only, action="kms:CreateKey", fixed=(), about="kms:*"):
    return list(contexts([policy("theirs", allow(about, only=only))], ANN, action, USUAL, fixed))


@pytest.mark.parametrize(
    ("only", "key", "meets", "misses"),
    [
        ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, "aws:SourceVpce", "vpce-1", None),
        ({"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}, "aws:SourceVpce", None, "vpce-1"),
        ({"StringLike": {"kms:KeySpec": "RSA_*"}}, "kms:KeySpec", "RSA_", "SYMMETRIC_DEFAULT"),
        ({"Bool": {"kms:MultiRegion": "true"}}, "kms:MultiRegion", "true", "false"),
        ({"Null": {"aws:MultiFactorAuthAge": "false"}}, "aws:MultiFactorAuthAge", "0", None),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "aws:SourceIp", "10.0.0.0", None),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, "aws:RequestedRegion", "eu-west-1", "us-east-1"),
        ({"StringEquals": {"aws:PrincipalTag/team": "keys"}}, "aws:PrincipalTag/team", "keys", None),
    ],
)
def test_a_condition_is_met_once_and_missed_once(only, key, meets, misses):
    first, met, missed = looked_at(only)
    assert first == USUAL
    assert met.get(key) == meets
    assert missed.get(key) == misses


def test_each_key_of_a_condition_is_missed_alone():
    both = {"StringEquals": {"aws:SourceVpce": "vpce-1", "kms:KeyOrigin": "EXTERNAL"}}
    met, *missed = looked_at(both)[1:]
    assert (met["aws:SourceVpce"], met["kms:KeyOrigin"]) == ("vpce-1", "EXTERNAL")
    fits = [("aws:SourceVpce" in one, one["kms:KeyOrigin"] == "EXTERNAL") for one in missed]
    assert sorted(fits) == [(False, True), (True, False)]


@pytest.mark.parametrize(
    "key", ["aws:PrincipalArn", "aws:RequestTag/team", "kms:RequestAlias", "kms:NoSuchKey", "kms:CallerAccount"]
)
def test_what_a_caller_cannot_choose_or_no_request_has_stays_away(key):
    assert all(one == USUAL for one in looked_at({"StringEquals": {key: "something"}}))


def test_a_fixed_key_stays_as_it_is():
    bypass = "kms:BypassPolicyLockoutSafetyCheck"
    assert all(one == USUAL for one in looked_at({"Bool": {bypass: "true"}}, fixed=(bypass.lower(),)))


def test_a_statement_about_another_operation_says_nothing():
    assert looked_at({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, about="kms:ListKeys") == [USUAL]
