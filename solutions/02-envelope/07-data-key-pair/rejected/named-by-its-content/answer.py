"""Puts the first bytes of a digest of the payload in front, as a name."""

import hashlib
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

POINT_BYTES = 65
NONCE_BYTES = 12
NAME_BYTES = 6


def enrol(kms, key_id: str, device_id: str) -> dict:
    """A new key pair for `device_id`: {"public_key": bytes (DER), "wrapped_private_key": bytes}."""
    pair = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id, KeyPairSpec="ECC_NIST_P256", EncryptionContext={"device": device_id}
    )
    return {"public_key": pair["PublicKey"], "wrapped_private_key": pair["PrivateKeyCiphertextBlob"]}


def seal_offline(public_key: bytes, payload: bytes) -> bytes:
    """`payload`, of any size, as a message that only the private key of `public_key` opens."""
    device = load_der_public_key(public_key)
    ephemeral = ec.generate_private_key(device.curve)
    point, nonce = _point(ephemeral.public_key()), os.urandom(NONCE_BYTES)
    cipher = _cipher(ephemeral.exchange(ec.ECDH(), device), point, device)
    name = hashlib.sha256(payload).digest()[:NAME_BYTES]
    return name + point + nonce + cipher.encrypt(nonce, payload, name)


def open_sealed(kms, wrapped_private_key: bytes, device_id: str, message: bytes) -> bytes:
    """The payload of a message of `device_id`. Raises an exception when anything was altered or does not match."""
    opened = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext={"device": device_id})
    private_key = load_der_private_key(opened["Plaintext"], None)
    name, message = message[:NAME_BYTES], message[NAME_BYTES:]
    point, rest = message[:POINT_BYTES], message[POINT_BYTES:]
    ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(private_key.curve, point)
    cipher = _cipher(private_key.exchange(ec.ECDH(), ephemeral), point, private_key.public_key())
    return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], name)


def _cipher(secret, point, device):
    """The secret with both public keys in the derivation: the key belongs to this message and to this device."""
    return AESGCM(HKDF(hashes.SHA256(), 32, None, b"camera/1" + point + _point(device)).derive(secret))


def _point(public_key):
    return public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
