"""One data key pair for the batch: each record is encrypted to its public half, and its ID is additional data."""

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CURVE = ec.SECP256R1()
POINT = 65
NONCE = bytes(12)  # each content key encrypts once


def _cipher(private, public, once):
    return AESGCM(HKDF(hashes.SHA256(), 32, None, b"record" + once).derive(private.exchange(ec.ECDH(), public)))


def _sealed(public, record_id, content):
    mine = ec.generate_private_key(CURVE)
    point = serialization.PublicFormat.UncompressedPoint
    once = mine.public_key().public_bytes(serialization.Encoding.X962, point)
    return once + _cipher(mine, public, once).encrypt(NONCE, content, record_id.encode())


def seal_records(kms, key_id, tenant, purpose, records):
    pair = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id,
        KeyPairSpec="ECC_NIST_P256",
        EncryptionContext={"tenant": tenant, "purpose": purpose},
    )
    public = serialization.load_der_public_key(pair["PublicKey"])
    sealed = {name: _sealed(public, name, content) for name, content in records.items()}
    return {"wrapped_key": pair["PrivateKeyCiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"tenant": tenant, "purpose": purpose}
    opened = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)
    private = serialization.load_der_private_key(opened["Plaintext"], None)
    once, text = body[:POINT], body[POINT:]
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, once)
    return _cipher(private, public, once).decrypt(NONCE, text, record_id.encode())
