"""The AWS CLI on a served lab, with the variables that `kata lab serve` prints."""

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Client, Served

pytestmark = pytest.mark.system

OTHER = "444455556666"


@pytest.fixture(scope="module")
def aws(python_client: Callable[..., Client]) -> Client:
    return python_client("aws-cli", "-m", "awscli")


@pytest.fixture
def key(aws: Client, admin: dict[str, str]) -> str:
    return str(aws.json("kms", "create-key", env=admin)["KeyMetadata"]["Arn"])


@pytest.fixture
def sealed(aws: Client, key: str, admin: dict[str, str], tmp_path: Path) -> tuple[bytes, str]:
    """A secret, and the argument that names the file with its ciphertext."""
    secret = secrets.token_hex(8).encode()
    (tmp_path / "plain").write_bytes(secret)
    words = ["kms", "encrypt", "--key-id", key, "--plaintext", f"fileb://{tmp_path}/plain"]
    (tmp_path / "sealed").write_bytes(base64.b64decode(aws.json(*words, env=admin)["CiphertextBlob"]))
    return secret, f"fileb://{tmp_path}/sealed"


def opened(aws: Client, blob: str, env: dict[str, str]) -> bytes:
    return base64.b64decode(aws.json("kms", "decrypt", "--ciphertext-blob", blob, env=env)["Plaintext"])


def allowing(action: str, resource: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize("who, account", [("user/admin", "111122223333"), ("user/carol", OTHER)])
def test_each_block_makes_the_shell_that_principal(aws: Client, served: Served, who: str, account: str) -> None:
    seen = aws.json("sts", "get-caller-identity", env=served.env(who, account))
    assert (seen["Arn"], seen["Account"]) == (f"arn:aws:iam::{account}:{who}", account)


def test_what_it_encrypts_it_decrypts(aws: Client, sealed: tuple[bytes, str], admin: dict[str, str]) -> None:
    secret, blob = sealed
    assert opened(aws, blob, admin) == secret


def test_a_denied_decrypt_is_told_in_the_words_of_aws(
    aws: Client, key: str, sealed: tuple[bytes, str], bob: dict[str, str]
) -> None:
    done = aws.run("kms", "decrypt", "--ciphertext-blob", sealed[1], env=bob)
    assert done.returncode != 0
    assert (
        "An error occurred (AccessDeniedException) when calling the Decrypt operation: User: "
        "arn:aws:iam::111122223333:user/bob is not authorized to perform: kms:Decrypt on resource: "
        f"{key} because no identity-based policy allows the kms:Decrypt action"
    ) in done.stderr.decode()


def test_a_user_of_the_other_account_needs_both_halves(
    aws: Client, served: Served, key: str, sealed: tuple[bytes, str], admin: dict[str, str]
) -> None:
    carol = served.env("user/carol", OTHER)
    ours = json.loads(aws.json("kms", "get-key-policy", "--key-id", key, env=admin)["Policy"])
    theirs = json.loads(allowing("kms:Decrypt", "*", Principal={"AWS": f"arn:aws:iam::{OTHER}:root"}))
    ours["Statement"] += theirs["Statement"]
    aws.run("kms", "put-key-policy", "--key-id", key, "--policy", json.dumps(ours), env=admin)
    assert b"no identity-based policy" in aws.run("kms", "decrypt", "--ciphertext-blob", sealed[1], env=carol).stderr
    words = ["--user-name", "carol", "--policy-name", "half", "--policy-document", allowing("kms:Decrypt", key)]
    aws.run("iam", "put-user-policy", *words, env=served.env(account=OTHER))
    assert opened(aws, sealed[1], carol) == sealed[0]


def test_a_role_made_and_assumed_with_it_may_what_its_policy_says(
    aws: Client, key: str, sealed: tuple[bytes, str], admin: dict[str, str]
) -> None:
    name = f"reader-{secrets.token_hex(4)}"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = aws.json("iam", "create-role", "--role-name", name, "--assume-role-policy-document", document, env=admin)
    words = ["--role-name", name, "--policy-name", "read", "--policy-document", allowing("kms:Decrypt", key)]
    aws.run("iam", "put-role-policy", *words, env=admin)
    words = ["--role-arn", made["Role"]["Arn"], "--role-session-name", "s1"]
    given = aws.json("sts", "assume-role", *words, env=admin)["Credentials"]
    session = admin | {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
    assert opened(aws, sealed[1], session) == sealed[0]
    denied = aws.run("kms", "describe-key", "--key-id", key, env=session).stderr.decode()
    assert f"assumed-role/{name}/s1 is not authorized to perform: kms:DescribeKey" in denied


def test_a_file_in_many_parts_comes_back_whole(aws: Client, admin: dict[str, str]) -> None:
    bucket, contents = f"bucket-{secrets.token_hex(6)}", secrets.token_bytes(9 * 1024 * 1024)
    assert aws.run("s3", "mb", f"s3://{bucket}", env=admin).returncode == 0
    there = f"s3://{bucket}/a folder/a file"
    sent = aws.run("s3", "cp", "-", there, env=admin, stdin=contents)
    assert sent.returncode == 0, sent.stderr.decode()
    assert aws.run("s3", "cp", there, "-", env=admin).stdout == contents


def test_a_key_that_nobody_has_is_refused_by_each_service_in_its_own_words(aws: Client, admin: dict[str, str]) -> None:
    nobody = admin | {"AWS_ACCESS_KEY_ID": "AKIA" + "".join(secrets.choice("ABCDEFGH234567") for _ in range(16))}
    said = {
        "UnrecognizedClientException": ["kms", "list-keys"],
        "InvalidClientTokenId": ["sts", "get-caller-identity"],
        "InvalidAccessKeyId": ["s3api", "list-buckets"],
        "AuthFailure": ["ec2", "describe-volumes"],
    }
    for code, words in said.items():
        assert f"({code})" in aws.run(*words, env=nobody).stderr.decode()


def test_an_object_under_a_key_is_read_and_the_log_tells_it(aws: Client, key: str, admin: dict[str, str]) -> None:
    bucket = f"bucket-{secrets.token_hex(6)}"
    aws.run("s3", "mb", f"s3://{bucket}", env=admin)
    words = ["--sse", "aws:kms", "--sse-kms-key-id", key]
    sent = aws.run("s3", "cp", "-", f"s3://{bucket}/a", *words, env=admin, stdin=b"x")
    assert sent.returncode == 0, sent.stderr.decode()

    words = ["--lookup-attributes", f"AttributeKey=ResourceName,AttributeValue={key}"]
    events = aws.json("cloudtrail", "lookup-events", *words, env=admin)["Events"]
    assert "GenerateDataKey" in [event["EventName"] for event in events]
    told = json.loads(events[0]["CloudTrailEvent"])
    assert told["userIdentity"]["invokedBy"] == "s3.amazonaws.com"
