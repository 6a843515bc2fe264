"""RSA-OAEP alone for a payload that fits, over a content key for all others. The first byte inside says which."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), b"recording")
BLOCK, FITS = 256, 213
SHORT, LONG = b"\x00", b"\x01"
NONCE = bytes(11)
"""Each content key is used once."""


def enrol(kms, key_id, device_id):
    pair = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id, KeyPairSpec="RSA_2048", EncryptionContext={"device": device_id}
    )
    return {"public_key": pair["PublicKey"], "wrapped_private_key": pair["PrivateKeyCiphertextBlob"]}


def seal_offline(public_key, payload):
    device = load_der_public_key(public_key)
    if len(payload) <= FITS:
        return device.encrypt(SHORT + payload, OAEP)
    key = AESCCM.generate_key(128)
    return device.encrypt(LONG + key, OAEP) + AESCCM(key).encrypt(NONCE, payload, None)


def open_sealed(kms, wrapped_private_key, device_id, message):
    der = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext={"device": device_id})["Plaintext"]
    private_key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    inside, rest = private_key.decrypt(message[:BLOCK], OAEP), message[BLOCK:]
    if inside[:1] == LONG:
        return AESCCM(inside[1:]).decrypt(NONCE, rest, None)
    if rest:
        raise ValueError("more than a short message holds")
    return inside[1:]
