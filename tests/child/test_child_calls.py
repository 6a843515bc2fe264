"""A call of KMS that is made quickly asks what botocore asks, and gives what botocore gives; or it is botocore's."""

import base64
import contextlib
import json
import logging
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.handlers
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kms_katas.child import wire
from kms_katas.child.bridge import Bridge
from kms_katas.child.calls import FINAL, call_quickly
from kms_katas.child.clients import Clients
from kms_katas.lab.kms.request import service_model

BOTOCORES = BaseClient._make_api_call
KMS = service_model()
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
SCOPE = st.tuples(st.sampled_from(["us-east-1", "eu-west-3"]), st.none() | st.just("a token"))
AGAIN = ["ThrottlingException", "LimitExceededException", "RequestTimeout"]
CODES = (
    st.sampled_from(sorted(FINAL))
    | st.sampled_from([*AGAIN, "Other"])
    | st.sampled_from(sorted({shape.error_code for shape in KMS.error_shapes}))
)


class Asked:
    """A bridge whose lab gives the replies that it is told, and notes what it was asked."""

    def __init__(self) -> None:
        self.questions: list[Any] = []
        self.replies: list[Any] = []
        self.bridge = Bridge(self._reply)

    def _reply(self, question: Any) -> Any:
        self.questions.append(question)
        return self.replies.pop(0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    asked = Asked()
    handlers = [("before-send", asked.bridge.send_request), *botocore.handlers.BUILTIN_HANDLERS]
    monkeypatch.setattr("botocore.handlers.BUILTIN_HANDLERS", handlers)
    for place in ("botocore.auth", "botocore.endpoint", "kms_katas.child.signing"):
        monkeypatch.setattr(f"{place}.get_current_datetime", lambda: NOW)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("uuid.uuid4", lambda: uuid.UUID(int=7))
    monkeypatch.setattr(BaseClient, "_make_api_call", BOTOCORES)
    call_quickly(asked.bridge)
    yield asked


def told(status: int, content: Any, **headers: str) -> dict[str, Any]:
    named = {"X-Amzn-RequestId": "of this request", "content-type": "application/x-amz-json-1.1", **headers}
    return {"status": status, "headers": [*map(list, named.items())], "body": wire.encode(json.dumps(content).encode())}


def values_of(shape: Any, blob: Any) -> st.SearchStrategy[Any]:
    if shape is None:
        return st.just({})
    if shape.type_name == "structure":
        members = {name: values_of(member, blob) for name, member in shape.members.items()}
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if shape.type_name == "list":
        return st.lists(values_of(shape.member, blob), max_size=2)
    if shape.type_name == "map":
        return st.dictionaries(st.text(max_size=5), values_of(shape.value, blob), max_size=2)
    if shape.type_name == "blob":
        return st.binary(max_size=20).map(blob)
    if shape.type_name in ("integer", "long", "timestamp"):
        return st.integers(0, 3000)
    return st.booleans() if shape.type_name == "boolean" else st.text(max_size=8) | st.integers()


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


@st.composite
def calls(draw: Any) -> tuple[str, Any, list[Any]]:
    """An operation, its parameters, and what the lab says to one attempt after another: at last something final."""
    operation = draw(st.sampled_from(sorted(KMS.operation_names)))
    model = KMS.operation_model(operation)
    refusals = st.builds(
        lambda status, code, message, more: told(status, {"__type": code, **message, **more}),
        st.sampled_from([400, 400, 403, 429, 500, 503]),
        CODES,
        st.sampled_from([{}, {"message": "why"}, {"Message": "why"}]),
        st.sampled_from([{}, {"KeyMaterialId": "a" * 64}]),
    )
    result = values_of(model.output_shape, text).map(lambda content: told(200, content))
    replies = [*draw(st.lists(refusals, max_size=2)), draw(refusals | result)]
    return operation, draw(values_of(model.input_shape, lambda data: data)), [*replies, *replies[-1:] * 3]


def outcome(asked: Asked, made: Any, scope: Any, call: Any) -> Any:
    """What a new client of KMS asks and gives, or raises, where `made` makes its calls."""
    operation, parameters, replies = call
    clients = asked.bridge.clients = Clients()
    client = clients.prepare("kms", scope[0])
    held = clients.of_kms[client].credentials
    held.access_key, held.secret_key, held.token = "AKIAEXAMPLE", "its secret", scope[1]
    asked.questions, asked.replies = [], [*replies]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", made)
        try:
            given: Any = client._make_api_call(operation, parameters)
        except Exception as error:
            given = type(error).__qualname__, str(error), getattr(error, "response", None)
    for question in asked.questions:
        question["headers"].sort()
    return given, asked.questions


@given(calls(), SCOPE)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_it_is_botocores_question_for_question(asked: Asked, call: Any, scope: Any) -> None:
    assert outcome(asked, BaseClient._make_api_call, scope, call) == outcome(asked, BOTOCORES, scope, call)


def quick(asked: Asked, client: Any, status: int = 200) -> bool:
    """Whether a call of this client passes botocore by."""
    heard: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kms_katas.child.calls._botocores", lambda *call: heard.append(call))
        asked.replies = [told(status, {"__type": "NotFoundException"})]
        with contextlib.suppress(client.exceptions.NotFoundException):
            client.describe_key(KeyId="k")
    return not heard


def test_a_client_of_the_bridge_is_quick_until_somebody_listens_in(asked: Asked) -> None:
    client = asked.bridge.clients.prepare("kms", "us-east-1")
    assert quick(asked, client) and quick(asked, client, 400)
    logging.getLogger("botocore").setLevel(logging.DEBUG)
    try:
        assert not quick(asked, client)
    finally:
        logging.getLogger("botocore").setLevel(logging.NOTSET)
    assert quick(asked, client)
    heard: list[Any] = []
    client.meta.events.register("before-call.kms.DescribeKey", lambda **said: heard.append(said["params"]["body"]))
    asked.replies = [told(200, {})]
    client.describe_key(KeyId="mine")
    assert heard == [b'{"KeyId": "mine"}']


@pytest.mark.parametrize("code", AGAIN)
def test_what_may_be_tried_again_is(asked: Asked, code: str) -> None:
    client = asked.bridge.clients.prepare("kms", "us-east-1")
    asked.replies = [told(400, {"__type": code}), told(200, {"KeyMetadata": {"KeyId": "k"}})]
    answer = client.describe_key(KeyId="k")
    assert answer["KeyMetadata"] == {"KeyId": "k"} and answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert len(asked.questions) == 2


def test_a_client_of_ones_own_and_one_of_another_service_are_botocores(asked: Asked) -> None:
    core = asked.bridge.clients.core
    assert not quick(asked, core.create_client("kms", "us-east-1", config=Config(retries={"max_attempts": 0})))
    sts = asked.bridge.clients.prepare("sts", "us-east-1")
    asked.replies = [{"status": 200, "headers": [], "body": wire.encode(b"<Said><GetCallerIdentityResult/></Said>")}]
    sts.get_caller_identity()
    assert "Action=GetCallerIdentity" in str(asked.questions[-1]["body"])


def test_a_client_that_was_made_when_an_answer_was_there_is_botocores(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")  # as an answer may say when it is loaded
    who = {"access_key_id": "A", "secret_access_key": "s", "session_token": None}
    client = asked.bridge.clients.lend({"kind": "client", "service": "kms", "region": "eu-west-1", **who})
    assert client.meta.config.retries["mode"] == "adaptive" and not quick(asked, client)


def test_a_repeated_reply_is_for_its_own_thread_and_for_once(asked: Asked) -> None:
    first, second = told(400, {}), told(200, {})
    found: list[Any] = []
    with asked.bridge.repeated(first):
        asked.replies = [second, second]
        other = threading.Thread(target=lambda: found.append(asked.bridge.ask_aws("POST", "https://kms", [], b"")))
        other.start()
        other.join()
        found += [asked.bridge.ask_aws("POST", "https://kms", [], b"") for _ in range(2)]
    assert found == [second, first, second]
    with asked.bridge.repeated(first):
        pass
    asked.replies = [second]
    assert asked.bridge.ask_aws("POST", "https://kms", [], b"") is second
