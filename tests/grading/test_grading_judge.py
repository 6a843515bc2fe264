"""What a policy is for is proved; the first request that is not as it should be is told in a sentence, and sent."""

from dataclasses import replace

import pytest

from kms_katas.grading import Rejected
from kms_katas.grading.intents import (
    GIVES_ALL,
    SYMMETRIC,
    allow,
    allow_service,
    both,
    called_directly,
    called_through,
    deny,
    inside,
    outside,
    policy,
)
from kms_katas.grading.judge import (
    ON_NO_KEY,
    Question,
    elsewhere,
    must_allow,
    must_allow_no_more,
    must_allow_nothing_elsewhere,
)
from kms_katas.grading.outcome import AnswerTimeout, AnswerUnusable
from kms_katas.lab.kms.request import service_model
from kms_katas.policy import Documents, Grant, Principal
from kms_katas.policy.proof import NOTHING
from kms_katas.policy.proof.domain import PERMISSIONS

from .judging import (
    BOB,
    BOB_DECRYPTS,
    GUEST,
    KEY,
    KEY_ID,
    LESSON,
    OPEN,
    OWNER,
    OWNERS,
    PROD,
    SOME_ENV,
    Holder,
    by,
    refused,
    sent,
)


@pytest.fixture
def of_bob(lab, write):
    """`of_bob(*statements)`: the question about his only identity policy."""

    def ask(*statements, by=OPEN):
        mine = write("iam-policy.json", *statements)
        lab.account(GUEST).user("bob", policies={"mine": mine.document})
        lab.home.create_key(by.key_policy.document, key_id=KEY_ID)
        documents = Documents(by.key_policy, (mine.named,))
        return Question(Holder(lab), KEY, documents, (mine,), "given", [Principal(BOB)])

    return ask


def refused_elsewhere(question):
    with pytest.raises(Rejected) as raised:
        must_allow_nothing_elsewhere(question, LESSON)
    return raised.value


def test_what_must_not_pass_is_told_with_the_statement_that_lets_it_and_sent(lab, asked):
    question = asked(OWNERS, allow(["kms:Decrypt", "kms:Encrypt"], by=BOB) | {"Sid": "For bob"})
    told = refused(must_allow_no_more, question, by(OWNERS, BOB_DECRYPTS))
    assert f"user/bob in account {GUEST} (it has an IAM policy for it) can call kms:Encrypt on the key" in told.message
    assert 'statement 2 ("For bob") of key-policy.json lets it in' in told.message
    assert told.message.endswith(LESSON) and told.line == question.files[0].line(1)
    assert "let the Action leave kms:Encrypt out" in told.next_step
    assert sent(lab) == [("Encrypt", None)] and question.answer.returned == "KMS did it"


def test_what_must_pass_is_told_with_the_nearest_statement_and_sent(lab, asked):
    question = asked(OWNERS, allow("kms:Encrypt", by=BOB), allow("kms:Sign", by="999999999999"))
    told = refused(must_allow, question, by(BOB_DECRYPTS))
    assert (
        "cannot call kms:Decrypt on the key, because no statement of key-policy.json allows it: statement 2 does"
        in (told.message)
    )
    assert "let the Action cover kms:Decrypt" in told.next_step and told.line == question.files[0].line(1)
    assert sent(lab) == [("Decrypt", "AccessDeniedException")] and "not authorized" in question.answer.returned


def test_at_home_the_statement_that_names_the_caller_is_told_though_an_identity_policy_would_do(asked):
    role = f"arn:aws:iam::{OWNER}:role/app"
    question = asked(OWNERS, allow("kms:Encrypt", by=role))
    told = refused(must_allow, question, by(allow("kms:Decrypt", by=role)))
    assert "it has no identity policy: statement 2 does not apply, for its Action" in told.message
    assert told.line == question.files[0].line(1) and "let the Action cover kms:Decrypt" in told.next_step


@pytest.mark.parametrize(
    "denies",
    [deny("kms:Encrypt", by=BOB), deny("kms:Decrypt", by=BOB) | {"Condition": SOME_ENV}],
    ids=["other", "some"],
)
def test_a_deny_that_leaves_the_request_out_is_told_beside_what_allows_it(asked, denies):
    told = refused(must_allow_no_more, asked(OWNERS, BOB_DECRYPTS, denies), by(OWNERS))
    assert "statement 2 of key-policy.json lets it in" in told.message
    assert ", and statement 3 of key-policy.json does not deny it, for its " in told.message
    assert told.next_step.endswith("Or let the Deny of statement 3 cover it.")


def test_what_the_accounts_statement_lets_in_is_refused_by_a_deny_or_left_out(asked):
    wanted = by(allow("kms:*", by="*"), deny("kms:Decrypt", by=f"arn:aws:iam::{OWNER}:role/app"))
    told = refused(must_allow_no_more, asked(OWNERS), wanted)
    assert "leave a session of role/app" in told.next_step and "Deny" in told.next_step


@pytest.mark.parametrize(
    "statement, told",
    [
        ({"Resource": KEY.replace(OWNER, GUEST)}, f"let the Resource be {KEY}"),
        ({"Condition": {"StringEquals": {"aws:username": "ann"}}}, "let the Condition ask only for what"),
        ({"Condition": {"StringEquals": {"aws:username": ["ann", "b*"]}}}, "under StringEquals a star is a star"),
        ({"Condition": {"StringLike": {"aws:username": "a*"}}}, "let the Condition ask only for what"),
        ({"Condition": {"StringEquals": {"aws:username": "${*}"}}}, "let the Condition ask only for what"),
        ({"Action": "kms:Encrypt"}, "let the Action cover kms:Decrypt"),
        ({"Effect": "Deny"}, "let the Deny leave this request out"),
    ],
)
def test_the_next_step_is_about_the_element_that_keeps_the_request_out(of_bob, statement, told):
    question = of_bob(allow("kms:Decrypt") | statement)
    found = refused(must_allow, question, Documents(OPEN.key_policy, (policy("wanted", allow("kms:Decrypt")),)))
    assert told in found.next_step and found.line == question.files[0].line(0)


CAROL, THROUGH_S3 = (
    f"arn:aws:iam::{OWNER}:user/carol",
    {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
)
DESCRIBES = allow("kms:DescribeKey", by=OWNER)


@pytest.mark.parametrize(
    "meant",
    [
        allow("kms:Decrypt", by=CAROL, only={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}),
        allow("kms:Encrypt", by=CAROL, only=THROUGH_S3),
        allow("kms:Decrypt", by=f"{CAROL}ina", only=THROUGH_S3),
        allow("kms:Decrypt", only=THROUGH_S3) | {"Principal": {"Service": "s3.amazonaws.com"}},
    ],
)
def test_the_statement_that_was_meant_for_the_request_is_told_and_not_the_accounts_own(lab, asked, meant):
    lab.home.user("carol"), lab.home.user("carolina")
    found = refused(must_allow, asked(meant, DESCRIBES), by(allow("kms:Decrypt", by=CAROL, only=THROUGH_S3)))
    assert "statement 1 does not apply" in found.message and "through s3 in us-east-1" in found.message


@pytest.mark.parametrize(
    "statement, told",
    [
        (allow("kms:Decrypt", by=CAROL, only=PROD), "let the Condition leave"),
        (allow("kms:Decrypt", by=CAROL), "let a Condition leave"),
        (allow("kms:Decrypt", by=[CAROL, f"{CAROL}ina"], only=THROUGH_S3), "cover nobody but whom the brief names"),
        (allow(["kms:Decrypt", "kms:Encrypt"], by=CAROL, only=THROUGH_S3), "let the Action leave kms:Encrypt out"),
    ],
)
def test_the_next_step_is_about_what_was_asked_of_the_same_people(lab, asked, statement, told):
    lab.home.user("carol"), lab.home.user("carolina")
    wanted = by(DESCRIBES, allow("kms:Decrypt", by=CAROL, only=THROUGH_S3))
    assert told in refused(must_allow_no_more, asked(DESCRIBES, statement), wanted).next_step


def test_a_condition_that_each_call_of_s3_meets_does_no_harm(lab, asked):
    lab.home.user("carol")
    calls = both(called_through("s3", lab.region, lab.clock.now()), SYMMETRIC)
    wanted = by(allow("kms:Decrypt", by=CAROL, only=calls))
    must_allow(asked(allow("kms:Decrypt", by=CAROL, only={"Bool": {"aws:ViaAWSService": "true"}})), wanted, LESSON)


@pytest.mark.parametrize(
    "shuts_out", [{"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, PROD, {"Null": {"kms:ViaService": "true"}}]
)
def test_a_condition_that_a_call_of_s3_does_not_meet_is_refused_and_the_service_named_once(lab, asked, shuts_out):
    lab.home.user("carol")
    calls = both(called_through("s3", lab.region, lab.clock.now()), SYMMETRIC)
    told = refused(
        must_allow,
        asked(allow("kms:Decrypt", by=CAROL, only=shuts_out)),
        by(allow("kms:Decrypt", by=CAROL, only=calls)),
    )
    assert "call kms:Decrypt on the key through s3 in us-east-1, because" in told.message


@pytest.mark.parametrize(
    "statement, told",
    [
        (allow(["kms:Decrypt", "kms:Encrypt"], by=BOB, only=PROD), "Action leave"),
        (allow("kms:Decrypt", by=GUEST), "cover nobody but whom the brief names"),
        (allow("kms:Decrypt", by="*"), "cover nobody but whom the brief names"),
        (
            allow("kms:Decrypt", by=BOB, only=SOME_ENV),
            "let the Condition leave",
        ),
    ],
)
def test_the_next_step_is_about_the_element_that_goes_too_far(asked, statement, told):
    wanted = by(OWNERS, allow("kms:Decrypt", by=BOB, only=PROD))
    assert told in refused(must_allow_no_more, asked(OWNERS, statement), wanted).next_step


@pytest.mark.parametrize(
    "denies, told, step",
    [
        ({"Action": "kms:Decrypt"}, "for its Action kms:Decrypt is not kms:Encrypt", "its Action leaves it out"),
        ({"Condition": {"Bool": {"aws:PrincipalIsAWSService": "true"}}}, "for its condition", "its Condition leaves"),
        ({"Principal": {"AWS": GUEST}}, f"for it names {GUEST}", "its Principal leaves it out"),
    ],
)
def test_what_must_be_denied_is_told_with_the_deny_that_leaves_it_out(asked, denies, told, step):
    wanted = by(OWNERS, deny("kms:Encrypt", unless_by=BOB))
    question = asked(OWNERS, deny(["kms:Encrypt", "kms:Decrypt"], unless_by=BOB) | {"Sid": "Guard"} | denies)
    found = refused(must_allow_no_more, replace(question, permissions=["kms:Encrypt"]), wanted)
    assert f'statement 2 ("Guard") of key-policy.json does not deny it, {told}' in found.message
    assert step in found.next_step and found.line == question.files[0].line(1)


def test_whom_a_deny_is_to_leave_out_may_be_written_in_capitals_for_iam_has_one_of_the_name(asked):
    anybody = allow("kms:Decrypt", by="*")
    mine = deny("kms:*", only={"StringNotEquals": {"aws:PrincipalArn": [BOB, BOB.replace("bob", "BOB")]}})
    must_allow_no_more(asked(OWNERS, anybody, mine), by(OWNERS, anybody, deny("kms:*", unless_by=BOB)), LESSON)


def test_a_deny_that_covers_too_much_is_told_with_what_met_its_condition(asked):
    question = asked(
        OWNERS, BOB_DECRYPTS, deny("kms:*", unless_by=BOB.replace("bob", "bobby")) | {"Principal": {"AWS": GUEST}}
    )
    told = refused(must_allow, question, by(BOB_DECRYPTS))
    assert "statement 3 of key-policy.json denies it (its Condition holds: " in told.message
    assert f"since this call has '{BOB}'), and no Allow overrules a Deny" in told.message


def test_what_a_grant_gives_in_spite_of_the_policy_is_told_as_such(lab, asked):
    question = asked(OWNERS)
    lab.home.admin.client("kms").create_grant(KeyId=KEY, GranteePrincipal=BOB, Operations=["Decrypt"])
    grants = (Grant("to user/bob", KEY, BOB, ("Decrypt",), issuing_account=GUEST),)
    question = replace(question, documents=replace(question.documents, grants=grants))
    found = refused(must_allow_no_more, question, by(OWNERS))
    assert "because the grant to user/bob allows it" in found.message
    assert "Write a Deny in" in found.next_step and not found.line
    proof = question.answer.proofs[-1]
    assert not proof.open, "a grant without constraints, to a user without a boundary, is no open point"


def test_other_statements_of_the_same_meaning_pass(lab, asked):
    guarded = allow("kms:*", by=BOB), allow("x", by=BOB) | {"Effect": "Deny", "NotAction": "KMS:decrypt"}
    del guarded[1]["Action"]
    question = asked(*guarded, allow("kms:*", by=f"arn:aws:iam::{OWNER}:root"))
    must_allow_no_more(question, by(OWNERS, BOB_DECRYPTS), LESSON)
    must_allow(question, by(OWNERS, BOB_DECRYPTS), LESSON)
    assert not sent(lab)


def test_the_owners_people_and_all_others_are_judged_apart(asked):
    question = asked(OWNERS, allow("kms:Decrypt", by="*"))
    people = "user/anyone in account"
    assert f"{people} {OWNER} can" in refused(must_allow_no_more, question, by(OWNERS, outside(OWNER))).message
    assert f"account {OWNER}" not in refused(must_allow_no_more, question, by(inside(OWNER), BOB_DECRYPTS)).message


def test_a_request_that_the_lab_cannot_have_is_told_all_the_same(lab, asked):
    of_a_caller = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    question = asked(OWNERS, allow_service("kms:Decrypt", "s3.amazonaws.com", of_a_caller))
    assert "the service s3.amazonaws.com can call" in refused(must_allow_no_more, question, by(OWNERS)).message
    assert not sent(lab) and not question.answer.called


def test_a_condition_that_each_of_the_calls_meets_does_no_harm_and_one_that_shuts_some_out_does(lab, asked):
    calls = both(called_directly("us-east-1", lab.clock.now()), SYMMETRIC)
    harmless = {"Null": {"kms:ViaService": "true"}, "StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}}
    wanted = by(allow("kms:Decrypt", by=BOB, only=calls))
    question = asked(OWNERS, allow("kms:Decrypt", by=BOB, only=harmless))
    must_allow(question, wanted, LESSON)


@pytest.mark.parametrize(
    "shuts_out",
    [
        {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        {"StringEquals": {"kms:EncryptionContext:purpose": "audit"}},
        {"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}},
    ],
)
def test_a_condition_that_shuts_some_calls_out_is_refused(lab, asked, shuts_out):
    calls = both(called_directly("us-east-1", lab.clock.now()), SYMMETRIC)
    question = asked(OWNERS, allow("kms:Decrypt", by=BOB, only=shuts_out))
    assert "Condition" in refused(must_allow, question, by(allow("kms:Decrypt", by=BOB, only=calls))).next_step


@pytest.mark.parametrize(
    "resource",
    ["*", "arn:aws:kms:*", KEY.replace("1234abcd", "1234abc?"), KEY.replace("us-east-1", "*"), KEY[:-36] + "*"],
)
def test_an_identity_policy_that_reaches_another_key_is_refused_and_shown(lab, of_bob, resource):
    question = of_bob(allow("kms:Decrypt") | {"Resource": resource})
    told = refused_elsewhere(question)
    assert "key" in told.expected and "let the Resource be the ARN of the brief's key" in told.next_step
    assert sent(lab) == [("Decrypt", None)]


def test_an_identity_policy_on_the_key_alone_reaches_no_other(lab, of_bob):
    must_allow_nothing_elsewhere(of_bob(allow("kms:*") | {"Resource": KEY}), LESSON)
    assert not sent(lab)


def test_keys_that_a_policy_does_not_tell_apart_are_asked_about_apart_where_the_check_does(of_bob):
    question = of_bob(allow("kms:Decrypt") | {"Resource": "*"})
    accounts = {one.key.split(":")[4] for one in elsewhere(question, [f"arn:aws:kms:*:{OWNER}:key/*"])}
    assert OWNER in accounts and len(accounts) == 2


@pytest.mark.parametrize("resource", [KEY.replace("us-east-1", "eu-west-1"), "*"])
def test_what_the_brief_wants_as_resource_is_told_where_it_is_not_one_key(of_bob, resource):
    keys = f"{KEY[:-36]}*"
    question = replace(of_bob(allow("kms:Decrypt") | {"Resource": resource}), resource=keys)
    if resource == "*":
        told = refused(must_allow_no_more, question, NOTHING)
    else:
        told = refused(must_allow, question, Documents(OPEN.key_policy, (policy("wanted", allow("kms:Decrypt")),)))
    assert f"let the Resource be {keys}" in told.next_step


@pytest.mark.parametrize(
    "condition, told",
    [
        ({"StringEquals": {"aws:ResourceTag/team": "blue"}}, "on the key that is tagged team=blue,"),
        ({"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/a"}}, "on the key that has the alias alias/a,"),
        ({"StringEquals": {"aws:PrincipalTag/team": "blue"}}, "on the key as somebody tagged team=blue,"),
    ],
)
def test_a_sentence_tells_the_labels_of_the_key_from_those_of_the_caller(of_bob, condition, told):
    assert told in refused(must_allow_no_more, of_bob(allow("kms:Encrypt", only=condition)), NOTHING).message


def test_an_operation_on_no_key_is_something_elsewhere(lab, of_bob):
    question = of_bob(allow("kms:Decrypt") | {"Resource": KEY}, allow("kms:ListKeys"))
    assert "kms:ListKeys on the account" in refused_elsewhere(question).message
    assert sent(lab) == [("ListKeys", None)]


def test_permissions_on_a_key_and_on_none_are_all_that_the_model_has_but_one():
    operations = {f"kms:{name}" for name in service_model().operation_names}
    known = {*PERMISSIONS, *ON_NO_KEY}
    on_an_alias = {"kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"}
    assert (known ^ operations) - on_an_alias == {"kms:ReEncrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"} ^ (
        known - operations - {"kms:ReEncryptFrom", "kms:ReEncryptTo"}
    )
    assert not set(PERMISSIONS) & set(ON_NO_KEY)


def test_what_no_proof_can_see_through_is_refused_as_such(asked):
    wild = [f"*{one}*{other}*" for one in "abcdef" for other in "ghijkl"]
    names = {"kms:EncryptionContext:x": wild, "kms:EncryptionContext:y": wild}
    question = asked(OWNERS, allow("kms:Decrypt", by=BOB, only={"StringLike": names}))
    with pytest.raises(AnswerUnusable) as raised:
        must_allow_no_more(question, by(OWNERS), LESSON)
    assert "proof" in raised.value.message and raised.value.next_step


def test_the_limit_of_time_holds_for_a_proof_too(asked):
    question = asked(OWNERS)

    def in_time():
        raise AnswerTimeout

    question.answer.in_time = in_time
    with pytest.raises(AnswerTimeout):
        must_allow(question, by(OWNERS), LESSON)


def test_of_the_owners_people_a_key_policy_may_name_anybody_so_its_nearest_statement_is_told(asked):
    ann = Principal(f"arn:aws:iam::{OWNER}:user/ann")
    question = replace(asked(OWNERS, allow("kms:Decrypt", by=ann.arn, only=PROD)), callers=[ann])
    told = refused(must_allow, question, by(allow("kms:Decrypt", by=ann.arn)))
    assert "no statement of key-policy.json gives it that, and it has no identity policy" in told.message
    assert "statement 2 does not apply" in told.message and told.line == question.files[0].line(1)
    assert "let the Condition ask only for what" in told.next_step


def test_of_other_accounts_people_nothing_but_an_identity_policy_can_be_lacking_then(asked):
    question = replace(asked(OWNERS, BOB_DECRYPTS), callers=[Principal(BOB)])
    told = refused(must_allow, question, Documents(policy("wanted", BOB_DECRYPTS), (GIVES_ALL,)))
    assert "it has no identity policy, and one has to allow it" in told.message
