"""What holds for the engine as a whole right now: enforcement, randomness, who listens.

`Lab` and `install` set it; nothing else does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from threading import RLock
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import moto.core.utils

from kms_katas.lab.randomness import Randomness

if TYPE_CHECKING:
    from kms_katas.lab.kms.quotas import Meter
    from kms_katas.lab.kms.work import Work
    from kms_katas.lab.trail import Trail
    from kms_katas.policy import Decision


def _time_of_moto() -> datetime:
    return moto.core.utils.utcnow().replace(tzinfo=UTC)


@dataclass(frozen=True)
class Setting:
    clock: Callable[[], datetime] = _time_of_moto
    """The time that every moto service sees, aware, UTC. A lab's own clock says it in a tenth of the time."""
    enforce: bool = False
    """Check credentials and permissions. Off: every caller is an administrator of its account."""
    randomness: Randomness = field(default_factory=Randomness)
    grant_delay: timedelta = timedelta()
    """How long a new grant counts with its token only."""
    tag_and_alias_delay: timedelta = timedelta()
    """How long authorization sees the tags and aliases of before a change."""
    rotation_delay: timedelta = timedelta()
    """How long an on-demand rotation takes; it is done as soon as more time than this has passed."""
    regions_down: frozenset[str] = frozenset()
    """Regions in which no service answers."""
    meter: "Meter | None" = None
    """Counts the requests against the quotas. None: nothing is throttled."""
    record: Callable[["Work"], None] | None = None
    """Called once with each finished request."""
    trail: "Trail | None" = None
    """Where calls are logged. None: nowhere."""
    denied: Callable[[str, "Decision"], None] | None = None
    """Called with the request ID and the decision of each request to another service than KMS that policies deny,
    or for which KMS refuses what the service needs."""


current = Setting()

_LOCK = RLock()
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def one_at_a_time(work: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Marks what reads or changes the simulated AWS, so that threads may share it: no two such calls overlap."""

    @wraps(work)
    def alone(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        with _LOCK:
            return work(*args, **kwargs)

    return alone


def now() -> datetime:
    """The time that every moto service sees, aware, UTC."""
    return current.clock()
