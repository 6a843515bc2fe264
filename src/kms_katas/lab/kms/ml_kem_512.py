"""ML-KEM (FIPS 203) for the parameter set 512, which the library in use does not have, with the library's own methods.

For the lab: not constant in time, so no code for real secrets. Names follow FIPS 203, algorithms 4 to 21. The two other
sets are here so that a test can hold this code against the library; the lab takes those from the library.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    PrivateFormat,
    PublicFormat,
)

_Q = 3329
_N = 256
_OID = bytes.fromhex("300b0609608648016503040401")  # 2.16.840.1.101.3.4.4.1, id-alg-ml-kem-512
_PKCS8 = b"\x30\x54\x02\x01\x00" + _OID + b"\x04\x42\x80\x40"

Polynomial = list[int]


@dataclass(frozen=True, slots=True)
class Parameters:
    """Table 2 of FIPS 203."""

    k: int
    eta1: int
    du: int
    dv: int


SETS = {512: Parameters(2, 3, 10, 4), 768: Parameters(3, 2, 10, 4), 1024: Parameters(4, 2, 11, 5)}
_ETA2 = 2


class MLKEM512PublicKey:
    def __init__(self, raw: bytes, number: int = 512) -> None:
        self._raw = raw
        self._set = SETS[number]

    def public_bytes_raw(self) -> bytes:
        return self._raw

    def public_bytes(self, encoding: Encoding, format: PublicFormat) -> bytes:
        """DER, SubjectPublicKeyInfo: the one form that KMS gives."""
        bits = b"\x03\x82" + (len(self._raw) + 1).to_bytes(2) + b"\0" + self._raw
        return b"\x30\x82" + len(_OID + bits).to_bytes(2) + _OID + bits

    def encapsulate(self, message: bytes | None = None) -> tuple[bytes, bytes]:
        """Shared secret and ciphertext. `message` (32 bytes) is the chance of it."""
        message = os.urandom(32) if message is None else message
        mixed = hashlib.sha3_512(message + hashlib.sha3_256(self._raw).digest()).digest()
        return mixed[:32], _encrypted(self._set, self._raw, message, mixed[32:])


class MLKEM512PrivateKey:
    def __init__(self, seed: bytes, number: int = 512) -> None:
        self._seed = seed
        self._number = number
        self._set = p = SETS[number]
        mixed = hashlib.sha3_512(seed[:32] + bytes([p.k])).digest()
        rho, sigma = mixed[:32], mixed[32:]
        self._s = [_ntt(_noise(sigma, place, p.eta1)) for place in range(p.k)]
        errors = [_ntt(_noise(sigma, p.k + place, p.eta1)) for place in range(p.k)]
        matrix = [[_uniform(rho, column, row) for column in range(p.k)] for row in range(p.k)]
        t = [_plus(_dot(row, self._s), error) for row, error in zip(matrix, errors, strict=True)]
        self._public = b"".join(_packed(one, 12) for one in t) + rho

    @classmethod
    def from_seed_bytes(cls, seed: bytes) -> "MLKEM512PrivateKey":
        return cls(seed)

    def public_key(self) -> MLKEM512PublicKey:
        return MLKEM512PublicKey(self._public, self._number)

    def private_bytes(
        self, encoding: Encoding, format: PrivateFormat, encryption_algorithm: KeySerializationEncryption
    ) -> bytes:
        """DER, PKCS#8 with the seed alone, as the library writes the other sets."""
        return _PKCS8 + self._seed

    def decapsulate(self, blob: bytes) -> bytes:
        """The shared secret, or another for altered bytes. Raises ValueError for bytes of another length."""
        p = self._set
        split = 32 * p.du * p.k
        if len(blob) != split + 32 * p.dv:
            raise ValueError("the ciphertext has another length")
        u = [_ntt(_expanded(one, p.du)) for one in _unpacked(blob[:split], p.du)]
        v = _expanded(_unpacked(blob[split:], p.dv)[0], p.dv)
        rest = _minus(v, _inverse_ntt(_dot(self._s, u)))
        message = _packed([_compressed(value, 1) for value in rest], 1)
        mixed = hashlib.sha3_512(message + hashlib.sha3_256(self._public).digest()).digest()
        same = hmac.compare_digest(_encrypted(p, self._public, message, mixed[32:]), blob)
        return mixed[:32] if same else hashlib.shake_256(self._seed[32:] + blob).digest(32)


def _encrypted(p: Parameters, public: bytes, message: bytes, chance: bytes) -> bytes:
    t, rho = _unpacked(public[:-32], 12), public[-32:]
    y = [_ntt(_noise(chance, place, p.eta1)) for place in range(p.k)]
    columns = [[_uniform(rho, column, row) for row in range(p.k)] for column in range(p.k)]
    u = [
        _plus(_inverse_ntt(_dot(column, y)), _noise(chance, p.k + place, _ETA2)) for place, column in enumerate(columns)
    ]
    text = [_expanded_one(bit, 1) for bit in _unpacked(message, 1)[0]]
    v = _plus(_plus(_inverse_ntt(_dot(t, y)), _noise(chance, 2 * p.k, _ETA2)), text)
    parts = [_packed([_compressed(value, p.du) for value in one], p.du) for one in u]
    return b"".join(parts) + _packed([_compressed(value, p.dv) for value in v], p.dv)


def _uniform(rho: bytes, column: int, row: int) -> Polynomial:
    stream = hashlib.shake_128(rho + bytes([column, row])).digest(3 * 400)  # 256 of 800 draws, beyond all doubt
    found: Polynomial = []
    for place in range(0, len(stream), 3):
        three = int.from_bytes(stream[place : place + 3], "little")
        found += [value for value in (three & 0xFFF, three >> 12) if value < _Q]
    return found[:_N]


def _noise(seed: bytes, number: int, eta: int) -> Polynomial:
    """The centred binomial distribution (algorithm 8)."""
    bits = int.from_bytes(hashlib.shake_256(seed + bytes([number])).digest(64 * eta), "little")
    limit = (1 << eta) - 1
    halves = [(bits >> eta * place & limit).bit_count() for place in range(2 * _N)]
    return [(one - other) % _Q for one, other in zip(halves[::2], halves[1::2], strict=True)]


def _compressed(value: int, bits: int) -> int:
    return ((value << bits + 1) + _Q) // (2 * _Q) % (1 << bits)


def _expanded_one(value: int, bits: int) -> int:
    return (value * _Q * 2 + (1 << bits)) >> bits + 1


def _expanded(polynomial: Polynomial, bits: int) -> Polynomial:
    return [_expanded_one(value, bits) for value in polynomial]


def _packed(polynomial: Polynomial, bits: int) -> bytes:
    return sum(value << bits * place for place, value in enumerate(polynomial)).to_bytes(32 * bits, "little")


def _unpacked(text: bytes, bits: int) -> list[Polynomial]:
    size, limit = 32 * bits, (1 << bits) - 1
    numbers = [int.from_bytes(text[place : place + size], "little") for place in range(0, len(text), size)]
    return [[number >> bits * place & limit for place in range(_N)] for number in numbers]


def _reversed_bits(number: int) -> int:
    return int(f"{number:07b}"[::-1], 2)


_ZETAS = [pow(17, _reversed_bits(number), _Q) for number in range(128)]
_GAMMAS = [pow(17, 2 * _reversed_bits(number) + 1, _Q) for number in range(128)]


def _ntt(polynomial: Polynomial) -> Polynomial:
    found, root, length = list(polynomial), 0, 128
    while length >= 2:
        for start in range(0, _N, 2 * length):
            root += 1
            for place in range(start, start + length):
                turned = _ZETAS[root] * found[place + length] % _Q
                found[place + length] = (found[place] - turned) % _Q
                found[place] = (found[place] + turned) % _Q
        length //= 2
    return found


def _inverse_ntt(polynomial: Polynomial) -> Polynomial:
    found, root, length = list(polynomial), 128, 2
    while length <= 128:
        for start in range(0, _N, 2 * length):
            root -= 1
            for place in range(start, start + length):
                one, other = found[place], found[place + length]
                found[place] = (one + other) % _Q
                found[place + length] = _ZETAS[root] * (other - one) % _Q
        length *= 2
    inverse = pow(128, -1, _Q)
    return [value * inverse % _Q for value in found]


def _dot(one: list[Polynomial], other: list[Polynomial]) -> Polynomial:
    """The sum of the products of transformed polynomials (algorithms 11 and 12)."""
    found = [0] * _N
    for left, right in zip(one, other, strict=True):
        for pair, gamma in enumerate(_GAMMAS):
            a0, a1, b0, b1 = left[2 * pair], left[2 * pair + 1], right[2 * pair], right[2 * pair + 1]
            found[2 * pair] += a0 * b0 + a1 * b1 * gamma
            found[2 * pair + 1] += a0 * b1 + a1 * b0
    return [value % _Q for value in found]


def _plus(one: Polynomial, other: Polynomial) -> Polynomial:
    return [(a + b) % _Q for a, b in zip(one, other, strict=True)]


def _minus(one: Polynomial, other: Polynomial) -> Polynomial:
    return [(a - b) % _Q for a, b in zip(one, other, strict=True)]
