"""What the record of KMS calls says of data key pairs, and what the bytes of a key hold. A check does the judging.

The package cryptography has errors of several kinds for bytes that are no key, and knows no key of ML-KEM-512.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from kms_katas.grading import tampering
from kms_katas.grading.fresh import Fresh
from kms_katas.lab import Call, Lab

_FRONT = 200
"""How far into a message the points of a curve are looked for, in bytes."""
_SMALLEST_REST = 16


def public_key_of(wrapped_private_key: bytes, calls: Iterable[Call]) -> bytes | None:
    """The public key, in DER, of the pair whose encrypted private key KMS gave in these calls, re-encrypted or not."""
    made: dict[bytes, bytes] = {}
    for call in calls:
        given = call.response or {}
        if blob := given.get("PrivateKeyCiphertextBlob"):
            made[blob] = given["PublicKey"]
        elif call.operation == "ReEncrypt" and given and call.parameters["CiphertextBlob"] in made:
            made[given["CiphertextBlob"]] = made[call.parameters["CiphertextBlob"]]
    return made.get(wrapped_private_key)


def context_of(ciphertext: bytes, calls: Iterable[Call]) -> dict[str, str]:
    """The encryption context under which KMS gave this ciphertext in these calls; empty where it gave none such."""
    for call in calls:
        given, name = call.response or {}, "DestinationEncryptionContext" if call.operation == "ReEncrypt" else ""
        if ciphertext in (given.get("PrivateKeyCiphertextBlob"), given.get("CiphertextBlob")):
            return dict(call.parameters.get(name or "EncryptionContext") or {})
    return {}


def private_key_of(wrapped_private_key: bytes, context: Mapping[str, str], lab: Lab) -> Any:
    """The private key as the library has it. None when it knows none such, or KMS opens none of the home account."""
    kms = lab.home.admin.client("kms")
    try:
        opened = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext=context)
        return load_der_private_key(opened["Plaintext"], None, unsafe_skip_rsa_key_validation=True)
    except Exception:
        return None


@dataclass(frozen=True)
class Kind:
    """What a check has to know of a kind of key pair."""

    rsa_bytes: int = 0
    """Of RSA the length of the modulus, in bytes."""
    signs_only: bool = False
    headers: tuple[int, ...] = (0,)
    """How many bytes usually stand in front of what is encrypted to such a key, nonce apart."""
    curve: ec.EllipticCurve | None = None

    @property
    def tries(self) -> int | None:
        """How many changes of one sort to try: to load an RSA key of 4,096 bits takes 0.3 s, one of 2,048 bits 0.04."""
        return {0: None, 256: 3}.get(self.rsa_bytes, 2)

    @property
    def forgeries(self) -> int | None:
        """How many forgeries to try: of each digest and nonce that may be meant one, so more than of other changes."""
        return {0: None, 256: 8, 384: 4}.get(self.rsa_bytes, 2)

    def headers_of(self, message: bytes) -> tuple[int, ...]:
        """The same of one message: up to the points of the curve that are seen in it, if any are."""
        if self.curve is None:
            return self.headers
        size = 1 + 2 * ((self.curve.key_size + 7) // 8)
        ends = [at + size for at in range(_FRONT) if _is_point(message[at : at + size], self.curve)]
        short = (size + 1) // 2
        if not ends and _is_point(message[:short], self.curve):
            ends = [short]
        return (0, *ends) if ends else self.headers


def kind_of(public_key: bytes) -> Kind:
    """The kind of a public key in DER; Kind() for what is none that the library knows."""
    key = _public_key_in(public_key)
    if isinstance(key, rsa.RSAPublicKey):
        return Kind(rsa_bytes=key.key_size // 8, headers=(0, key.key_size // 8))
    if isinstance(key, ec.EllipticCurvePublicKey):
        size = (key.curve.key_size + 7) // 8
        return Kind(headers=(0, 1 + size, 1 + 2 * size, len(public_key)), curve=key.curve)
    if isinstance(key, (mlkem.MLKEM768PublicKey, mlkem.MLKEM1024PublicKey)):
        return Kind(headers=(0, 1088 if isinstance(key, mlkem.MLKEM768PublicKey) else 1568))
    return Kind(signs_only=isinstance(key, ed25519.Ed25519PublicKey))


def _public_key_in(data: bytes) -> Any:
    try:
        return load_der_public_key(data)
    except Exception:
        return None


def is_public_pem(data: bytes) -> bool:
    try:
        load_pem_public_key(data)
    except Exception:
        return False
    return True


def same_public_key(one: bytes, other: bytes) -> bool:
    """Whether two DERs hold the same public key, however its point is written."""
    loaded = _public_key_in(one)
    if one == other or loaded is None:
        return one == other
    return bool(loaded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == other)


def holds_private_key(data: bytes, calls: Iterable[Call]) -> bool:
    """Whether `data` is a private key without a password, or holds one that KMS gave in these calls."""
    given = ((call.response or {}).get("PrivateKeyPlaintext") for call in calls)
    return any(key in data for key in given if key) or any(
        _is_private_key(data, load) for load in (load_der_private_key, load_pem_private_key)
    )


def _is_private_key(data: bytes, load: Any) -> bool:
    try:
        load(data, None, unsafe_skip_rsa_key_validation=True)
    except Exception:
        return False
    return True


def _is_point(data: bytes, curve: ec.EllipticCurve) -> bool:
    if data[:1] not in (b"\2", b"\3", b"\4"):
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(curve, data)
    except ValueError:
        return False
    return True


def altered(
    message: bytes, payload: bytes, wanted: bytes, public_key: bytes, fresh: Fresh
) -> Iterator[tampering.Altered]:
    """Changes of a message in one piece: in every region, of its length, with digests made anew."""
    kind = kind_of(public_key)
    yield from (
        _altered_under_rsa(message, kind, fresh) if kind.rsa_bytes else tampering.altered_at_random(message, fresh)
    )
    for head in kind.headers_of(message):
        for what, changed in tampering.forged(message[head:], payload, wanted, public_key)[: kind.forgeries]:
            yield what, message[:head] + changed


def _altered_under_rsa(message: bytes, kind: Kind, fresh: Fresh) -> Iterator[tampering.Altered]:
    """As few as `kind` says, and not in the block of RSA, where its padding notices them: behind it, one in front."""
    rest = len(message) - kind.rsa_bytes
    rest = len(message) if rest < _SMALLEST_REST else rest
    parts = kind.tries or 2
    for number in range(parts):
        low, high = (rest * part // parts for part in (number, number + 1))
        at = len(message) - rest + fresh.integer(low, high - 1)
        yield f"byte {at} of {len(message)} changed", tampering.flip(message, at)
    at = fresh.integer(0, rest - 1)
    yield f"byte {at} of {len(message)} changed", tampering.flip(message, at)
    yield from tampering.drawn((*tampering.ends_changed(message), *tampering.cut_or_moved(message)), fresh, 1)


def moved(message: bytes, length: int, kind: Kind) -> Iterator[tampering.Altered]:
    """Pieces left out or exchanged, where the message looks like pieces that were sealed one by one."""
    for head in kind.headers_of(message):
        for what, changed in islice(tampering.pieces_moved(message[head:], length), kind.tries):
            yield what, message[:head] + changed
    if kind.rsa_bytes and length < 1_000 and len(message) % kind.rsa_bytes == 0:
        yield "its last piece left out", message[: -kind.rsa_bytes]
