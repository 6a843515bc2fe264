"""The lab's clock: it stands still until it is moved, and every moto service reads it.

The real clock, and botocore's signing, stay as they are.
"""

import datetime as real
from typing import Any

import moto.core.utils

_NAME = "datetime"


class Clock:
    """`now()` is aware, UTC, whole seconds; `advance` moves it on. It starts at the real time cut to the second."""

    def __init__(self) -> None:
        self._now = real.datetime.now(real.UTC).replace(microsecond=0)

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
        setattr(moto.core.utils, _NAME, _DatetimeModule(self))

    def stop(self) -> None:
        setattr(moto.core.utils, _NAME, real)


class _DatetimeModule:
    """The datetime module with another now."""

    def __init__(self, clock: Clock) -> None:
        class Datetime(real.datetime):
            @classmethod
            def now(cls, tz: real.tzinfo | None = None) -> Any:
                return clock.now().astimezone(tz) if tz is not None else clock.now().astimezone().replace(tzinfo=None)

            @classmethod
            def utcnow(cls) -> Any:
                return clock.now().replace(tzinfo=None)

        self.datetime = Datetime

    def __getattr__(self, name: str) -> Any:
        return getattr(real, name)
