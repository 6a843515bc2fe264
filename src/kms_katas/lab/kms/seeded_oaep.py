"""RSAES-OAEP (RFC 8017, 7.1.1) with chance from the lab's seed: `cryptography` takes the operating system's. Encryption
alone, without a label, one hash for both places. Only for labs with a seed; tests hold it against `cryptography`.
"""

import hashlib

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from kms_katas.lab.randomness import Randomness


def seal(public: RSAPublicKey, plaintext: bytes, hash_name: str, randomness: Randomness) -> bytes:
    """The ciphertext. `hash_name` is sha1 or sha256; whoever calls has seen to it that the plaintext fits."""
    numbers, size = public.public_numbers(), public.key_size // 8
    hashed = hashlib.new(hash_name, b"").digest()
    block = hashed + bytes(size - 2 * len(hashed) - 2 - len(plaintext)) + b"\x01" + plaintext
    chance = randomness.bytes(len(hashed))
    masked = _xor(block, _mask(chance, len(block), hash_name))
    masked_chance = _xor(chance, _mask(masked, len(chance), hash_name))
    message = int.from_bytes(masked_chance + masked, "big")
    return pow(message, numbers.e, numbers.n).to_bytes(size, "big")


def _mask(chance: bytes, length: int, hash_name: str) -> bytes:
    """MGF1 (RFC 8017, B.2.1)."""
    blocks = range(-(-length // hashlib.new(hash_name).digest_size))
    return b"".join(hashlib.new(hash_name, chance + block.to_bytes(4, "big")).digest() for block in blocks)[:length]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
