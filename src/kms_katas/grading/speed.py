"""How fast this machine runs Python, measured once, so that no limit on time is unfair to a slow one.

Not for benchmarks: it tells a machine of half the speed, not one of nine tenths.
"""

import time
from functools import cache

REFERENCE_SECONDS = 0.0010
"""CPU that `_work` takes where the limits were set, with some room: 0.75 ms on a virtual core of an AMD EPYC,
Python 3.11.7, 2026-11-22."""
_ROUNDS = 5
_MOST = 20.0
"""A machine that seems slower than this was disturbed while it was measured."""


@cache
def slowness() -> float:
    """How many times as long this machine takes as the one where the limits were set; at least 1.

    CPU is counted, and of several rounds the best: what else the machine does has little part in it.
    """
    best = min(_measured() for _ in range(_ROUNDS))
    return min(_MOST, max(1.0, best / REFERENCE_SECONDS))


def _measured() -> float:
    began = time.thread_time()
    _work()
    return time.thread_time() - began


def _work() -> None:
    """What answers are made of: small objects, dictionaries, bytes, calls."""
    seen: dict[bytes, list[int]] = {}
    for number in range(6000):
        seen.setdefault(number.to_bytes(4, "big")[-1:], []).append(number)
    sum(len(numbers) for numbers in seen.values())
