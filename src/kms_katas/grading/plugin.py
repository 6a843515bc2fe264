"""The pytest plugin of the checks: fixtures `answer`, `lab`, `learner`, `fresh`, the markers, and `--answers DIR`.

A check file is plain pytest. Its place says which kata it belongs to: tests/graders/01_keys/test_hello.py checks
katas/01-keys/NN-hello. Not for collecting or reporting: see lane.py.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kms_katas.grading.answer import Answer
from kms_katas.grading.fresh import Fresh, derive_seed
from kms_katas.grading.outcome import PackageLacking
from kms_katas.grading.run import Run, answer_folder
from kms_katas.grading.runner import KeptRunner, lacking
from kms_katas.kit import Kit, find_kit
from kms_katas.lab import Lab, Principal
from kms_katas.lab.aws_session import ClientPool

RUN = pytest.StashKey[Run]()
ANSWER = pytest.StashKey[Answer]()
CLIENTS = pytest.StashKey[ClientPool]()
SCENE = "_scene"
"""The fixture that a lane need not let pytest make."""
_RUNNER = pytest.StashKey[KeptRunner]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kms-katas")
    group.addoption(
        "--answers", metavar="DIR", help="check the answers in DIR, shaped like katas/ (default: the reference answers)"
    )
    group.addoption("--seed", type=int, default=0, help="the seed of the checks' random values")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "task(number): the task of the brief that a check belongs to")
    config.addinivalue_line("markers", "points(number): what a check is worth; 1 when not said")
    config.addinivalue_line("markers", "hidden: a check that shows its title and points only")


def pytest_unconfigure(config: pytest.Config) -> None:
    if runner := config.stash.get(_RUNNER, None):
        runner.close()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """pytest remembers what a fixture raised only where that is an Exception, and tears down only what it remembers.

    A time limit that passes in a fixture is none: the same fixture would fail every later check of the session.
    """
    try:
        return (yield)
    except BaseException as error:
        if fixturedef.cached_result is None:
            fixturedef.cached_result = (None, None, (error, error.__traceback__))
        raise


@dataclass(frozen=True)
class Scene:
    """One check and what it needs: the answer that it is about, and the clients that labs have done with."""

    check: pytest.Item
    run: Run
    clients: ClientPool

    def seed(self, *names: str) -> int:
        return derive_seed(self.run.seed, self.run.kata.id, self.check.name, *names)


def scene_in_lane(check: pytest.Item, run: Run) -> Scene:
    return Scene(check, run, check.config.stash.setdefault(CLIENTS, ClientPool()))


@pytest.fixture
def _scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Of the lane's run; under plain pytest, of one for each check, of the answers that the command line names."""
    config = request.config
    if RUN in config.stash:
        yield scene_in_lane(request.node, config.stash[RUN])
        return
    graders = next((folder for folder in request.node.path.parents if folder.name == "graders"), None)
    if graders is None:
        raise pytest.UsageError(
            f"{request.node.path} is not below tests/graders/: the fixtures of the checks work only there."
        )
    kit = _kit(graders.parent.parent)
    kata = next((kata for kata in kit.katas if kit.grader(kata) == request.node.path), None)
    if kata is None:
        raise pytest.UsageError(f"{request.node.path} belongs to no kata of {kit.starters}.")
    folder = answer_folder(Path(config.getoption("--answers") or kit.solutions), kata)
    # Ready, as a lane's is: to import a package of the kata counts for no time limit.
    runner = config.stash.setdefault(_RUNNER, KeptRunner()).ready_for(kata, kit.root)
    run = Run(kata, folder, config.getoption("--seed"), runner)
    yield scene_in_lane(request.node, run)
    run.close()


@cache
def _kit(root: Path) -> Kit:
    """One for all checks: it reads every kata.toml."""
    return find_kit(root)


@pytest.fixture
def lab(_scene: Scene) -> Iterator[Lab]:
    """A new lab for each check, repeatable by the run's seed."""
    with Lab(seed=_scene.seed(), client_pool=_scene.clients) as opened:
        yield opened


@pytest.fixture
def learner(lab: Lab) -> Principal:
    """Whom the answer acts as: an IAM user who may do all in the home account. A check file may define its own."""
    return lab.home.admin


@pytest.fixture
def fresh(_scene: Scene) -> Fresh:
    """Random values that no answer can know beforehand."""
    return Fresh(_scene.seed("fresh"))


@pytest.fixture
def answer(_scene: Scene, lab: Lab, learner: Principal) -> Answer:
    """The learner's answer, to be called."""
    run = _scene.run
    if package := lacking(run.kata):
        raise PackageLacking(run.kata.id, package)
    run.begin_check()
    opened = Answer(run, lab, learner, _scene.seed("streams"), title_of(_scene.check))
    _scene.check.stash[ANSWER] = opened
    return opened


def title_of(item: pytest.Item) -> str:
    """The sentence that a learner sees: the first line of the check's docstring."""
    documentation = getattr(getattr(item, "function", None), "__doc__", None) or item.name
    return str(documentation).strip().splitlines()[0]
