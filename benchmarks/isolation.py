"""What closing answers off costs, and what killing processes changes: `python benchmarks/isolation.py [RUNS [KILLED]]`.

Three figures on the benchmark kata. The CPU of one warm run at each level that works here, and over the same checks in
the grader's own process (bounds: 40 ms at lite, and 1.8 times). The wrong verdicts of KILLED answers, right and wrong
ones in turn, in two lanes, while one of all processes, picked at random, is killed again and again (bound: 0). The peak
memory of two lanes and all that belongs to them (bound: 200 MiB of PSS), there and over 300 answers to the kit's own
katas: the solutions, the starters, and what its answers.toml calls accepted and rejected.
"""

import gc
import os
import random
import resource
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from warm_run import KIT, WARM_UP, bare_start, cpu

from kms_katas.grading.forked import ForkedRunner
from kms_katas.grading.inprocess import InProcessRunner
from kms_katas.grading.lane import Lane, grade_in_lane
from kms_katas.grading.lanes import Job, grade_in_lanes
from kms_katas.kit import Kit, Verdict, find_kit

BOUND_MS, BOUND_TIMES, BOUND_MIB = 40.0, 1.8, 200.0
ROUNDS = 5
KILL_EVERY = (0.2, 1.2)
"""Between two kills, in starts of a lane: killed faster than they can start, lanes would never come to a verdict."""


def main(runs: int, killed: int) -> None:
    costs(runs)
    right = KIT.solutions / KIT.katas[0].folder
    wrong = KIT.starter(KIT.katas[0])
    jobs = [Job(str(number), KIT.katas[0], (right, wrong)[number % 2], KIT.root, number) for number in range(killed)]
    began = time.monotonic()
    list(grade_in_lanes(KIT, jobs[:1], 1))
    lane_start = time.monotonic() - began
    expected: dict[Path, set[tuple[str, ...]]] = {right: set(), wrong: set()}
    with Watcher(os.getpid(), random.Random(0)) as peak:
        for job, verdict in grade_in_lanes(KIT, jobs[:100], 2):
            expected[job.folder].add(statuses(verdict))
    assert [len(found) for found in expected.values()] == [1, 1], expected
    print(f"two lanes, 100 runs: peak {peak.most / 1024:.0f} MiB of PSS (bound {BOUND_MIB:g})")
    memory_of_a_course()
    seed = int.from_bytes(os.urandom(4), "big")
    began = time.monotonic()
    with Watcher(os.getpid(), random.Random(seed), lane_start) as killer:
        found = Counter(outcome(verdict, expected[job.folder]) for job, verdict in grade_in_lanes(KIT, jobs, 2))
    print(
        f"{killed} runs, {sum(killer.kills.values())} kills ({dict(killer.kills)}, seed {seed}), "
        f"{time.monotonic() - began:.0f} s: {found['wrong']} wrong verdicts (bound 0), {found['not judged']} not judged"
    )


def memory_of_a_course() -> None:
    """The peak of each hundred answers: where it grew from one to the next, a course would need more and more."""
    jobs = list(islice(cycle(answers(find_kit(None))), 300))
    random.Random(0).shuffle(jobs)
    peaks = []
    with Watcher(os.getpid(), random.Random(0)) as peak:
        for number, _ in enumerate(grade_in_lanes(find_kit(None), jobs, 2), 1):
            if number % 100 == 0:
                peaks.append(peak.most / 1024)
                peak.most = 0.0
    each = ", ".join(f"{mib:.0f}" for mib in peaks)
    print(f"two lanes, {len(jobs)} answers to the kit's own katas: peaks of each hundred {each} MiB of PSS")


def answers(kit: Kit) -> Iterator[Job]:
    for kata in kit.katas:
        solution = kit.solutions / kata.folder
        others = [
            folder for kind in ("accepted", "rejected") for folder in solution.glob(f"{kind}/*") if folder.is_dir()
        ]
        for folder in (solution, kit.starter(kata), *sorted(others)):
            yield Job(str(folder), kata, folder, kit.root, 0)


def statuses(verdict: Verdict) -> tuple[str, ...]:
    return tuple(check.status for check in verdict.checks)


def outcome(verdict: Verdict, expected: set[tuple[str, ...]]) -> str:
    """A verdict may say that nothing is known of an answer; whatever else it says must be what it says in peace."""
    if any("nothing is known" in check.message for check in verdict.checks):
        return "not judged"
    return "as in peace" if statuses(verdict) in expected else "wrong"


def costs(runs: int) -> None:
    """In turn, ROUNDS times: a machine that is slower for a while is so for what is compared. Medians of the rounds."""
    start, each = bare_start(), max(WARM_UP, runs // ROUNDS)
    inside: list[float] = []
    levels: dict[str, list[tuple[float, float, float]]] = {"none": [], "lite": [], "full": []}
    for _ in range(ROUNDS):
        runner = InProcessRunner()
        cost, _ = grade_in_lane(KIT, KIT.katas, runner, lambda lane: own(lane, each))
        runner.close()
        inside.append(cost)
        for level, found in levels.items():
            try:
                found.append(cost_at(level, each))
            except BaseException as error:
                print(f"{level}: {error}")
    one_process = statistics.median(inside)
    print(f"in the grader's own process: {one_process:.1f} ms of CPU; a bare Python start {start:.1f} ms")
    for level, found in levels.items():
        if not found:
            continue
        lane, children, walls = (statistics.median(column) for column in zip(*found, strict=True))
        total = statistics.median(one + other for one, other, _ in found)
        ratios = [(one + other) / own_cost for (one, other, _), own_cost in zip(found, inside, strict=False)]
        parts = f"lane {lane:.1f}, answer {children:.1f}; {walls:.1f} on the clock"
        print(
            f"{level}: {total:.1f} ms of CPU ({parts}; bound {BOUND_MS:g}), {total / start:.1f} bare starts, "
            f"{statistics.median(ratios):.2f} times, {min(ratios):.2f} to {max(ratios):.2f} (bound {BOUND_TIMES})"
        )


def cost_at(level: str, runs: int) -> tuple[float, float, float]:
    """Milliseconds of CPU of a run, in the lane and in what runs the answer, and on the clock."""
    runner = ForkedRunner(level)
    runner.start().close()
    lane, wall = grade_in_lane(KIT, KIT.katas, runner, lambda lane: own(lane, runs))
    before = cpu(resource.RUSAGE_CHILDREN)
    runner.close()
    everything = cpu(resource.RUSAGE_CHILDREN) - before
    # What the warm process takes to begin is no run's: a second, idle one tells it.
    idle = ForkedRunner(level)
    idle.start().close()
    before = cpu(resource.RUSAGE_CHILDREN)
    idle.close()
    return lane, (everything - (cpu(resource.RUSAGE_CHILDREN) - before)) / (runs + WARM_UP) * 1000, wall


def own(lane: Lane, runs: int) -> tuple[float, float]:
    """Milliseconds of this process's CPU for a run, and of the clock."""
    for _ in range(WARM_UP):
        verdict = lane.grade(KIT.katas[0], KIT.solutions)
        assert verdict.passed, verdict
    gc.collect()
    gc.freeze()
    before, walls = cpu(resource.RUSAGE_SELF), []
    for _ in range(runs):
        began = time.perf_counter()
        assert lane.grade(KIT.katas[0], KIT.solutions).passed
        walls.append(time.perf_counter() - began)
    return (cpu(resource.RUSAGE_SELF) - before) / runs * 1000, statistics.median(walls) * 1000


class Watcher:
    """Looks at all processes below `root` until it is left: adds up their memory, or kills one again and again.

    `kill`: seconds that a lane takes to start.
    """

    def __init__(self, root: int, choice: random.Random, kill: float = 0.0) -> None:
        self._root, self._choice, self._kill = root, choice, kill
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.kills: Counter[str] = Counter()
        self.most = 0.0

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._kill * self._choice.uniform(*KILL_EVERY) if self._kill else 0.05):
            found = list(below(self._root))
            if not self._kill:
                self.most = max(self.most, sum(map(pss, (pid for _, pid in found))))
                continue
            kinds = sorted({depth for depth, _ in found})
            if not kinds:
                continue
            depth = self._choice.choice(kinds)
            pid = self._choice.choice([pid for level, pid in found if level == depth])
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                continue
            # What lanes are forked from, and what their warm processes are copies of, stand above them.
            self.kills[("shared", "lane or warm process", "answer")[min(depth, 2)]] += 1


def below(pid: int, depth: int = 0) -> Iterator[tuple[int, int]]:
    """Depth and number of every process below `pid`."""
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield depth, child
                yield from below(child, depth + 1)
    except (FileNotFoundError, ProcessLookupError):
        return


def pss(pid: int) -> float:
    """KiB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith("Pss:")), 0.0)


if __name__ == "__main__":
    os.environ.pop("KATA_DEBUG", None)
    numbers = [int(word) for word in sys.argv[1:]]
    main(*(numbers + [40, 300][len(numbers) :]))
