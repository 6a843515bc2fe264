"""Weak ways to seal a message to a public key, as its private key shows them. Not for judging: a check does that.

It finds what learners do, in whatever layout: raw, base64 or hexadecimal. It is no proof that a message is sound.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
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
    PRIVATE_KEY_INSIDE = "a private key stands in the message"
    SECRET_AS_KEY = "the ECDH secret itself is the key"
    KEY_OF_PUBLIC_KEY = "the key comes from the public key alone"
    PKCS1_V15 = "RSA with the padding of PKCS #1 v1.5"
    NO_PADDING = "RSA without padding"


WORDS: Mapping[Weakness, tuple[str, str, str]] = {
    Weakness.PRIVATE_KEY_INSIDE: (
        "A private key stands in the message. With that and the public key, which the device holds, anybody opens it: "
        "ECDH works from both ends.",
        "the public half of the ephemeral key in the message, and its private half forgotten",
        "Put the ephemeral *public* key into the message; `open_sealed` has the other private key.",
    ),
    Weakness.KEY_OF_PUBLIC_KEY: (
        "The payload is encrypted under a key that comes from the public key alone. Whoever has the device makes that "
        "key again.",
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


def weakness_of(message: bytes, payload: bytes, private_key: Any) -> Weakness | None:
    """What is weak in `message`, which holds `payload` (32 bytes or more) for the owner of `private_key`.

    `private_key` is one of the package cryptography; of other kinds than RSA and elliptic curves only a private key in
    the message is looked for.
    """
    readings = (message, *_decoded(message))
    text = b"".join(readings)
    if _holds_private_key(text):
        return Weakness.PRIVATE_KEY_INSIDE
    if isinstance(private_key, rsa.RSAPrivateKey):
        return next(filter(None, (_weakness_of_rsa(reading, private_key) for reading in readings)), None)
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        if any(_opens(key, text, payload) for key in _secrets(text, private_key)):
            return Weakness.SECRET_AS_KEY
        if any(_opens(key, text, payload) for key in _keys_of_public_key(private_key.public_key())):
            return Weakness.KEY_OF_PUBLIC_KEY
    return None


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


def _secrets(text: bytes, private_key: ec.EllipticCurvePrivateKey) -> Iterator[bytes]:
    """What ECDH gives with each point in `text`, cut to the lengths of AES keys."""
    size = (private_key.curve.key_size + 7) // 8
    for at, kind in enumerate(text):
        length = {2: 1 + size, 3: 1 + size, 4: 1 + 2 * size}.get(kind)
        if length is None or at + length > len(text):
            continue
        try:
            point = ec.EllipticCurvePublicKey.from_encoded_point(private_key.curve, text[at : at + length])
        except ValueError:
            continue
        secret = private_key.exchange(ec.ECDH(), point)
        yield from {part for count in _KEY_BYTES for part in (secret[:count], secret[-count:]) if len(part) == count}


def _keys_of_public_key(public_key: ec.EllipticCurvePublicKey) -> Iterator[bytes]:
    for form in (
        public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        public_key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint),
    ):
        digest = hashes.Hash(hashes.SHA256())
        digest.update(form)
        yield from (form[:32], form[-32:], form[1:33], digest.finalize())
        yield HKDF(hashes.SHA256(), 32, None, b"").derive(form)


def _opens(key: bytes, text: bytes, payload: bytes) -> bool:
    """Whether AES in GCM, CTR or CBC, or ChaCha20, under `key` makes a part of `text` of the first block of `payload`.

    The nonce is not needed: AES backwards gives the counter that made a block, and that of GCM ends in 2.
    """
    first = payload[:_BLOCK]
    blocks = [text[at : at + _BLOCK] for at in range(len(text) - _BLOCK + 1)]
    backwards = Cipher(algorithms.AES(key), modes.ECB()).decryptor().update
    for block in blocks:
        counter = backwards(_xor(block, first))
        if counter.endswith(b"\0\0\0\2") or counter in text or not any(counter):
            return True
        before = _xor(backwards(block), first)
        if before in text or not any(before):
            return True
    nonces = {bytes(12), *(text[at : at + 12] for at in range(len(text) - 11))} if len(key) == 32 else ()
    return any(
        Cipher(algorithms.ChaCha20(key, b"\1\0\0\0" + nonce), None).encryptor().update(first) in text
        for nonce in nonces
    )


def _weakness_of_rsa(reading: bytes, private_key: rsa.RSAPrivateKey) -> Weakness | None:
    size = private_key.key_size // 8
    last = len(reading) - size
    # Each place costs milliseconds: in front, behind a short header, a length or a nonce, and at the end.
    for at in sorted(place for place in {0, 1, 2, 3, 4, 5, 8, 12, 16, last} if 0 <= place <= last):
        block = _raw(private_key, int.from_bytes(reading[at : at + size])).to_bytes(size)
        if block.startswith(bytes(size // 4)):
            return Weakness.NO_PADDING
        # 00 02, at least 8 bytes that are not 0, then 00 and a key, or a payload as short as that.
        if block.startswith(b"\0\2") and 10 <= block.find(b"\0", 2) >= size - 65:
            return Weakness.PKCS1_V15
    return None


def _raw(private_key: rsa.RSAPrivateKey, value: int) -> int:
    """RSA backwards, with the padding left on."""
    numbers = private_key.private_numbers()
    one, other = pow(value, numbers.dmp1, numbers.p), pow(value, numbers.dmq1, numbers.q)
    return other + numbers.q * ((one - other) * numbers.iqmp % numbers.p)


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))
