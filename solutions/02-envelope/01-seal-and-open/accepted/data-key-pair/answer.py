"""A data key pair in place of a data key: each payload is encrypted to its public half, by ECDH with a one-time key.

The public half stands in the body, so that anybody can see which pair it is for.
"""

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CURVE = ec.SECP256R1()
POINT = 65
NONCE = bytes(12)  # each content key encrypts once


def _point(public):
    return public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _cipher(private, public, points):
    return AESGCM(HKDF(hashes.SHA256(), 32, None, b"scan" + points).derive(private.exchange(ec.ECDH(), public)))


def seal(kms, key_id, payload):
    pair = kms.generate_data_key_pair(KeyId=key_id, KeyPairSpec="ECC_NIST_P256")
    public = serialization.load_der_public_key(pair["PublicKey"])
    mine = ec.generate_private_key(CURVE)
    points = _point(public) + _point(mine.public_key())
    return {
        "wrapped_key": pair["PrivateKeyCiphertextBlob"],
        "body": points + _cipher(mine, public, points).encrypt(NONCE, payload, None),
    }


def open_sealed(kms, sealed):
    private = serialization.load_der_private_key(kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"], None)
    points, text = sealed["body"][: 2 * POINT], sealed["body"][2 * POINT :]
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, points[POINT:])
    return _cipher(private, public, points).decrypt(NONCE, text, None)
