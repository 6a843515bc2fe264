"""A lane: collects the checks of katas once, then grades answer after answer in the same pytest session.

Not for what a check says of what it found (in_words.py), nor for showing or storing verdicts.
"""

import contextlib
import gc
import io
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pytest

import kms_katas
from kms_katas.grading.answer import Answer
from kms_katas.grading.cells import notebook_in_place
from kms_katas.grading.evidence import evidence
from kms_katas.grading.forked import ForkedRunner
from kms_katas.grading.in_words import in_words
from kms_katas.grading.one_check import Checks
from kms_katas.grading.one_cpu import on_one_cpu
from kms_katas.grading.outcome import AnswerUnusable, Infra, NotStarted, ProcessLost
from kms_katas.grading.plugin import ANSWER, CLIENTS, RUN, SCENE, scene_in_lane, title_of
from kms_katas.grading.run import KATA_SECONDS, MayTell, Run, always, answer_folder
from kms_katas.grading.runner import TRIES, Runner, preparations_for, services_of
from kms_katas.grading.speed import slowness
from kms_katas.kit import CheckResult, Kata, Kit, Verdict
from kms_katas.kit.table import is_starter
from kms_katas.lab import Lab
from kms_katas.lab.aws_session import ClientPool
from kms_katas.lab.services.table import load

T = TypeVar("T")

# What pytest brings that no verdict needs; each costs time at every check.
_PLUGINS_OFF = [
    "cacheprovider",
    "capture",
    "debugging",
    "doctest",
    "faulthandler",
    "junitxml",
    "kms-katas-lab",
    "logging",
    "pastebin",
    "recwarn",
    "setuponly",
    "setupplan",
    "skipping",
    "stepwise",
    "terminal",
    "threadexception",
    "unittest",
    "unraisableexception",
    "warnings",
]


def grade_in_lane(kit: Kit, katas: Iterable[Kata], runner: Runner, body: Callable[["Lane"], T]) -> T:
    """Collect the checks of `katas`, call `body` with the lane, and give back what it returns.

    Raises Infra when the checks cannot be collected; whatever `body` raises goes through.
    """
    loop = _Loop(kit, tuple(katas), runner, body)
    arguments = [f"-c={Path(__file__).with_name('lane.ini')}", f"--rootdir={kit.root}", f"--confcutdir={kit.graders}"]
    arguments += ["--import-mode=importlib", "--strict-markers", "-pkms_katas.grading.plugin"]
    arguments += [f"-pno:{name}" for name in _PLUGINS_OFF]
    arguments += [kata.grader for kata in loop.katas]
    said = io.StringIO()
    # From there and by short names: in an argument `[` and `::` are signs of pytest's own, and a folder's name may have
    # them.
    with (
        _no_plugins_of_others(),
        _no_checks_of_others(),
        contextlib.redirect_stderr(said),
        contextlib.chdir(kit.graders),
    ):
        status = pytest.main(arguments, plugins=[loop])
    if loop.failure is not None:
        raise loop.failure
    if not loop.ran and status == pytest.ExitCode.INTERRUPTED and not loop.collect_problem:
        raise KeyboardInterrupt
    if not loop.ran:
        problem = loop.collect_problem or said.getvalue().strip() or f"pytest ended with status {int(status)}"
        raise Infra(f"the checks cannot be collected: {problem}")
    result: T = loop.result
    return result


class Lane:
    """Grades answers with checks that are already collected."""

    def __init__(self, kit: Kit, session: pytest.Session, runner: Runner) -> None:
        self._kit, self._session, self._runner = kit, session, runner
        self._checks = Checks(session, {SCENE})
        self._items = {kata.id: [item for item in session.items if item.path == kit.grader(kata)] for kata in kit.katas}
        self._open: dict[bool, set[str]] = {True: set(), False: set()}
        """On which open points checks rest that passed, and checks that did not."""
        checked = [kata for kata in kit.katas if self._items[kata.id]]
        runner.preparations = preparations_for(checked)
        load(services_of(checked))
        self._digests = {kata.id: kit.checks_digest(kata) for kata in checked}
        self.may_tell: MayTell = always
        """Whether a learner who tries a table may be told how many rows are right: who grades their own work asks."""

    def grade(self, kata: Kata, answers: Path, seed: int | None = None) -> Verdict:
        """The verdict on the answer to `kata` in `answers`, a tree shaped like katas/ or a workspace."""
        return self.grade_folder(kata, answer_folder(answers, kata), seed)

    def grade_folder(
        self,
        kata: Kata,
        folder: Path,
        seed: int | None = None,
        within: Path | None = None,
        notebook: Path | None = None,
    ) -> Verdict:
        """The verdict on the answer in the files of `folder`, or in `notebook`. Without `seed` the values are new.

        Without `notebook`, one that lies in the place of the files is taken. With `within`, no file of it may be a
        link that leads out of there.
        """
        seed = secrets.randbelow(2**31) if seed is None else seed
        began, cpu_began = time.monotonic(), time.process_time()
        notebook = notebook or notebook_in_place(self._kit, kata, folder)
        run = Run(kata, folder, seed, self._runner, within, may_tell=self.may_tell, notebook=notebook)
        self._session.config.stash[RUN] = run
        for points in self._open.values():
            points.clear()
        try:
            # The hidden ones last: the process of the answer remembers what a check gave it, and could tell it in the
            # next one that shows what it printed.
            in_order = sorted(self._items[kata.id], key=_is_hidden)
            with on_one_cpu() if isinstance(self._runner, ForkedRunner) else contextlib.nullcontext():
                found = {item: self._check(item, run) for item in in_order}
            checks = tuple(found[item] for item in self._items[kata.id])
            if not all(check.status == "pass" for check in checks):
                # What a check shows of a right answer is for after the pass: one check's would tell another's.
                checks = tuple(replace(check, message="") if check.status == "pass" else check for check in checks)
        finally:
            run.close()
        return Verdict(
            kata=kata.id,
            checks=checks,
            seed=seed,
            kit_version=kms_katas.__version__,
            checks_digest=self._digests[kata.id],
            # A document is only read, here: there is no process for it.
            isolation="none" if kata.documents_only else self._runner.isolation,
            runner="" if kata.documents_only else self._runner.name,
            seconds=time.monotonic() - began,
            untouched=untouched(self._kit, run),
            # What a document costs is spent in this process, as what the lab does for an answer is.
            cpu_seconds=time.process_time() - cpu_began + run.cpu_elsewhere,
            # Of an answer that fails, that it fails is the verdict.
            open_points=tuple(sorted(self._open[all(check.status == "pass" for check in checks)])),
        )

    def prepare(self) -> None:
        """Pay once for what every check needs: a lab that was called, and its clients."""
        with Lab(seed=0, client_pool=self._session.config.stash.setdefault(CLIENTS, ClientPool())) as lab:
            lab.home.admin.client("kms").describe_key(KeyId=lab.home.create_key())
        slowness()
        # What is here already is here to stay: the collector need not look at it again after every few checks.
        gc.collect()
        gc.freeze()

    def in_scene(
        self, kata: Kata, body: Callable[[Answer, Mapping[str, Any]], None], folder: Path | None = None
    ) -> None:
        """Call `body` in the place of the kata's first check: with its answer, in its lab, and with its fixtures.

        The answer is the one in `folder`, or the starter; fixtures that use it are left out, for it may be refused.
        Whatever `body` raises goes through.
        """
        item: Any = self._items[kata.id][0]
        check, wanted = item.obj, item._fixtureinfo
        item.fixturenames = [
            name for name in wanted.names_closure if name == "answer" or not _uses_answer(name, wanted)
        ]
        item._fixtureinfo = replace(wanted, argnames=tuple(name for name in item.fixturenames if name != "request"))
        run = Run(kata, folder or self._kit.starter(kata), secrets.randbelow(2**31), self._runner)
        self._session.config.stash[RUN] = run

        def in_its_place(**fixtures: Any) -> None:
            body(item.stash[ANSWER], fixtures)

        item.obj = in_its_place
        try:
            raised = self._raised_in(item, run)
        finally:
            item.obj, item._fixtureinfo, item.fixturenames = check, wanted, wanted.names_closure
            run.close()
        if raised is not None:
            raise raised

    def _check(self, item: pytest.Item, run: Run) -> CheckResult:
        began = time.monotonic()
        if run.is_over:
            found: dict[str, Any] = {"status": "skipped"}
            found["message"] = (
                f"Not run: the {KATA_SECONDS:g} seconds for the whole kata were used up by the checks before."
            )
            found["next_step"] = "Mend the check that took so long; this one runs again then."
        else:
            found = self._found(item, run)
        answer = item.stash.get(ANSWER, None)
        if answer is not None:
            found = {
                "called": answer.called,
                "actual": answer.returned,
                **{name: value for name, value in found.items() if value},
            }
            found |= {"calls": evidence(answer.calls), "output": answer.output}
            if found["status"] == "pass":
                found["message"] = answer.after_pass
            self._open[found["status"] == "pass"].update(answer.open_points)
            del item.stash[ANSWER]
        return CheckResult(
            check=item.name,
            title=title_of(item),
            task=_number(item, "task"),
            max_points=_number(item, "points"),
            hidden=_is_hidden(item),
            seconds=time.monotonic() - began,
            **found,
        )

    def _found(self, item: pytest.Item, run: Run) -> dict[str, Any]:
        """What a check finds. One that lost a process to somebody else's hand found nothing: it is run again."""
        for attempt in range(1, TRIES + 1):
            before = time.monotonic(), run.cpu_used
            raised = self._raised_in(item, run)
            if not isinstance(raised, ProcessLost) or (attempt == TRIES and isinstance(raised, NotStarted)):
                break
            # Neither what it kept in memory nor the time that it took is the next attempt's.
            run.close()
            run.deadline += time.monotonic() - before[0]
            run.cpu_used = before[1]
        return in_words(raised, run)

    def _raised_in(self, item: pytest.Item, run: Run) -> BaseException | None:
        return self._checks.raised_in(item, {SCENE: scene_in_lane(item, run)})


def _uses_answer(fixture: str, wanted: Any) -> bool:
    """Whether a fixture of a check asks for the answer, itself or by another one."""
    definitions = wanted.name2fixturedefs.get(fixture, ())
    # One that overrides another of its name may ask for that one.
    asked = {name for definition in definitions for name in definition.argnames if name != fixture}
    return "answer" in asked or any(_uses_answer(name, wanted) for name in asked)


def untouched(kit: Kit, run: Run) -> bool:
    """Whether every file of the answer is still the starter's, letter for letter (line ends aside).

    Of a table, whatever rows were drawn.
    """
    try:
        kata = run.kata
        return all(is_starter(kata, kit.starter(kata), name, run.written(name)) for name in kata.answer)
    except AnswerUnusable:
        return False


class _Loop:
    """Takes the place of pytest's own loop over the items."""

    def __init__(self, kit: Kit, katas: tuple[Kata, ...], runner: Runner, body: Callable[[Lane], Any]) -> None:
        self.kit, self.katas, self._runner, self._body = kit, katas, runner, body
        self._home, self._stderr = Path.cwd(), sys.stderr
        self.ran = False
        self.result: Any = None
        self.failure: BaseException | None = None
        self.collect_problem = ""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.collect_problem:
            self.collect_problem = report.longreprtext

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if not self.collect_problem:
            self.ran = True
            try:
                with contextlib.chdir(self._home), contextlib.redirect_stderr(self._stderr):
                    self.result = self._body(Lane(self.kit, session, self._runner))
            except BaseException as error:
                self.failure = error
        return True


@contextlib.contextmanager
def _no_plugins_of_others() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        patch.delenv("PYTEST_ADDOPTS", raising=False)
        patch.delenv("PYTEST_PLUGINS", raising=False)
        yield


@contextlib.contextmanager
def _no_checks_of_others() -> Any:
    """pytest names a check file by its place below the root, and takes what Python already knows by that name.

    That would be another kit's checks, or these as they were before somebody edited them.
    """
    before = _loaded_checks()
    for name in before:
        del sys.modules[name]
    try:
        yield
    finally:
        for name in _loaded_checks():
            del sys.modules[name]
        sys.modules.update(before)


def _loaded_checks() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if name.startswith("tests.graders")}


def _is_hidden(item: pytest.Item) -> bool:
    return item.get_closest_marker("hidden") is not None


def _number(item: pytest.Item, marker: str) -> int:
    found = item.get_closest_marker(marker)
    return int(found.args[0]) if found and found.args else 1
