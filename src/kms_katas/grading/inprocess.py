"""The runner that calls the answer in the grader's own process: for a debugger, and where no other runner serves. It protects nothing and cannot stop a loop."""

import contextlib
import io
import os
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.handlers
from botocore.awsrequest import AWSPreparedRequest

from kms_katas.child.answer import Answer
from kms_katas.child.bridge import Bridge
from kms_katas.child.clock import LabTime
from kms_katas.grading.runner import MAX_OUTPUT, AnswerProcess, Reply


class InProcessRunner:
    """Only while an answer is being called do botocore's requests, the time and the environment belong to it."""

    isolation = "none"

    def __init__(self) -> None:
        self._bridge: Bridge | None = None
        self._handler = ("before-send", self._before_send)
        botocore.handlers.BUILTIN_HANDLERS.insert(0, self._handler)

    def start(self) -> AnswerProcess:
        return _InProcessAnswer(self)

    def close(self) -> None:
        with contextlib.suppress(ValueError):
            botocore.handlers.BUILTIN_HANDLERS.remove(self._handler)

    def _before_send(self, request: AWSPreparedRequest, **_: Any) -> Any:
        return self._bridge.send_request(request) if self._bridge else None

    @contextlib.contextmanager
    def serving(self, bridge: Bridge) -> Iterator[None]:
        self._bridge = bridge
        try:
            yield
        finally:
            self._bridge = None


class _InProcessAnswer:
    def __init__(self, runner: InProcessRunner) -> None:
        self._runner = runner
        self._bridge = Bridge(lambda question: {"refused": "no lab is listening"})
        self._answer = Answer(self._bridge)
        self._environment: dict[str, str] = {}
        self._session: Any = None
        self._printed = io.StringIO()

    def order(self, message: dict[str, Any], reply: Reply, deadline: float) -> dict[str, Any]:
        def ask(question: dict[str, Any]) -> dict[str, Any]:
            # The lab answers as itself: on its own clock, and not through the bridge again.
            with self._runner.serving(None):  # type: ignore[arg-type]
                return reply(question)

        self._bridge.connect(ask)
        if message["order"] == "load":
            self._environment, self._session = message["environment"], None
        with self._as_the_answer(message["now"]):
            if message["order"] == "load":
                return self._answer.load(message["source"], message["path"])
            return self._answer.call(message["function"], message["arguments"], message["keywords"])

    @contextlib.contextmanager
    def _as_the_answer(self, now: float) -> Iterator[None]:
        before, session = dict(os.environ), boto3.DEFAULT_SESSION
        boto3.DEFAULT_SESSION = self._session
        os.environ.update(self._environment)
        try:
            with (
                self._runner.serving(self._bridge),
                LabTime(self._bridge).at(now),
                contextlib.redirect_stdout(self._printed),
            ):
                yield
        finally:
            self._session, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, session
            os.environ.clear()
            os.environ.update(before)

    def take_output(self) -> str:
        printed, self._printed = self._printed.getvalue()[:MAX_OUTPUT], io.StringIO()
        return printed

    def close(self) -> None:
        return None
