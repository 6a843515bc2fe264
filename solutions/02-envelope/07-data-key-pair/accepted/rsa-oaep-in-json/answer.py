"""RSA-OAEP over a Fernet key; a message is JSON. KMS made the key and its ciphertext is authentic: no second check."""

import base64
import json

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

OAEP = padding.OAEP(mgf=padding.MGF1(algorithm=hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


def enrol(kms, key_id, device_id):
    made = kms.generate_data_key_pair_without_plaintext(
        EncryptionContext={"device-id": device_id}, KeyId=key_id, KeyPairSpec="RSA_2048"
    )
    return {"wrapped_private_key": made["PrivateKeyCiphertextBlob"], "public_key": made["PublicKey"]}


def seal_offline(public_key, payload):
    key = Fernet.generate_key()
    wrapped = load_der_public_key(public_key).encrypt(key, OAEP)
    body = {"v": 1, "key": base64.b64encode(wrapped).decode(), "token": Fernet(key).encrypt(payload).decode()}
    return json.dumps(body).encode()


def open_sealed(kms, wrapped_private_key, device_id, message):
    answer = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext={"device-id": device_id})
    private_key = load_der_private_key(answer["Plaintext"], password=None, unsafe_skip_rsa_key_validation=True)
    body = json.loads(message)
    key = private_key.decrypt(base64.b64decode(body["key"], validate=True), OAEP)
    return Fernet(key).decrypt(body["token"])
