"""What the lab's tests share: the administrator's client, keys of each kind, ways to name an expected error. It tests
nothing.
"""

import base64
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from moto import mock_aws

from kms_katas.lab import Lab, Principal, install, uninstall
from kms_katas.lab.aws_session import ClientPool
from kms_katas.lab.kms.request import service_model

sys.path.append(str(Path(__file__).parent))  # for the modules here that hold no tests

import key_stores
from importing import put
from related_keys import WEST, client, replicate

CLIENTS = ClientPool()


@pytest.fixture
def lab() -> Iterator[Lab]:
    """As everybody's tests get it (lab/plugin.py), but with clients that were made for the test before: 5 ms each."""
    with Lab(client_pool=CLIENTS) as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto fills the EC2 of each Region with 1,300 images, a sixth of a second, as it makes and as it empties it."""
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")


@pytest.fixture
def kms(lab: Lab) -> Any:
    return lab.home.admin.client("kms")


@pytest.fixture
def key(kms: Any) -> dict[str, Any]:
    found: dict[str, Any] = kms.create_key()["KeyMetadata"]
    return found


@pytest.fixture
def empty(kms: Any) -> str:
    """The ID of a key that waits for its first material."""
    found: str = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    return found


@pytest.fixture
def material() -> bytes:
    return os.urandom(32)


@pytest.fixture
def full(kms: Any, empty: str, material: bytes) -> str:
    """The ID of a key that has `material`, imported for ever."""
    put(kms, empty, material)
    return empty


@pytest.fixture
def mrk(kms: Any) -> str:
    """The ID of a primary key in us-east-1."""
    found: str = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    return found


@pytest.fixture
def west(lab: Lab) -> Any:
    """The administrator's client in us-west-2."""
    return client(lab, WEST)


@pytest.fixture
def pair(lab: Lab, mrk: str) -> str:
    """The ID of a primary key in us-east-1 that has a replica in us-west-2."""
    replicate(lab, mrk)
    return mrk


@pytest.fixture(params=["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"])
def store_parameters(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What CreateCustomKeyStore is asked for: once for each type of store."""
    return key_stores.cluster() if request.param == "AWS_CLOUDHSM" else key_stores.proxy()


@pytest.fixture
def store(lab: Lab, kms: Any, store_parameters: dict[str, Any]) -> str:
    """The ID of a connected store of either type."""
    found = key_stores.make(kms, store_parameters)
    key_stores.connect(lab, kms, found)
    return found


Refused = Callable[..., Any]


@pytest.fixture
def refused() -> Refused:
    """`with refused("NotFoundException", "text"):` holds when the block raises that error; without a text, any text."""

    @contextmanager
    def expectation(code: str, message: str | None = None) -> Iterator[pytest.ExceptionInfo[ClientError]]:
        with pytest.raises(ClientError) as caught:
            yield caught
        error = caught.value.response["Error"]
        assert error["Code"] == code
        if message is not None:
            assert error["Message"] == message

    return expectation


Raw = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def raw(lab: Lab) -> Raw:
    """Sends a request that boto3 would refuse to build, the administrator's: (HTTP status, JSON body) of the answer."""

    def send(operation: str, body: Any, principal: Principal | None = None) -> tuple[int, dict[str, Any]]:
        caller = principal or lab.home.admin
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"X-Amz-Target": f"TrentService.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        request = AWSRequest("POST", "https://kms.us-east-1.amazonaws.com/", headers, data)
        credentials = Credentials(caller.access_key_id, caller.secret_access_key)
        SigV4Auth(credentials, "kms", "us-east-1").add_auth(request)
        answer = lab.send(request.prepare())
        return answer.status_code, json.loads(answer.content)

    return send


@pytest.fixture
def least_request() -> Callable[[str], dict[str, Any]]:
    """The JSON body of a request to an operation that the model finds nothing wrong with, and no more than it asks."""
    return lambda operation: _least(service_model().operation_model(operation).input_shape)


_PLAUSIBLE = {
    "AliasNameType": "alias/least",
    "PolicyType": json.dumps({"Version": "2012-10-17", "Statement": []}),
    "PrincipalIdType": "arn:aws:iam::111122223333:user/admin",
    "RegionType": "eu-west-1",
}


def _least(shape: Any) -> Any:
    if shape is None:
        return {}
    if shape.type_name == "structure":
        return {name: _least(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [_least(shape.member)]
    if shape.type_name == "blob":
        return base64.b64encode(b"x").decode()
    if shape.type_name in ("integer", "long"):
        return shape.metadata.get("min", 1)
    if shape.type_name == "string":
        return _PLAUSIBLE.get(shape.name, shape.enum[0] if shape.enum else "x" * shape.metadata.get("min", 1))
    return {"boolean": False, "map": {}, "timestamp": 2_000_000_000}[shape.type_name]


@pytest.fixture
def opaque() -> Callable[[str], str]:
    """The text with UUIDs taken out, to compare two texts that differ in them only."""
    return lambda text: re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)


@pytest.fixture(params=["plain moto", "installed"])
def aws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """`aws("kms")` is a client with whatever credentials the environment has: under moto's own KMS, and installed."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    if request.param == "installed":
        install()
    with mock_aws():
        yield boto3.client
    if request.param == "installed":
        uninstall()


@pytest.fixture
def statement() -> Callable[..., dict[str, Any]]:
    """A policy of one statement: `statement("kms:Decrypt", effect="Deny", StringEquals={...})`, Resource "*".

    `principal` makes it a policy that names whom it is about.
    """

    def make(action: str | list[str] = "*", effect: str = "Allow", principal: Any = None, **condition: Any) -> Any:
        one: dict[str, Any] = {"Effect": effect, "Action": action, "Resource": "*"}
        if principal is not None:
            one["Principal"] = principal
        if condition:
            one["Condition"] = condition
        return {"Version": "2012-10-17", "Statement": [one]}

    return make


@pytest.fixture
def client_of() -> Callable[..., Any]:
    """A client with credentials that STS returned, as a learner makes it."""
    from kms_katas.lab.aws_session import ClientPool

    def make(made: dict[str, Any], service: str = "kms") -> Any:
        found = made["Credentials"]
        return ClientPool().lend(
            service, "us-east-1", (found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        )

    return make
