"""The process of one lane: grades what its standard input names, line by line, until that closes.

Started as `python -I -m kms_katas.grading.lane_process ROOT ISOLATION LENT KATA...`, where LENT is the descriptor of a
warm process that was lent to it (see forked.py), or `-`. It says `{"ready": true}` before each
line that it reads, and answers each with `{"verdict": ...}` or, when the kit failed on it, `{"failed": sentence}`.
Not for choosing answers or showing verdicts: see lanes.py, which reads this.
"""

import json
import os
import socket
import sys
from pathlib import Path
from typing import IO, Any

from kms_katas.grading.forked import ForkedRunner
from kms_katas.grading.outcome import Infra
from kms_katas.grading.runner import BEST, best_runner
from kms_katas.kit import find_kit


def main(root: str, isolation: str, lent: str, names: list[str], orders: IO[str], told: IO[str]) -> None:
    """Until `orders` ends."""
    kit = find_kit(Path(root))
    katas = [kata for kata in kit.katas if kata.id in names]
    runner = best_runner(None if isolation == BEST else isolation, (kit.root,))
    if isinstance(runner, ForkedRunner) and lent != "-":
        runner.adopt(socket.socket(fileno=int(lent)))

    def tell(**what: Any) -> None:
        told.write(json.dumps(what) + "\n")
        told.flush()

    try:
        if not all(kata.documents_only for kata in katas):
            runner.warm()
        from kms_katas.grading.lane import Lane, grade_in_lane
        from kms_katas.grading.lanes import verdict_data

        def body(lane: Lane) -> None:
            tell(ready=True)
            for line in orders:
                order = json.loads(line)
                kata = next(kata for kata in katas if kata.id == order["kata"])
                try:
                    verdict = lane.grade_folder(
                        kata, Path(order["folder"]), order["seed"], within=Path(order["within"])
                    )
                    tell(verdict=verdict_data(verdict))
                except Infra as error:
                    tell(failed=f"{error}.")
                tell(ready=True)

        grade_in_lane(kit, katas, runner, body)
    except Infra as error:
        tell(failed=str(error))
    finally:
        runner.close()


if __name__ == "__main__":
    # What a check prints is no word of the lane's.
    words = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:], sys.stdin, words)
