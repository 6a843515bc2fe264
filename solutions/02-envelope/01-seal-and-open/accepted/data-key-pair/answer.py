"""A data key pair in place of a data key: each payload is encrypted to its public half, by ECDH with a one-time key."""

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CURVE = ec.SECP256R1()
POINT = 65
NONCE = bytes(12)  # each content key encrypts once


def _cipher(private, public, once):
    return AESGCM(HKDF(hashes.SHA256(), 32, None, b"scan" + once).derive(private.exchange(ec.ECDH(), public)))


def seal(kms, key_id, payload):
    pair = kms.generate_data_key_pair_without_plaintext(KeyId=key_id, KeyPairSpec="ECC_NIST_P256")
    public = serialization.load_der_public_key(pair["PublicKey"])
    mine = ec.generate_private_key(CURVE)
    once = mine.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return {
        "wrapped_key": pair["PrivateKeyCiphertextBlob"],
        "body": once + _cipher(mine, public, once).encrypt(NONCE, payload, None),
    }


def open_sealed(kms, sealed):
    private = serialization.load_der_private_key(kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"], None)
    once, text = sealed["body"][:POINT], sealed["body"][POINT:]
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, once)
    return _cipher(private, public, once).decrypt(NONCE, text, None)
