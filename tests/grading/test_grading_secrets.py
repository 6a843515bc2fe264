"""The user's AWS settings are never read and the kit opens no connection, in the grader and in the child.

What an answer's own code can reach is the isolation level's: see test_grading_isolation.py.
"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kms_katas.grading.forked import ForkedRunner
from kms_katas.grading.inprocess import InProcessRunner
from kms_katas.grading.runner import Runner
from kms_katas.grading.spawned import SpawnedRunner
from kms_katas.lab import Principal

from .conftest import Grade, Hold, by_both_runners

PLAIN = (
    'import boto3\ndef open_it(kms, blob):\n    return boto3.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"]\n'
)


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and an environment full of AWS settings that must never be used.

    Gives a file that exists once they were.
    """
    home, used = tmp_path / "home", tmp_path / "used"
    (home / ".aws").mkdir(parents=True)
    command = f"credential_process = /usr/bin/touch {used}\n"
    settings = f"region = xx-hostile-1\nendpoint_url = http://127.0.0.1:9\n{command}retry_mode = nonsense\n"
    (home / ".aws" / "config").write_text(f"[default]\n{settings}[profile work]\n{settings}")
    (home / ".aws" / "credentials").write_text(f"[default]\n{command}[work]\n{command}")
    for name, value in {
        "HOME": str(home),
        "AWS_PROFILE": "work",
        "AWS_DEFAULT_PROFILE": "absent",
        "AWS_ACCESS_KEY_ID": "AKIAHOSTILEHOSTILE00",
        "AWS_SECRET_ACCESS_KEY": "hostile-secret",
        "AWS_SESSION_TOKEN": "hostile-token",
        "AWS_REGION": "xx-hostile-1",
        "AWS_DEFAULT_REGION": "xx-hostile-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:9",
        "AWS_CONFIG_FILE": str(home / ".aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials"),
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(used),
        "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/hostile",
        "AWS_CA_BUNDLE": "/nothing",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    return used


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The connections that this process tried to open to anything but a local socket pair."""
    tried: list[Any] = []

    def refuse(self: socket.socket, address: Any) -> None:
        tried.append(address)
        raise OSError("no network in this test")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    return tried


@pytest.fixture(params=[ForkedRunner, SpawnedRunner, InProcessRunner], ids=["forked", "spawned", "in-process"])
def started(request: pytest.FixtureRequest, hostile: Path) -> Iterator[Runner]:
    """A runner that was started in the hostile environment."""
    runner = request.param()
    yield runner
    runner.close()


def test_grading_works_beside_hostile_settings_and_uses_none_of_them(
    grade: Grade, started: Runner, hostile: Path, no_network: list[Any]
) -> None:
    environment = dict(os.environ)
    verdict = grade(PLAIN, runner=started)
    assert verdict.passed, verdict
    assert not hostile.exists()
    assert no_network == []
    assert {name: value for name, value in os.environ.items() if name.startswith("AWS_")} == {
        name: value for name, value in environment.items() if name.startswith("AWS_")
    }


def test_an_answer_sees_none_of_the_users_aws_settings(
    started: Runner, hold: Hold, hostile: Path, learner: Principal
) -> None:
    answer = hold(
        "import os\ndef ask():\n    return dict(os.environ)\n",
        runner=started,
    )
    inside = {name: value for name, value in answer.call("ask").items() if name.startswith("AWS")}
    assert inside["AWS_ACCESS_KEY_ID"] == learner.access_key_id
    assert not [
        value for value in inside.values() if "hostile" in value or "127.0.0.1" in value or str(hostile.parent) in value
    ]


@by_both_runners
def test_the_kit_itself_opens_no_connection_in_the_child(hold: Hold, lab: Any) -> None:
    answer = hold("""
        import socket, boto3
        tried = []
        def refuse(self, address):
            tried.append(repr(address))
            raise OSError
        socket.socket.connect = socket.socket.connect_ex = refuse
        def ask(kms, key):
            blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
            boto3.client("kms").decrypt(CiphertextBlob=blob)
            for make in (lambda: boto3.client("s3").list_buckets(), lambda: boto3.client("kms", endpoint_url="http://127.0.0.1:9").list_keys()):
                try:
                    make()
                except Exception:
                    pass
            return tried
    """)
    key = lab.home.admin.client("kms").create_key()["KeyMetadata"]["KeyId"]
    assert answer.call("ask", answer.client(), key) == []


@pytest.mark.parametrize("runner", ["forked:none"], indirect=True)
def test_at_none_an_answers_own_code_can_open_a_socket_and_read_the_graders_environment(hold: Hold) -> None:
    """What the level lite is for: test_grading_isolation.py holds that it cannot, there."""
    answer = hold("""
        import os, socket
        def connect(port):
            with socket.create_connection(("127.0.0.1", port), 1):
                return True
        def environment(pid):
            with open(f"/proc/{pid}/environ", "rb") as file:
                return len(file.read()) > 0
    """)
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert answer.call("connect", server.getsockname()[1])
    assert answer.call("environment", os.getpid())
