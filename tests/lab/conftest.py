"""What the lab's tests share: the administrator's client, a key, ways to name an expected error. It tests nothing."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from kms_katas.lab import Lab

# The graders' plugin has a `lab` of its own; here it is the one that everybody's tests get.
from kms_katas.lab.plugin import lab as lab


@pytest.fixture
def kms(lab: Lab) -> Any:
    return lab.home.admin.client("kms")


@pytest.fixture
def key(kms: Any) -> dict[str, Any]:
    found: dict[str, Any] = kms.create_key()["KeyMetadata"]
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
    """Sends a request that boto3 would refuse to build: (HTTP status, JSON body) of the answer."""

    def send(operation: str, body: Any) -> tuple[int, dict[str, Any]]:
        admin = lab.home.admin
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"X-Amz-Target": f"TrentService.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        request = AWSRequest("POST", "https://kms.us-east-1.amazonaws.com/", headers, data)
        credentials = Credentials(admin.access_key_id, admin.secret_access_key)
        SigV4Auth(credentials, "kms", "us-east-1").add_auth(request)
        answer = lab.send(request.prepare())
        return answer.status_code, json.loads(answer.content)

    return send


@pytest.fixture
def opaque() -> Callable[[str], str]:
    """The text with UUIDs taken out, to compare two texts that differ in them only."""
    return lambda text: re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)
