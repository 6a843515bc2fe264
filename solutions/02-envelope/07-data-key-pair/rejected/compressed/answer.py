"""Compresses the payload, so that the length of the message tells what is in it."""

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def enrol(kms, key_id, device_id):
    pair = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id, KeyPairSpec="ECC_NIST_P256", EncryptionContext={"device": device_id}
    )
    return {"public_key": pair["PublicKey"], "wrapped_private_key": pair["PrivateKeyCiphertextBlob"]}


def _key(secret, first, second):
    return HKDF(hashes.SHA256(), 32, None, b"camera" + first + second).derive(secret)


def seal_offline(public_key, payload):
    receiver = serialization.load_der_public_key(public_key)
    mine = ec.generate_private_key(receiver.curve)
    point = mine.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    key = _key(mine.exchange(ec.ECDH(), receiver), point, public_key)
    return point + AESGCM(key).encrypt(bytes(12), __import__("zlib").compress(payload), None)


def open_sealed(kms, wrapped_private_key, device_id, message):
    der = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext={"device": device_id})["Plaintext"]
    private = serialization.load_der_private_key(der, None)
    point, sealed = message[:65], message[65:]
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    secret = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(private.curve, point))
    return __import__("zlib").decompress(AESGCM(_key(secret, point, public)).decrypt(bytes(12), sealed, None))
