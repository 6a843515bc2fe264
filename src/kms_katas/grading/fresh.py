"""Random values for checks: new on every run, the same again for the same seed."""

import hashlib
import random

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def derive_seed(seed: int, *names: str) -> int:
    """A seed of its own for each part of a run, so that one more value in one check changes none in another."""
    return int.from_bytes(hashlib.sha256("\0".join((str(seed), *names)).encode()).digest()[:8], "big")


class Fresh:
    """Values that no answer can know beforehand."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def bytes(self, length: int) -> bytes:
        return self._random.randbytes(length)

    def text(self, length: int = 24) -> str:
        """Small letters and digits: plain ASCII."""
        return "".join(self._random.choices(_LETTERS, k=length))

    def integer(self, low: int, high: int) -> int:
        return self._random.randint(low, high)
