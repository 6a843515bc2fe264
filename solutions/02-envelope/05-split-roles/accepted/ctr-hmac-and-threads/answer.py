"""Wrapped keys asked for by threads; AES-CTR and HMAC under keys of this body alone; random bytes from KMS."""

import hmac
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha512

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def prepare(kms, key_id, container_ids):
    def wrapped(name):
        return kms.generate_data_key_without_plaintext(
            KeyId=key_id, KeySpec="AES_256", EncryptionContext={"container": name}
        )["CiphertextBlob"]

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(container_ids, pool.map(wrapped, container_ids), strict=True))


def _keys(kms, key_id, container_id, wrapped_key, salt):
    opened = kms.decrypt(CiphertextBlob=wrapped_key, KeyId=key_id, EncryptionContext={"container": container_id})
    both = hmac.digest(opened["Plaintext"], b"container" + salt, sha512)
    return Cipher(algorithms.AES(both[:32]), modes.CTR(bytes(16))), both[32:]


def fill(kms, key_id, container_id, wrapped_key, payload):
    salt = kms.generate_random(NumberOfBytes=32)["Plaintext"]
    cipher, mac_key = _keys(kms, key_id, container_id, wrapped_key, salt)
    text = salt + cipher.encryptor().update(payload)
    return text + hmac.digest(mac_key, text, sha512)


def read(kms, key_id, container_id, wrapped_key, body):
    text, tag = body[:-64], body[-64:]
    cipher, mac_key = _keys(kms, key_id, container_id, wrapped_key, text[:32])
    if len(text) < 32 or not hmac.compare_digest(tag, hmac.digest(mac_key, text, sha512)):
        raise ValueError("this body is not as it was filled")
    return cipher.decryptor().update(text[32:])


def policies(key_arn):
    random = {"Effect": "Allow", "Action": "kms:GenerateRandom", "Resource": "*"}
    return {
        role: {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": f"kms:{job}", "Resource": key_arn}, random],
        }
        for role, job in (("portal", "GenerateDataKeyWithoutPlaintext"), ("worker", "Decrypt"))
    }
