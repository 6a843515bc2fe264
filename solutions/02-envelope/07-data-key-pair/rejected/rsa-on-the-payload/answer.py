"""Encrypts the payload itself with RSA."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

PADDING = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def enrol(kms, key_id, device_id):
    pair = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id, KeyPairSpec="RSA_2048", EncryptionContext={"device": device_id}
    )
    return {"public_key": pair["PublicKey"], "wrapped_private_key": pair["PrivateKeyCiphertextBlob"]}


def seal_offline(public_key, payload):
    public_key = load_der_public_key(public_key)
    return public_key.encrypt(payload, PADDING)


def open_sealed(kms, wrapped_private_key, device_id, message):
    opened = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext={"device": device_id})
    private_key = load_der_private_key(opened["Plaintext"], None, unsafe_skip_rsa_key_validation=True)
    return private_key.decrypt(message, PADDING)
