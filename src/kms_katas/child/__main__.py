"""The warm process that children are forked from, and what a forked child does. It never holds lab, checks, solutions.

Started as `python -I -m kms_katas.child FD LEVEL HIDDEN...`, where FD is one end of a Unix socket pair, and the rest is
what sandbox.prepare takes. When it is warm it says `ready LEVEL PID`, and what the next better level lacks; or `lacks`
and why LEVEL does not work here. Each message to it is a word:
`fork`, with two descriptors (the child's bridge, and where its output goes), answered by the child's process id;
`ahead`, the same for a child that nobody waits for yet: it practises first;
`ended PID`, answered by how that child ended by itself, `alive` when it did not;
`client SERVICE` or `import PACKAGE`, answered by `made` when every later child has a boto3 client of that service, or
that package imported;
`reap PID`, answered by `reaped` when that child is gone;
`again`, with one end of another socket pair: there a copy of this process begins anew, with what it is ready for. It
shares its memory with this one, and ends with it at the latest.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path

from kms_katas.child.clock import LabTime
from kms_katas.child.practice import practise
from kms_katas.child.sandbox import Enclosure, Missing, adopt_orphans, die_with_parent, prepare
from kms_katas.child.serving import FAULT, bridge, make_ready, serve_until_closed, warm

ENDING_SECONDS = 1.0
"""How long a child that hung up may take to be gone. One that only closed its end of the bridge never is."""
_clock = time.monotonic  # the real one: LabTime holds the module's


def main(control: socket.socket, level: str, hidden: list[str]) -> None:
    warm()
    try:
        enclosure, lacks = prepare(level, hidden)
    except Missing as missing:
        control.sendall(b"lacks " + str(missing).encode())
        return
    control.sendall(_ready(enclosure, lacks))
    # Started here, once: a child only moves it.
    with LabTime(bridge).at(0) as clock:
        serve_words(control, clock, enclosure, lacks)


def serve_words(control: socket.socket, clock: LabTime, enclosure: Enclosure, lacks: str) -> None:
    """Fork and reap, until the other end closes. A copy of this process returns from here too."""
    children, copies, parent = set[int](), set[int](), os.getpid()
    adopt_orphans()
    output = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115  (a child's, below)
    while message := _message(control):
        word, descriptors = message
        if word in (b"fork", b"ahead"):
            pid = os.fork()
            if pid == 0:
                try:
                    die_with_parent(parent)
                    control.close()
                    os.setsid()
                    os.dup2(descriptors[1], 1)
                    os.dup2(descriptors[1], 2)
                    os.close(descriptors[1])
                    sys.stdout = sys.stderr = output
                    if word == b"ahead":
                        practise(bridge)
                    connection = socket.socket(fileno=descriptors[0])
                    serve_until_closed(connection, clock, lambda: sys.stdout.flush(), enclosure)
                finally:
                    os._exit(FAULT)
            for descriptor in descriptors:
                os.close(descriptor)
            children.add(pid)
            control.sendall(str(pid).encode())
        elif word == b"again":
            copies = {copy for copy in copies if os.waitpid(copy, os.WNOHANG) == (0, 0)}
            pid = os.fork()
            if pid == 0:
                die_with_parent(parent)
                control.close()
                control = socket.socket(fileno=descriptors[0])
                children, copies, parent = set(), set(), os.getpid()
                adopt_orphans()
                control.sendall(_ready(enclosure, lacks))
                continue
            os.close(descriptors[0])
            copies.add(pid)
        elif word.startswith((b"client ", b"import ")):
            make_ready(word.decode(), for_all=True)
            control.sendall(b"made")
        elif word.startswith(b"ended"):
            control.sendall(_ended(int(word.split()[1])).encode())
        else:
            pid = int(word.split()[1])
            os.waitpid(pid, 0)
            children.remove(pid)
            _end_orphans(children | copies, enclosure)
            control.sendall(b"reaped")
    # Whoever started this was killed before it could end its answers. One that only waits would wait for ever.
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)  # it may be too young to have a family
    # Each copy ends its own answers when it is let go of; one that is not, or hangs, is ended here.
    for pid in copies:
        if _ended(pid) == "alive":
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    for pid in children:
        os.waitpid(pid, 0)
    _end_orphans(set(), enclosure)


def _end_orphans(known: set[int], enclosure: Enclosure) -> None:
    """End what an answer started and left, wherever it went: a session of its own does not take it out of reach.

    At the other levels none can be started, and at `full` there is no /proc to ask.
    """
    deadline = _clock() + ENDING_SECONDS
    while enclosure.level == "none" and (left := _children() - known) and _clock() < deadline:
        for pid in left:
            # What runs with another user's rights, such as sudo, is beyond this one's.
            with contextlib.suppress(PermissionError):
                os.kill(pid, signal.SIGKILL)
        select.select([], [], [], 0.001)
        for pid in left:
            os.waitpid(pid, os.WNOHANG)


def _children() -> set[int]:
    """Of this process; none where the kernel was built without telling (CONFIG_PROC_CHILDREN)."""
    with contextlib.suppress(OSError):
        return set(map(int, Path("/proc/thread-self/children").read_text().split()))
    return set()


def _ended(pid: int) -> str:
    """How a child ended by itself: its exit status, or minus the signal that ended it; `alive` when it did not."""
    deadline = _clock() + ENDING_SECONDS
    while _clock() < deadline:
        # It stays to be reaped: its number must not become somebody else's before the grader has let go of it.
        if found := os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return str(found.si_status if found.si_code == os.CLD_EXITED else -found.si_status)
        select.select([], [], [], 0.001)  # time.sleep is the answer's
    return "alive"


def _ready(enclosure: Enclosure, lacks: str) -> bytes:
    return f"ready {enclosure.level} {os.getpid()} {lacks}".encode()


def _message(control: socket.socket) -> tuple[bytes, list[int]] | None:
    message, descriptors, _, _ = socket.recv_fds(control, 64, 2)
    return (message, descriptors) if message else None


if __name__ == "__main__":
    # Whoever started this may be gone before it is warm: then there is nothing to do, and nobody to tell.
    with contextlib.suppress(ConnectionError):
        main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], sys.argv[3:])
