"""What holds for the engine as a whole right now: enforcement, randomness, who listens.

`Lab` and `install` set it; nothing else does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import moto.core.utils

from kms_katas.lab.randomness import Randomness

if TYPE_CHECKING:
    from kms_katas.lab.kms.work import Work


@dataclass(frozen=True)
class Setting:
    enforce: bool = False
    """Check credentials and permissions. Off: every caller is an administrator of its account."""
    randomness: Randomness = field(default_factory=Randomness)
    record: Callable[["Work"], None] | None = None
    """Called once with each finished request."""


current = Setting()


def now() -> datetime:
    """The time that every moto service sees, aware, UTC."""
    return moto.core.utils.utcnow().replace(tzinfo=UTC)
