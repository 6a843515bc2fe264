"""`kata policy explain`: near misses that say what is wanted and what was found, in every format, from any source."""

import json
import uuid
from importlib.resources import files

import jsonschema
import pytest

ACCOUNT = "111122223333"
SCHEMA = json.loads(files("kms_katas.policy").joinpath("decision.schema.json").read_text("utf-8"))


@pytest.fixture
def names():
    return {"role": uuid.uuid4().hex, "service": f"{uuid.uuid4().hex}.amazonaws.com", "sid": uuid.uuid4().hex}


@pytest.fixture
def key_arn():
    return f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{uuid.uuid4()}"


@pytest.fixture
def write(here):
    """Writes a policy into a file, a line for every entry, and gives its name."""

    def write_it(name, *statements):
        whole = {"Version": "2012-10-17", "Statement": list(statements)}
        (here / name).write_text(json.dumps(whole, indent=2), "utf-8")
        return name

    return write_it


@pytest.fixture
def key_policy(write, names):
    """The owner's account, and one role through one service."""
    return write(
        "key.json",
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"},
        {
            "Sid": names["sid"],
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{names['role']}"},
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {"StringEquals": {"kms:ViaService": names["service"]}},
        },
    )


@pytest.fixture
def explain(run, key_policy, names, key_arn):
    """Explains a request of the role's session."""

    def explain_it(*words, action="kms:Decrypt"):
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{names['role']}/s"
        asked = ("--principal", session, "--action", action, "--key", key_arn)
        return run("policy", "explain", "--key-policy", key_policy, *asked, *words)

    return explain_it


def near_misses(ran):
    return [line for line in ran.out.splitlines() if line.startswith("Near miss")]


def test_a_near_miss_says_what_its_condition_wants_and_that_the_call_came_directly(explain, names, here):
    (near,) = near_misses(explain())
    line = next(
        number for number, text in enumerate((here / "key.json").read_text().splitlines()) if names["sid"] in text
    )
    assert f'statement 2 ("{names["sid"]}", line {line}) of the key policy would allow it, but' in near
    assert f"kms:ViaService wants '{names['service']}'" in near
    assert near.endswith("and this call came directly.")


def test_a_near_miss_says_what_the_call_has_instead(explain):
    other = f"{uuid.uuid4().hex}.amazonaws.com"
    (near,) = near_misses(explain("--context", f"kms:ViaService={other}"))
    assert near.endswith(f"and this call has '{other}'.")


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "said"),
    [
        ("StringNotEquals", "aws:a", "x", "anything but 'x'"),
        ("StringLike", "aws:a", "x*", "something like 'x*'"),
        ("NumericLessThanEquals", "aws:a", "9", "at most '9'"),
        ("DateGreaterThan", "aws:a", "2030-01-01", "more than '2030-01-01'"),
        ("IpAddress", "aws:a", "10.0.0.0/8", "an address in '10.0.0.0/8'"),
        ("StringEquals", "aws:a", ["x", "y"], "one of ['x', 'y']"),
        ("Null", "aws:a", "true", "to be absent"),
    ],
)
def test_what_a_condition_wants_is_said_as_its_operator_means_it(
    run, write, key_arn, names, operator, key, wanted, said
):
    user = f"arn:aws:iam::{ACCOUNT}:user/{uuid.uuid4().hex}"
    condition = {operator: {key: wanted}}
    allow = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "kms:*", "Resource": "*", "Condition": condition}
    asked = ("--principal", user, "--action", "kms:Decrypt", "--key", key_arn)
    value = "x" if operator.startswith("StringNot") else "z"
    ran = run("policy", "explain", "--key-policy", write("one.json", allow), *asked, "--context", f"{key}={value}")
    (near,) = near_misses(ran)
    assert f"its condition {key} wants {said} ({operator}), and this call has '{value}'" in near


def test_following_the_near_miss_allows_the_request(explain, names):
    ran = explain("--context", f"kms:ViaService={names['service']}")
    assert ran.out.splitlines()[1].startswith("Allowed by statement 2")
    assert near_misses(ran) == []
    assert ran.status == 0


def test_an_allowed_request_says_which_statement_lets_the_identity_policy_count(explain, write):
    own = write("own.json", {"Sid": "Own", "Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*"})
    said = explain("--identity", own, action="kms:DescribeKey").out.splitlines()[1]
    assert said.startswith('Allowed by statement 1 ("Own", line 4) of own.json')
    assert said.endswith("Statement 1 (line 4) of the key policy lets it count.")


@pytest.mark.parametrize("words", [[], ["--context", "kms:ViaService=x"], ["--encryption-context", "a=b=c"]])
def test_json_has_the_published_form_and_says_what_the_text_says(explain, words, key_arn, names):
    told = json.loads(explain(*words, "--format", "json").out)
    jsonschema.validate(told, SCHEMA)
    assert told["explanation"] == explain(*words).out.splitlines()[:-1]
    assert told["message"] == explain(*words).out.splitlines()[-1].removeprefix("AWS says: ")
    assert [one["statement"]["sid"] for one in told["near_misses"]] == [names["sid"]]
    assert told["near_misses"][0]["failed"] == ["condition"]
    assert told["request"]["resource"] == key_arn
    if "a=b=c" in words:
        assert told["request"]["context"]["kms:encryptioncontext:a"] == "b=c"


def test_json_of_what_is_allowed_names_the_statement(explain, names, here):
    told = json.loads(explain("--context", f"kms:ViaService={names['service']}", "--format", "json").out)
    jsonschema.validate(told, SCHEMA)
    assert (told["decision"], told["statement"]["index"], told["message"]) == ("Allow", 1, None)
    lines = (here / "key.json").read_text().splitlines()
    assert lines[told["statement"]["line"] - 1][told["statement"]["column"] - 1] == "{"


def test_markdown_shows_every_statement_and_breaks_no_table(run, write, key_arn):
    user = f"arn:aws:iam::{ACCOUNT}:user/{uuid.uuid4().hex}"
    odd = {"Sid": "a|b*c", "Effect": "Allow", "Principal": {"AWS": user}, "Action": "kms:*|_", "Resource": "*"}
    asked = ("--principal", user, "--action", "kms:Decrypt", "--key", key_arn, "--format", "markdown")
    ran = run("policy", "explain", "--key-policy", write("odd.json", odd, odd), *asked)
    head, *rows = [line.replace("\\|", "") for line in ran.out.splitlines() if line.startswith("|")]
    assert len(rows) == 3
    assert {row.count("|") for row in rows} == {head.count("|")}
    assert "\\*" in rows[-1]
    assert ran.out.startswith("## Denied: kms:Decrypt\n")


@pytest.mark.parametrize("option", ["--boundary", "--session", "--scp", "--endpoint"])
def test_each_further_policy_has_its_say(explain, write, names, option):
    words = ("--context", f"kms:ViaService={names['service']}", option)
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    statement |= {"Principal": "*"} if option == "--endpoint" else {}
    limit = write("limit.json", statement)
    wide = write("wide.json", statement | {"Action": "*"})
    assert [explain(*words, one).out.splitlines()[1].split()[0] for one in (limit, wide)] == ["Denied:", "Allowed"]


def test_a_deny_of_a_resource_control_policy_is_found(explain, write, names):
    deny = write("rcp.json", {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"})
    said = explain("--context", f"kms:ViaService={names['service']}", "--rcp", deny).out
    assert "explicit Deny" in said
    assert "resource control policy rcp.json" in said


def test_a_repeated_condition_key_is_a_list(run, write, key_arn):
    user = f"arn:aws:iam::{ACCOUNT}:user/{uuid.uuid4().hex}"
    condition = {"ForAllValues:StringEquals": {"aws:CalledVia": ["a", "b"]}, "Null": {"aws:CalledVia": "false"}}
    allow = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "kms:*", "Resource": "*", "Condition": condition}
    asked = ("--key-policy", write("one.json", allow), "--principal", user, "--action", "kms:Decrypt", "--key", key_arn)
    via = [("--context", "aws:CalledVia=a"), ("--context", "aws:CalledVia=b"), ("--context", "aws:CalledVia=c")]
    allowed = [
        run("policy", "explain", *asked, *sum(some, ())).out.splitlines()[1].startswith("Allowed")
        for some in (via[:1], via[:2], via)
    ]
    assert allowed == [True, True, False]


def test_a_case_of_a_file_is_explained_and_what_it_expects_is_compared(run, here, key_arn):
    user = f"arn:aws:iam::{ACCOUNT}:user/bob"
    case = {"id": "one", "principal": {"arn": user}, "request": {"action": "kms:Decrypt", "resource": key_arn}}
    (here / "case.json").write_text(json.dumps(case | {"expected": {"decision": "Deny"}}))
    assert run("policy", "explain", "case.json").status == 0
    (here / "case.json").write_text(json.dumps([case | {"expected": {"decision": "Allow"}}, case | {"id": "two"}]))
    ran = run("policy", "explain", "case.json", "--id", "one", "--format", "json")
    assert json.loads(ran.out)["decision"] == "Deny"
    assert (ran.err, ran.status) == ("one: The file expects Allow; this is ImplicitDeny.\n", 1)
    assert "--id" in run("policy", "explain", "case.json").err
    assert "has no case three" in run("policy", "explain", "case.json", "--id", "three").err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--context", "env=prod"], "--encryption-context env=prod"),
        (["--context", "kms:ViaService"], "NAME=VALUE"),
        (["--encryption-context", "=x"], "NAME=VALUE"),
        (["--tag", "x"], "NAME=VALUE"),
        (["--principal", "bob"], "cannot be a caller"),
        (["--key", "mine"], "--key mine"),
        (["--key", ""], "--key ARN is missing"),
        (["--action", "kms:ReEncrypt"], "kms:ReEncryptFrom and kms:ReEncryptTo"),
        (["--action", "kms:Nothing"], "no permission of KMS"),
        (["--action", "kms:Sign", "--encryption-context", "a=b"], "kms:Sign takes no encryption context"),
        (["--identity", "nowhere.json"], "nowhere.json is not there"),
        (["case.json"], "not both"),
    ],
)
def test_an_option_that_cannot_be_used_is_told_in_a_sentence(explain, words, told):
    ran = explain(*words)
    assert told in ran.err
    assert (ran.out, ran.status) == ("", 2)
