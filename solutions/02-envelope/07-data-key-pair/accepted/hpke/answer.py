"""HPKE (RFC 9180) does all of task 2; the context holds more than the device."""

from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
INFO = b"reserve/recording"


def _context(device_id):
    return {"purpose": "recordings", "owner": f"camera:{device_id}"}


def enrol(kms, key_id, device_id):
    made = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id, KeyPairSpec="ECC_NIST_P256", EncryptionContext=_context(device_id)
    )
    return {"public_key": made["PublicKey"], "wrapped_private_key": made["PrivateKeyCiphertextBlob"]}


def seal_offline(public_key, payload):
    return SUITE.encrypt(payload, load_der_public_key(public_key), info=INFO)


def open_sealed(kms, wrapped_private_key, device_id, message):
    private = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext=_context(device_id))["Plaintext"]
    return SUITE.decrypt(message, load_der_private_key(private, None), info=INFO)
