"""Puts the content key into the message too, beside its encrypted form."""

import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

P = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def enrol(kms, key_id, device_id):
    pair = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id, KeyPairSpec="RSA_2048", EncryptionContext={"device": device_id}
    )
    return {"public_key": pair["PublicKey"], "wrapped_private_key": pair["PrivateKeyCiphertextBlob"]}


def seal_offline(public_key, payload):
    key = AESGCM.generate_key(256)
    nonce = os.urandom(12)
    return (
        serialization.load_der_public_key(public_key).encrypt(key, P)
        + key
        + nonce
        + AESGCM(key).encrypt(nonce, payload, None)
    )


def open_sealed(kms, wrapped_private_key, device_id, message):
    der = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext={"device": device_id})["Plaintext"]
    key = serialization.load_der_private_key(der, None).decrypt(message[:256], P)
    return AESGCM(key).decrypt(message[288:300], message[300:], None)
