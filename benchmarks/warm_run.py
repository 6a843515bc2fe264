"""CPU of one warm run of the benchmark kata, all processes counted, and its wall time: `python benchmarks/warm_run.py [RUNS]`.

A run is what happens between two saves in front of a warm lane: 6 checks, 10 calls of the answer, 10 KMS calls, one verdict. CPU is user and system
time of this process, of the warm process and of every child, so the figure does not depend on how busy the machine is. The bound is 45 ms.
"""

import gc
import os
import resource
import statistics
import sys
import time
from pathlib import Path

from kms_katas.grading.forked import ForkedRunner
from kms_katas.grading.lane import Lane, grade_in_lane
from kms_katas.kit import find_kit

BOUND_MS = 45.0
KIT = find_kit(Path(__file__).with_name("kit"))


def main(runs: int) -> None:
    runner = ForkedRunner()
    own, wall = grade_in_lane(KIT, KIT.katas, runner, lambda lane: measure(lane, runs))
    before = cpu(resource.RUSAGE_CHILDREN)
    runner.close()
    # What the warm process and its children used since they began; the part before the first run is taken off by a second, idle one.
    everything = cpu(resource.RUSAGE_CHILDREN) - before
    idle = ForkedRunner()
    idle.start().close()
    before = cpu(resource.RUSAGE_CHILDREN)
    idle.close()
    children = (everything - (cpu(resource.RUSAGE_CHILDREN) - before)) / (runs + WARM_UP) * 1000
    print(f"lane {own:.1f} ms, answer processes {children:.1f} ms")
    print(f"one warm run: {own + children:.1f} ms of CPU (bound {BOUND_MS:g}), {wall:.1f} ms on the clock, mean and median of {runs} runs")


WARM_UP = 5


def measure(lane: Lane, runs: int) -> tuple[float, float]:
    kata = KIT.katas[0]
    for _ in range(WARM_UP):
        verdict = lane.grade(kata, KIT.solutions)
        assert verdict.passed and len(verdict.checks) == 6, verdict
    gc.collect()
    gc.freeze()
    before, walls = cpu(resource.RUSAGE_SELF), []
    for _ in range(runs):
        began = time.perf_counter()
        assert lane.grade(kata, KIT.solutions).passed
        walls.append(time.perf_counter() - began)
    return (cpu(resource.RUSAGE_SELF) - before) / runs * 1000, statistics.median(walls) * 1000


def cpu(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    os.environ.pop("KATA_DEBUG", None)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
