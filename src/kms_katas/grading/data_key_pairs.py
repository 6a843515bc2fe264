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
from kms_katas.lab import Call, Lab


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

    @property
    def tries(self) -> int:
        """How many changes of one sort to try: to load an RSA key of 4,096 bits takes 0.3 s, one of 2,048 bits 0.04."""
        return {0: 16, 256: 8, 384: 4}.get(self.rsa_bytes, 2)


def kind_of(public_key: bytes) -> Kind:
    """The kind of a public key in DER; Kind() for what is none that the library knows."""
    key = _public_key_in(public_key)
    if isinstance(key, rsa.RSAPublicKey):
        return Kind(rsa_bytes=key.key_size // 8, headers=(0, key.key_size // 8))
    if isinstance(key, ec.EllipticCurvePublicKey):
        size = (key.curve.key_size + 7) // 8
        return Kind(headers=(0, 1 + size, 1 + 2 * size, len(public_key)))
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


def altered(message: bytes, payload: bytes, wanted: bytes, public_key: bytes) -> Iterator[tampering.Altered]:
    """Changes of a message in one piece: in every region, of its length, with digests made anew."""
    kind = kind_of(public_key)
    yield from tampering.thinned(tampering.altered(message), kind.tries)
    for head in kind.headers:
        for what, changed in islice(tampering.forged(message[head:], payload, wanted, public_key), kind.tries):
            yield what, message[:head] + changed


def moved(message: bytes, length: int, kind: Kind) -> Iterator[tampering.Altered]:
    """Pieces left out or exchanged, where the message looks like pieces that were sealed one by one."""
    for head in kind.headers:
        for what, changed in islice(tampering.pieces_moved(message[head:], length), kind.tries):
            yield what, message[:head] + changed
    if kind.rsa_bytes and length < 1_000 and len(message) % kind.rsa_bytes == 0:
        yield "its last piece left out", message[: -kind.rsa_bytes]
