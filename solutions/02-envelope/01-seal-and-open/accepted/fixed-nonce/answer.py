"""A nonce of zeros. Sound here: every data key encrypts one payload, so no pair of key and nonce ever comes twice."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ONLY_NONCE = bytes(12)


def seal(kms, key_id, payload):
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    return {
        "body": AESGCM(data_key["Plaintext"]).encrypt(ONLY_NONCE, payload, None),
        "wrapped_key": data_key["CiphertextBlob"],
    }


def open_sealed(kms, sealed):
    data_key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])
    return AESGCM(data_key["Plaintext"]).decrypt(ONLY_NONCE, sealed["body"], None)
