"""Encrypts with CTR and adds a MAC of the payload, which is the same whenever the payload comes again."""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def prepare(kms, key_id, container_ids):
    wrapped = {}
    for container_id in container_ids:
        made = kms.generate_data_key_without_plaintext(
            KeyId=key_id, KeySpec="AES_256", EncryptionContext={"container": container_id}
        )
        wrapped[container_id] = made["CiphertextBlob"]
    return wrapped


def _data_key(kms, key_id, container_id, wrapped_key):
    context = {"container": container_id}
    return kms.decrypt(KeyId=key_id, CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]


def _keys(data_key):
    return [hmac.digest(data_key, use, hashlib.sha256) for use in (b"encrypt", b"mac")]


def fill(kms, key_id, container_id, wrapped_key, payload):
    key, mac_key = _keys(_data_key(kms, key_id, container_id, wrapped_key))
    start = os.urandom(16)
    encryptor = Cipher(algorithms.AES(key), modes.CTR(start)).encryptor()
    tag = hmac.digest(mac_key, container_id.encode() + payload, hashlib.sha256)
    return start + encryptor.update(payload) + encryptor.finalize() + tag


def read(kms, key_id, container_id, wrapped_key, body):
    key, mac_key = _keys(_data_key(kms, key_id, container_id, wrapped_key))
    start, sealed, tag = body[:16], body[16:-32], body[-32:]
    decryptor = Cipher(algorithms.AES(key), modes.CTR(start)).decryptor()
    payload = decryptor.update(sealed) + decryptor.finalize()
    if not hmac.compare_digest(tag, hmac.digest(mac_key, container_id.encode() + payload, hashlib.sha256)):
        raise ValueError("the body was altered")
    return payload


def policies(key_arn):
    def allow(action):
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": key_arn}]}

    return {"portal": allow("kms:GenerateDataKeyWithoutPlaintext"), "worker": allow("kms:Decrypt")}
