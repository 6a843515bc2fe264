"""The bytes that symmetric Encrypt returns and Decrypt takes: made, read, and bound to an encryption context.

Knows no stores. AWS does not document its format. Ours: 1 byte format, 16 bytes locator (stands for key and material
version), 12 bytes nonce, AES-256-GCM body with its tag. Header and encryption context are authenticated with the body,
so no byte of either can change unnoticed.
"""

from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kms_katas.lab.kms.keys import KeyMaterial
from kms_katas.lab.randomness import Randomness

_FORMAT = b"\x01"
_NONCE = slice(17, 29)
_HEADER_SIZE = 29
_TAG_SIZE = 16


def canonical(context: Mapping[str, str]) -> bytes:
    """One byte string for each encryption context: pairs sorted by key, every part led by its length, so no two
    contexts share it.
    """
    parts = []
    for pair in sorted((key.encode(), value.encode()) for key, value in context.items()):
        for part in pair:
            parts.append(len(part).to_bytes(4, "big") + part)
    return b"".join(parts)


def seal(material: KeyMaterial, plaintext: bytes, context: Mapping[str, str], randomness: Randomness) -> bytes:
    """The ciphertext blob of `plaintext` under one key material."""
    assert material.secret is not None  # the key's state saw to it
    header = _FORMAT + material.locator + randomness.bytes(12)
    return header + AESGCM(material.secret).encrypt(header[_NONCE], plaintext, header + canonical(context))


def locator_of(blob: bytes) -> bytes | None:
    """What names key and material version, or None when these bytes cannot be a ciphertext of this engine."""
    if len(blob) < _HEADER_SIZE + _TAG_SIZE or blob[:1] != _FORMAT:
        return None
    return blob[1:17]


def open_sealed(material: KeyMaterial, blob: bytes, context: Mapping[str, str]) -> bytes | None:
    """The plaintext, or None when the blob was altered or the encryption context is not the one it was sealed with."""
    assert material.secret is not None
    header = blob[:_HEADER_SIZE]
    try:
        return AESGCM(material.secret).decrypt(header[_NONCE], blob[_HEADER_SIZE:], header + canonical(context))
    except InvalidTag:
        return None
