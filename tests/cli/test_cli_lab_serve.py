"""`kata lab serve`: what it prints, what it refuses to begin with, and how it ends."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
from types import SimpleNamespace

import boto3
import pytest
from botocore.config import Config

from kms_katas.cli.lab import shell_lines
from kms_katas.lab.endpoint import Endpoint

KATA = [sys.executable, "-c", "from kms_katas.cli import main; main()"]


@pytest.fixture
def serve(here):
    """Starts `kata lab serve WORDS`; what is still running at the end is stopped."""
    started = []

    def start(*words):
        command = [*KATA, "lab", "serve", *map(str, words)]
        # In a group of its own, as at a prompt: Windows can send Ctrl-Break to a group only.
        flags = {"creationflags": 512} if os.name == "nt" else {}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, cwd=here, **pipes, **flags))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def said(serve):
    """Starts it for a program, and reads what it says."""
    return lambda *words: json.loads(serve("--format", "json", *words).stdout.readline())


def client(said, principal, service="sts"):
    return boto3.client(
        service,
        region_name=said["region"],
        endpoint_url=said["endpoint"],
        aws_access_key_id=principal["accessKeyId"],
        aws_secret_access_key=principal["secretAccessKey"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_it_serves_the_administrators_of_two_accounts_and_the_users_named(said):
    seen = said("--user", "alice", "--user", "444455556666/bob", "--user", "999988887777/carol", "--user", "alice")
    assert seen["schema"] == "urn:kms-katas:lab-serve:1"
    expected = [
        *(f"{account}:user/admin" for account in ("111122223333", "444455556666", "999988887777")),
        *("111122223333:user/alice", "444455556666:user/bob", "999988887777:user/carol"),
    ]
    assert [one["arn"] for one in seen["principals"]] == [f"arn:aws:iam::{who}" for who in expected]
    for one in seen["principals"]:
        identity = client(seen, one).get_caller_identity()
        assert (identity["Arn"], identity["Account"]) == (one["arn"], one["account"])


def test_administrators_may_everything_and_users_nothing(said):
    seen = said("--user", "alice", "--region", "eu-west-1")
    admin, _, alice = (client(seen, one, "kms") for one in seen["principals"])
    arn = admin.create_key()["KeyMetadata"]["Arn"]
    assert arn.startswith("arn:aws:kms:eu-west-1:111122223333:")
    with pytest.raises(
        alice.exceptions.ClientError, match="no identity-based policy allows the kms:DescribeKey action"
    ):
        alice.describe_key(KeyId=arn)


def test_the_same_seed_gives_the_same_credentials(said):
    seed = random.randrange(10**6)
    first, second = (said("--seed", seed)["principals"] for _ in range(2))
    assert first == second
    assert said("--seed", seed + 1)["principals"] != first


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_ends_it_with_one_line(serve):
    process = serve()
    assert process.stdout.readline().startswith("The lab is at http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.strip().splitlines()[-1] == "The lab is closed, and what was in it is gone."


PRINCIPAL = SimpleNamespace(
    arn="arn:aws:iam::111122223333:user/alice", access_key_id="AKIA1", secret_access_key="a/b+c"
)


@pytest.mark.skipif(os.name == "nt", reason="there is no sh")
def test_a_block_sets_the_shell_that_it_is_pasted_into():
    block = "\n".join(shell_lines("http://127.0.0.1:1", "eu-west-1", [PRINCIPAL], windows=False)[1:])
    environment = {"PATH": os.environ["PATH"], "AWS_SESSION_TOKEN": "of another", "AWS_REGION": "us-west-2"}
    done = subprocess.run(["sh", "-c", f"{block}\nenv"], env=environment, capture_output=True, text=True, check=True)
    shown = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("AWS_"))
    assert shown == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIA1",
        "AWS_SECRET_ACCESS_KEY": "a/b+c",
    }


def test_on_windows_the_lines_are_those_of_powershell():
    lines = shell_lines("http://127.0.0.1:1", "eu-west-1", [PRINCIPAL], windows=True)
    assert '$env:AWS_SECRET_ACCESS_KEY = "a/b+c"' in lines
    assert not any(line.startswith(("export", "unset")) for line in lines)


@pytest.mark.parametrize(
    "words, part",
    [
        (["--host", "0.0.0.0"], "--others-may-connect"),
        (["--host", "192.0.2.1"], "--others-may-connect"),
        (["--host", "evil.example"], "no IP address"),
        (["--host", "192.0.2.1", "--others-may-connect"], "cannot listen at 192.0.2.1"),
        (["--region", "mars-west-1"], "no Region of AWS KMS"),
        (["--user", "a b"], "give the name of a user"),
        (["--user", "admin"], "admin is there already"),
        (["--user", "1111/bob"], "12 digits"),
        (["--user", "111122223333/"], "give the name of a user"),
        (["--port", "70000"], "65535"),
    ],
)
def test_what_it_cannot_do_is_told_in_a_sentence(run, monkeypatch, words, part):
    monkeypatch.setattr(Endpoint, "serve", lambda endpoint: pytest.fail(f"it serves at {endpoint.url}"))
    ran = run("lab", "serve", *words)
    assert (ran.status, ran.out) == (2, "")
    assert part in ran.said


def test_a_port_that_is_taken_is_told_in_a_sentence(run):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ran = run("lab", "serve", "--port", port)
    assert (ran.status, ran.out) == (2, "")
    assert f"Port {port} of 127.0.0.1 is in use by another program." in ran.said


def test_others_reach_it_where_that_is_meant(said):
    seen = said("--host", "0.0.0.0", "--others-may-connect")
    assert "0.0.0.0" not in seen["endpoint"]
    identity = client(seen, seen["principals"][0]).get_caller_identity()
    assert identity["Arn"] == seen["principals"][0]["arn"]
