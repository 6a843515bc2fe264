"""The files and formats of `kata policy`: what cannot be read, stdin, lint's formats, and that it starts fast."""

import io
import json
import subprocess
import sys
import uuid

import pytest

POLICY = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"},
}
WORDS = [["decide"], ["compare"], ["explain"], ["lint"], ["prove", "--nobody-outside"], ["explain", "--key-policy"]]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "is not there"),
        ("folder", "is a folder"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (json.dumps(POLICY).encode("utf-16"), "is UTF-16"),
        (b'{"a":\n"\xff"}', "line 2: the byte 0xff is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_a_sentence(run, here, words, data, told):
    name = uuid.uuid4().hex + ".json"
    if data == "folder":
        (here / name).mkdir()
    elif data is not None:
        (here / name).write_bytes(data)
    more = ["--principal", "s3.amazonaws.com", "--action", "kms:Decrypt", "--key", "*"] if words[1:] else []
    ran = run("policy", *words, name, *(more if words[0] == "explain" else []))
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"{name}")
    assert told in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("words", [words for words in WORDS if words != ["lint"]], ids=" ".join)
@pytest.mark.parametrize("text", ['{"a":', "[" * 10**5, '{"Statement": NaN}', "[]", '"x"', "1" * 5000])
def test_what_is_no_such_file_is_told_in_a_sentence(run, here, words, text):
    (here / "odd.json").write_text(text)
    more = ["--principal", "s3.amazonaws.com", "--action", "kms:Decrypt", "--key", "*"]
    ran = run("policy", *words, "odd.json", *(more if words[1:] == ["--key-policy"] else []))
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("odd.json")
    assert "kit itself failed" not in ran.err


def test_a_file_that_is_far_too_large_is_not_read(run, here):
    with (here / "large.json").open("wb") as file:
        file.truncate(1 << 31)
    for words in (["lint"], ["decide"]):
        assert "2,147,483,648 bytes" in run("policy", *words, "large.json").err


def test_a_byte_order_mark_is_no_fault(run, here):
    (here / "bom.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(POLICY).encode())
    assert run("policy", "lint", "bom.json").status == 0


@pytest.mark.parametrize("words", [["lint"], ["prove", "--nobody-outside"]])
def test_a_dash_is_stdin(run, monkeypatch, words):
    class Stdin:
        buffer = io.BytesIO(json.dumps(POLICY).encode())

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert run("policy", *words, "-").status == 0


@pytest.fixture
def faulty(here):
    """Two policies: one with a warning and an error, one without fault."""
    everyone = {"Effect": "Allow", "Principal": "*", "Action": ["kms:Decrypt", "kms:Decrypted"], "Resource": "*"}
    (here / "a b.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [everyone]}, indent=1))
    (here / "good.json").write_text(json.dumps(POLICY))
    return ["a b.json", "good.json"]


def test_lint_tells_the_findings_of_every_file_and_fails(run, faulty):
    ran = run("policy", "lint", *faulty)
    assert {line.split(":")[0] for line in ran.out.splitlines() if not line.startswith(" ")} == {
        "a b.json",
        ran.out.splitlines()[-1],
    }
    assert ran.status == 1


def test_lint_speaks_json_and_sarif_of_the_same_findings(run, faulty):
    told = json.loads(run("policy", "lint", *faulty, "--format", "json").out)
    assert told["schema"] == "urn:kms-katas:lint:1"
    assert [one["file"] for one in told["files"]] == faulty
    sarif = json.loads(run("policy", "lint", *faulty, "--format", "sarif").out)
    (ran,) = sarif["runs"]
    assert sarif["version"] == "2.1.0"
    rules = ran["tool"]["driver"]["rules"]
    for result in ran["results"]:
        # What GitHub's code scanning asks for.
        assert result["message"]["text"]
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        where = result["locations"][0]["physicalLocation"]
        assert where["artifactLocation"]["uri"] == "a%20b.json"
        assert where["region"]["startLine"] >= 1
    assert [one["ruleId"] for one in ran["results"]] == [one["id"] for one in told["files"][0]["findings"]] != []


def test_lint_proves_where_it_is_told_to(run, here):
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*"}
    (here / "shut.json").write_text(json.dumps(POLICY | {"Statement": [POLICY["Statement"], deny]}))
    assert run("policy", "lint", "shut.json").status == 0
    proved = run("policy", "lint", "shut.json", "--proofs")
    assert (proved.status, "error S1: Nobody can change this key policy" in proved.out) == (1, True)


def test_a_suggestion_alone_does_not_fail(run, here):
    condition = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "Bool": {"aws:SecureTransport": "true"}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": condition}
    whole = {"Version": "2012-10-17", "Statement": [POLICY["Statement"], deny]}
    (here / "key.json").write_text(json.dumps(whole))
    told = json.loads(run("policy", "lint", "key.json", "--format", "json").out)["files"][0]["findings"]
    assert {one["level"] for one in told} == {"suggestion"}
    assert run("policy", "lint", "key.json").status == 0


def test_lint_takes_the_key_and_the_kind_of_policy(run, here):
    own = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}}
    (here / "own.json").write_text(json.dumps(own))
    assert [run("policy", "lint", "own.json", *more).status for more in ([], ["--kind", "identity-policy"])] == [1, 0]
    ran = run("policy", "lint", "own.json", "--key", "mine")
    assert (ran.status, ran.err.split()[0]) == (2, "--key:")


@pytest.mark.parametrize("words", [*WORDS[:5], ["-h"]], ids=" ".join)
def test_it_loads_neither_boto3_nor_moto_nor_pytest(here, words):
    key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    case = {"principal": {"arn": "arn:aws:iam::111122223333:root"}, "request": {"action": "kms:Decrypt"}}
    case["request"]["resource"] = key
    content = {
        "compare": {"keyArn": key, "policyA": POLICY, "policyB": POLICY},
        "decide": case,
        "explain": case,
    }.get(words[0], POLICY)
    (here / "file.json").write_text(json.dumps(content))
    script = (
        "import sys\nfrom kms_katas import cli\n"
        "try:\n    cli.main()\nexcept SystemExit as left:\n    assert not left.code, left.code\n"
        "heavy = {'boto3', 'botocore', 'moto', 'pytest', '_pytest', 'cryptography'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    command = [sys.executable, "-c", script, "policy", *words, *([] if words == ["-h"] else ["file.json"])]
    done = subprocess.run(command, capture_output=True, text=True, cwd=here)
    assert done.returncode == 0, done.stderr
