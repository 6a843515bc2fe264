"""Ed25519ph (RFC 8032, section 5.1), the prehashed form that no library of ours has. For the lab: slow, and not
constant in time, so no code for real private keys.

The message is hashed with SHA-512 and signed under the prefix of the prehashed form. KMS takes a digest as the message
and hashes it once more (botocore shape SignRequest, MessageType).
"""

import hashlib
from typing import TypeAlias

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_1 = pow(2, (_P - 1) // 4, _P)
_PREFIX = b"SigEd25519 no Ed25519 collisions" + bytes([1, 0])  # phflag 1, no context

Point: TypeAlias = tuple[int, int, int, int]
"""x/z, y/z and their product t/z, with z third: X, Y, Z, T."""

_NEUTRAL: Point = (0, 1, 1, 0)


def sign(secret: bytes, message: bytes) -> bytes:
    """The 64-byte signature; `secret` is the private key's 32 bytes."""
    digest = hashlib.sha512(secret).digest()
    scalar = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
    public = _encoded(_times(scalar, _BASE))
    prehash = hashlib.sha512(message).digest()
    nonce = _number(digest[32:], prehash)
    commitment = _encoded(_times(nonce, _BASE))
    challenge = _number(commitment, public, prehash)
    return commitment + ((nonce + challenge * scalar) % _ORDER).to_bytes(32, "little")


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """`public`: the public key's 32 bytes."""
    key = _decoded(public)
    commitment = _decoded(signature[:32])
    proof = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or key is None or commitment is None or proof >= _ORDER:
        return False
    challenge = _number(signature[:32], public, hashlib.sha512(message).digest())
    return _encoded(_times(proof, _BASE)) == _encoded(_sum(commitment, _times(challenge, key)))


def _number(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join((_PREFIX, *parts))).digest(), "little") % _ORDER


def _sum(one: Point, other: Point) -> Point:
    """The complete addition of the twisted Edwards curve with a = -1 (RFC 8032, section 5.1.4)."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = one, other
    minus, plus = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    cross, both = 2 * t1 * t2 * _D % _P, 2 * z1 * z2 % _P
    e, f, g, h = plus - minus, both - cross, both + cross, plus + minus
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: Point) -> Point:
    found = _NEUTRAL
    for bit in bin(scalar)[2:]:
        found = _sum(found, found)
        if bit == "1":
            found = _sum(found, point)
    return found


def _encoded(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    return (y * inverse % _P | (x * inverse % _P & 1) << 255).to_bytes(32, "little")


def _decoded(data: bytes) -> Point | None:
    """The point, None when these bytes are none (RFC 8032, section 5.1.3)."""
    number = int.from_bytes(data, "little")
    y, odd = number & (2**255 - 1), number >> 255
    if len(data) != 32 or y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_1 % _P
    if (x * x - square) % _P or (x == 0 and odd):
        return None
    if x & 1 != odd:
        x = _P - x
    return x, y, 1, x * y % _P


def _base() -> Point:
    point = _decoded((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    assert point is not None
    return point


_BASE = _base()
