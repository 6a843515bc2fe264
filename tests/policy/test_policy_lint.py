"""What lint finds, rule by rule, and what it leaves alone: a false alarm is worse than a miss."""

import json
import random
import uuid

import pytest

from kms_katas.lab.kms.default_policy import default_key_policy
from kms_katas.policy import PolicyError
from kms_katas.policy.lint import lint

HOME, OTHER = "111122223333", "444455556666"
KEY = f"arn:aws:kms:eu-west-1:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE, BOB = f"arn:aws:iam::{HOME}:role/app", f"arn:aws:iam::{OTHER}:user/bob"


def policy(*statements, version="2012-10-17"):
    head = {"Version": version} if version else {}
    return json.dumps(head | {"Statement": list(statements)}, indent=random.choice([None, 1, 2]))


def allow(action="kms:Decrypt", principal=ROLE, effect="Allow", **more):
    whole = {"Effect": effect, "Principal": {"AWS": principal}, "Action": action, "Resource": "*"} | more
    return {name: value for name, value in whole.items() if value is not None}


def deny(action="kms:Decrypt", **more):
    return allow(action, "*", "Deny", **more)


def when(operator, key, value, **more):
    return {"Condition": {operator: {key: value}} | more}


def found(statement, **question):
    return [(one.id, one.level) for one in lint(policy(statement), **({"key_arn": KEY} | question))]


FINDINGS = [
    ("L1", "warning", allow(principal="*")),
    ("L1", "warning", allow(principal=[ROLE, "*"])),
    ("L1", "warning", allow() | {"Principal": "*"}),
    ("L1", "warning", allow(principal="*", **when("StringEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com"))),
    ("L1", "warning", allow(principal="*", **when("StringLike", "aws:PrincipalOrgID", "*"))),
    ("L1", "warning", allow(principal="*", **when("StringLike", "aws:PrincipalOrgID", "o-*"))),
    ("L1", "warning", allow(principal="*", **when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/Admin"))),
    ("L2", "error", allow(Principal=None, NotPrincipal={"AWS": BOB})),
    ("L2", "warning", deny(Principal=None, NotPrincipal={"AWS": BOB})),
    ("L3", "error", allow(principal=f"arn:aws:iam::{HOME}:role/*")),
    ("L3", "error", allow(principal=f"arn:aws:iam::{HOME}:group/devs")),
    ("L3", "error", allow(principal="AROAEXAMPLEDELETEDROLE")),
    ("L3", "error", allow(principal="alice")),
    ("L3", "error", allow(principal="11112222333")),
    ("L3", "error", allow(principal=f"arn:aws:s3::{HOME}:user/alice")),
    ("L3", "error", deny(Principal={"CanonicalUser": uuid.uuid4().hex})),
    ("L3", "error", deny(Principal={"Service": "*.amazonaws.com"})),
    ("L4", "error", allow(Principal=None)),
    ("L4", "error", allow(Action=None)),
    ("L4", "error", allow(Action=[])),
    ("L4", "error", allow(Resource=None)),
    ("L5", "error", allow("kms:ReEncrypt")),
    ("L5", "error", allow("kms:Decrpyt")),
    ("L5", "error", allow("s3:GetObject")),
    ("L5", "error", deny("kms:Delete")),
    ("L5", "warning", allow("kms:ListKeys")),
    ("L5", "warning", allow("kms:*CustomKeyStore*")),
    ("L5", "warning", allow("kms:RetireGrant")),
    ("L5", "warning", allow(["kms:Decrypt", "kms:EnableKey"], BOB)),
    ("L5", "warning", allow(["kms:Decrypt", "kms:EnableKey"], OTHER)),
    ("L6", "warning", allow(**when("StringEquals", "kms:EncryptonContext:a", "b"))),
    ("L6", "warning", deny(**when("StringEquals", "aws:PrincipalOrg", "b"))),
    ("L6", "warning", allow(**when("StringEquals", "tenant", "b"))),
    ("L6", "warning", allow("kms:DescribeKey", **when("StringEquals", "kms:EncryptionContext:a", "b"))),
    ("L6", "warning", deny("kms:Encrypt", **when("NumericLessThan", "kms:RotationPeriodInDays", 100))),
    (
        "L6",
        "warning",
        allow(["kms:Decrypt", "kms:GetPublicKey"], **when("StringEquals", "kms:EncryptionContext:a", "b")),
    ),
    ("L6", "suggestion", allow(**when("StringEquals", "aws:ResourceTag/team", "a"))),
    ("L7", "warning", deny("kms:EnableKeyRotation", **when("StringEquals", "kms:RotationPeriodInDays", "90"))),
    ("L7", "warning", deny(**when("NumericEquals", "kms:KeySpec", "2048"))),
    ("L7", "warning", deny("kms:CreateGrant", **when("StringEquals", "kms:GrantIsForAWSResource", "true"))),
    ("L7", "warning", deny(**when("StringLike", "aws:SourceIp", "10.0.0.0/8"))),
    ("L7", "warning", deny(**when("IpAddress", "aws:SourceIp", "10.0.0.0/33"))),
    ("L7", "warning", deny("kms:EnableKeyRotation", **when("NumericLessThan", "kms:RotationPeriodInDays", "a year"))),
    ("L7", "warning", deny("kms:EnableKeyRotation", **when("NumericLessThan", "kms:RotationPeriodInDays", "${a:b}"))),
    ("L7", "warning", deny(**when("DateLessThan", "aws:CurrentTime", "tomorrow"))),
    ("L7", "warning", deny(**when("Bool", "aws:SecureTransport", ["true", False]))),
    ("L7", "warning", deny(**when("Bool", "aws:SecureTransport", "no"))),
    ("L7", "warning", deny(**when("Null", "kms:ViaService", "yes"))),
    ("L7", "warning", deny(**when("ArnLike", "aws:PrincipalArn", "role/app"))),
    ("L8", "warning", allow(**when("StringEquals", "kms:EncryptionContext:a", "b*"))),
    ("L8", "warning", deny(**when("StringNotEqualsIgnoreCase", "kms:ViaService", "s?.eu-west-1.amazonaws.com"))),
    ("L9", "error", allow(**when("ForAllValues:StringEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com"))),
    ("L9", "warning", deny(**when("ForAllValues:StringEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com"))),
    (
        "L9",
        "warning",
        allow(
            Condition={
                "ForAllValues:StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"},
                "Null": {"kms:ViaService": "false"},
            }
        ),
    ),
    ("L9", "error", allow(**when("StringEquals", "kms:EncryptionContextKeys", "a"))),
    ("L9", "warning", allow(**when("ForAllValues:StringEquals", "kms:EncryptionContextKeys", "a"))),
    ("L10", "warning", allow(**when("StringNotEquals", "kms:EncryptionContext:a", "b"))),
    ("L10", "warning", allow(**when("StringEqualsIfExists", "kms:ViaService", "s3.eu-west-1.amazonaws.com"))),
    ("L10", "warning", allow(**when("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"))),
    ("L10", "warning", deny(**when("Bool", "aws:MultiFactorAuthPresent", "false"))),
    ("L10", "warning", deny(**when("NumericGreaterThan", "aws:MultiFactorAuthAge", "3600"))),
    ("L12", "warning", allow(Principal={"Service": "logs.eu-west-1.amazonaws.com"})),
    ("L13", "warning", allow("kms:*")),
    ("L13", "warning", allow(["kms:Decrypt", "kms:Put*"])),
    ("L13", "warning", allow("kms:CreateGrant")),
    ("L13", "warning", allow(["kms:Decrypt", "kms:CreateGrant"], OTHER)),
    ("L14", "error", allow(Resource=KEY.replace("1234abcd", "0000abcd"))),
    ("L14", "error", allow(Resource=KEY.replace("eu-west-1", "us-east-1"))),
    ("L14", "error", allow(Resource=["*", f"arn:aws:kms:eu-west-1:{HOME}:alias/a"])),
    ("L14", "error", allow(Resource="arn:aws:s3:::bucket/*")),
    ("L14", "error", allow(Resource="arn:aws:s3:::*")),
    ("L14", "error", allow(Resource="1234abcd-12ab-34cd-56ef-1234567890ab")),
    ("L15", "warning", allow(Action=None, NotAction="kms:PutKeyPolicy", principal=HOME)),
    ("L15", "warning", allow(Resource=None, NotResource=KEY)),
    ("L16", "suggestion", deny(**when("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"))),
    ("L16", "suggestion", deny(**when("StringNotEqualsIfExists", "aws:SourceVpc", "vpc-1"))),
]


@pytest.mark.parametrize(
    ("rule", "level", "statement"), FINDINGS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_rule_finds_what_it_is_for_and_no_other_rule_does(rule, level, statement):
    assert found(statement) == [(rule, level)]


SILENT = {
    "a pair denied beside what has none": deny(
        ["kms:Decrypt", "kms:DescribeKey"], **when("StringEquals", "kms:EncryptionContext:a", "b")
    ),
    "names denied": deny("kms:Encrypt", **when("ForAllValues:StringEquals", "kms:EncryptionContextKeys", "a")),
    "a tag as a number": deny(**when("NumericLessThan", "aws:PrincipalTag/level", "5")),
    "the account": allow("kms:*", HOME),
    "the account by its root ARN": allow("kms:*", f"arn:aws:iam::{HOME}:root"),
    "a session": allow(principal=f"arn:aws:sts::{HOME}:assumed-role/app/s1"),
    "a federated session": allow(principal=f"arn:aws:sts::{HOME}:federated-user/carol"),
    "a role with a path": allow(principal=f"arn:aws:iam::{HOME}:role/teams/blue/app"),
    "China": allow(principal="arn:aws-cn:iam::111122223333:role/app"),
    "everyone of an organization": allow(principal="*", **when("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3")),
    "an AWS managed key": allow(principal="*", **when("StringEquals", "KMS:callerAccount", HOME)),
    "everyone denied": deny("kms:ScheduleKeyDeletion"),
    "a deny with *": deny("*", **when("StringNotEquals", "aws:PrincipalOrgID", "o-a1b2c3")),
    "upper case": allow("KMS:DECRYPT"),
    "actions with wildcards": allow(["kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:D?scribe*"]),
    "an administrator": allow(["kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Delete*"]),
    "a grant for services": allow("kms:CreateGrant", **when("Bool", "kms:GrantIsForAWSResource", True)),
    "limited grants": allow(
        "kms:CreateGrant", BOB, **when("ForAllValues:StringEquals", "kms:GrantOperations", "Decrypt")
    ),
    "another account": allow(["kms:Decrypt", "kms:DescribeKey"], OTHER),
    "a key of its context": allow("kms:Decrypt", **when("StringEquals", "kms:encryptionCONTEXT:a", "b")),
    "any key's context": allow("kms:*", HOME, **when("StringEquals", "kms:EncryptionContext:a", "b")),
    "keys beside a pair": allow(
        Condition={
            "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["a", "b"]},
            "StringEquals": {"kms:EncryptionContext:a": "b"},
        }
    ),
    "some key of many": allow(**when("ForAnyValue:StringEquals", "kms:EncryptionContextKeys", "a")),
    "not another account, any action": allow("kms:*", HOME, **when("StringNotEquals", "kms:CallerAccount", OTHER)),
    "not another account": allow(principal=HOME, **when("StringNotEquals", "kms:CallerAccount", OTHER)),
    "a variable": allow(**when("StringEquals", "kms:EncryptionContext:a", "${aws:username}")),
    "a written star": allow(**when("StringEquals", "kms:EncryptionContext:a", "b${*}")),
    "a date as a number": deny("kms:ImportKeyMaterial", **when("NumericGreaterThan", "kms:ValidTo", "1893456000")),
    "a date": deny("kms:ImportKeyMaterial", **when("DateGreaterThan", "kms:ValidTo", "2030-01-01T00:00:00Z")),
    "an ARN in the context": allow(**when("ArnLike", "kms:EncryptionContext:aws:s3:arn", "arn:aws:s3:::bucket/*")),
    "an ARN as text": deny(**when("StringNotLike", "aws:PrincipalArn", f"arn:aws:iam::{HOME}:role/*")),
    "a network": deny(**when("NotIpAddress", "aws:SourceIp", "10.0.0.0/8", Bool={"aws:ViaAWSService": "false"})),
    "an address": deny(**when("IpAddress", "aws:SourceIp", "2001:db8::1")),
    "short windows": deny("kms:*", **when("NumericLessThan", "kms:ScheduleKeyDeletionPendingWindowInDays", 30)),
    "bypass": deny("kms:PutKeyPolicy", **when("Bool", "kms:BypassPolicyLockoutSafetyCheck", "true")),
    "plain HTTP": deny("kms:*", **when("Bool", "aws:SecureTransport", "false")),
    "the key's ARN": allow(Resource=KEY),
    "a wildcard that covers the key": allow(Resource=[f"arn:aws:kms:*:{HOME}:key/*"]),
    "another service's key": allow(
        **when("ArnEquals", "lambda:SourceFunctionArn", "arn:aws:lambda:eu-west-1:1:function:f")
    ),
    "a service with its source": allow(
        Principal={"Service": "sns.amazonaws.com"}, **when("StringEquals", "aws:SourceAccount", HOME)
    ),
    "a service with its context": allow(
        Principal={"Service": "logs.eu-west-1.amazonaws.com"},
        **when("ArnEquals", "kms:EncryptionContext:aws:logs:arn", f"arn:aws:logs:eu-west-1:{HOME}:log-group:a"),
    ),
    "Sids with spaces": allow(Sid="Allow use of the key"),
}


@pytest.mark.parametrize("statement", SILENT.values(), ids=SILENT.keys())
def test_nothing_is_said_about_what_is_right(statement):
    assert found(statement) == []


def test_nothing_is_said_about_the_key_policy_that_kms_gives():
    assert lint(default_key_policy("aws", HOME), key_arn=KEY) == []


def test_without_a_key_nothing_is_said_about_other_keys_and_other_accounts():
    other = KEY.replace("1234abcd", "0000abcd")
    assert found(allow(["kms:Decrypt", "kms:EnableKey"], BOB, Resource=other), key_arn=None) == []
    assert found(allow("kms:*", OTHER), key_arn=None) == []


def test_without_a_key_what_is_wrong_with_any_key_is_still_told():
    assert found(allow(Resource="arn:aws:s3:::*"), key_arn=None) == [("L14", "error")]
    [one] = lint(policy(allow("kms:*")))
    assert one.id == "L13"
    assert "change its key policy" in one.sentence


OF_AN_IDENTITY = [
    ([], {"Action": "kms:Decrypt", "Resource": KEY}),
    ([], {"Action": "kms:ListKeys", "Resource": "*"}),
    ([], {"Action": ["kms:CreateAlias"], "Resource": [KEY, f"arn:aws:kms:eu-west-1:{HOME}:alias/a"]}),
    ([], {"Action": "s3:*", "NotResource": "arn:aws:s3:::b", "Condition": {"StringEquals": {"s3:prefix": "a*"}}}),
    ([], {"Action": ["s3:GetObject", "kms:Decrypt"], "Resource": "*"}),
    ([], {"Action": "kms:Decrypt", "Resource": "*", **when("StringEquals", "aws:ResourceTag/team", "blue")}),
    (["L4"], {"Action": "kms:Decrypt", "Resource": "*", "Principal": "*"}),
    (["L4"], {"Action": "kms:Decrypt"}),
    (["L5"], {"Action": ["s3:GetObject", "kms:Decript"], "Resource": "*"}),
    (["L9"], {"Action": "kms:Decrypt", "Resource": "*", **when("StringEquals", "kms:ResourceAliases", "alias/a")}),
    (["L14"], {"Action": "kms:Decrypt", "Resource": f"arn:aws:kms:eu-west-1:{HOME}:alias/a"}),
    (["L14"], {"Action": "kms:Decrypt", "Resource": "1234abcd-12ab-34cd-56ef-1234567890ab"}),
    (["L14"], {"Action": ["kms:Decrypt", "kms:ListKeys"], "Resource": KEY}),
    (["L15"], {"NotAction": "iam:*", "Resource": "*"}),
]


@pytest.mark.parametrize(("rules", "elements"), OF_AN_IDENTITY)
def test_identity_policies_are_judged_where_they_touch_kms(rules, elements):
    statement = {"Effect": "Allow"} | elements
    assert [rule for rule, _ in found(statement, kind="identity-policy", key_arn=None)] == rules


@pytest.mark.parametrize("version", [None, "2008-10-17"])
def test_a_variable_needs_the_version_of_2012(version):
    statement = allow(**when("StringEquals", "kms:EncryptionContext:a", "${aws:username}"))
    assert [one.id for one in lint(policy(statement, version=version))] == ["L11"]
    assert lint(policy(allow(), version=version)) == []


def test_a_sid_that_stands_twice_is_told_with_both_places():
    text = policy(allow(Sid="a"), allow(Sid="b"), allow(Sid="a"))
    [one] = lint(text)
    assert one.id == "L17"
    assert one.others[0] < one.place


@pytest.mark.parametrize("character", [" ", "-", "_", "."])
def test_iam_takes_letters_and_digits_in_a_sid_and_kms_takes_more(character):
    sid = f"Read{character}it"
    identity = policy(allow(Sid=sid, Principal=None))
    [one] = lint(identity, kind="identity-policy")
    assert one.id == "L17" and sid in one.sentence
    assert lint(policy(allow(Sid=sid))) == []
    assert lint(identity.replace(sid, "ReadIt2"), kind="identity-policy") == []


def test_a_key_policy_has_a_size_and_characters():
    long = policy(allow(Sid="x" * 40_000))
    assert [one.id for one in lint(long)] == ["L17"]
    character = random.choice("\u2019\u4e16\u0100")
    statement = json.dumps(allow(Sid="caf\xe9 " + character), ensure_ascii=False)
    [one] = lint(f'{{"Statement":\n [{statement}]}}')
    assert (one.id, one.place.line) == ("L17", 2)
    assert not lint(policy(allow(Sid="x" * 40_000, Principal=None)), kind="identity-policy")


@pytest.mark.parametrize(
    "question", [{"key_arn": "alias/a"}, {"key_arn": KEY.replace("key/", "alias/")}, {"kind": "scp"}]
)
def test_a_question_that_cannot_be_asked_is_refused_with_a_sentence(question):
    with pytest.raises(PolicyError, match=r"\.$"):
        lint(policy(allow()), **question)


def test_any_account_within_one_organization_is_not_everyone():
    both = {
        "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
        "ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:role/*"},
    }
    assert found(allow(principal="*", Condition=both)) == []
    source = {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::bucket"}}
    assert found(allow(principal=None, Condition=source) | {"Principal": {"Service": "s3.amazonaws.com"}}) == []


@pytest.mark.parametrize(
    "kind, statement, ids",
    [
        ("service-control-policy", deny(Principal=None), []),
        ("service-control-policy", deny(), ["L4"]),
        ("service-control-policy", deny("kms:DeleteKey", Principal=None), ["L5"]),
        ("service-control-policy", deny("s3:DeleteKey", Principal=None), []),
        ("resource-control-policy", deny(Principal="*"), []),
        ("resource-control-policy", deny(Principal=None), ["L4"]),
    ],
)
def test_lint_knows_what_a_policy_of_an_organization_may_have(kind, statement, ids):
    assert [one.id for one in lint(policy(statement), kind=kind)] == ids


@pytest.mark.parametrize("wrong", [{"Resource": None}, {"Resource": "alias/app"}])
@pytest.mark.parametrize(
    "kind, refuses", [("identity-policy", "IAM refuses it"), ("service-control-policy", "Organizations refuses it")]
)
def test_it_is_told_who_refuses_a_policy_that_is_on_no_key(kind, refuses, wrong):
    [one] = lint(policy(deny(Principal=None, **wrong)), kind=kind)
    assert refuses in one.sentence
