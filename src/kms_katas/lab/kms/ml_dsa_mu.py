"""ML-DSA from the message representative mu on (FIPS 204), which no library of ours offers: MessageType EXTERNAL_MU.

For the lab: slow, and not constant in time, so no code for real private keys. Whole messages are the library's; what
this file signs, the library verifies and the other way round.

Names follow FIPS 204: algorithms 6, 7 and 8 for keys, signing and verifying, section 7 for the parts. A polynomial is a
list of 256 coefficients, a vector a list of polynomials.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

_Q = 8380417
_D = 13
_N = 256

Polynomial = list[int]
Vector = list[Polynomial]


@dataclass(frozen=True, slots=True)
class Parameters:
    """Table 1 of FIPS 204. `challenge_bytes`: the length of c tilde."""

    k: int
    l: int  # noqa: E741  (its name in the standard)
    eta: int
    tau: int
    gamma1: int
    gamma2: int
    omega: int
    challenge_bytes: int

    @property
    def beta(self) -> int:
        return self.tau * self.eta

    @property
    def z_bits(self) -> int:
        return self.gamma1.bit_length()

    @property
    def w1_bits(self) -> int:
        return ((_Q - 1) // (2 * self.gamma2) - 1).bit_length()


SETS = {
    44: Parameters(4, 4, 2, 39, 2**17, (_Q - 1) // 88, 80, 32),
    65: Parameters(6, 5, 4, 49, 2**19, (_Q - 1) // 32, 55, 48),
    87: Parameters(8, 7, 2, 60, 2**19, (_Q - 1) // 32, 75, 64),
}


def sign(number: int, seed: bytes, mu: bytes, chance: bytes) -> bytes:
    """The signature of `mu` (64 bytes) by the key pair of `seed` (32 bytes); `chance` has 32 bytes."""
    p = SETS[number]
    expanded = _shake(seed + bytes([p.k, p.l]), 128)
    rho, rho_s, secret = expanded[:32], expanded[32:96], expanded[96:]
    matrix = _matrix(p, rho)
    s1 = [_bounded(p, rho_s, place) for place in range(p.l)]
    s2 = [_bounded(p, rho_s, p.l + place) for place in range(p.k)]
    s1_hat, s2_hat = [_ntt(one) for one in s1], [_ntt(one) for one in s2]
    t = [_plus(_inverse_ntt(one), other) for one, other in zip(_product(matrix, s1_hat), s2, strict=True)]
    t0_hat = [_ntt([_centred(value % _Q, 2**_D) for value in one]) for one in t]
    seed_of_masks = _shake(secret + chance + mu, 64)
    for kappa in count(step=p.l):
        y = [_mask(p, seed_of_masks, kappa + place) for place in range(p.l)]
        w = [_inverse_ntt(one) for one in _product(matrix, [_ntt(one) for one in y])]
        w1 = [[_decomposed(p, value)[0] for value in one] for one in w]
        challenge = _shake(mu + _packed(w1, p.w1_bits), p.challenge_bytes)
        c_hat = _ntt(_ball(p, challenge))
        z = [_plus(one, _times(c_hat, other)) for one, other in zip(y, s1_hat, strict=True)]
        rest = [_minus(one, _times(c_hat, other)) for one, other in zip(w, s2_hat, strict=True)]
        r0 = [[_decomposed(p, value)[1] for value in one] for one in rest]
        ct0 = [_times(c_hat, one) for one in t0_hat]
        if _norm(z) >= p.gamma1 - p.beta or max(abs(v) for one in r0 for v in one) >= p.gamma2 - p.beta:
            continue
        hint = [
            [int(_decomposed(p, a)[0] != _decomposed(p, a + b)[0]) for a, b in zip(one, other, strict=True)]
            for one, other in zip(rest, ct0, strict=True)
        ]
        if _norm(ct0) < p.gamma2 and sum(map(sum, hint)) <= p.omega:
            z_text = _packed([[(p.gamma1 - value) % _Q for value in one] for one in z], p.z_bits)
            return challenge + z_text + _hint_bytes(p, hint)
    raise AssertionError("unreachable")


def verify(number: int, public: bytes, mu: bytes, signature: bytes) -> bool:
    p = SETS[number]
    z_size = p.l * 32 * p.z_bits
    if len(signature) != p.challenge_bytes + z_size + p.omega + p.k:
        return False
    challenge = signature[: p.challenge_bytes]
    z_text = signature[p.challenge_bytes : p.challenge_bytes + z_size]
    z = [[p.gamma1 - value for value in one] for one in _unpacked(z_text, p.z_bits)]
    hint = _read_hint(p, signature[p.challenge_bytes + z_size :])
    if hint is None or _norm(z) >= p.gamma1 - p.beta:
        return False
    t1_hat = [_ntt([value << _D for value in one]) for one in _unpacked(public[32:], 10)]
    c_hat = _ntt(_ball(p, challenge))
    product = _product(_matrix(p, public[:32]), [_ntt(one) for one in z])
    w = [
        _inverse_ntt([(a - c * t) % _Q for a, c, t in zip(one, c_hat, other, strict=True)])
        for one, other in zip(product, t1_hat, strict=True)
    ]
    w1 = [[_with_hint(p, bit, value) for bit, value in zip(*pair, strict=True)] for pair in zip(hint, w, strict=True)]
    return challenge == _shake(mu + _packed(w1, p.w1_bits), p.challenge_bytes)


def _shake(data: bytes, size: int) -> bytes:
    return hashlib.shake_256(data).digest(size)


def _matrix(p: Parameters, rho: bytes) -> list[Vector]:
    return [[_uniform(rho + bytes([column, row])) for column in range(p.l)] for row in range(p.k)]


def _uniform(seed: bytes) -> Polynomial:
    found: Polynomial = []
    stream = hashlib.shake_128(seed).digest(3 * 400)  # 256 of 400 draws fit but with a chance beyond measure
    for place in range(0, len(stream), 3):
        value = int.from_bytes(stream[place : place + 3], "little") & 0x7FFFFF
        if value < _Q:
            found.append(value)
    return found[:_N]


def _bounded(p: Parameters, seed: bytes, number: int) -> Polynomial:
    found: Polynomial = []
    for byte in _shake(seed + number.to_bytes(2, "little"), 700):
        for half in (byte & 15, byte >> 4):
            if p.eta == 2 and half < 15:
                found.append(2 - half % 5)
            elif p.eta == 4 and half < 9:
                found.append(4 - half)
    return found[:_N]


def _mask(p: Parameters, seed: bytes, number: int) -> Polynomial:
    text = _shake(seed + number.to_bytes(2, "little"), 32 * p.z_bits)
    return [p.gamma1 - value for value in _unpacked(text, p.z_bits)[0]]


def _ball(p: Parameters, challenge: bytes) -> Polynomial:
    stream: Iterator[int] = iter(_shake(challenge, 8 + 1000))
    signs = int.from_bytes(bytes(next(stream) for _ in range(8)), "little")
    found = [0] * _N
    for place in range(_N - p.tau, _N):
        other = next(byte for byte in stream if byte <= place)
        found[place] = found[other]
        found[other] = -1 if signs & 1 else 1
        signs >>= 1
    return found


def _centred(value: int, modulus: int) -> int:
    rest = value % modulus
    return rest - modulus if rest > modulus // 2 else rest


def _decomposed(p: Parameters, value: int) -> tuple[int, int]:
    """High and low bits (algorithm 36)."""
    value %= _Q
    low = _centred(value, 2 * p.gamma2)
    return (0, low - 1) if value - low == _Q - 1 else ((value - low) // (2 * p.gamma2), low)


def _with_hint(p: Parameters, bit: int, value: int) -> int:
    high, low = _decomposed(p, value)
    return (high + (1 if low > 0 else -1)) % ((_Q - 1) // (2 * p.gamma2)) if bit else high


def _norm(vector: Vector) -> int:
    return max(abs(_centred(value, _Q)) for one in vector for value in one)


def _packed(vector: Sequence[Sequence[int]], bits: int) -> bytes:
    return b"".join(
        sum(value << bits * place for place, value in enumerate(one)).to_bytes(32 * bits, "little") for one in vector
    )


def _unpacked(text: bytes, bits: int) -> Vector:
    size, limit = 32 * bits, (1 << bits) - 1
    numbers = [int.from_bytes(text[place : place + size], "little") for place in range(0, len(text), size)]
    return [[number >> bits * place & limit for place in range(_N)] for number in numbers]


def _hint_bytes(p: Parameters, hint: Vector) -> bytes:
    places: list[int] = []
    ends = []
    for one in hint:
        places += [place for place, bit in enumerate(one) if bit]
        ends.append(len(places))
    return bytes(places).ljust(p.omega, b"\0") + bytes(ends)


def _read_hint(p: Parameters, text: bytes) -> Vector | None:
    """None for a form that the standard forbids (algorithm 21)."""
    found, start = [], 0
    for end in text[p.omega :]:
        places = text[start:end]
        if not start <= end <= p.omega or list(places) != sorted(set(places)):
            return None
        found.append([int(place in places) for place in range(_N)])
        start = end
    return None if any(text[start : p.omega]) else found


def _reversed_bits(number: int) -> int:
    return int(f"{number:08b}"[::-1], 2)


_ZETAS = [pow(1753, _reversed_bits(number), _Q) for number in range(_N)]


def _ntt(polynomial: Polynomial) -> Polynomial:
    found, root, length = [value % _Q for value in polynomial], 0, 128
    while length:
        for start in range(0, _N, 2 * length):
            root += 1
            zeta = _ZETAS[root]
            for place in range(start, start + length):
                turned = zeta * found[place + length] % _Q
                found[place + length] = (found[place] - turned) % _Q
                found[place] = (found[place] + turned) % _Q
        length //= 2
    return found


def _inverse_ntt(polynomial: Polynomial) -> Polynomial:
    found, root, length = list(polynomial), _N, 1
    while length < _N:
        for start in range(0, _N, 2 * length):
            root -= 1
            zeta = -_ZETAS[root]
            for place in range(start, start + length):
                one, other = found[place], found[place + length]
                found[place] = (one + other) % _Q
                found[place + length] = zeta * (one - other) % _Q
        length *= 2
    inverse = pow(_N, -1, _Q)
    return [value * inverse % _Q for value in found]


def _product(matrix: list[Vector], vector: Vector) -> Vector:
    """Matrix times vector, both transformed."""

    def row_times_vector(row: Vector) -> Polynomial:
        pairs = zip(zip(*row, strict=True), zip(*vector, strict=True), strict=True)
        return [sum(a * b for a, b in zip(*pair, strict=True)) % _Q for pair in pairs]

    return [row_times_vector(row) for row in matrix]


def _times(one: Polynomial, other: Polynomial) -> Polynomial:
    """The product of two transformed polynomials, transformed back."""
    return _inverse_ntt([a * b % _Q for a, b in zip(one, other, strict=True)])


def _plus(one: Polynomial, other: Polynomial) -> Polynomial:
    return [(a + b) % _Q for a, b in zip(one, other, strict=True)]


def _minus(one: Polynomial, other: Polynomial) -> Polynomial:
    return [(a - b) % _Q for a, b in zip(one, other, strict=True)]
