"""The lab's clock: it stands still until it is moved, and every moto service reads it.

The real clock, and botocore's signing, stay as they are.
"""

import datetime as real
import sys
import time
from importlib import import_module
from typing import Any

import moto.core.utils

_OWN_TIME = {"s3": ("moto.s3.models", "datetime"), "secretsmanager": ("moto.secretsmanager.models", "time")}
"""The services of moto's that do not ask moto.core.utils for the time, or not always: where they ask, by what name. S3
does so for the CreationDate of a bucket, Secrets Manager for every date.
"""


class Clock:
    """`now()` is aware, UTC, whole seconds; `advance` moves it on. It starts at the real time cut to the second."""

    def __init__(self) -> None:
        self._now = real.datetime.now(real.UTC).replace(microsecond=0)
        self._replaced: list[tuple[Any, str, Any]] = []

    def now(self) -> real.datetime:
        return self._now

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> real.datetime:
        """Moves time on and returns it. Raises ValueError for a step back: AWS never takes time back."""
        step = real.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if step < real.timedelta():
            raise ValueError(
                f"The lab's clock only moves forward, and this step is {step.total_seconds()} s. Give a positive step."
            )
        self._now += step
        return self._now

    def start(self) -> None:
        """moto asks the name `datetime` inside moto.core.utils for the time: put this clock behind that name."""
        self._stand_in(moto.core.utils, "datetime")
        for service, (module, _) in _OWN_TIME.items():
            if module in sys.modules:
                self.reach(service)

    def reach(self, service: str) -> None:
        """To be called before a service is used, by its name or host: most follow this clock already."""
        for name in _OWN_TIME.keys() & service.split("."):
            self._stand_in(import_module(_OWN_TIME[name][0]), _OWN_TIME[name][1])

    def stop(self) -> None:
        while self._replaced:
            setattr(*self._replaced.pop())

    def _stand_in(self, module: Any, name: str) -> None:
        if not any(place is module for place, _, _ in self._replaced):
            self._replaced.append((module, name, getattr(module, name)))
            if name == "datetime":
                _Datetime.clock = self
            setattr(module, name, _DATETIME_MODULE if name == "datetime" else _TimeModule(self))


class _Datetime(real.datetime):
    """With another now: that of the clock that was started last, for one lab at a time is open."""

    clock: Clock

    @classmethod
    def now(cls, tz: real.tzinfo | None = None) -> Any:
        now = cls.clock.now()
        return now.astimezone(tz) if tz is not None else now.astimezone().replace(tzinfo=None)

    @classmethod
    def utcnow(cls) -> Any:
        return cls.clock.now().replace(tzinfo=None)


class _DatetimeModule:
    """The datetime module with that class."""

    datetime = _Datetime

    def __getattr__(self, name: str) -> Any:
        return getattr(real, name)


_DATETIME_MODULE = _DatetimeModule()


class _TimeModule:
    """The time module with another time."""

    def __init__(self, clock: Clock) -> None:
        self.time = lambda: clock.now().timestamp()

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)
