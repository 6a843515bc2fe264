"""Several lanes beside one another, each a process: one that dies is replaced, and what it graded is graded again.

Not for what a lane does with an answer (lane.py), nor for which answers there are.
"""

import contextlib
import json
import queue
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import kms_katas
from kms_katas.grading.forked import ForkedRunner
from kms_katas.grading.lane_source import LaneProcess, LaneSource, lane_source
from kms_katas.grading.outcome import Infra, NotStarted, ProcessLost
from kms_katas.grading.runner import TRIES, best_runner
from kms_katas.kit import CheckResult, Kata, Kit, KmsCall, Verdict
from kms_katas.kit.course import by_home

RENEWED_AFTER = 20
"""How many answers a lane grades: then another is forked, and what it had come to remember is gone with it."""
STARTS = {"itself": 3, "others": 50}
"""How often a lane that ended by itself, or by others' hands, is started for one answer: then none can be had."""


@dataclass(frozen=True)
class Job:
    """An answer to be graded: whose it is, to which kata, and the folder that holds it.

    No file of it may be a link that leads out of `within`.
    """

    name: str
    kata: Kata
    folder: Path
    within: Path
    seed: int


def grade_in_lanes(
    kit: Kit, jobs: Iterable[Job], count: int, isolation: str | None = None
) -> Iterator[tuple[Job, Verdict]]:
    """Each job with its verdict, in the order in which they are done, by `count` lanes.

    What could not be judged has the status error and says why. Raises Infra when no lane can be had.
    """
    waiting = list(jobs)
    parts = by_home(kit, {job.kata.id: job.kata for job in waiting}.values())
    for home, katas in parts:
        here = {kata.id for kata in katas}
        yield from _grade_at_home(home, [job for job in waiting if job.kata.id in here], count, isolation, kit)


def _grade_at_home(
    kit: Kit, waiting: list[Job], count: int, isolation: str | None, whole: Kit
) -> Iterator[tuple[Job, Verdict]]:
    """Of katas whose files `kit` holds, a part of `whole`: a lane collects the checks of one folder."""
    todo: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in waiting:
        todo.put(job)
    done: queue.SimpleQueue[tuple[Job, Verdict] | BaseException] = queue.SimpleQueue()
    source = Lanes(kit, {job.kata.id: job.kata for job in waiting}.values(), isolation, whole.private)
    lanes = [source.lane() for _ in range(min(count, len(waiting)))]
    try:
        for lane in lanes:
            threading.Thread(target=_work, args=(lane, todo, done), daemon=True).start()
        for _ in waiting:
            found = done.get()
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        for lane in lanes:
            lane.close()
        source.close()


def _work(lane: "Lane", todo: "queue.SimpleQueue[Job]", done: "queue.SimpleQueue[Any]") -> None:
    with contextlib.suppress(queue.Empty):
        while True:
            job = todo.get_nowait()
            try:
                done.put((job, judged(lane, job)))
            except BaseException as error:
                done.put(error)
                return


def judged(lane: "Lane", job: Job) -> Verdict:
    """What could not be judged has the status error and says why.

    Raises NotStarted when no lane gets as far as to begin, and Infra when the checks cannot be loaded.
    """
    lost, starts = 0, Counter[str]()
    while True:
        try:
            return lane.grade(job)
        except NotStarted:
            by = "others" if lane.ended < 0 else "itself"
            starts[by] += 1
            if starts[by] == STARTS[by]:
                raise
        except ProcessLost as error:
            lost += 1
            if lost == TRIES:
                return not_judged(job, f"It was tried {TRIES} times, and each time {error}.")


def not_judged(job: Job, why: str) -> Verdict:
    """The verdict on an answer that the kit could not judge: an error, and no word on the answer."""
    check = CheckResult(
        check="grading",
        title="The answer can be graded.",
        task=1,
        status="error",
        max_points=job.kata.points,
        message=f"The kit itself failed: {why} So nothing is known about the answer.",
        next_step="Grade it again. If it comes back: is the machine short of memory?",
    )
    return Verdict(job.kata.id, (check,), job.seed, kms_katas.__version__, "0" * 64, isolation="none")


class Lanes:
    """What lanes of the same katas are made from. `kit` holds their files; no answer may read what is in `hidden`."""

    def __init__(self, kit: Kit, katas: Iterable[Kata], isolation: str | None, hidden: Iterable[Path]) -> None:
        """Raises Infra."""
        katas = tuple(katas)
        self._warm = _Warm(hidden, isolation, not all(kata.documents_only for kata in katas))
        try:
            self._source = lane_source(kit.root, sorted(kata.id for kata in katas), isolation, self._warm.lend)
        except BaseException:
            self._warm.close()
            raise

    def lane(self) -> "Lane":
        """One more; its process starts when it is needed."""
        return Lane(self._source)

    def close(self) -> None:
        """After each of the lanes is closed."""
        self._source.close()
        self._warm.close()


class _Warm:
    """The warm process that the lanes' own are copies of: what all of them hold is in memory once.

    Used by all lanes' threads. Where nothing can be shared, lend() gives None, and a lane starts its own.
    """

    def __init__(self, hidden: Iterable[Path], isolation: str | None, needed: bool) -> None:
        runner = best_runner(isolation, hidden) if needed else None
        self._runner = runner if isinstance(runner, ForkedRunner) else None
        self._lock = threading.Lock()
        if self._runner:
            self._runner.warm()

    def lend(self) -> socket.socket | None:
        with self._lock:
            return self._runner.lend() if self._runner else None

    def close(self) -> None:
        with self._lock:
            if self._runner:
                self._runner.close()


class Lane:
    """One lane's process, started when it is needed, and anew when it is gone. Used by one thread."""

    def __init__(self, source: LaneSource) -> None:
        self._source = source
        self._closed = False
        self.ended = 0
        """The exit status of its last process, minus the signal that ended it."""
        self._process: LaneProcess | None = None
        self._graded = 0

    def grade(self, job: Job) -> Verdict:
        """Raises ProcessLost, NotStarted, and Infra when it is the checks that cannot be loaded."""
        if self._source.renews and self._graded >= RENEWED_AFTER:
            self._end(at_once=True)
        if self._process is None:
            self._start()
        order = {"kata": job.kata.id, "folder": str(job.folder), "within": str(job.within), "seed": job.seed}
        if "ready" not in (said := self._hear(NotStarted)):
            raise Infra(str(said.get("failed")))
        assert self._process is not None
        self._process.say(json.dumps(order).encode() + b"\n")
        said = self._hear(ProcessLost)
        self._graded += 1
        return not_judged(job, str(said["failed"])) if "failed" in said else verdict_from(said["verdict"])

    def close(self) -> None:
        self._closed = True
        self._end(at_once=True)

    def _start(self) -> None:
        if self._closed:
            raise NotStarted("the lanes are closed")
        try:
            self._process = self._source.start()
        except NotStarted:
            self.ended = self._source.ended
            raise
        self._graded = 0

    def _hear(self, lost: type[ProcessLost]) -> dict[str, Any]:
        assert self._process is not None
        line = self._process.hear()
        if not line.endswith(b"\n"):
            self._end(at_once=self._closed)
            raise lost("the process of a lane ended")
        said: dict[str, Any] = json.loads(line)
        return said

    def _end(self, at_once: bool) -> None:
        process, self._process = self._process, None
        if process is not None:
            self.ended = process.end(at_once)


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """The whole verdict as JSON data, with what hidden checks found: for verdict_from, not for publishing."""
    return asdict(verdict)


def verdict_from(data: dict[str, Any]) -> Verdict:
    """The verdict that verdict_data made `data` of."""
    checks = (
        CheckResult(**check | {"calls": tuple(KmsCall(**call) for call in check["calls"])}) for check in data["checks"]
    )
    return Verdict(**data | {"checks": tuple(checks), "open_points": tuple(data["open_points"])})
