"""What AWS takes of a learner's policies, and what it refuses, in its words and with the line."""

import pytest

from kms_katas.grading.in_force import give, put_in_force, put_key_policy, those_named
from kms_katas.grading.outcome import AnswerUnusable

OWNER, GUEST = "111122223333", "444455556666"


def allow(action="kms:*", resource="*", effect="Allow", **more):
    return {"Effect": effect, "Action": action, "Resource": resource} | more


OWNERS = allow(Principal={"AWS": OWNER}, Sid="The owner")
BY_ROOT = {"StringEquals": {"aws:PrincipalType": "Account"}}


@pytest.fixture
def bob(lab):
    return lab.account(GUEST).user("bob")


@pytest.mark.parametrize(
    "statement, told",
    [
        (allow(Sid="with spaces"), 'its Sid is "with spaces"'),
        (allow(Sid="dash-ed"), "letters A to Z and digits"),
        (allow(Principal="*"), "has a Principal"),
        ({"Effect": "Allow", "Resource": "*"}, "must contain actions"),
        ({"Effect": "Allow", "Action": "kms:*"}, "must contain resources"),
        (allow("Decrypt"), "prefaced by a vendor"),
        (allow(resource="alias/x"), "must be in ARN format"),
        (allow(Sid="Fine"), "must be unique"),
    ],
)
def test_an_identity_policy_that_iam_refuses_is_refused_with_its_line(bob, write, statement, told):
    mine = write("iam-policy.json", allow(Sid="Fine"), statement)
    with pytest.raises(AnswerUnusable) as raised:
        give(mine, bob)
    assert told in raised.value.message
    assert raised.value.line == mine.line(1)
    assert raised.value.file.endswith("iam-policy.json")


@pytest.mark.parametrize(
    "statement, told",
    [
        (allow(Principal={"AWS": "arn:aws:iam::444455556666:user/nobody"}), "invalid principals"),
        (allow(Principal={"AWS": GUEST}), "lockout check"),
        (allow(), "names no principal"),
        (allow(Principal={"AWS": OWNER}, Sid="Schlüssel für 10 €"), "ValidationException"),
    ],
)
def test_a_key_policy_that_kms_refuses_is_refused_in_its_words(lab, bob, write, statement, told):
    mine = write("key-policy.json", statement)
    with pytest.raises(AnswerUnusable) as raised:
        put_key_policy(mine, lab.home, lab.home.create_key())
    assert told in raised.value.message
    assert raised.value.file.endswith("key-policy.json")
    assert "key-policy.json" in raised.value.next_step


@pytest.mark.parametrize(
    "statements, guilty, told, step",
    [
        (
            [allow("kms:Encrypt", Principal="*"), allow("kms:Put*", Principal={"AWS": OWNER}, Condition=BY_ROOT)],
            1,
            "Statement 2 does not allow it, for its condition aws:PrincipalType wants",
            "leave kms:PutKeyPolicy to the IAM policies",
        ),
        (
            [OWNERS, allow(effect="Deny", Principal={"AWS": OWNER}, Sid="Not Us")],
            1,
            f'Statement 2 ("Not Us") denies it, for it names the account {OWNER}',
            "let the Deny leave out kms:PutKeyPolicy",
        ),
    ],
)
def test_a_lockout_is_told_with_the_statement_that_causes_it(lab, write, statements, guilty, told, step):
    mine = write("key-policy.json", *statements)
    with pytest.raises(AnswerUnusable) as raised:
        put_key_policy(mine, lab.home, lab.home.create_key())
    assert told in raised.value.message
    assert step in raised.value.next_step
    assert raised.value.line == mine.line(guilty)


def test_a_lockout_by_what_only_the_lab_knows_of_the_request_is_told_without_a_statement(lab, write):
    unless_bypassed = {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "false"}}
    mine = write("key-policy.json", OWNERS, allow(effect="Deny", Principal="*", Condition=unless_bypassed))
    with pytest.raises(AnswerUnusable) as raised:
        put_key_policy(mine, lab.home, lab.home.create_key())
    assert "lockout check" in raised.value.message and raised.value.next_step


def test_whoever_puts_a_key_policy_there_must_keep_the_right_to_do_so_and_nobody_else(lab, write):
    keeper = lab.home.role("keeper")
    key, theirs = lab.home.create_key(), allow("kms:PutKeyPolicy", Principal={"AWS": keeper.arn})
    keeper.allow({"Version": "2012-10-17", "Statement": [allow("kms:*")]})
    put_key_policy(write("key-policy.json", theirs), lab.home, key, by=keeper.session("once"))
    assert lab.calls[-1].operation == "PutKeyPolicy" and lab.calls[-1].error_code is None
    with pytest.raises(AnswerUnusable) as raised:
        put_key_policy(
            write("key-policy.json", OWNERS | theirs | {"Effect": "Deny"}), lab.home, key, by=keeper.session("twice")
        )
    assert "lockout check: role/keeper, who puts it there, could" in raised.value.message
    assert "let the Deny leave out kms:PutKeyPolicy" in raised.value.next_step
    with pytest.raises(AnswerUnusable) as raised:
        put_key_policy(
            write("key-policy.json", theirs | {"Action": "kms:Get*"}), lab.home, key, by=keeper.session("3rd")
        )
    assert "kms:PutKeyPolicy to role/keeper by name" in raised.value.next_step


def test_whoever_a_policy_names_in_other_accounts_is_made_in_the_lab_once(lab, bob, write):
    arns = [f"arn:aws:iam::{GUEST}:{who}" for who in ("user/bob", "user/eve", "role/team/audit")]
    mine = write(
        "key-policy.json",
        OWNERS,
        allow(Principal={"AWS": GUEST}, Condition={"ArnEquals": {"aws:PrincipalArn": arns}}),
        allow(Principal={"AWS": f"arn:aws:iam::{OWNER}:user/nobody"}),
    )
    for _ in range(2):
        those_named(mine, lab, but=OWNER)
    assert all(lab.account(GUEST).find(arn) is not None for arn in arns)
    assert lab.account(GUEST).find(arns[0]) is bob
    assert lab.home.find(f"arn:aws:iam::{OWNER}:user/nobody") is None


@pytest.mark.parametrize("kind", ["user", "role"])
def test_of_two_paths_for_one_name_the_first_is_there_and_kms_refuses_the_other(lab, write, kind):
    """An account has one user, and one role, of a name, whatever the path."""
    first, other = (f"arn:aws:iam::{GUEST}:{kind}/{path}app" for path in ("", "team/"))
    mine = write("key-policy.json", OWNERS, allow(Principal={"AWS": [first, other]}))
    those_named(mine, lab, but=OWNER)
    assert lab.account(GUEST).find(first) is not None and lab.account(GUEST).find(other) is None
    with pytest.raises(AnswerUnusable) as raised:
        put_key_policy(mine, lab.home, lab.home.create_key())
    assert "invalid principals" in raised.value.message


def test_all_documents_of_an_answer_go_where_their_names_say(lab, bob, write):
    class Both:
        learner, files = bob, ("key-policy.json", "iam-policy.json", "gone.json", "answer.py")

        def __init__(self, lab):
            self.lab = lab

        def policy(self, name):
            if name == "gone.json":
                raise AnswerUnusable("gone.json is not there.", "Write it.")
            return policies[name]

    key = lab.home.create_key()
    policies = {
        "key-policy.json": write("key-policy.json", OWNERS, allow("kms:Encrypt", Principal={"AWS": bob.arn})),
        "iam-policy.json": write("iam-policy.json", allow("kms:Encrypt", key)),
    }
    refused = dict(put_in_force(Both(lab), key))
    assert [name for name, error in refused.items() if error] == ["gone.json"]
    bob.client("kms").encrypt(KeyId=key, Plaintext=b"-")


def test_a_lockout_by_the_organization_is_told_with_the_statement_that_causes_it(lab, organization, write):
    not_ours = {"StringNotEquals": {"aws:PrincipalOrgID": organization.organization_id}}
    everybody = {"effect": "Deny", "Principal": "*"}
    mine = write("key-policy.json", OWNERS, allow(**everybody, Condition=not_ours), allow("kms:Put*", **everybody))
    with pytest.raises(AnswerUnusable) as raised:
        put_key_policy(mine, lab.home, lab.home.create_key())
    assert raised.value.line == mine.line(2)
