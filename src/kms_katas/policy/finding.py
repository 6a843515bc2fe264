"""One finding about a policy: what is wrong, where in its text, and how to mend it. Who finds it: document.py, lint."""

from dataclasses import dataclass
from typing import Literal

from .positions import Place

Level = Literal["error", "warning", "suggestion"]


@dataclass(frozen=True)
class Finding:
    """`id` is that of the rule (docs/reference/lint.md has a section for each); `sentence` says what is wrong here,
    `fix` what to do. `place` is where the entry begins that it is about; `others` are further places that belong to it,
    such as that of the first of two equal names.
    """

    id: str
    level: Level
    sentence: str
    fix: str
    place: Place
    others: tuple[Place, ...] = ()
