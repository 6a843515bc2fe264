"""The questions that people ask of one key policy: who can, who outside, what is needless, who can help themselves."""

import json
import random
import uuid

import pytest

from kms_katas.policy import Documents, NamedPolicy, parse_document
from kms_katas.policy.proof import (
    can_help_themselves,
    idle_statements,
    no_delegation,
    nobody_can,
    nobody_outside,
    redundant_statements,
    who_can,
)

HOME, AWAY = (f"{random.randrange(10**11, 10**12)}" for _ in range(2))
KEY = f"arn:aws:kms:us-east-1:{HOME}:key/{uuid.uuid4()}"
ROOT = f"arn:aws:iam::{HOME}:root"


def role(name, account=HOME):
    return f"arn:aws:iam::{account}:role/{name}"


def allow(principal, action="kms:Decrypt", effect="Allow", **elements):
    named = principal if isinstance(principal, dict) else {"AWS": principal}
    return {"Effect": effect, "Principal": named, "Action": action, "Resource": "*"} | elements


def policy(*statements):
    whole = {"Version": "2012-10-17", "Statement": list(statements)}
    return NamedPolicy("key policy", parse_document(json.dumps(whole)))


def test_who_can_lists_every_class_of_callers_once_and_says_who_needs_an_identity_policy():
    found = who_can(Documents(policy(allow(ROOT), allow([role("app"), AWAY]))), "kms:Decrypt", key_arn=KEY)
    assert found.reason is None
    assert {
        (one.request.principal.role_arn or one.request.principal.arn, one.identity_allows) for one in found.examples
    } == {
        (f"arn:aws:iam::{HOME}:user/anyone", True),
        (role("app"), False),
        (ROOT, False),
        (f"arn:aws:iam::{AWAY}:user/anyone", True),
        (f"arn:aws:iam::{AWAY}:root", False),
    }
    assert all(one.first.allowed for one in found.examples)


def test_who_can_is_nobody_for_a_permission_that_nothing_gives():
    assert who_can(Documents(policy(allow(ROOT))), "kms:Sign", key_arn=KEY).examples == ()


def test_a_condition_key_that_stands_in_a_variable_alone_is_spelled_as_aws_does():
    same = {"StringEquals": {"aws:SourceOrgID": "${AWS:resourceorgid}"}}
    (found,) = who_can(
        Documents(policy(allow({"Service": "s3.amazonaws.com"}, Condition=same))), "kms:Decrypt", key_arn=KEY
    ).examples
    assert found.request.context["aws:ResourceOrgID"] == found.request.context["aws:SourceOrgID"]


def test_who_can_says_when_its_list_is_not_whole():
    body = [allow("*", Condition={"StringLike": {"aws:SourceVpce": f"*{uuid.uuid4().hex}*"}}) for _ in range(3)]
    assert "aws:SourceVpce" in who_can(Documents(policy(*body)), "kms:Decrypt", key_arn=KEY, steps=200).reason


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        (allow(ROOT, "kms:*"), "proved"),
        (allow("*", Condition={"StringEquals": {"kms:CallerAccount": HOME}}), "proved"),
        (allow("*"), "refuted"),
        (allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-mine"}}), "refuted"),
        (allow(AWAY, "kms:ScheduleKeyDeletion"), "proved"),
        (allow({"Service": "logs.amazonaws.com"}), "proved"),
    ],
)
def test_nobody_outside_the_account_is_proved_or_shown_to_be_wrong(statement, verdict):
    proof = nobody_outside(Documents(policy(statement)), key_arn=KEY)
    assert proof.verdict == verdict
    assert proof.counterexample is None or proof.counterexample.request.principal.account != HOME


def test_a_service_is_outside_where_services_are_asked_about():
    documents = Documents(policy(allow({"Service": "logs.amazonaws.com"})))
    shown = nobody_outside(documents, key_arn=KEY, services=True).counterexample
    assert shown.request.principal.arn == "logs.amazonaws.com"


def test_a_service_that_no_policy_names_can_do_nothing_for_it_has_no_policies_of_its_own():
    documents = Documents(policy(allow(ROOT, "kms:*")))
    assert nobody_outside(documents, key_arn=KEY, services=True).verdict == "proved"


def test_a_policy_under_which_nobody_can_change_it_locks_everyone_out():
    admins = allow(role("admin"), "kms:Put*")
    absent = allow("*", "kms:PutKeyPolicy", "Deny", Condition={"ArnNotEquals": {"aws:PrincipalArn": role("gone")}})
    assert nobody_can(Documents(policy(allow(role("app")))), "kms:PutKeyPolicy", key_arn=KEY).verdict == "proved"
    assert nobody_can(Documents(policy(admins)), "kms:PutKeyPolicy", key_arn=KEY).verdict == "refuted"
    assert nobody_can(Documents(policy(admins, absent)), "kms:PutKeyPolicy", key_arn=KEY).verdict == "proved"


def test_statements_are_redundant_one_by_one():
    wide = allow(role("app"), ["kms:Decrypt", "kms:Encrypt"])
    narrow = allow(role("app"), "kms:Decrypt", Condition={"StringLike": {"aws:SourceVpce": "vpce-*"}})
    needless = allow(role("app"), "kms:Sign", "Deny")
    needed = allow(role("app"), "kms:Encrypt", "Deny", Condition={"Bool": {"aws:ViaAWSService": "true"}})
    found = redundant_statements(policy(wide, narrow, needless, needed), key_arn=KEY)
    assert [(index, proof.verdict) for index, proof in found] == [
        (0, "refuted"),
        (1, "proved"),
        (2, "proved"),
        (3, "refuted"),
    ]


@pytest.mark.parametrize(
    ("statement", "idle"),
    [
        (allow(role("app")), False),
        (allow(role("app"), effect="Deny"), False),
        (allow(f"arn:aws:iam::{HOME}:user/*"), True),
        (allow(role("app"), "kms:ReEncrypt"), True),
        (allow(role("app"), "kms:DescribeKey", Condition={"StringLike": {"kms:EncryptionContext:a": "*"}}), True),
        (allow(role("app"), "kms:DescribeKey", Condition={"Null": {"kms:EncryptionContext:a": "true"}}), False),
        (allow(role("app"), Condition={"StringEquals": {"aws:username": "app"}}), True),
        (
            allow(
                role("app"), "kms:EnableKeyRotation", Condition={"NumericLessThan": {"kms:RotationPeriodInDays": "90"}}
            ),
            True,
        ),
        (allow(role("app"), Resource=f"arn:aws:kms:us-east-1:{HOME}:alias/app"), True),
        (allow(AWAY, "kms:PutKeyPolicy"), True),
    ],
)
def test_a_statement_that_can_never_count_is_idle(statement, idle):
    [(index, proof)] = idle_statements(policy(statement), key_arn=KEY)
    assert (index, proof.verdict) == (0, "proved" if idle else "refuted")


def test_who_cannot_decrypt_but_can_write_the_policy_can_help_themselves():
    documents = Documents(policy(allow(role("app")), allow(role("admin"), ["kms:Put*", "kms:Describe*"])))
    found = can_help_themselves(documents, key_arn=KEY).examples
    assert [(one.request.principal.role_arn, one.request.action) for one in found] == [
        (role("admin"), "kms:PutKeyPolicy")
    ]


@pytest.mark.parametrize(
    ("condition", "helps"),
    [
        ({}, True),
        ({"Bool": {"kms:GrantIsForAWSResource": "true"}}, False),
        ({"ForAllValues:StringEquals": {"kms:GrantOperations": ["Encrypt", "GenerateDataKey"]}}, False),
        ({"StringEquals": {"kms:GranteePrincipal": role("worker")}}, False),
        ({"ForAnyValue:StringEquals": {"kms:GrantOperations": ["Encrypt"]}}, True),
    ],
)
def test_a_grant_to_oneself_is_a_way_round_unless_it_is_limited(condition, helps):
    statement = allow(role("clerk"), "kms:CreateGrant") | ({"Condition": condition} if condition else {})
    found = can_help_themselves(Documents(policy(allow(role("app")), statement)), key_arn=KEY)
    assert ([one.request.principal.role_arn for one in found.examples] == [role("clerk")]) is helps
    assert found.reason is None


def test_a_grant_to_oneself_is_no_way_round_a_deny():
    creates = allow(role("clerk"), "kms:CreateGrant")
    denied = allow(role("clerk"), "kms:Decrypt", "Deny")
    assert can_help_themselves(Documents(policy(creates)), key_arn=KEY).examples
    assert can_help_themselves(Documents(policy(creates, denied)), key_arn=KEY).examples == ()
    elsewhere = allow(role("clerk"), "kms:Decrypt", "Deny", Condition={"Bool": {"aws:ViaAWSService": "true"}})
    assert can_help_themselves(Documents(policy(creates, elsewhere)), key_arn=KEY).examples


def test_delegation_is_off_where_no_identity_policy_gives_anything():
    admin = allow(role("admin"), "kms:*")
    of_root_user = allow(ROOT, "kms:*", Condition={"StringEquals": {"aws:PrincipalType": "Account"}})
    assert no_delegation(Documents(policy(admin, of_root_user)), key_arn=KEY).verdict == "proved"
    shown = no_delegation(Documents(policy(admin, allow(HOME, "kms:Sign"))), key_arn=KEY).counterexample
    assert (shown.request.action, shown.request.principal.account) == ("kms:Sign", HOME)
    away = allow(AWAY, "kms:Decrypt")
    assert no_delegation(Documents(policy(admin, away)), key_arn=KEY).verdict == "proved"


def test_an_example_is_told_in_one_sentence():
    statement = allow(AWAY, Condition={"StringEquals": {"kms:EncryptionContext:team": "red"}})
    [example, *_] = who_can(Documents(policy(statement)), "kms:Decrypt", key_arn=KEY).examples
    assert example.sentence == (
        f"arn:aws:iam::{AWAY}:user/anyone can do kms:Decrypt with kms:EncryptionContext:team red,"
        " kms:EncryptionContextKeys team, given an identity policy that allows it."
    )
