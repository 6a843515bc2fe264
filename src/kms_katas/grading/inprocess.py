"""The runner that calls the answer in the grader's own process: for a debugger, and where no other runner serves.

It protects nothing and cannot stop a loop: a time limit is told when the answer is done, and Ctrl-C ends the run.
"""

import contextlib
import io
import math
import os
import time
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.handlers
from botocore.awsrequest import AWSPreparedRequest

from kms_katas.child.answer import Answer
from kms_katas.child.bridge import Bridge
from kms_katas.child.clock import LabTime
from kms_katas.grading.environment import answer_environment
from kms_katas.grading.outcome import AnswerTimeout
from kms_katas.grading.runner import MAX_OUTPUT, AnswerProcess, Reply


class InProcessRunner:
    """Only while an answer is being called do botocore's requests, the time and the environment belong to it."""

    name = "inprocess"
    isolation = "none"
    lacks = "answers run inside the grader"
    preparations = frozenset[str]()

    def __init__(self) -> None:
        self.bridge = Bridge(lambda question: {"refused": "no lab is listening"})
        self.serving = False
        self._handler = ("before-send", self._before_send)
        botocore.handlers.BUILTIN_HANDLERS.insert(0, self._handler)
        # Made now: its sessions get the handler, and the grader's own default session stays as it was.
        with _default_session(None), answer_environment({}):
            self.default_session = self.bridge.clients.default_session

    def warm(self) -> None:
        """There is nothing to start."""

    def start(self) -> AnswerProcess:
        return _InProcessAnswer(self)

    def close(self) -> None:
        with contextlib.suppress(ValueError):
            botocore.handlers.BUILTIN_HANDLERS.remove(self._handler)

    def _before_send(self, request: AWSPreparedRequest, **_: Any) -> Any:
        return self.bridge.send_request(request) if self.serving else None


class _InProcessAnswer:
    def __init__(self, runner: InProcessRunner) -> None:
        self._runner = runner
        self._answer = Answer(runner.bridge)
        self._environment: dict[str, str] = {}
        self._printed = io.StringIO()
        self._cpu = 0.0

    def order(self, message: dict[str, Any], reply: Reply, deadline: float, cpu: float = math.inf) -> dict[str, Any]:
        began = time.process_time()
        try:
            outcome = self._order(message, reply)
        finally:
            used = time.process_time() - began
            self._cpu += used
        if outcome.get("raised", {}).get("type") == "KeyboardInterrupt":
            raise KeyboardInterrupt
        if time.monotonic() >= deadline or used > cpu:
            raise AnswerTimeout(computing=used > cpu)
        return outcome

    def _order(self, message: dict[str, Any], reply: Reply) -> dict[str, Any]:
        def ask(question: dict[str, Any]) -> dict[str, Any]:
            # The lab answers as itself, not through the bridge again.
            self._runner.serving = False
            try:
                return reply(question)
            finally:
                self._runner.serving = True

        self._runner.bridge.connect(ask)
        if message["order"] == "load":
            self._runner.bridge.loads += 1
            self._environment = message["environment"]
        with self._as_the_answer(message["now"]):
            if message["order"] == "load":
                self._runner.bridge.clients.start_over(self._environment)
                more, foretold = message.get("more", ()), message.get("foretold", False)
                return self._answer.load(message["source"], message["path"], more, foretold)
            return self._answer.call(message["function"], message["arguments"], message["keywords"])

    def spent(self) -> tuple[float, float, float]:
        return self._cpu, 0.0, 0.0

    @contextlib.contextmanager
    def _as_the_answer(self, now: float) -> Iterator[None]:
        self._runner.serving = True
        try:
            with (
                answer_environment(self._environment),
                _default_session(self._runner.default_session),
                LabTime(self._runner.bridge).at(now),
                contextlib.redirect_stdout(self._printed),
                _no_silent_end(),
            ):
                yield
        finally:
            self._runner.serving = False

    def take_output(self) -> str:
        printed, self._printed = self._printed.getvalue()[:MAX_OUTPUT], io.StringIO()
        return printed

    def close(self) -> None:
        return None


@contextlib.contextmanager
def _no_silent_end() -> Iterator[None]:
    """os._exit(0) would end the grader with the status of a pass. Only that: what an answer does besides, it can do."""

    def refuse(status: int) -> None:
        raise SystemExit(status)

    before: Any = os._exit
    os._exit = refuse  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = before


@contextlib.contextmanager
def _default_session(session: Any) -> Iterator[None]:
    before, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, session
    try:
        yield
    finally:
        boto3.DEFAULT_SESSION = before
