"""CPU of one warm run of the benchmark kata, all processes counted: `python benchmarks/warm_run.py [RUNS]`.

A run is what happens between two saves in front of a warm lane: 6 checks, 10 calls of the answer, 10 KMS calls, one
verdict. CPU is user and system time of this process, of the warm process and of every child. The bound is 45 ms. It was
set on a machine where a bare Python (`python -I -S -c pass`) starts in 5.3 ms of CPU; machines differ, and one machine
differs from hour to hour, so the cost of such a start is measured before and after, and the run is given in starts too.
"""

import gc
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from kms_katas.grading.forked import ForkedRunner
from kms_katas.grading.lane import Lane, grade_in_lane
from kms_katas.kit import find_kit

BOUND_MS = 45.0
REFERENCE_START_MS = 5.3
WARM_UP = 5
KIT = find_kit(Path(__file__).with_name("kit"))


def main(runs: int) -> None:
    start = bare_start()
    runner = ForkedRunner()
    own, wall = grade_in_lane(KIT, KIT.katas, runner, lambda lane: measure(lane, runs))
    before = cpu(resource.RUSAGE_CHILDREN)
    runner.close()
    # What the warm process and its children used since they began; a second, idle one tells what it took to begin.
    everything = cpu(resource.RUSAGE_CHILDREN) - before
    idle = ForkedRunner()
    idle.start().close()
    before = cpu(resource.RUSAGE_CHILDREN)
    idle.close()
    children = (everything - (cpu(resource.RUSAGE_CHILDREN) - before)) / (runs + WARM_UP) * 1000
    start = (start + bare_start()) / 2
    total = own + children
    print(f"lane {own:.1f} ms, answer processes {children:.1f} ms; a bare Python start {start:.1f} ms")
    print(f"one warm run: {total:.1f} ms of CPU (bound {BOUND_MS:g}), {wall:.1f} ms on the clock, {runs} runs")
    print(f"in bare Python starts: {total / start:.1f} (bound {BOUND_MS / REFERENCE_START_MS:.1f})")


def bare_start() -> float:
    """Milliseconds of CPU that a Python costs which does nothing, mean of 20."""
    before = cpu(resource.RUSAGE_CHILDREN)
    for _ in range(20):
        subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
    return (cpu(resource.RUSAGE_CHILDREN) - before) / 20 * 1000


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
