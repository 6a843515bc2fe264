"""Time in the child: it stands where the lab's clock stands, and sleeping moves the lab's clock.

time.monotonic, time.perf_counter and the clocks behind them, which libraries wait by, go on; and as far as the lab's
clock moves, they move.
Not for measuring anything.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import CapacityNotAvailableError
from botocore.retries.bucket import TokenBucket

from kms_katas.child.bridge import Bridge

if TYPE_CHECKING or "pytest" in sys.modules:
    import time_machine
else:
    # time_machine loads pytest where it finds it, and no pytest belongs into an answer's process.
    sys.modules["pytest"] = None
    import time_machine

    del sys.modules["pytest"]


class LabTime:
    """`time`, `datetime.now` and what is built on them, held at the lab's instant (seconds since 1970)."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._traveller: Any = None

    @contextmanager
    def at(self, now: float) -> Iterator["LabTime"]:
        """Hold the time at `now`, until the with block ends."""
        slept, acquired, ticking = time.sleep, TokenBucket.acquire, [getattr(time, name) for name in _TICKING]
        with time_machine.travel(now, tick=False) as self._traveller:
            time.sleep = self._sleep  # type: ignore[assignment]
            TokenBucket.acquire = _acquire_asleep
            for name, real in zip(_TICKING, ticking, strict=True):
                setattr(time, name, _moved(real, 10**9 if name.endswith("_ns") else 1.0))
            try:
                yield self
            finally:
                time.sleep, TokenBucket.acquire = slept, acquired
                for name, real in zip(_TICKING, ticking, strict=True):
                    setattr(time, name, real)

    def move_to(self, now: float) -> None:
        self._traveller.move_to(now)

    def _sleep(self, seconds: float, /) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.move_to(self._bridge.ask({"ask": "sleep", "seconds": float(seconds)})["now"])


_TICKING = tuple(
    name
    for name in ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "clock_gettime", "clock_gettime_ns")
    if hasattr(time, name)
)
"""What time_machine leaves alone, of clock_gettime all but CLOCK_REALTIME. Windows has no clock_gettime."""
_NOT_TICKING = {
    getattr(time, name)
    for name in ("CLOCK_REALTIME", "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID", "CLOCK_PROF")
    if hasattr(time, name)
}
_BEGAN = time.time()


def _moved(real: Callable[..., Any], unit: float) -> Callable[[], Any]:
    """The same clock, further on by as much as the lab's is. It never stands: a loop that waits by it would not end."""

    def moved(*clock: int) -> Any:
        now = real(*clock)
        return now if _NOT_TICKING.intersection(clock) else now + type(unit)((time.time() - _BEGAN) * unit)

    return moved


_acquire = TokenBucket.acquire


def _acquire_asleep(bucket: Any, amount: float = 1, block: bool = True) -> Any:
    """boto3's adaptive retries wait here on a lock for time to pass, and in the lab it passes for who sleeps alone."""
    while True:
        try:
            return _acquire(bucket, amount, block=False)
        except CapacityNotAvailableError:
            if not block:
                raise
            # At least what the lab's clock can tell from nothing.
            time.sleep(max(bucket._sleep_amount(amount), 0.001))
