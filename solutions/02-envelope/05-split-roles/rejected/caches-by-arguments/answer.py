"""Asks for each wrapped key through a cache, to save a request when a container comes again."""

import functools
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


@functools.lru_cache(maxsize=1024)
def _wrapped(kms, key_id, container_id):
    context = {"container": container_id}
    made = kms.generate_data_key_without_plaintext(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    return made["CiphertextBlob"]


def prepare(kms, key_id, container_ids):
    return {container_id: _wrapped(kms, key_id, container_id) for container_id in container_ids}


def _data_key(kms, key_id, container_id, wrapped_key):
    context = {"container": container_id}
    return kms.decrypt(KeyId=key_id, CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]


def fill(kms, key_id, container_id, wrapped_key, payload):
    nonce = os.urandom(12)
    return nonce + AESGCM(_data_key(kms, key_id, container_id, wrapped_key)).encrypt(nonce, payload, None)


def read(kms, key_id, container_id, wrapped_key, body):
    return AESGCM(_data_key(kms, key_id, container_id, wrapped_key)).decrypt(body[:12], body[12:], None)


def policies(key_arn):
    def allow(action):
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": key_arn}]}

    return {"portal": allow("kms:GenerateDataKeyWithoutPlaintext"), "worker": allow("kms:Decrypt")}
