"""Weak ways to seal a message to a public key, as its private key shows them. Not for judging: a check does that.

It finds what learners do, in whatever layout: raw, base64 or hexadecimal. It is no proof that a message is sound.
"""

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

_BLOCK = 16
_KEY_BYTES = (32, 16, 24)


class Weakness(Enum):
    NO_ROOM = "the message is too short to carry what the private key would need"
    KEY_AGAIN = "two messages have one key"
    PRIVATE_KEY_INSIDE = "a private key stands in the message"
    KEY_INSIDE = "the content key stands in the message"
    SECRET_AS_KEY = "the ECDH secret itself is the key"
    KEY_OF_PUBLIC_KEY = "the key comes from the public key alone"
    PKCS1_V15 = "RSA with the padding of PKCS #1 v1.5"
    NO_PADDING = "RSA without padding"


WORDS: Mapping[Weakness, tuple[str, str, str]] = {
    Weakness.NO_ROOM: (
        "The message has no room for an ephemeral public key, or for a key encrypted to the public key. So its key "
        "comes from what stays, the public key or the code, and whoever has the device has that too.",
        "a message that carries what the private key needs to find its key",
        "Make a new ephemeral key or a new content key for each message, and put its public half, or it in encrypted "
        "form, into the message.",
    ),
    Weakness.KEY_AGAIN: (
        "Two messages came under one ephemeral key, or under one content key. The device keeps that key, so whoever "
        "gets the device opens every message that it still lies under.",
        "a new key for each message, which the device forgets",
        "Make the ephemeral key, or the content key, anew inside the function that seals.",
    ),
    Weakness.PRIVATE_KEY_INSIDE: (
        "A private key stands in the message. With that and the public key, which the device holds, anybody opens it: "
        "ECDH works from both ends.",
        "the public half of the ephemeral key in the message, and its private half forgotten",
        "Put the ephemeral *public* key into the message; `open_sealed` has the other private key.",
    ),
    Weakness.KEY_INSIDE: (
        "The content key stands in the message, beside the same key encrypted to the public key. Whoever finds the "
        "message opens it, and the private key is not needed.",
        "the content key in its encrypted form alone",
        "Leave the content key out of the message; `open_sealed` gets it by the private key.",
    ),
    Weakness.KEY_OF_PUBLIC_KEY: (
        "The payload is encrypted under a key that comes from the public key, or from it and the message, alone. "
        "Whoever has the device makes that key again.",
        "a key that nobody can make without the private key",
        "Make a new ephemeral key pair for each message, and derive the key from what ECDH gives.",
    ),
    Weakness.SECRET_AS_KEY: (
        "The ECDH secret itself is the key. It is a coordinate of a point, so not every value can occur, and nothing "
        "ties it to its use: NIST SP 800-56A has it go through a key derivation function.",
        "a key derived from the secret",
        "Put the secret through HKDF, with the ephemeral public key in `info`, and take what that gives.",
    ),
    Weakness.PKCS1_V15: (
        "RSA is used with the padding of PKCS #1 v1.5. Whoever can send altered messages, and see which are refused as "
        "wrongly padded or how fast, finds the content little by little (Bleichenbacher, 1998).",
        "RSA with OAEP padding",
        "Give `encrypt` and `decrypt` `padding.OAEP(...)` with SHA-256.",
    ),
    Weakness.NO_PADDING: (
        "RSA is used without padding. Equal keys then look equal, and a product of two ciphertexts is the ciphertext "
        "of a product: the attacker calculates with keys that they cannot see.",
        "RSA with OAEP padding",
        "Give `encrypt` and `decrypt` `padding.OAEP(...)` with SHA-256.",
    ),
}
"""What is wrong, what is expected, one next step."""


def weakness_of(sealed: Sequence[tuple[bytes, Any]], payload: bytes) -> Weakness | None:
    """What is weak in messages, each with the private key of whom it is for. They are for two receivers or more.

    Each holds `payload`, which is random and has 32 bytes or more. The private keys are of the package cryptography. Of
    kinds other than RSA, elliptic curves and ML-KEM only a private key in a message is looked for. A padding of RSA is
    weak where all messages under RSA have it, so let there be two of them or more.
    """
    again: dict[int, set[bytes]] = {}
    content_keys, paddings = list[bytes](), list[Weakness | None]()
    place: int | None = None
    for message, private_key in sealed:
        readings = (message, *_decoded(message))
        text = b"".join(readings)
        if _holds_private_key(text):
            return Weakness.PRIVATE_KEY_INSIDE
        if len(message) < _least_bytes(payload, private_key):
            return Weakness.NO_ROOM
        if isinstance(private_key, rsa.RSAPrivateKey):
            # One function sealed them all: what opens at no place of the first opens at none of the others.
            key, place, encrypted = (
                _content_key(readings, private_key, place) if place is not None or not paddings else (None, None, b"")
            )
            if all(paddings):
                found = (_weakness_of_rsa(reading, private_key, encrypted) for reading in readings)
                paddings.append(next(filter(None, found), None))
            if key is not None and payload not in key:
                if len(key) >= _BLOCK and key in text:
                    return Weakness.KEY_INSIDE
                content_keys.append(key)
        elif isinstance(private_key, ec.EllipticCurvePrivateKey) and id(private_key) in again:
            # Of what stays the same for a receiver, a whole point is never one by chance, and half of one may be.
            if any(point in text for point in again[id(private_key)]):
                return Weakness.KEY_AGAIN
        elif isinstance(private_key, ec.EllipticCurvePrivateKey):
            points = _points(text, private_key.curve) - {_point(private_key.public_key())}
            secrets = list(_secrets(points, private_key))
            if any(opens(key, text, payload) for opens in (_opens_aes, _opens_chacha) for key in secrets):
                return Weakness.SECRET_AS_KEY
            if any(_opens_aes(key, text, payload) for key in _keys_of_public_key(private_key.public_key(), points)):
                return Weakness.KEY_OF_PUBLIC_KEY
            again[id(private_key)] = points
    # Under OAEP one block in 2,000 begins, by chance, as under PKCS #1 v1.5. So every message has to.
    if paddings and all(paddings):
        return paddings[0]
    # Bytes that only name the receiver differ from one to the other; a header that never changes holds no point.
    # So of points that may be there by chance the first message for each receiver counts.
    same_point = len(again) > 1 and bool(set.intersection(*again.values()))
    return Weakness.KEY_AGAIN if same_point or len(set(content_keys)) < len(content_keys) else None


def _least_bytes(payload: bytes, private_key: Any) -> int:
    """How long a message is at least that carries `payload`, and a coordinate of a point or an encrypted key.

    RSA may encrypt a short payload itself.
    """
    match private_key:
        case rsa.RSAPrivateKey():
            return private_key.key_size // 8
        case ec.EllipticCurvePrivateKey():
            return len(payload) + private_key.curve.key_size // 8
        case mlkem.MLKEM768PrivateKey():
            return len(payload) + 1088
        case mlkem.MLKEM1024PrivateKey():
            return len(payload) + 1568
    return len(payload) + _BLOCK


def _decoded(message: bytes) -> Iterator[bytes]:
    """What the runs of base64 and of hexadecimal digits in `message` mean."""
    for run in re.findall(rb"[A-Za-z0-9+/_-]{16,}", message):
        padded = run.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(run) % 4)
        for decode in (base64.b64decode, binascii.unhexlify):
            try:
                yield decode(padded if decode is base64.b64decode else run)
            except binascii.Error:
                continue


def _holds_private_key(text: bytes) -> bool:
    for at in (match.start() for match in re.finditer(rb"\x30(?=[\x20-\x7f\x81\x82])", text)):
        size, start = text[at + 1], at + 2
        if size > 0x80:
            start += size - 0x80
            size = int.from_bytes(text[at + 2 : start])
        if start + size <= len(text) and text[start : start + 2] == b"\x02\x01":
            try:
                load_der_private_key(text[at : start + size], None)
                return True
            except Exception:  # the library has errors of several kinds for bytes that are no key
                continue
    return False


def _points(text: bytes, curve: ec.EllipticCurve) -> set[bytes]:
    """Every point of the curve that stands in `text`, and some that stand there by chance."""
    size, found = (curve.key_size + 7) // 8, set()
    for at, kind in enumerate(text):
        length = {2: 1 + size, 3: 1 + size, 4: 1 + 2 * size}.get(kind)
        if length is not None and at + length <= len(text):
            try:
                found.add(_point(ec.EllipticCurvePublicKey.from_encoded_point(curve, text[at : at + length])))
            except ValueError:
                continue
    return found


def _point(public_key: ec.EllipticCurvePublicKey) -> bytes:
    return public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _secrets(points: Iterable[bytes], private_key: ec.EllipticCurvePrivateKey) -> Iterator[bytes]:
    """What ECDH gives with each of these points, cut to the lengths of AES keys."""
    for point in points:
        public_key = ec.EllipticCurvePublicKey.from_encoded_point(private_key.curve, point)
        secret = private_key.exchange(ec.ECDH(), public_key)
        yield from {part for count in _KEY_BYTES for part in (secret[:count], secret[-count:]) if len(part) == count}


def _keys_of_public_key(public_key: ec.EllipticCurvePublicKey, points: Iterable[bytes]) -> Iterator[bytes]:
    """Keys that a learner may make of the public key, alone or with a point that stands in the message."""
    for form in (
        public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        public_key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint),
    ):
        yield from (form[:32], form[-32:], form[1:33], _sha256(form))
        yield HKDF(hashes.SHA256(), 32, None, b"").derive(form)
        for point in points:
            yield from (_sha256(point + form), _sha256(form + point))
            yield HKDF(hashes.SHA256(), 32, None, point).derive(form)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _opens_aes(key: bytes, text: bytes, payload: bytes) -> bool:
    """Whether AES in GCM, CTR or CBC under `key` makes a part of `text` of the first block of `payload`.

    The nonce is not needed: AES backwards gives the counter that made a block, and that of GCM ends in 2.
    """
    first, (blocks, known) = payload[:_BLOCK], _windows(text)
    count = len(blocks) // _BLOCK
    backwards = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    counters = backwards.update(_xor(blocks, first * count))
    before = _xor(backwards.update(blocks), first * count)
    # All blocks at once: in a loop over them, this would be most of what the check costs.
    cut = f"{_BLOCK}s" * count
    return not all(known.isdisjoint(struct.unpack(cut, each)) for each in (counters, before)) or (2, 0, 0, 0) in zip(
        *(counters[15 - at :: _BLOCK] for at in range(4)), strict=True
    )


@lru_cache(maxsize=1)
def _windows(text: bytes) -> tuple[bytes, frozenset[bytes]]:
    """Every 16 bytes in a row: one after the other, and as a set, in which 16 zeros are too."""
    pieces = [text[at : at + _BLOCK] for at in range(len(text) - _BLOCK + 1)]
    return b"".join(pieces), frozenset((*pieces, bytes(_BLOCK)))


def _opens_chacha(key: bytes, text: bytes, payload: bytes) -> bool:
    """Whether ChaCha20 under `key`, with a nonce of zeros or one in `text`, does the same."""
    if len(key) != 32:
        return False
    stream, first = Cipher(algorithms.ChaCha20(key, bytes(_BLOCK)), None).encryptor(), payload[:_BLOCK]
    for nonce in {bytes(12), *(text[at : at + 12] for at in range(len(text) - 11))}:
        stream.reset_nonce(b"\1\0\0\0" + nonce)
        if stream.update(first) in text:
            return True
    return False


def _blocks(reading: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    """What may be encrypted by RSA, and where: in front, behind a short header, a length or a nonce, and at the end.

    Not everywhere, for each place costs milliseconds.
    """
    last = len(reading) - size
    for at in sorted(place for place in {0, 1, 2, 3, 4, 5, 8, 12, 16, last} if 0 <= place <= last):
        yield at, reading[at : at + size]


def _weakness_of_rsa(reading: bytes, private_key: rsa.RSAPrivateKey, known: bytes) -> Weakness | None:
    """`known` was encrypted under OAEP, if anything was: what lies across it in part is no ciphertext, nor is a text.

    They are left out, for each place costs milliseconds.
    """
    size = private_key.key_size // 8
    there = reading.find(known) if known else -1
    for at, encrypted in _blocks(reading, size):
        if encrypted.isascii() or (there >= 0 and abs(at - there) < size):
            continue
        block = _raw(private_key, int.from_bytes(encrypted)).to_bytes(size)
        if block.startswith(bytes(size // 4)):
            return Weakness.NO_PADDING
        # 00 02, at least 8 bytes that are not 0, then 00 and a key, or a payload as short as that.
        if block.startswith(b"\0\2") and 10 <= block.find(b"\0", 2) >= size - 65:
            return Weakness.PKCS1_V15
    return None


def _content_key(
    readings: Iterable[bytes], private_key: rsa.RSAPrivateKey, likely: int | None
) -> tuple[bytes | None, int | None, bytes]:
    """The key that stands in a message under RSA-OAEP, with SHA-256 or SHA-1; at which place, which `likely` is; and
    how it stands there.
    """
    blocks = (block for reading in readings for _, block in _blocks(reading, private_key.key_size // 8))
    places = list(enumerate((block, digest) for block in blocks for digest in (hashes.SHA256(), hashes.SHA1())))
    for place, (encrypted, digest) in sorted(places, key=lambda each: each[0] != likely):
        try:
            return private_key.decrypt(encrypted, padding.OAEP(padding.MGF1(digest), digest, None)), place, encrypted
        except ValueError:
            continue
    return None, None, b""


def _raw(private_key: rsa.RSAPrivateKey, value: int) -> int:
    """RSA backwards, with the padding left on."""
    numbers = private_key.private_numbers()
    one, other = pow(value, numbers.dmp1, numbers.p), pow(value, numbers.dmq1, numbers.q)
    return other + numbers.q * ((one - other) * numbers.iqmp % numbers.p)


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))
