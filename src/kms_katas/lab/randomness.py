"""Where the lab's random bytes come from: the operating system, or one stream that a seed repeats.

Not for real secrets.
"""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


class Randomness:
    """`bytes(n)` gives n random bytes.

    With a seed the stream is AES-256-CTR under SHAKE-256 of the seed: equal seeds, equal streams.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._stream = None
        if seed is not None:
            secret = hashlib.shake_256(f"kms-katas lab {seed}".encode()).digest(48)
            self._stream = Cipher(algorithms.AES(secret[:32]), modes.CTR(secret[32:])).encryptor()

    @property
    def repeats(self) -> bool:
        """Whether a seed was given."""
        return self._stream is not None

    def bytes(self, count: int) -> bytes:
        return os.urandom(count) if self._stream is None else self._stream.update(bytes(count))

    def uuid(self) -> str:
        """A UUID of version 4. The module uuid would make the same of the same bytes, in five times the time."""
        drawn = self.bytes(16).hex()
        return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{'89ab'[int(drawn[16], 16) % 4]}{drawn[17:20]}-{drawn[20:]}"
