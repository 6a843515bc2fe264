"""A request that a proof found is sent in the lab, just as it was decided, and is evidence where it comes out so."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kms_katas.grading.in_lab import send
from kms_katas.grading.intents import GIVES_ALL, allow, policy
from kms_katas.grading.judge import Question, must_allow_no_more
from kms_katas.lab import Lab
from kms_katas.policy import Counterexample, Documents, Principal, Request, decide
from kms_katas.policy.proof import NOTHING, prove

from .judging import BOB, BOB_DECRYPTS, GUEST, KEY, KEY_ID, OWNER, OWNERS, SOME_ENV, Holder, by, refused, sent

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


@pytest.mark.parametrize("half", ["From", "To"])
@pytest.mark.parametrize("context", [None, SOME_ENV], ids=["no context", "a context"])
def test_each_half_of_a_re_encryption_is_sent_as_one(lab, asked, half, context):
    question = asked(OWNERS, allow(f"kms:ReEncrypt{half}", by=BOB, only=context))
    assert f"kms:ReEncrypt{half}" in refused(must_allow_no_more, question, by(OWNERS)).message
    assert sent(lab) == [("ReEncrypt", None)]


@pytest.mark.parametrize("permission", ["kms:ReEncryptFrom", "kms:ReEncryptTo"])
@pytest.mark.parametrize("same", ["true", "false"])
def test_half_of_a_reencryption_is_sent_as_the_whole_with_a_key_for_everybody_on_the_other_side(
    lab, asked, permission, same
):
    on_the_same_key = {"Bool": {"kms:ReEncryptOnSameKey": same}}
    both_halves = ["kms:ReEncryptFrom", "kms:ReEncryptTo"] if same == "true" else [permission]
    question = asked(OWNERS, allow(both_halves, by=BOB, only=on_the_same_key))
    wanted = [allow("kms:*", by=BOB, only={"Null": {"kms:ReEncryptOnSameKey": "true"}})]
    told = refused(must_allow_no_more, replace(question, permissions=[permission]), by(OWNERS, *wanted))
    assert f"{permission} on the key with kms:ReEncryptOnSameKey {same}" in told.message
    assert sent(lab) == [("ReEncrypt", None)]
    keys = [lab.calls[-1].parameters[side] for side in ("SourceKeyId", "DestinationKeyId")]
    assert (keys[0] == keys[1]) is (same == "true")
    assert keys[permission == "kms:ReEncryptTo"] == KEY


@pytest.mark.parametrize("grantee", [f"arn:aws:iam::{OWNER}:role/team/new", f"arn:aws:iam::{GUEST}:user/new", BOB])
def test_a_grant_is_sent_though_its_grantee_was_not_there(lab, asked, grantee):
    for_them = {"StringEquals": {"kms:GranteePrincipal": grantee}}
    refused(must_allow_no_more, asked(OWNERS, allow("kms:CreateGrant", by=BOB, only=for_them)), by(OWNERS))
    assert sent(lab) == [("CreateGrant", None)] and lab.calls[-1].parameters["GranteePrincipal"] == grantee


@pytest.mark.parametrize(
    "action, condition",
    [
        ("CreateGrant", {"StringEquals": {"kms:GranteePrincipal": GUEST}}),
        ("CreateGrant", {"StringEquals": {"kms:RetiringPrincipal": ""}}),
        ("Decrypt", {"StringEquals": {"kms:EncryptionContext:env": ""}}),
    ],
)
def test_what_kms_would_not_take_is_told_all_the_same(lab, asked, action, condition):
    question = asked(OWNERS, allow(f"kms:{action}", by=BOB, only=condition))
    assert f"can call kms:{action}" in refused(must_allow_no_more, question, by(OWNERS)).message


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


@pytest.mark.parametrize(
    "condition, told",
    [
        ({"StringEquals": {"KMS:encryptioncontext:Env": "prod"}}, "with the encryption context Env=prod"),
        ({"StringEquals": {"kms:viaservice": "s3.us-east-1.amazonaws.com"}}, "through s3 in us-east-1"),
    ],
)
def test_however_a_policy_spells_a_condition_key_the_request_is_told_and_sent(lab, asked, condition, told):
    question = asked(OWNERS, allow("kms:Decrypt", by=BOB, only=condition))
    assert told in refused(must_allow_no_more, question, by(OWNERS)).message
    assert sent(lab) == [("Decrypt", None)]


TAG, ALIASES = "aws:ResourceTag/team", "kms:ResourceAliases"


@pytest.mark.parametrize(
    "condition, name",
    [
        ({"StringEquals": {TAG: "blue"}}, KEY),
        ({"ForAnyValue:StringLike": {ALIASES: "*blue/*"}}, KEY),
        ({"ForAllValues:StringLike": {ALIASES: "alias/blue/*"}}, KEY),
        ({"StringEquals": {TAG: "blue"}, "StringLike": {"kms:RequestAlias": "alias/b*"}}, f"{KEY[:-40]}alias/b1"),
    ],
)
def test_a_request_about_tags_and_aliases_is_sent_on_a_key_that_has_them(lab, write, condition, name):
    mine = write("iam-policy.json", allow("kms:Decrypt", only=condition))
    lab.home.user("ann", policies={"mine": mine.document})
    lab.home.create_key(key_id=KEY_ID)
    documents = Documents(policy("the default key policy", OWNERS), (mine.named,))
    ann = Principal(f"arn:aws:iam::{OWNER}:user/ann")
    question = Question(Holder(lab), KEY, documents, (mine,), "given", [ann], key_name="a key")
    refused(must_allow_no_more, question, NOTHING)
    assert sent(lab) == [("Decrypt", None)]
    assert lab.calls[-1].parameters["KeyId"] == name


@pytest.mark.parametrize("alias", ["alias/aws/s3", "alias/a b", "app", "alias/taken"])
def test_a_key_that_cannot_have_the_alias_is_sent_nothing(lab, alias):
    lab.home.label_key(lab.home.create_key(), {}, ["alias/taken"])
    lab.home.user("ann", policies={"all": GIVES_ALL.document})
    lab.home.create_key(key_id=KEY_ID)
    documents = Documents(policy("the default key policy", OWNERS), (GIVES_ALL,))
    request = Request(Principal(f"arn:aws:iam::{OWNER}:user/ann"), "kms:Decrypt", KEY, {ALIASES: (alias,)})
    send(Holder(lab), Counterexample(request, False, decide(request, documents), decide(request, NOTHING)), documents)
    assert not lab.calls
