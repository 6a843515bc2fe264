"""RSA of 3,072 bits with a label, asked for from a thread; AES-CBC, then HMAC in front of all."""

import hmac
import os
from concurrent.futures import ThreadPoolExecutor

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives import padding as pad7
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), b"recording")


def enrol(kms, key_id, device_id):
    with ThreadPoolExecutor(1) as pool:
        pair = pool.submit(
            kms.generate_data_key_pair_without_plaintext,
            KeyId=key_id,
            KeyPairSpec="RSA_3072",
            EncryptionContext={device_id: "camera", "id": device_id},
        ).result()
    return {"wrapped_private_key": pair["PrivateKeyCiphertextBlob"], "public_key": pair["PublicKey"]}


def seal_offline(public_key, payload):
    keys = os.urandom(64)
    iv = os.urandom(16)
    p = pad7.PKCS7(128).padder()
    e = Cipher(algorithms.AES(keys[:32]), modes.CBC(iv)).encryptor()
    ct = e.update(p.update(payload)) + e.update(p.finalize()) + e.finalize()
    head = serialization.load_der_public_key(public_key).encrypt(keys, OAEP) + iv
    return hmac.digest(keys[32:], head + ct, "sha256") + head + ct


def open_sealed(kms, wrapped_private_key, device_id, message):
    sk = serialization.load_der_private_key(
        kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext={device_id: "camera", "id": device_id})[
            "Plaintext"
        ],
        None,
    )
    tag, body = message[:32], message[32:]
    n = sk.key_size // 8
    keys = sk.decrypt(body[:n], OAEP)
    if not hmac.compare_digest(tag, hmac.digest(keys[32:], body, "sha256")):
        raise ValueError("altered")
    d = Cipher(algorithms.AES(keys[:32]), modes.CBC(body[n : n + 16])).decryptor()
    u = pad7.PKCS7(128).unpadder()
    return u.update(d.update(body[n + 16 :]) + d.finalize()) + u.finalize()
