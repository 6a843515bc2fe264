"""CPU of grading one answer on one seed, all processes counted: `python benchmarks/answers.py [TRACK]`.

Every answer that solutions/ has to the katas of a track (02-envelope), right and wrong, is graded once by a warm lane.
The mean of the katas is bound to 80 ms. As in warm_run.py it is given in starts of a bare Python too, measured
again after each kata: within the minute that all take, a machine can become a third slower, and fast again.
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable

from warm_run import REFERENCE_START_MS, bare_start, cpu

from kms_katas.grading.forked import ForkedRunner
from kms_katas.grading.lane import Lane, grade_in_lane
from kms_katas.grading.runner import preparations_for
from kms_katas.kit import Kata, Kit, find_kit

BOUND_MS = 80.0
SEED = 20261122
WARM_UP = 3


def main(track: str) -> None:
    kit = find_kit()
    katas = [kata for kata in kit.katas if kata.folder.startswith(track + "/")]
    if not katas:
        sys.exit(f"No track is called {track}: name a folder of katas/, such as 02-envelope.")
    starts = [bare_start()]
    means, in_starts = [], []
    for kata in katas:
        own, answers = 0.0, 0

        def grade(runner: ForkedRunner, kata: Kata = kata) -> None:
            nonlocal own, answers
            own, answers = grade_in_lane(kit, [kata], runner, lambda lane: graded(lane, kit, kata))

        before = children_of(kata, lambda runner: None)
        children = (children_of(kata, grade) - before) / (answers + WARM_UP)
        means.append((own + children) * 1000)
        starts.append(bare_start())
        in_starts.append(means[-1] / statistics.mean(starts[-2:]))
        told = f"{means[-1]:5.0f} ms of CPU, {in_starts[-1]:5.1f} bare starts"
        print(f"{kata.id:32} {told}, {answers} answers", flush=True)
    mean, start = statistics.mean(means), statistics.mean(starts)
    print(f"mean of {len(means)} katas: {mean:.0f} ms (bound {BOUND_MS:g}); a bare Python start {start:.1f} ms")
    print(f"in bare Python starts: {statistics.mean(in_starts):.1f} (bound {BOUND_MS / REFERENCE_START_MS:.1f})")


def children_of(kata: Kata, use: Callable[[ForkedRunner], None]) -> float:
    """Seconds of CPU of a runner's processes from its start to its end. It is ready for the kata before it is used."""
    before = cpu(resource.RUSAGE_CHILDREN)
    runner = ForkedRunner()
    runner.preparations = preparations_for([kata])
    runner.start().close()
    use(runner)
    runner.close()
    return cpu(resource.RUSAGE_CHILDREN) - before


def graded(lane: Lane, kit: Kit, kata: Kata) -> tuple[float, int]:
    """Seconds of CPU of the lane itself for one answer, and how many answers there were."""
    reference = kit.solutions / kata.folder
    right, wrong = ([*sorted(reference.glob(f"{name}/*/"))] for name in ("accepted", "rejected"))
    lane.prepare()  # as before each cohort: grading/lane_process.py
    for _ in range(WARM_UP):
        assert lane.grade_folder(kata, reference, SEED).passed
    began = time.process_time()
    passed = [lane.grade_folder(kata, folder, SEED).passed for folder in (reference, *right, *wrong)]
    own = time.process_time() - began
    assert passed == [True] * (1 + len(right)) + [False] * len(wrong), kata.id
    return own / len(passed), len(passed)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "02-envelope")
