"""What a policy is for is proved; the first request that is not as it should be is told in a sentence, and sent."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kms_katas.grading import Rejected
from kms_katas.grading.document import read_policy
from kms_katas.grading.in_lab import send
from kms_katas.grading.intents import (
    GIVES_ALL,
    SYMMETRIC,
    allow,
    allow_service,
    both,
    called_directly,
    deny,
    inside,
    outside,
    policy,
)
from kms_katas.grading.judge import ON_NO_KEY, Question, must_allow, must_allow_no_more, must_allow_nothing_elsewhere
from kms_katas.grading.outcome import AnswerTimeout, AnswerUnusable
from kms_katas.lab import Lab
from kms_katas.lab.kms.request import service_model
from kms_katas.policy import Counterexample, Documents, Grant, Principal, Request, decide
from kms_katas.policy.proof import NOTHING, prove
from kms_katas.policy.proof.domain import PERMISSIONS

OWNER, GUEST = "111122223333", "444455556666"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/{KEY_ID}"
BOB = f"arn:aws:iam::{GUEST}:user/bob"
OWNERS = allow("kms:*", by=OWNER) | {"Sid": "The owner"}
BOB_DECRYPTS = allow("kms:Decrypt", by=BOB)
OPEN = Documents(policy("an open key policy", allow("kms:*", by=[OWNER, GUEST])))
PROD = {"StringEquals": {"kms:EncryptionContext:env": "prod"}}
SOME_ENV = {"Null": {"kms:EncryptionContext:env": "false"}}
LESSON = "That is the lesson."


class Holder:
    """What judge needs of an answer."""

    def __init__(self, lab):
        self.lab, self.called, self.returned, self.proofs = lab, "", "", []

    def in_time(self):
        return None


@pytest.fixture
def write(tmp_path):
    """Writes a policy file of a learner and reads it."""

    def write_it(name, *statements):
        path = tmp_path / name
        path.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=1), "utf-8")
        return read_policy(path)

    return write_it


@pytest.fixture
def asked(lab, write):
    """`asked(*statements)`: the question about a key policy that is in force."""
    lab.account(GUEST).user("bob")

    def ask(*statements, **more):
        mine = write("key-policy.json", *statements)
        lab.home.create_key(mine.document, key_id=KEY_ID)
        return Question(Holder(lab), KEY, Documents(mine.named), (mine,), **more)

    return ask


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


def refused(judge, question, wanted):
    with pytest.raises(Rejected) as raised:
        judge(question, wanted, LESSON)
    return raised.value


def refused_elsewhere(question):
    with pytest.raises(Rejected) as raised:
        must_allow_nothing_elsewhere(question, LESSON)
    return raised.value


def by(*statements):
    return Documents(policy("wanted", *statements))


def sent(lab):
    return [(call.operation, call.error_code) for call in lab.calls if call.via == "answer"]


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


@pytest.mark.parametrize(
    "statement, told",
    [
        ({"Resource": KEY.replace(OWNER, GUEST)}, f"let the Resource be {KEY}"),
        ({"Condition": {"StringEquals": {"aws:username": "ann"}}}, "take the Condition away"),
        ({"Action": "kms:Encrypt"}, "let the Action cover kms:Decrypt"),
        ({"Effect": "Deny"}, "let the Deny leave this request out"),
    ],
)
def test_the_next_step_is_about_the_element_that_keeps_the_request_out(of_bob, statement, told):
    question = of_bob(allow("kms:Decrypt") | statement)
    found = refused(must_allow, question, Documents(OPEN.key_policy, (policy("wanted", allow("kms:Decrypt")),)))
    assert told in found.next_step and found.line == question.files[0].line(0)


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


ELSEWHERE = f"arn:aws:iam::{GUEST}"
CALLERS = st.sampled_from([BOB, f"{ELSEWHERE}:role/team/app", f"arn:aws:iam::{OWNER}:root", f"{ELSEWHERE}:root"])
ACTIONS = st.sampled_from(
    ["kms:Decrypt", "kms:Encrypt", "kms:DescribeKey", "kms:PutKeyPolicy", "kms:CreateGrant", "kms:ListGrants"]
)
CONDITIONS = st.sampled_from(
    [
        None,
        {"StringEquals": {"kms:EncryptionContext:env": "prod"}},
        {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
        {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}},
        {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
        {"ForAnyValue:StringEquals": {"kms:GrantOperations": "Decrypt"}},
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CALLERS, ACTIONS, CONDITIONS)
def test_whatever_is_sent_comes_out_in_the_lab_as_was_decided(arn, action, condition):
    """And most is sent: the lab can have all of these callers and conditions."""
    assume(not (":user/" in arn and condition and "aws:PrincipalTag/team" in str(condition)))  # he is there already
    documents = by(OWNERS, allow(action, by=arn, only=condition))
    with Lab() as lab:
        if ":user/" in arn:
            lab.account(GUEST).user("bob")
        if ":role/" in arn:
            lab.account(GUEST).role("app", path="/team/")
        lab.home.create_key(documents.key_policy.document, key_id=KEY_ID)
        proof = prove("at most", documents, by(OWNERS), key_arn=KEY)
        found = proof.counterexample
        if found is None:
            return  # it adds nothing to the owner's own statement
        holder = Holder(lab)
        send(holder, found, documents)
        assert sent(lab) == [(action.removeprefix("kms:"), None)], found.sentence


def test_a_caller_who_is_known_is_the_one_that_sends(lab):
    bob = lab.account(GUEST).user("bob", policies={"all": GIVES_ALL.document})
    documents = by(OWNERS, BOB_DECRYPTS)
    lab.home.create_key(documents.key_policy.document, key_id=KEY_ID)
    request = Request(Principal(BOB), "kms:Decrypt", KEY)
    with_all = Documents(documents.key_policy, (GIVES_ALL,))
    found = Counterexample(request, False, decide(request, with_all), decide(request, NOTHING))
    send(Holder(lab), found, with_all)
    assert lab.calls[-1].principal_arn == bob.arn and lab.calls[-1].via == "answer"


def test_what_comes_out_otherwise_is_no_evidence(lab):
    """Bob has no identity policy here, though the decision assumed one."""
    lab.account(GUEST).user("bob")
    documents = by(OWNERS, BOB_DECRYPTS)
    lab.home.create_key(documents.key_policy.document, key_id=KEY_ID)
    request = Request(Principal(BOB), "kms:Decrypt", KEY)
    found = Counterexample(
        request, False, decide(request, Documents(documents.key_policy, (GIVES_ALL,))), decide(request, NOTHING)
    )
    holder = Holder(lab)
    send(holder, found, documents)
    assert not sent(lab) and not holder.called
