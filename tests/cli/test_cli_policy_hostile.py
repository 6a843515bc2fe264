"""What a stranger wrote into a policy or a case reaches the terminal as text: it moves no cursor and sets no colour."""

import json

import pytest

CLEAR, TITLE = "\x1b[2J", "\x1b]0;mine\x07"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
USER = "arn:aws:iam::111122223333:user/bob"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": f"a{CLEAR}",
            "Effect": "Allow",
            "Principal": {"AWS": ["111122223333", "*", f"arn:aws:iam::111122223333:user/{TITLE}"]},
            "Action": ["kms:Decrypt", f"kms:{CLEAR}"],
            "Resource": "*",
            "Condition": {"StringLike": {f"aws:PrincipalTag/{TITLE}": f"x{CLEAR}"}},
        },
        {"Sid": f"b{TITLE}", "Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"},
    ],
}
CASE = {
    "id": f"one{CLEAR}",
    "principal": {"arn": USER, "tags": {TITLE: CLEAR}},
    "request": {"action": "kms:Decrypt", "resource": KEY, "context": {f"aws:{TITLE}": CLEAR}},
    "key": {"policy": POLICY},
    f"odd{CLEAR}": 1,
    "expected": {"decision": "Allow"},
}
PAIR = {"id": f"pair{TITLE}", "keyArn": KEY, "policyA": POLICY, "policyB": POLICY, f"odd{CLEAR}": 1}
ASKED = ["--principal", USER, "--action", "kms:Decrypt", "--key", KEY]


@pytest.mark.parametrize(
    "words",
    [
        ["decide", "case.json"],
        ["explain", "case.json"],
        ["explain", "case.json", "--format", "markdown"],
        ["explain", "case.json", "--id", f"no{CLEAR}"],
        ["explain", "--key-policy", "policy.json", *ASKED],
        ["explain", "--key-policy", "policy.json", *ASKED, "--context", f"aws:PrincipalTag/{TITLE}=x{CLEAR}"],
        ["compare", "pair.json"],
        ["prove", "policy.json", "--who-can", "kms:Decrypt"],
        ["prove", "policy.json", "--nobody-outside"],
        ["lint", "policy.json"],
        ["lint", "odd.json"],
        ["explain", "--key-policy", "odd.json", *ASKED],
    ],
    ids=lambda words: " ".join(words).encode("unicode_escape").decode(),
)
def test_no_control_character_of_a_file_or_an_argument_reaches_the_terminal(run, here, words):
    for name, content in (("policy", POLICY), ("case", CASE), ("pair", PAIR), ("odd", {f"Odd{CLEAR}": TITLE})):
        (here / f"{name}.json").write_text(json.dumps(content))
    ran = run("policy", *words)
    said = ran.out + ran.err
    assert said.strip()
    assert [one for one in said if not one.isprintable() and one != "\n"] == []
