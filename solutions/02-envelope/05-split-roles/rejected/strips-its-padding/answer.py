"""Pads the payload with zero bytes to whole blocks, and strips all zero bytes when it reads."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


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


def fill(kms, key_id, container_id, wrapped_key, payload):
    nonce, padded = os.urandom(12), payload + bytes(-len(payload) % 16)
    return nonce + AESGCM(_data_key(kms, key_id, container_id, wrapped_key)).encrypt(nonce, padded, None)


def read(kms, key_id, container_id, wrapped_key, body):
    padded = AESGCM(_data_key(kms, key_id, container_id, wrapped_key)).decrypt(body[:12], body[12:], None)
    return padded.rstrip(b"\0")


def policies(key_arn):
    def allow(action):
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": key_arn}]}

    return {"portal": allow("kms:GenerateDataKeyWithoutPlaintext"), "worker": allow("kms:Decrypt")}
