"""P-521, the one-step derivation of SP 800-56C, and numbered pieces of 16 KiB under AES-GCM, the last one marked."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

PIECE = 16 * 1024
TAG = 16
POINT = 67


def enrol(kms, key_id, device_id):
    answer = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id, KeyPairSpec="ECC_NIST_P521", EncryptionContext={device_id: "camera"}
    )
    return {"public_key": answer["PublicKey"], "wrapped_private_key": answer["PrivateKeyCiphertextBlob"]}


def _cipher(secret, point):
    return AESGCM(ConcatKDFHash(hashes.SHA512(), 32, b"pieces" + point).derive(secret))


def _numbered(pieces):
    for number, piece in enumerate(pieces):
        yield number.to_bytes(11, "big") + bytes([number == len(pieces) - 1]), piece


def _pieces(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)] or [b""]


def seal_offline(public_key, payload):
    device = load_der_public_key(public_key)
    ephemeral = ec.generate_private_key(device.curve)
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    cipher, pieces = _cipher(ephemeral.exchange(ec.ECDH(), device), point), _pieces(payload, PIECE)
    sealed = (cipher.encrypt(nonce, piece, None) for nonce, piece in _numbered(pieces))
    return point + b"".join(sealed)


def open_sealed(kms, wrapped_private_key, device_id, message):
    der = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext={device_id: "camera"})["Plaintext"]
    private_key, point = load_der_private_key(der, None), message[:POINT]
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP521R1(), point)
    cipher, pieces = _cipher(private_key.exchange(ec.ECDH(), theirs), point), _pieces(message[POINT:], PIECE + TAG)
    return b"".join(cipher.decrypt(nonce, piece, None) for nonce, piece in _numbered(pieces))
