"""A lane and the answer's process on one CPU: they take turns, and to wake another CPU costs more than most questions.

Not for how many lanes there are. Linux; elsewhere, and where the system refuses it, nothing is done.
"""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def on_one_cpu() -> Iterator[None]:
    """Keep the calling thread on its CPU: the system chose that when it woke the thread, an idle one if it had one."""
    if sys.platform != "linux":
        yield
        return
    before = set[int]()
    with contextlib.suppress(OSError, ValueError):  # where it may not even be asked, the CPU's number is -1
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {ctypes.CDLL(None).sched_getcpu()})
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, before)


def bring_here(*processes: int) -> None:
    """From now on each, which has one thread, runs on no other CPU than the calling thread."""
    if sys.platform == "linux":
        for process in processes:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(process, os.sched_getaffinity(0))
