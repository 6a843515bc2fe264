"""A fresh process that holds one answer, for systems that cannot fork. It never holds lab, checks, solutions.

Started as `python -I -m kms_katas.child.spawned MARK PREPARATIONS LEVEL HIDDEN...`, with pipes: standard input brings
frames, standard output takes them, standard error takes what the answer prints. Before each outcome MARK goes there
too: what stands before it was printed until then. PREPARATIONS, with commas between them, are what make_ready takes.
LEVEL and HIDDEN are what sandbox.prepare takes. Nothing here needs more than Windows has.
"""

import os
import sys

from kms_katas.child import wire
from kms_katas.child.clock import LabTime
from kms_katas.child.sandbox import Missing, prepare
from kms_katas.child.serving import bridge, make_ready, serve_until_closed, warm


class Pipes:
    """Two pipes as one connection. What goes wrong with them means that the other end is gone."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def recv(self, size: int, /) -> bytes:
        try:
            return os.read(self._incoming, size)
        except OSError as error:
            raise ConnectionError from error

    def sendall(self, data: bytes, /) -> None:
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._outgoing, left) :]
        except OSError as error:
            # Windows says EINVAL where others say EPIPE.
            raise ConnectionError from error


def main(mark: bytes, preparations: str, level: str, hidden: list[str]) -> None:
    # A copy is not inherited by what an answer starts.
    connection, output = Pipes(os.dup(0), os.dup(1)), os.dup(2)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    text = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stderr = text

    def settle() -> None:
        try:
            sys.stdout.flush()
        finally:
            Pipes(output, output).sendall(mark)

    warm()
    for preparation in filter(None, preparations.split(",")):
        make_ready(preparation)
    try:
        enclosure, lacks = prepare(level, hidden)
    except Missing as missing:
        wire.send_frame(connection, {"lacks": str(missing)})
        return
    with LabTime(bridge).at(0) as clock:
        wire.send_frame(connection, {"ready": enclosure.level, "lacks": lacks})
        serve_until_closed(connection, clock, settle, enclosure)


if __name__ == "__main__":
    main(sys.argv[1].encode(), sys.argv[2], sys.argv[3], sys.argv[4:])
