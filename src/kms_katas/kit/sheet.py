"""What a facilitator has at hand about one kata: what people will write, and what to say. No page of a learner's."""

from dataclasses import dataclass

from kms_katas.kit.kata import Kata, Task


@dataclass(frozen=True)
class Slip:
    """What people write that one check refuses. `sentence` is what the check says must hold."""

    check: str
    task: int
    sentence: str
    mistakes: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """One kata, and where it begins in a workshop: after so many minutes, or None outside of one."""

    kata: Kata
    slips: tuple[Slip, ...]
    begins: int | None = None

    def slips_of(self, task: Task) -> tuple[Slip, ...]:
        return tuple(slip for slip in self.slips if slip.task == task.number)
