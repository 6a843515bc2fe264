"""The process of a lane, which grades what it is told to, line by line; and the one that lanes are forked from.

Started as `python -I -m kms_katas.grading.lane_process CONTROL ROOT ISOLATION KATA...`. It collects the checks. Where
CONTROL is `-` it is a lane itself, on its standard input and output. Else CONTROL is one end of a socket pair, there it
is told words, answers each with a line of JSON, and grades nothing:
`lane`, with one or two descriptors (the lane's connection, and a warm process that is lent to it: see forked.py),
answered by `{"lane": process id}`;
`ended PID`, answered by `{"ended": status}` when that lane has ended.

A lane says `{"ready": true}` before each line that it reads, and answers each with `{"verdict": ...}` or, when the kit
failed on it, `{"failed": sentence}`. Not for choosing answers or showing verdicts: see lanes.py, which reads this.
"""

import contextlib
import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kms_katas.grading.forked import ForkedRunner
from kms_katas.grading.outcome import Infra
from kms_katas.grading.runner import Runner, best_runner, preparations_for
from kms_katas.kit import Kata, find_kit

if TYPE_CHECKING:
    from kms_katas.grading.lane import Lane


def main(control: str, root: str, isolation: str, names: list[str], words: IO[str]) -> None:
    """Until nothing is asked any more. `words`: where a lane on standard input answers."""
    kit = find_kit(Path(root))
    katas = [kata for kata in kit.katas if kata.id in names]
    runner = best_runner(isolation, (kit.root,))
    asked = socket.socket(fileno=int(control)) if control != "-" else None

    def body(lane: "Lane") -> None:
        if asked:
            fork_lanes(asked, lane, katas, runner)
        else:
            grade_lines(lane, katas, sys.stdin, words)

    try:
        if not asked:
            _warm(runner, katas)
        from kms_katas.grading.lane import grade_in_lane

        grade_in_lane(kit, katas, runner, body)
    except Infra as error:
        failed = json.dumps({"failed": str(error)}) + "\n"
        if asked:
            asked.sendall(failed.encode())
        else:
            words.write(failed)
    finally:
        runner.close()


def grade_lines(lane: "Lane", katas: Sequence[Kata], orders: IO[str], told: IO[str]) -> None:
    """Until `orders` ends."""
    from kms_katas.grading.lanes import verdict_data

    def tell(**what: Any) -> None:
        told.write(json.dumps(what) + "\n")
        told.flush()

    tell(ready=True)
    for line in orders:
        order = json.loads(line)
        kata = next(kata for kata in katas if kata.id == order["kata"])
        try:
            verdict = lane.grade_folder(kata, Path(order["folder"]), order["seed"], within=Path(order["within"]))
            tell(verdict=verdict_data(verdict))
        except Infra as error:
            tell(failed=f"{error}.")
        tell(ready=True)


def fork_lanes(control: socket.socket, lane: "Lane", katas: Sequence[Kata], runner: Runner) -> None:
    """Fork lanes from this process, which has one thread, until the other end of `control` closes."""
    lane.prepare()  # what is here then no lane's collector looks at: looking at it would copy it
    while message := _message(control):
        word, descriptors = message
        if word == b"lane":
            pid = os.fork()
            if pid == 0:
                try:
                    control.close()
                    _be_a_lane(lane, katas, runner, descriptors)
                finally:
                    os._exit(0)
            for descriptor in descriptors:
                os.close(descriptor)
            reply = {"lane": pid}
        else:
            # It stayed to be waited for: its number was nobody else's.
            reply = {"ended": os.waitstatus_to_exitcode(os.waitpid(int(word.split()[1]), 0)[1])}
        control.sendall(json.dumps(reply).encode() + b"\n")


def _be_a_lane(lane: "Lane", katas: Sequence[Kata], runner: Runner, descriptors: list[int]) -> None:
    connection = socket.socket(fileno=descriptors[0])
    if len(descriptors) > 1 and isinstance(runner, ForkedRunner):
        runner.adopt(socket.socket(fileno=descriptors[1]))
    else:
        _warm(runner, katas)
    try:
        with connection.makefile("r", encoding="utf-8") as orders, connection.makefile("w", encoding="utf-8") as told:
            grade_lines(lane, katas, orders, told)
    finally:
        runner.close()


def _warm(runner: Runner, katas: Sequence[Kata]) -> None:
    if not all(kata.documents_only for kata in katas):
        runner.preparations = preparations_for(katas)
        runner.warm()


def _message(control: socket.socket) -> tuple[bytes, list[int]] | None:
    message, descriptors, _, _ = socket.recv_fds(control, 64, 2)
    return (message, descriptors) if message else None


if __name__ == "__main__":
    # What a check prints is no word of the lane's.
    words = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # Whoever started this may be gone before it is ready: then there is nothing to do, and nobody to tell.
    with contextlib.suppress(ConnectionError):
        main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:], words)
