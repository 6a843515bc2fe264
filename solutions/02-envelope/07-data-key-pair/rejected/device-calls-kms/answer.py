"""The camera asks KMS for a data key, with credentials that it carries."""

import os

import boto3
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def enrol(kms, key_id, device_id):
    pair = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id, KeyPairSpec="RSA_2048", EncryptionContext={"device": device_id}
    )
    return {"public_key": pair["PublicKey"], "wrapped_private_key": pair["PrivateKeyCiphertextBlob"]}


def seal_offline(public_key, payload):
    key = boto3.client("kms").generate_random(NumberOfBytes=32)["Plaintext"]
    nonce = os.urandom(12)
    return load_der_public_key(public_key).encrypt(key, OAEP) + nonce + AESGCM(key).encrypt(nonce, payload, None)


def open_sealed(kms, wrapped_private_key, device_id, message):
    opened = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext={"device": device_id})
    private_key = load_der_private_key(opened["Plaintext"], None, unsafe_skip_rsa_key_validation=True)
    key = private_key.decrypt(message[:256], OAEP)
    return AESGCM(key).decrypt(message[256:268], message[268:], None)
