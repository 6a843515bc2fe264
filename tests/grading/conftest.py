"""What the tests of grading share: an answer held in a real child, graded answers, policies that were written and
asked about, requests signed by hand.

It tests nothing.
"""

import dataclasses
import json
import os
import re
import secrets
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from kms_katas.child import wire
from kms_katas.grading import judge
from kms_katas.grading.answer import Answer
from kms_katas.grading.document import PolicyFile, read_policy
from kms_katas.grading.gate import Gate
from kms_katas.grading.guardrails import attach
from kms_katas.grading.lane import Lane, grade_in_lane
from kms_katas.grading.run import Run
from kms_katas.grading.runner import VARIABLE, Runner, best_runner
from kms_katas.kit import CheckResult, Kit, Verdict
from kms_katas.lab import Lab, Principal

# The graders' plugin has a `lab` of its own; here it is the one that everybody's tests get.
from kms_katas.lab.plugin import lab as lab
from kms_katas.policy import Documents

from .judging import FOR_ALL, FOR_THE_OWNER, FULL, GUEST, KEY, KEY_ID, Holder

Question = dict[str, Any]


@pytest.fixture(scope="session")
def runner_called() -> Iterator[Callable[[str], Runner]]:
    """`runner_called(name)`: the runner that KATA_RUNNER calls so, at the best level that works here.

    `name:level` gives it at that level. One of each for all tests: starting costs most.
    """
    runners: dict[str, Runner] = {}

    def called(name: str) -> Runner:
        if name not in runners:
            with pytest.MonkeyPatch.context() as patch:
                word, _, level = name.partition(":")
                patch.setenv(VARIABLE, word)
                runners[name] = best_runner(level or None)
        return runners[name]

    yield called
    for runner in runners.values():
        runner.close()


@pytest.fixture
def runner(request: pytest.FixtureRequest, runner_called: Callable[[str], Runner]) -> Runner:
    """The runner that `by_both_runners` is at, else that of KATA_RUNNER, else the forked one."""
    return runner_called(getattr(request, "param", os.environ.get(VARIABLE) or "forked"))


by_both_runners = pytest.mark.parametrize("runner", ["forked", "spawned"], indirect=True)
"""For what must hold however an answer's process was started."""
by_both_open_runners = pytest.mark.parametrize("runner", ["forked:none", "spawned:none"], indirect=True)
"""For what must hold even where nothing closes the answer off: it reads /proc, writes files, starts processes."""


OF_ONE_RUNNER = {"forked", "spawned", "started"}
"""Fixtures that give a runner of one kind, whatever KATA_RUNNER says."""


RUNNING = {"runner", "answer", "pytester", "best_runner", "grade_in_lane", "grade_in_lanes", "subprocess"}
"""A test that has none of these fixtures, in a module with none of these names, runs no answer."""


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        fixtures = set(getattr(item, "fixturenames", ()))
        names_its_own = "runner" in parameters or OF_ONE_RUNNER & fixtures
        if names_its_own or (Path(__file__).parent in item.path.parents and not _runs_an_answer(item, fixtures)):
            item.add_marker("own_runner")


def _runs_an_answer(item: pytest.Item, fixtures: set[str]) -> bool:
    return bool(RUNNING & fixtures or RUNNING & set(vars(item.getparent(pytest.Module).module)))


@pytest.fixture
def learner(lab: Lab) -> Principal:
    return lab.home.admin


Hold = Callable[..., Answer]


@pytest.fixture
def hold(lab: Lab, learner: Principal, runner: Runner, mini_kit: Kit, tmp_path: Path) -> Iterator[Hold]:
    """`hold(source)`: an answer of that source, to be called in a child, with 20 seconds for all its calls."""
    runs, usual = [], runner

    def held(source: str, services: tuple[str, ...] = ("kms",), runner: Runner = usual) -> Answer:
        folder = tmp_path / f"answer {len(runs)}"
        folder.mkdir()
        (folder / "answer.py").write_text(textwrap.dedent(source), "utf-8")
        kata = mini_kit.katas[0]
        kata = dataclasses.replace(kata, services=services)
        run = Run(kata, folder, secrets.randbelow(2**31), runner)
        run.check_deadline = time.monotonic() + 20
        runs.append(run)
        return Answer(run, lab, learner, run.seed)

    yield held
    for run in runs:
        run.close()


Grade = Callable[..., Verdict]


@pytest.fixture
def grade(mini_kit: Kit, runner: Runner, write_answer: Callable[[str], Path]) -> Grade:
    """`grade(source)`: the verdict of the mini kit's checks on that source. Several sources share one lane."""
    usual = runner

    def graded(*sources: str, runner: Runner = usual, seed: int | None = None, kit: Kit = mini_kit) -> Any:
        def body(lane: Lane) -> list[Verdict]:
            return [lane.grade(kit.katas[0], write_answer(source), seed) for source in sources]

        verdicts = grade_in_lane(kit, kit.katas, runner, body)
        return verdicts[0] if len(verdicts) == 1 else verdicts

    return graded


def statuses(verdict: Verdict) -> list[str]:
    return [check.status for check in verdict.checks]


def first(verdict: Verdict) -> CheckResult:
    return verdict.checks[0]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., PolicyFile]:
    """`write(name, *statements)`: writes a policy file of a learner and reads it."""

    def write_it(name: str, *statements: dict[str, Any]) -> PolicyFile:
        path = tmp_path / name
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False), "utf-8")
        return read_policy(path)

    return write_it


@pytest.fixture
def asked(lab: Lab, write: Callable[..., PolicyFile]) -> Callable[..., judge.Question]:
    """`asked(*statements)`: the question about a key policy that is in force."""
    lab.account(GUEST).user("bob")

    def ask(*statements: dict[str, Any], **more: Any) -> judge.Question:
        mine = write("key-policy.json", *statements)
        lab.home.create_key(mine.document, key_id=KEY_ID)
        return judge.Question(Holder(lab), KEY, Documents(mine.named), (mine,), **more)

    return ask


@pytest.fixture
def organization(lab: Lab) -> Any:
    """The lab's organization, with the home account in it."""
    made = lab.organization()
    made.add(lab.home)
    return made


@pytest.fixture
def rcp(lab: Lab, write: Callable[..., PolicyFile], organization: Any) -> Callable[..., judge.Question]:
    """`rcp(*statements)`: the question about a key open to all, with this resource control policy in force."""

    def ask(*statements: dict[str, Any]) -> judge.Question:
        mine = write("rcp.json", *statements)
        attach(mine, organization)
        lab.home.create_key(FOR_ALL.document, key_id=KEY_ID)
        return judge.Question(Holder(lab), KEY, Documents(FOR_ALL, rcps=((mine.named,),)), (mine,))

    return ask


@pytest.fixture
def scp(lab: Lab, write: Callable[..., PolicyFile], organization: Any) -> Callable[..., judge.Question]:
    """`scp(*statements)`: the question about a member's key, with this service control policy in force."""

    def ask(*statements: dict[str, Any]) -> judge.Question:
        mine = write("scp.json", *statements)
        attach(mine, organization)
        lab.home.create_key(FOR_THE_OWNER.document, key_id=KEY_ID)
        return judge.Question(Holder(lab), KEY, Documents(FOR_THE_OWNER, scps=((FULL, mine.named),)), (mine,))

    return ask


@pytest.fixture
def gate(lab: Lab) -> Gate:
    return Gate(lab, ("kms",))


def signed(
    principal: Principal,
    operation: str = "ListKeys",
    body: bytes = b"{}",
    *,
    secret: str | None = None,
    service: str = "kms",
    region: str = "us-east-1",
    url: str = "",
    auth: type[SigV4Auth] = SigV4Auth,
    **headers: str,
) -> Question:
    """The question that a child asks for a request signed by `principal`, or with another secret."""
    url = url or f"https://{service}.{region}.amazonaws.com/"
    all_headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"TrentService.{operation}"}
    all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest("POST", url, all_headers, body)
    credentials = Credentials(principal.access_key_id, secret or principal.secret_access_key, principal.session_token)
    auth(credentials, service, region).add_auth(request)
    sent = request.headers.items()
    return {
        "ask": "http",
        "method": "POST",
        "url": url,
        "headers": [[name, value.decode() if isinstance(value, bytes) else value] for name, value in sent],
        "body": wire.encode(body),
    }


def with_header(question: Question, name: str, value: str | None) -> Question:
    """The same question with one header changed, added or (None) left out."""
    kept = [[key, old] for key, old in question["headers"] if key.lower() != name.lower()]
    return question | {"headers": kept + ([[name, value]] if value is not None else [])}


def code(reply: Question) -> str:
    """What came of a question: "ok", an AWS error code, or "refused"."""
    if "refused" in reply:
        return "refused"
    if reply["status"] == 200:
        return "ok"
    body = wire.decode(reply["body"])
    in_xml = re.search(b"<Code>(.+)</Code>", body)
    return in_xml[1].decode() if in_xml else str(json.loads(body)["__type"])
