"""Stores the container's ID in the body, and believes it when it reads."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def prepare(kms, key_id, container_ids):
    return {
        container_id: kms.generate_data_key_without_plaintext(
            KeyId=key_id, KeySpec="AES_256", EncryptionContext={"container": container_id}
        )["CiphertextBlob"]
        for container_id in container_ids
    }


def _data_key(kms, key_id, container_id, wrapped_key):
    context = {"container": container_id}
    return kms.decrypt(KeyId=key_id, CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]


def fill(kms, key_id, container_id, wrapped_key, payload):
    nonce, name = os.urandom(12), container_id.encode()
    head = len(name).to_bytes(2, "big") + name
    return head + nonce + AESGCM(_data_key(kms, key_id, container_id, wrapped_key)).encrypt(nonce, payload, head)


def read(kms, key_id, container_id, wrapped_key, body):
    end = 2 + int.from_bytes(body[:2], "big")
    head, nonce, text = body[:end], body[end : end + 12], body[end + 12 :]
    return AESGCM(_data_key(kms, key_id, head[2:].decode(), wrapped_key)).decrypt(nonce, text, head)


def policies(key_arn):
    def allow(action):
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": key_arn}]}

    return {"portal": allow("kms:GenerateDataKeyWithoutPlaintext"), "worker": allow("kms:Decrypt")}
