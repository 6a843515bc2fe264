"""AES-CBC and HMAC, and leaves the IV out of the MAC."""

import hmac
import os

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

POINT_BYTES = 65
IV_BYTES = 16
TAG_BYTES = 32


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
    point, iv = _point(ephemeral.public_key()), os.urandom(IV_BYTES)
    cipher_key, mac_key = _keys(ephemeral.exchange(ec.ECDH(), device), point, device)
    padder = padding.PKCS7(128).padder()
    padded = padder.update(payload) + padder.finalize()
    text = Cipher(algorithms.AES(cipher_key), modes.CBC(iv)).encryptor().update(padded)
    return point + iv + text + hmac.digest(mac_key, text, "sha256")


def open_sealed(kms, wrapped_private_key: bytes, device_id: str, message: bytes) -> bytes:
    """The payload of a message of `device_id`. Raises an exception when anything was altered or does not match."""
    opened = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext={"device": device_id})
    private_key = load_der_private_key(opened["Plaintext"], None)
    point, rest = message[:POINT_BYTES], message[POINT_BYTES:]
    ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(private_key.curve, point)
    cipher_key, mac_key = _keys(private_key.exchange(ec.ECDH(), ephemeral), point, private_key.public_key())
    iv, text, tag = rest[:IV_BYTES], rest[IV_BYTES:-TAG_BYTES], rest[-TAG_BYTES:]
    if not hmac.compare_digest(tag, hmac.digest(mac_key, text, "sha256")):
        raise ValueError("the message was altered")
    unpadder = padding.PKCS7(128).unpadder()
    padded = Cipher(algorithms.AES(cipher_key), modes.CBC(iv)).decryptor().update(text)
    return unpadder.update(padded) + unpadder.finalize()


def _keys(secret, point, device):
    """The secret with both public keys in the derivation: the key belongs to this message and to this device."""
    both = HKDF(hashes.SHA256(), 64, None, b"camera/1" + point + _point(device)).derive(secret)
    return both[:32], both[32:]


def _point(public_key):
    return public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
