"""The warm process that children are forked from, and what a forked child does. It never holds lab, checks, solutions.

Started as `python -I -m kms_katas.child FD`, where FD is one end of a Unix socket pair. Each message on it is a word:
`fork`, with two descriptors (the child's bridge, and where its output goes), answered by the child's process id;
`ahead`, the same for a child that nobody waits for yet: it practises first;
`reap PID`, answered by that child's exit status.
"""

import contextlib
import os
import signal
import socket
import sys

from kms_katas.child.clock import LabTime
from kms_katas.child.practice import practise
from kms_katas.child.serving import bridge, serve_until_closed, warm


def main(control: socket.socket) -> None:
    warm()
    # Started here, once: a child only moves it.
    with LabTime(bridge).at(0) as clock:
        serve_words(control, clock)


def serve_words(control: socket.socket, clock: LabTime) -> None:
    """Fork and reap, until the other end closes."""
    children = set()
    output = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115  (a child's, below)
    control.sendall(b"ready")
    while message := _message(control):
        word, descriptors = message
        if word in (b"fork", b"ahead"):
            pid = os.fork()
            if pid == 0:
                control.close()
                os.setsid()
                os.dup2(descriptors[1], 1)
                os.dup2(descriptors[1], 2)
                os.close(descriptors[1])
                sys.stdout = sys.stderr = output
                if word == b"ahead":
                    practise(bridge)
                serve_until_closed(socket.socket(fileno=descriptors[0]), clock, lambda: sys.stdout.flush())
            for descriptor in descriptors:
                os.close(descriptor)
            children.add(pid)
            control.sendall(str(pid).encode())
        else:
            pid = int(word.split()[1])
            _, status = os.waitpid(pid, 0)
            children.remove(pid)
            control.sendall(str(status).encode())
    # Whoever started this was killed before it could end its answers. One that only waits would wait for ever.
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _message(control: socket.socket) -> tuple[bytes, list[int]] | None:
    message, descriptors, _, _ = socket.recv_fds(control, 64, 2)
    return (message, descriptors) if message else None


if __name__ == "__main__":
    # Whoever started this may be gone before it is warm: then there is nothing to do, and nobody to tell.
    with contextlib.suppress(ConnectionError):
        main(socket.socket(fileno=int(sys.argv[1])))
