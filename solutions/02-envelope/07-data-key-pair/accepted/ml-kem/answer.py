"""ML-KEM-768: out of the public key come a secret, which is a key as it is (FIPS 203), and its encapsulation."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

ENCAPSULATED_BYTES = 1088
NONCE = bytes(12)
"""The key is used once."""


def enrol(kms, key_id, device_id):
    pair = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id, KeyPairSpec="ML_KEM_768", EncryptionContext={"device": device_id}
    )
    return {"public_key": pair["PublicKey"], "wrapped_private_key": pair["PrivateKeyCiphertextBlob"]}


def seal_offline(public_key, payload):
    secret, encapsulated = load_der_public_key(public_key).encapsulate()
    return encapsulated + AESGCMSIV(secret).encrypt(NONCE, payload, encapsulated)


def open_sealed(kms, wrapped_private_key, device_id, message):
    opened = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext={"device": device_id})
    encapsulated, body = message[:ENCAPSULATED_BYTES], message[ENCAPSULATED_BYTES:]
    secret = load_der_private_key(opened["Plaintext"], None).decapsulate(encapsulated)
    return AESGCMSIV(secret).decrypt(NONCE, body, encapsulated)
