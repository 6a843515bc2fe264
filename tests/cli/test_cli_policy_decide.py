"""`kata policy decide` and `compare`: known cases and pairs, what a file expects, and what of it cannot be used."""

import json
import random
import uuid
from pathlib import Path

import jsonschema
import pytest

DATA = Path(__file__).parents[1] / "data" / "authorization-cases"
ACCOUNT = f"{random.randrange(10**12):012}"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{uuid.uuid4()}"
USER = f"arn:aws:iam::{ACCOUNT}:user/{uuid.uuid4().hex}"
STATEMENT = {"type": ["object", "null"], "required": ["policy", "index", "sid", "line", "column"]}
ANSWER = {
    "type": "object",
    "required": ["id", "decision", "kind", "layer", "statement", "open", "as_expected", "notes", "error"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "decision": {"enum": ["Allow", "Deny", None]},
        "kind": {"enum": ["Allowed", "ImplicitDeny", "ExplicitDeny", None]},
        "layer": {"type": ["string", "null"]},
        "statement": STATEMENT,
        "open": {"type": "array", "items": {"type": "string"}},
        "as_expected": {"type": ["boolean", "null"]},
        "notes": {"type": "array", "items": {"type": "string"}},
        "error": {"type": ["string", "null"]},
    },
}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action, **more):
    return {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": action, "Resource": "*"} | more


def case(**more):
    return {
        "id": uuid.uuid4().hex,
        "key": {"arn": KEY, "policy": policy(allow("kms:Decrypt", Sid="Mine"))},
        "principal": {"arn": USER},
        "request": {"action": "kms:Decrypt", "resource": KEY},
    } | more


@pytest.fixture
def decide(run, here):
    """Decides cases; gives the exit status and the answers."""

    def decide_them(*cases, text=None):
        path = here / "cases.json"
        path.write_text(text or json.dumps({"cases": cases}), "utf-8")
        ran = run("policy", "decide", path, "--format", "json")
        return ran, json.loads(ran.out)["decisions"] if ran.out else []

    return decide_them


@pytest.mark.parametrize("name", ["aws-docs", "derived"])
def test_every_known_case_is_decided_as_documented(run, name):
    ran = run("policy", "decide", DATA / f"{name}.json", "--format", "json")
    report = json.loads(ran.out)
    assert report["schema"] == "urn:kms-katas:decisions:1"
    found = {one["id"]: one for one in report["decisions"]}
    known = json.loads((DATA / f"{name}.json").read_text("utf-8"))["cases"]
    assert list(found) == [one["id"] for one in known]
    for one in known:
        answer = found[one["id"]]
        jsonschema.validate(answer, ANSWER)
        if "disputed" in one:
            assert (answer["as_expected"], bool(answer["open"])) == (None, True)
        else:
            assert (answer["decision"], answer["kind"]) == (one["expected"]["decision"], one["expected"]["kind"])
    assert ran.status == 0


def test_a_known_case_is_decided_alike_without_what_its_author_wrote_down_of_the_answer(run, here):
    known = json.loads((DATA / "derived.json").read_text("utf-8"))["cases"]
    bare = [
        {name: value for name, value in one.items() if name not in ("expected", "fullContext", "title", "tags")}
        for one in known
    ]
    (here / "bare.json").write_text(json.dumps(bare))
    found = json.loads(run("policy", "decide", "bare.json", "--format", "json").out)["decisions"]
    wrong = [
        one["id"]
        for one, answer in zip(known, found, strict=True)
        if "disputed" not in one and answer["decision"] != one["expected"]["decision"]
    ]
    assert wrong == []


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_the_statement_that_decided_is_told_with_its_place_in_the_file(decide, here, indent):
    asked = case()
    asked["key"]["policy"]["Statement"].insert(0, allow("kms:Encrypt"))
    text = json.dumps([asked], indent=indent)
    _, (answer,) = decide(text=text)
    statement = answer["statement"]
    assert (statement["index"], statement["sid"], answer["layer"]) == (1, "Mine", "key-policy")
    first, *following = text.splitlines()[statement["line"] - 1 :]
    written, _ = json.JSONDecoder().raw_decode("\n".join([first[statement["column"] - 1 :], *following]))
    assert written == allow("kms:Decrypt", Sid="Mine")


def test_what_the_file_expects_and_does_not_get_is_told_and_fails(decide, run):
    right, wrong = case(expected={"decision": "Allow"}), case(expected={"decision": "Deny"})
    ran, answers = decide(right, wrong)
    assert [one["as_expected"] for one in answers] == [True, False]
    assert ran.status == 1
    shown = run("policy", "decide", "cases.json")
    assert f"Not as expected: {wrong['id']}." in shown.said
    assert f"kata policy explain cases.json --id {wrong['id']}" in shown.said.replace(str(Path.cwd()) + "/", "")


def test_a_denial_that_is_expected_is_no_failure(decide):
    asked = case(expected={"decision": "Deny", "kind": "ImplicitDeny"})
    asked["request"]["action"] = "kms:Encrypt"
    ran, (answer,) = decide(asked)
    assert (answer["kind"], ran.status) == ("ImplicitDeny", 0)


@pytest.mark.parametrize("where", ["", "principal", "request", "key"])
def test_a_field_that_nobody_knows_is_told_and_the_case_does_not_pass(decide, run, where):
    asked, name = case(), "x" + uuid.uuid4().hex
    (asked[where] if where else asked)[name] = "?"
    ran, (answer,) = decide(asked)
    assert [note.split()[0] for note in answer["notes"]] == [f"{where}.{name}" if where else name]
    assert (answer["decision"], ran.status) == ("Allow", 1)
    assert name in run("policy", "decide", "cases.json").said


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda one: one.pop("principal"), "principal"),
        (lambda one: one["request"].pop("action"), "request.action is missing"),
        (lambda one: one["request"].update(action="Decrypt"), "kms:Decrypt"),
        (lambda one: one["request"].update(resource="mine"), "request.resource"),
        (lambda one: one["principal"].update(arn="bob"), "cannot be a caller"),
        (lambda one: one["key"].update(policy={"Statement": []}), 'key.policy: "Statement" is empty'),
        (lambda one: one["key"].update(policy="{}"), "key.policy: The policy must be a JSON object"),
        (lambda one: one["key"].update(arn=KEY[:-1] + "?"), "key.arn"),
        (lambda one: one.update(grants={}), "grants must be a list"),
        (lambda one: one.update(org={"scps": [policy()]}), "org.scps"),
        (lambda one: one["request"].update(context=["a"]), "request.context"),
        (lambda one: one["request"].update(context={"aws:a": {}}), "aws:a"),
        (lambda one: one["request"].update(encryptionContext={"a": 1}), "request.encryptionContext"),
        (lambda one: one["request"].update(encryptionContext=""), "request.encryptionContext"),
        (lambda one: one.update(expected={"decision": "Allowed"}), "expected.decision"),
        (lambda one: one["request"].update(resourceAccountId="1" * 12), "request.resourceAccountId"),
    ],
)
def test_a_case_that_cannot_be_used_says_why_and_the_others_are_decided(decide, change, told):
    broken, whole = case(), case()
    change(broken)
    ran, (first, second) = decide(broken, whole)
    jsonschema.validate(first, ANSWER)
    assert told in first["error"]
    assert (first["decision"], second["decision"], ran.status) == (None, "Allow", 2)


@pytest.mark.parametrize("name", ["principal", "action", "kms:ViaService", "Sid", "team"])
def test_a_name_given_twice_in_a_case_is_refused_with_its_place(decide, name):
    asked = case()
    asked["request"] |= {"context": {"kms:ViaService": "x"}, "encryptionContext": {"team": "blue"}}
    text = json.dumps([asked, case()]).replace(f'"{name}":', f'"{name}": "x",\n"{name}":', 1)
    _, (answer, other) = decide(text=text)
    assert f'"{name}" stands twice' in answer["error"]
    assert "line 2, column 1" in answer["error"]
    assert other["error"] is None


def test_condition_keys_may_be_numbers_booleans_and_lists_and_null_takes_one_away(decide):
    condition = {
        "Bool": {"aws:MultiFactorAuthPresent": True},
        "NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": 9},
        "ForAnyValue:StringEquals": {"aws:CalledVia": "x"},
        "Null": {"aws:SecureTransport": "true"},
    }
    asked = case()
    asked["key"]["policy"] = policy(allow("kms:Decrypt", Condition=condition))
    asked["request"]["context"] = {
        "aws:MultiFactorAuthPresent": True,
        "kms:ScheduleKeyDeletionPendingWindowInDays": 8,
        "aws:CalledVia": ["y", "x"],
        "aws:SecureTransport": None,
    }
    assert decide(asked)[1][0]["decision"] == "Allow"
    asked["request"]["context"]["aws:SecureTransport"] = "true"
    assert decide(asked)[1][0]["decision"] == "Deny"


def test_the_keys_that_a_case_lists_as_all_of_them_are_all(decide):
    asked = case()
    asked["key"]["policy"] = policy(allow("kms:Decrypt", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-a"}}))
    assert decide(asked)[1][0]["decision"] == "Deny"
    assert decide(asked | {"fullContext": {"aws:principalorgid": "o-a"}})[1][0]["decision"] == "Allow"


def test_an_encryption_context_counts_only_where_the_operation_takes_one(decide):
    asked = case()
    condition = {"StringEquals": {"kms:EncryptionContext:team": "blue"}}
    asked["key"]["policy"] = policy(allow(["kms:Decrypt", "kms:DescribeKey"], Condition=condition))
    asked["request"]["encryptionContext"] = {"team": "blue"}
    decisions = []
    for action in ("kms:Decrypt", "kms:DescribeKey"):
        asked["request"]["action"] = action
        decisions.append(decide(asked)[1][0]["decision"])
    assert decisions == ["Allow", "Deny"]


def test_what_is_about_no_key_of_another_account_is_denied(decide):
    own = {"identityPolicies": [policy({"Effect": "Allow", "Action": "kms:*", "Resource": "*"})]}
    other = f"{(int(ACCOUNT) + 1) % 10**12:012}"
    asked = case(principal={"arn": USER} | own)
    decisions = []
    for account in (ACCOUNT, other):
        asked["request"] = {"action": "kms:ListKeys", "resource": "*", "resourceAccountId": account}
        decisions.append(decide(asked)[1][0]["decision"])
    assert decisions == ["Allow", "Deny"]


def test_every_known_pair_is_compared_as_known(run):
    ran = run("policy", "compare", DATA / "comparisons.json", "--format", "json")
    report = json.loads(ran.out)
    assert report["schema"] == "urn:kms-katas:comparisons:1"
    found = {one["id"]: one["aWithinB"] for one in report["comparisons"]}
    pairs = json.loads((DATA / "comparisons.json").read_text("utf-8"))["pairs"]
    assert found == {pair["id"]: pair["aWithinB"] for pair in pairs}
    assert all(one["seconds"] > 0 for one in report["comparisons"])
    assert ran.status == 0


def test_every_counterexample_is_a_case_that_is_allowed_under_the_one_and_denied_under_the_other(run, decide):
    pairs = {one["id"]: one for one in json.loads((DATA / "comparisons.json").read_text("utf-8"))["pairs"]}
    found = json.loads(run("policy", "compare", DATA / "comparisons.json", "--format", "json").out)["comparisons"]
    shown = [one for one in found if one["counterexample"]]
    assert len(shown) == sum(not pair["aWithinB"] for pair in pairs.values())
    for side, expected in (("policyA", "Allow"), ("policyB", "Deny")):
        cases = [{"id": one["id"], "key": {"policy": pairs[one["id"]][side]}, **one["counterexample"]} for one in shown]
        ran, answers = decide(*cases)
        assert {one["decision"] for one in answers} == {expected}
        assert ran.status == 0


@pytest.mark.usefixtures("without_z3")
def test_a_comparison_that_is_not_decided_is_no_answer(run, here):
    pair = {"id": "one", "keyArn": KEY, "policyA": policy(allow("kms:*")), "policyB": policy(allow("kms:D*"))}
    (here / "pairs.json").write_text(json.dumps({"pairs": [pair]}))
    ran = run("policy", "compare", "pairs.json", "--steps", 1, "--format", "json")
    (answer,) = json.loads(ran.out)["comparisons"]
    assert (answer["aWithinB"], answer["counterexample"], ran.status) == (None, None, 3)
    assert answer["prover"] is None
    assert "not decided" in run("policy", "compare", "pairs.json", "--steps", 1).said
    assert run("policy", "compare", "pairs.json").status == 0


def test_z3_compares_what_takes_too_many_steps_where_it_is_installed(run, here):
    pytest.importorskip("z3", reason="z3-solver is not installed: pip install z3-solver")
    wide, narrow = policy(allow("kms:*")), policy(allow("kms:D*"))
    pairs = [{"id": "not", "keyArn": KEY, "policyA": wide, "policyB": narrow}]
    pairs.append({"id": "within", "keyArn": KEY, "policyA": narrow, "policyB": wide})
    (here / "pairs.json").write_text(json.dumps(pairs))
    ran = run("policy", "compare", "pairs.json", "--steps", 1, "--format", "json")
    found = {one["id"]: (one["aWithinB"], one["prover"]) for one in json.loads(ran.out)["comparisons"]}
    assert (found, ran.status) == ({"not": (False, "z3"), "within": (True, "z3")}, 0)
    assert run("policy", "compare", "pairs.json", "--steps", 1).said.count("By z3.") == 2
    ran = run("policy", "compare", "pairs.json", "--format", "json")
    assert {one["prover"] for one in json.loads(ran.out)["comparisons"]} == {"partition"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda pair: pair.pop("policyB"), "policyB is missing"),
        (lambda pair: pair.update(keyArn="mine"), "keyArn"),
        (lambda pair: pair.update(ownerAccount="1" * 12), "ownerAccount"),
        (lambda pair: pair.update(aWithinB="yes"), "aWithinB must be true or false"),
    ],
)
def test_a_pair_that_cannot_be_used_says_why(run, here, change, told):
    pair = {"id": "one", "keyArn": KEY, "policyA": policy(allow("kms:*")), "policyB": policy(allow("kms:D*"))}
    change(pair)
    (here / "pairs.json").write_text(json.dumps([pair]))
    ran = run("policy", "compare", "pairs.json", "--format", "json")
    assert told in json.loads(ran.out)["comparisons"][0]["error"]
    assert ran.status == 2


@pytest.mark.parametrize("indent", [None, 2])
def test_a_fault_in_a_policy_is_told_with_its_place_in_the_file(decide, indent):
    asked = case()
    asked["key"]["policy"]["Statement"][0]["Effect"] = "Perhaps"
    text = json.dumps([asked], indent=indent)
    (answer,) = decide(text=text)[1]
    at = text.index('"Effect"')
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    assert f"(line {line}, column {column})" in answer["error"]
