"""`kata policy prove`: each question answered both ways, the request that shows it, and when there is no answer."""

import json
import random
import uuid
from string import ascii_lowercase

import pytest

ACCOUNT = f"{random.randrange(10**12):012}"
OTHER = f"{(int(ACCOUNT) + 1) % 10**12:012}"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{uuid.uuid4().hex}"
OWNER = {"Sid": "Owner", "Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}


def allow(whom, *actions, **more):
    return {"Effect": "Allow", "Principal": {"AWS": whom}, "Action": list(actions), "Resource": "*"} | more


@pytest.fixture
def prove(run, here):
    """Asks about a key policy; a policy among the words becomes a file. Gives what ran and what it said as JSON."""

    def prove_it(statements, *words, **options):
        files = iter("bcd")

        def written(name, body):
            whole = {"Version": "2012-10-17", "Statement": body}
            (here / f"{name}.json").write_text(json.dumps(whole, indent=1))
            return f"{name}.json"

        words = [written(next(files), word) if isinstance(word, list) else word for word in words]
        words = ["policy", "prove", written("a", statements), *words]
        ran = run(*words, "--format", "json")
        told = json.loads(ran.out) if ran.out else None
        text = run(*words)
        assert text.status == ran.status
        return text, told

    return prove_it


WIDE = [OWNER, allow(ROLE, "kms:Decrypt", "kms:Encrypt")]
NARROW = [OWNER, allow(ROLE, "kms:Encrypt")]


@pytest.mark.parametrize(
    ("statements", "words", "status"),
    [
        (NARROW, ["--at-most", WIDE], "pass"),
        (WIDE, ["--at-most", NARROW], "fail"),
        (WIDE, ["--at-least", NARROW], "pass"),
        (NARROW, ["--at-least", WIDE], "fail"),
        (WIDE, ["--same-as", WIDE[::-1]], "pass"),
        (WIDE, ["--same-as", NARROW], "fail"),
        (WIDE, ["--nobody-outside"], "pass"),
        ([*WIDE, allow(OTHER, "kms:Decrypt")], ["--nobody-outside"], "fail"),
        (WIDE, ["--nobody-can", "kms:PutKeyPolicy"], "fail"),
        ([allow(ROLE, "kms:Decrypt")], ["--nobody-can", "kms:PutKeyPolicy"], "pass"),
        (WIDE, ["--somebody-can", "kms:PutKeyPolicy"], "pass"),
        ([allow(ROLE, "kms:Decrypt")], ["--somebody-can", "kms:PutKeyPolicy"], "fail"),
        ([allow(ROLE, "kms:PutKeyPolicy")], ["--no-self-help"], "fail"),
        ([allow(ROLE, "kms:Decrypt", "kms:PutKeyPolicy")], ["--no-self-help"], "pass"),
        (WIDE, ["--all-needed"], "pass"),
        ([*WIDE, allow(ROLE, "kms:Decrypt")], ["--all-needed"], "fail"),
        (WIDE, ["--who-can", "kms:Decrypt"], "pass"),
    ],
)
def test_a_question_is_answered_and_the_exit_status_says_how(prove, statements, words, status):
    ran, told = prove(statements, *words)
    assert told["schema"] == "urn:kms-katas:proof:1"
    assert (told["status"], ran.status) == (status, {"pass": 0, "fail": 1}[status])
    assert "--" + told["question"] == words[0]
    if words[0] != "--who-can":
        assert ran.out.startswith({"pass": "Proved: ", "fail": "Refuted: "}[status])


def test_a_refutation_shows_a_request_that_the_one_allows_and_the_other_does_not(prove, run, here):
    narrow = [OWNER, allow(ROLE, "kms:Encrypt", "kms:Decrypt", Condition={"Bool": {"aws:ViaAWSService": "true"}})]
    ran, told = prove(WIDE, "--at-most", narrow)
    (example,) = told["examples"]
    assert [example["first"]["decision"], example["second"]["decision"]] == ["Allow", "Deny"]
    decisions = []
    for name in ("a", "b"):
        case = {"key": {"policy": json.loads((here / f"{name}.json").read_text())}}
        case |= {part: example[part] for part in ("principal", "request")}
        (here / "case.json").write_text(json.dumps(case))
        decisions += json.loads(run("policy", "decide", "case.json", "--format", "json").out)["decisions"]
    assert [one["decision"] for one in decisions] == ["Allow", "Deny"]
    assert ROLE.rpartition("/")[2] in ran.out
    assert "Under a.json: Allowed by statement 2" in ran.out
    assert "Under b.json: Denied" in ran.out


def test_the_statement_that_lets_somebody_from_outside_in_is_named_with_its_line(prove, here):
    ran, _ = prove([OWNER, allow(OTHER, "kms:Decrypt", Sid="Partner")], "--nobody-outside")
    line = [n for n, text in enumerate((here / "a.json").read_text().splitlines(), 1) if text == "  {"][1]
    assert f'statement 2 ("Partner", line {line}) of the key policy allows it' in ran.said


def test_what_a_refuting_request_carries_is_shown(prove):
    condition = {"StringEquals": {"kms:EncryptionContext:team": "blue", "aws:PrincipalTag/dept": "x"}}
    role_alone = [allow(ROLE, "kms:Decrypt", Condition=condition)]
    ran, told = prove(role_alone, "--nobody-can", "kms:Decrypt")
    assert "with team=blue in the encryption context" in ran.out
    assert "with the tag dept=x" in ran.out
    (example,) = told["examples"]
    assert example["request"]["encryptionContext"] == {"team": "blue"}
    assert example["principal"]["tags"] == {"dept": "x"}


INFIXES = [f"*{letter}*" for letter in random.sample(ascii_lowercase, 18)]
MANY = [OWNER, allow(ROLE, "kms:Decrypt", Condition={"StringLike": {"kms:ViaService": INFIXES}})]
FEWER = [OWNER, allow(ROLE, "kms:Decrypt", Condition={"StringLike": {"kms:ViaService": INFIXES[1:]}})]


@pytest.mark.usefixtures("without_z3")
def test_what_is_not_decided_is_an_error_and_never_a_pass(prove):
    ran, told = prove(WIDE, "--at-most", NARROW, "--steps", "1")
    assert (told["status"], told["prover"], ran.status) == ("error", None, 3)
    assert "Not decided" in ran.out


@pytest.mark.usefixtures("without_z3")
def test_without_z3_it_is_said_what_to_simplify_and_how_to_get_a_second_prover(prove):
    ran, told = prove(FEWER, "--at-most", MANY, "--steps", "900")
    assert (told["status"], ran.status) == ("error", 3)
    assert "simplify the wildcards on kms:ViaService" in ran.said
    assert 'pip install "kms-katas[proof]"' in ran.said


@pytest.mark.parametrize(
    ("first", "question", "second", "status"),
    [
        (FEWER, "--at-most", MANY, "pass"),
        (MANY, "--at-most", FEWER, "fail"),
        (MANY, "--at-least", FEWER, "pass"),
        (FEWER, "--at-least", MANY, "fail"),
        (MANY, "--same-as", MANY[::-1], "pass"),
        (FEWER, "--same-as", MANY, "fail"),
    ],
)
def test_z3_answers_beyond_the_budget_where_it_is_installed_and_that_is_said(prove, first, question, second, status):
    pytest.importorskip("z3", reason="z3-solver is not installed: pip install z3-solver")
    ran, told = prove(first, question, second, "--steps", "900")
    assert (told["status"], told["prover"]) == (status, "z3")
    assert ran.out.startswith({"pass": "Proved, by z3: ", "fail": "Refuted, by z3: "}[status])
    for example in told["examples"]:
        assert {example[side]["decision"] for side in ("first", "second")} == {"Allow", "Deny"}


def test_the_first_prover_answers_within_the_budget(prove):
    assert prove(NARROW, "--at-most", WIDE)[1]["prover"] == "partition"


def test_who_can_shows_a_request_for_each_kind_of_caller(prove):
    _, told = prove([allow(ROLE, "kms:Decrypt"), allow(OTHER, "kms:Decrypt"), OWNER], "--who-can", "kms:Decrypt")
    callers = {one["principal"]["arn"]: "identityPolicies" in one["principal"] for one in told["examples"]}
    assert any(ROLE.rpartition("/")[2] in arn and not needs for arn, needs in callers.items())
    assert any(f"::{OTHER}:" in arn and needs for arn, needs in callers.items())


def test_a_statement_that_is_not_needed_is_named_with_its_line(prove, here):
    ran, _ = prove([*WIDE, allow(ROLE, "kms:Decrypt")], "--all-needed")
    line = [n for n, text in enumerate((here / "a.json").read_text().splitlines(), 1) if text == "  {"][2]
    assert f"without statement 3 (line {line})." in ran.said


@pytest.mark.parametrize(
    ("statements", "account"),
    [
        (WIDE, ACCOUNT),
        ([OWNER, allow(OTHER, "kms:Decrypt")], ACCOUNT),
        ([allow(f"arn:aws:sts::{OTHER}:assumed-role/a/b", "kms:Decrypt")], OTHER),
        ([allow(ROLE, "kms:*", Resource=f"arn:aws:kms:eu-west-1:{OTHER}:key/{uuid.uuid4()}")], OTHER),
    ],
    ids=["root", "root and another", "session", "key"],
)
def test_the_account_of_the_key_is_read_from_the_policy_and_said(prove, statements, account):
    ran, told = prove(statements, "--nobody-outside")
    assert told["key"].split(":")[4] == account
    assert f"account {account}; --key ARN says otherwise" in ran.said


def test_the_key_that_is_given_counts(prove):
    key = f"arn:aws:kms:eu-west-1:{OTHER}:key/{uuid.uuid4()}"
    ran, told = prove([allow(ROLE, "kms:Decrypt")], "--nobody-outside", "--key", key)
    assert (told["key"], told["status"]) == (key, "fail")
    assert "otherwise" not in ran.said


@pytest.mark.parametrize(
    ("statements", "words", "said"),
    [
        ([allow("*", "kms:Decrypt")], ["--nobody-outside"], "names no account"),
        ([allow(ROLE, "kms:a"), allow(OTHER, "kms:a")], ["--nobody-outside"], OTHER),
        (
            [allow(ROLE, "kms:a", Resource=[f"arn:aws:kms:eu-west-1:{OTHER}:key/{uuid.uuid4()}" for _ in range(2)])],
            ["--nobody-outside"],
            "names 2 keys",
        ),
        (WIDE, ["--nobody-outside", "--key", "mine"], "--key mine is not the ARN"),
        (WIDE, [], "Ask one thing"),
        (WIDE, ["--nobody-outside", "--all-needed"], "Ask one thing"),
        (WIDE, ["--nobody-can", "kms:ListKeys"], "--nobody-can: 'kms:ListKeys' is no permission on a key"),
        (WIDE, ["--at-most", "nowhere.json"], "nowhere.json is not there"),
    ],
    ids=["no account", "two accounts", "two keys", "no ARN", "none", "two", "no permission", "no file"],
)
def test_a_question_that_cannot_be_asked_is_told_in_a_sentence(prove, statements, words, said):
    ran, told = prove(statements, *words)
    assert (told, ran.status) == (None, 2)
    assert said in ran.err
