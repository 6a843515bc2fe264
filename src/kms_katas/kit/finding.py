"""One fault of the kit's content, as one sentence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`where` is a path below the kit or a kata id; `sentence` says what is wrong and what it should be."""

    where: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence}"
